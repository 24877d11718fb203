/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - a program, started with its flags set before it runs. */
#include "start.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "newborn.h"
#include "privileged.h"
#include "process.h"
#include "run.h"
#include "summary.h"
#include "tracee.h"

/* ---- in both ---- */

static int unreadable(const char *command, struct df_err *err)
{
	return df_fail(err, DF_E_PERMISSION,
		       "'%s' or what runs it cannot be read, so the kernel does not let it be "
		       "traced",
		       command);
}

/* ---- in the helper ---- */

#define TIMEOUT_NS 5000000000u /* nobody else knows of the process yet */

struct start {
	const struct start_request *request;
	const struct scripts *scripts;
	struct newborn newborn;
	enum start_status status; /* that it ends with if it is not to begin */
};

/* Whoever we help allows us to trace it, where that is not allowed to everybody (Yama). */
static bool adopt(const struct helper *helper)
{
	int go;
	if (!helper_say(helper, getpid()) || !helper_hear(helper, &go))
		return false;
	const int failed = tracee_adopt(helper->client);
	return helper_say(helper, failed) && failed == 0;
}

static int change(const struct start *start, struct df_err *err)
{
	struct tracee held = {.id = start->newborn.pid};
	const struct change_request request = {
		.pid = start->newborn.pid,
		.scripts = start->scripts,
		.held = &held,
		.timeout = TIMEOUT_NS,
		.recorder = start->request->recorder,
	};
	struct change_result result;
	const int status = run_change(&request, &result, err);
	const size_t unhooked = status == 0 ? totals_of(&result).unhooked.flags : 0;
	if (unhooked > 0)
		diag_note("%s: %zu flag%s unhooked, and left alone", start->request->command[0],
			  unhooked, unhooked == 1 ? " is" : "s are");
	change_free(&result);
	return status;
}

/*
 * Returns 0, or an error: what it is would not let it be traced, or no /proc tells of it. That we
 * trace it already is why the kernel lets us look at it, if it does.
 */
static int look_at(struct start *start, struct process *process, struct df_err *err)
{
	char path[40];
	int status = process_open(start->newborn.pid, false, process, err);
	if (status == 0) {
		snprintf(path, sizeof(path), "/proc/%d/exe", start->newborn.pid);
		status = privileged_refuse(path, start->request->command[0], err);
	}
	if (status == -(int)DF_E_TRACED)
		status = unreadable(start->request->command[0], err);
	if (status == -(int)DF_E_PERMISSION)
		start->status = START_REFUSED;
	return status;
}

/* Returns 1, 0 if it ended before it began, or an error. */
static int load(struct start *start, struct df_err *err)
{
	struct process process = {.pidfd = -1, .dir = -1, .mem = -1};
	int status = look_at(start, &process, err);
	if (status == 0)
		status = newborn_load(&start->newborn, &process, err);
	process_close(&process);
	return status;
}

/* Whoever names a script, or a command that starts another one, may mean the flags of that. */
static int no_flags(const struct start *start, struct df_err *err)
{
	char link[40], exe[512];
	snprintf(link, sizeof(link), "/proc/%d/exe", start->newborn.pid);
	const ssize_t length = readlink(link, exe, sizeof(exe));
	return df_fail(err, DF_E_NO_FLAGS,
		       "'%s' runs '%.*s', which carries no flags, nor do its libraries; none are "
		       "set in what it starts: put 'dfpatch run' before the program that has them",
		       start->request->command[0], length < 0 ? 0 : (int)length, exe);
}

static int set_flags(struct start *start, struct df_err *err)
{
	const int loaded = load(start, err);
	if (loaded <= 0)
		return loaded;
	const int status = change(start, err);
	if (status == -(int)DF_E_NO_FLAGS)
		return no_flags(start, err);
	return status < 0 ? status : newborn_release(&start->newborn, err);
}

/* One that ended has told its parent why, as any program does. */
static void fail(const struct start *start, const struct df_err *err)
{
	if (err->code != DF_E_NO_PROCESS)
		diag_error(err);
	newborn_end(&start->newborn, (int)start->status);
}

static void help(const struct helper *helper, const struct start_request *request,
		 const struct scripts *scripts)
{
	struct start start = {.request = request, .scripts = scripts, .status = START_FAILED};
	struct df_err err;
	if (!adopt(helper) || newborn_await(helper->client, &start.newborn) == 0)
		return;
	if (set_flags(&start, &err) < 0)
		fail(&start, &err);
}

/* ---- in the process that becomes the program ---- */

static int lost(struct df_err *err)
{
	return df_fail(err, DF_E_SYSTEM,
		       "the process that was to set the flags has ended; nothing was started");
}

static int be_adopted(const struct helper *helper, struct df_err *err)
{
	int pid, failed;
	if (!helper_hear(helper, &pid))
		return lost(err);
	/* Where there is no Yama, there is nothing to allow. */
	prctl(PR_SET_PTRACER, pid, 0, 0, 0);
	const bool heard = helper_say(helper, 0) && helper_hear(helper, &failed);
	prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	if (!heard)
		return lost(err);
	errno = failed;
	return failed == 0 ? 0
			   : df_fail_errno(err, DF_E_PERMISSION,
					   "the kernel does not let dfpatch trace what it starts "
					   "(a tracer that is there already, user ids that differ, "
					   "a seccomp filter, or a security module); nothing was "
					   "started");
}

/*
 * What can be told before the exec is: afterwards, the kernel lets nobody look at what its caller
 * may not read, and all that is left to do is to kill it.
 */
static int look_before(const char *command, int *status, struct df_err *err)
{
	char path[PATH_MAX];
	if (!privileged_find(command, path, sizeof(path)))
		return 0;
	*status = START_REFUSED;
	if (privileged_refuse(path, command, err) < 0)
		return -(int)err->code;
	if (access(path, R_OK) != 0)
		return unreadable(command, err);
	*status = START_FAILED;
	return 0;
}

static int become(const struct start_request *request, int *status, struct df_err *err)
{
	if (request->give_back)
		request->give_back();
	execvp(request->command[0], request->command);
	*status = errno == ENOENT ? START_UNKNOWN : START_REFUSED;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot start '%s'", request->command[0]);
}

static bool has_lines(const struct scripts *scripts)
{
	for (size_t i = 0; i < scripts->count; i++)
		if (scripts->list[i].count > 0)
			return true;
	return false;
}

/* Returns 0 in the helper alone. */
static int start_helped(const struct start_request *request, const struct scripts *scripts,
			int *status, struct df_err *err)
{
	struct helper helper;
	int done = look_before(request->command[0], status, err);
	if (done == 0)
		done = helper_start(&helper, err);
	if (done < 0)
		return done;
	if (helper.us)
		help(&helper, request, scripts);
	else if ((done = be_adopted(&helper, err)) == 0)
		done = become(request, status, err);
	helper_hang_up(&helper);
	return done;
}

int start_command(const struct start_request *request, int *status, struct df_err *err)
{
	struct scripts scripts;
	*status = START_FAILED;
	int done = scripts_read(request->sources, request->source_count, &scripts, err);
	if (done == 0)
		done = has_lines(&scripts) ? start_helped(request, &scripts, status, err)
					   : become(request, status, err);
	scripts_free(&scripts);
	return done;
}
