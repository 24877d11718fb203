/* SPDX-License-Identifier: Apache-2.0 */
/* watched.c - one process that is followed. */
#include "watched.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "image_process.h"
#include "status.h"

#define OPENING_NS 5000000000u /* with modules that look half loaded */
#define AGAIN_NS 1000000000u   /* between two attempts to read them */

static int ask(const void *context, const struct process *process, struct df_err *err)
{
	const struct look *l = context;
	return target_check(l->wish->targets, &l->watched->id, process->dir, err);
}

/* The last of the numbers that it has: the one in the innermost namespace. */
static pid_t own_id(const struct process *process)
{
	CLEANUP_FREE char *status = malloc(STATUS_SIZE);
	CLEANUP_FD int fd = process_file(process, "status", NULL);
	if (!status || fd < 0 || status_read(fd, status, STATUS_SIZE) < 0)
		return 0;
	const char *ids = status_field(status, "NSpid");
	if (!ids)
		return process->foreign_pids ? 0 : process->pid;
	size_t last = strcspn(ids, "\n");
	while (last > 0 && isdigit((unsigned char)ids[last - 1]))
		last--;
	return (pid_t)strtol(ids + last, NULL, 10);
}

static int open_process(struct look *l, struct df_err *err)
{
	struct watched *w = l->watched;
	const struct process_check check = {.ask = ask, .context = l};
	const int status = process_open_checked(w->id.pid, false, &check, &w->process, err);
	if (status < 0)
		return status;
	w->own = own_id(&w->process);
	if (w->since == 0)
		w->since = monotonic_now();
	return 0;
}

static bool has_exited(const struct watched *w)
{
	struct pollfd end = {.fd = w->process.pidfd, .events = POLLIN};
	return w->process.pidfd >= 0 && poll(&end, 1, 0) > 0;
}

/* What a module that comes or goes while it is read looks like, too. */
static bool may_pass(int status)
{
	return status == -(int)DF_E_CHANGED || status == -(int)DF_E_TABLE ||
	       status == -(int)DF_E_VERSION || status == -(int)DF_E_SITE ||
	       status == -(int)DF_E_SYSTEM || status == -(int)DF_E_NO_FLAGS;
}

/* The first looks, until all is known from which changes are told. */
static int look_first(struct look *l, struct df_err *err)
{
	struct watched *w = l->watched;
	const uint64_t waited = monotonic_now() - w->since;
	int status = w->modules ? 0 : watched_load(l, err);
	if (status == -(int)DF_E_NO_FLAGS && watched_is_strict(l))
		return status;
	if (status == 0)
		status = watched_read(l, err);
	if (w->outdated)
		watched_drop(w);
	if ((may_pass(status) || !w->modules || !watched_settled(w)) && waited < OPENING_NS) {
		w->hurry = true;
		return 0;
	}
	if (status < 0 || !w->modules)
		return status;
	w->state = WATCHED_OPEN;
	w->since = 0;
	watched_tell_start(l);
	return 0;
}

/* Modules that could not be read for long, whereas those known before are still followed. */
static void tell_blind(struct look *l, const struct df_err *err)
{
	struct watched *w = l->watched;
	struct watch_event event = watched_event(l, WATCH_UNREAD, NULL);
	event.err = err;
	w->told_blind = true;
	watched_tell(l, &event);
}

static int load_again(struct look *l, struct df_err *err)
{
	struct watched *w = l->watched;
	const uint64_t now = monotonic_now();
	const int status = watched_load(l, err);
	w->outdated = false;
	if (status == 0) {
		w->since = w->not_before = 0;
		w->told_blind = false;
	}
	if (!may_pass(status))
		return status;
	if (w->since == 0)
		w->since = now;
	w->not_before = now + AGAIN_NS;
	if (now - w->since > OPENING_NS && !w->told_blind)
		tell_blind(l, err);
	return 0;
}

static int look_again(struct look *l, bool around, struct df_err *err)
{
	struct watched *w = l->watched;
	int status = 0;
	w->outdated |= around && images_outdated(&w->process, &w->images);
	if (w->outdated && monotonic_now() >= w->not_before)
		status = load_again(l, err);
	return status < 0 ? status : watched_read(l, err);
}

static void fail(struct look *l, const struct df_err *err)
{
	struct watched *w = l->watched;
	struct watch_event event = watched_event(l, WATCH_FAILED, NULL);
	w->err = *err;
	w->state = WATCHED_FAILED;
	event.err = &w->err;
	watched_tell(l, &event);
}

/* Who was named and not there at all is an error. */
static void leave(struct look *l, enum watch_what what, const struct df_err *err)
{
	struct watched *w = l->watched;
	const bool told = w->started || w->executed;
	if (watched_is_strict(l) || (w->id.named && w->id.started == 0 && !told)) {
		fail(l, err);
		return;
	}
	const struct watch_event event = watched_event(l, what, NULL);
	w->state = WATCHED_GONE;
	if (told)
		watched_tell(l, &event);
}

/* What runs there now is opened at the next look. */
static void follow_exec(struct look *l)
{
	struct watched *w = l->watched;
	w->executed |= w->started;
	if (w->state == WATCHED_OPEN)
		w->since = 0;
	w->state = WATCHED_OPENING;
	w->hurry = true;
	watched_drop(w);
	process_close(&w->process);
}

/* What a look came to. Of one that could not be opened, exec says that it is not meant any more. */
static void conclude(struct look *l, int status, const struct df_err *err)
{
	struct watched *w = l->watched;
	const bool opened = w->process.pidfd >= 0;
	const bool in_time = w->since == 0 || monotonic_now() - w->since < OPENING_NS;
	if (status == -(int)DF_E_NO_PROCESS)
		leave(l, WATCH_EXIT, err);
	else if (status == -(int)DF_E_EXEC && opened && in_time)
		follow_exec(l);
	else if (status == -(int)DF_E_EXEC && !opened)
		leave(l, WATCH_EXEC, err);
	else if (status < 0)
		fail(l, err);
}

static int look(struct look *l, bool around, struct df_err *err)
{
	struct watched *w = l->watched;
	int status = 0;
	if (has_exited(w))
		return df_fail(err, DF_E_NO_PROCESS, "process %d (%s) exited meanwhile", w->id.pid,
			       w->process.name);
	if (w->process.pidfd < 0)
		status = open_process(l, err);
	if (status < 0)
		return status;
	return w->state == WATCHED_OPENING ? look_first(l, err) : look_again(l, around, err);
}

bool watched_look(struct watched *watched, const struct watch_wish *wish, bool around)
{
	struct look l = {.watched = watched, .wish = wish};
	struct df_err err = {0};
	watched->hurry = false;
	if (watched_lives(watched))
		conclude(&l, look(&l, around, &err), &err);
	return !l.over;
}

bool watched_lives(const struct watched *watched)
{
	return watched->state == WATCHED_OPENING || watched->state == WATCHED_OPEN;
}

void watched_begin(struct watched *watched, const struct target_id *id)
{
	*watched = (struct watched){
		.id = *id,
		.process = {.pidfd = -1, .dir = -1, .mem = -1},
	};
}

void watched_end(struct watched *watched)
{
	watched_drop(watched);
	process_close(&watched->process);
}
