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

/* ---- in the helper ---- */

#define TIMEOUT_NS 5000000000u /* nobody else knows of the process yet */

struct start {
	const struct start_request *request;
	const struct scripts *scripts;
	struct newborn newborn;
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

static int refuse_privileged(const struct start *start, struct df_err *err)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/%d/exe", start->newborn.pid);
	return privileged_refuse(path, start->request->command[0], err);
}

/* Returns 1, 0 if it ended before it began, or an error. */
static int load(struct start *start, struct df_err *err)
{
	struct process process;
	const int status = process_open(start->newborn.pid, false, &process, err);
	if (status < 0)
		return status;
	const int loaded = newborn_load(&start->newborn, &process, err);
	process_close(&process);
	return loaded;
}

static int set_flags(struct start *start, struct df_err *err)
{
	const int loaded = load(start, err);
	if (loaded <= 0)
		return loaded;
	const int status = change(start, err);
	return status < 0 ? status : newborn_release(&start->newborn, err);
}

/* One that ended has told its parent why, as any program does. */
static void fail(const struct start *start, int status, const struct df_err *err)
{
	if (err->code != DF_E_NO_PROCESS)
		diag_error(err);
	newborn_end(&start->newborn, status);
}

static void help(const struct helper *helper, const struct start_request *request,
		 const struct scripts *scripts)
{
	struct start start = {.request = request, .scripts = scripts};
	struct df_err err;
	if (!adopt(helper) || newborn_await(helper->client, &start.newborn) == 0)
		return;
	if (refuse_privileged(&start, &err) < 0)
		fail(&start, START_REFUSED, &err);
	else if (set_flags(&start, &err) < 0)
		fail(&start, START_FAILED, &err);
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
					   "(a security module, a seccomp filter, or a tracer that "
					   "is there already); nothing was started");
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
		return df_fail_errno(err, DF_E_PERMISSION,
				     "'%s' cannot be read, so the kernel does not let it be traced",
				     command);
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
