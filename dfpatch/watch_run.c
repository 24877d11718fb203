/* SPDX-License-Identifier: Apache-2.0 */
/* watch_run.c - the command watch. */
#include "watch_run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "diag.h"
#include "end_signals.h"
#include "exit_status.h"
#include "flush.h"
#include "inherited.h"
#include "json_watch.h"
#include "outcome.h"
#include "process.h"
#include "report_watch.h"
#include "roster.h"
#include "several.h"
#include "watched.h"

#define AROUND_NS 1000000000u /* between two looks for modules and processes, at least */
#define HURRY_NS 5000000u     /* between two looks while something will be over soon */

struct watch {
	const struct options *options;
	struct several several; /* what became of those that are gone */
	struct targets targets;
	struct watch_wish wish;
	struct watched **list; /* owned, and so is each */
	size_t count;
	struct watch_lines lines;
	struct df_err err; /* why no more can be printed; DF_E_NONE if that is told at our exit */
	int signals;	   /* end_signals.h */
	bool met;	   /* some process has flags that are meant */
	bool blind;	   /* it was said that more processes cannot be looked for */
};

/* ---- what is printed ---- */

static bool tell(void *context, const struct watch_event *event)
{
	struct watch *w = context;
	w->met |= event->flags > 0;
	if (event->what == WATCH_FAILED)
		diag_error(event->err);
	if (!w->options->json && event->what == WATCH_FAILED)
		return true;
	if (!w->options->json)
		report_watch(&w->lines, event);
	else if (json_watch(event, &w->err) < 0)
		return false;
	return flush_lines(w->signals);
}

/* ---- the processes ---- */

static bool is_followed(const struct watch *w, const struct target_id *id)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i]->id.pid == id->pid && w->list[i]->id.started == id->started)
			return true;
	return false;
}

static int follow(struct watch *w, const struct target_id *id, struct df_err *err)
{
	struct watched **larger = reallocarray(w->list, w->count + 1, sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	w->list = larger;
	struct watched *watched = malloc(sizeof(*watched));
	if (!watched)
		return df_fail_memory(err);
	watched_begin(watched, id);
	w->list[w->count++] = watched;
	return 0;
}

static int follow_all(struct watch *w, struct df_err *err)
{
	int status = targets_find(&w->options->wish, &w->targets, err);
	for (size_t i = 0; status == 0 && i < w->targets.count; i++)
		if (!is_followed(w, &w->targets.list[i]))
			status = follow(w, &w->targets.list[i], err);
	return status;
}

/* Those that are known are still followed. */
static void look_for_more(struct watch *w)
{
	struct df_err err;
	if (!w->options->wish.exe && !w->options->wish.tree)
		return;
	if (follow_all(w, &err) == 0 || w->blind)
		return;
	diag_note("processes that were started meanwhile cannot be looked for: %s", err.text);
	w->blind = true;
}

static void count_end(struct watch *w, const struct watched *watched)
{
	struct targets_tally *tally = &w->several.tally;
	enum target_how how = watched->started ? TARGET_LISTED : TARGET_SKIPPED;
	if (watched->state == WATCHED_FAILED) {
		how = TARGET_FAILED;
		w->several.failed_by[watched->err.code] = true;
	}
	tally->count++;
	tally->ends[how]++;
}

/* As long as a zombie has its number it would be found again. */
static bool is_there(const struct watched *watched)
{
	struct roster_entry now;
	const int status = roster_look(watched->id.pid, &now, NULL);
	return status < 0 || (status > 0 && now.started == watched->id.started);
}

static void forget_those_gone(struct watch *w)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *watched = w->list[i];
		if (watched_lives(watched) || is_there(watched)) {
			w->list[kept++] = watched;
			continue;
		}
		targets_forget(&w->targets, watched->id.pid, watched->id.started);
		count_end(w, watched);
		watched_end(watched);
		free(watched);
	}
	w->count = kept;
}

/* ---- looks ---- */

/* What one round over all processes found. */
struct round {
	size_t alive;
	size_t opening;
	bool hurry;
	bool over;
};

static struct round look_at_all(struct watch *w, bool around)
{
	struct round round = {0};
	for (size_t i = 0; i < w->count && !round.over; i++) {
		struct watched *watched = w->list[i];
		round.over = !watched_look(watched, &w->wish, around);
		round.alive += watched_lives(watched);
		round.opening += watched->state == WATCHED_OPENING;
		round.hurry |= watched->hurry && watched_lives(watched);
	}
	return round;
}

/* Whether it is no use to wait for flags: there are none now, and nobody else is meant. */
static bool is_vain(const struct watch *w, const struct round *round)
{
	return !w->met && round->opening == 0 && round->alive > 0 && !w->options->wish.tree;
}

/* ---- waiting ---- */

/*
 * Until then (monotonic, ns), or a process exits. False if we are told to end, or nobody reads what
 * we print any more.
 */
static int wait_until(struct watch *w, uint64_t until, struct df_err *err)
{
	CLEANUP_FREE struct pollfd *fds = calloc(w->count + 2, sizeof(*fds));
	nfds_t count = 0;
	if (!fds)
		return df_fail_memory(err);
	fds[count++] = (struct pollfd){.fd = w->signals, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = STDOUT_FILENO};
	for (size_t i = 0; i < w->count; i++)
		if (watched_lives(w->list[i]))
			fds[count++] =
				(struct pollfd){.fd = w->list[i]->process.pidfd, .events = POLLIN};
	const uint64_t now = monotonic_now();
	const struct timespec time = timespec_of(until > now ? until - now : 0);
	if (ppoll(fds, count, &time, NULL) < 0 && errno != EINTR)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot wait for the processes");
	return fds[0].revents == 0 && fds[1].revents == 0;
}

static int take_signals(struct watch *w, struct df_err *err)
{
	w->signals = end_signals_open();
	return w->signals >= 0 ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot wait for signals");
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Returns 0 at an end that was to be, or an error. */
static int watch_all(struct watch *w, struct df_err *err)
{
	const struct options *o = w->options;
	const uint64_t end = later(monotonic_now(), o->timeout);
	uint64_t next_around = later(monotonic_now(), AROUND_NS);
	for (int more = 1; more > 0;) {
		const uint64_t now = monotonic_now();
		const bool around = now >= next_around;
		if (around) {
			forget_those_gone(w);
			look_for_more(w);
			next_around = later(now, AROUND_NS);
		}
		const struct round round = look_at_all(w, around);
		if (round.over || round.alive == 0 || monotonic_now() >= end)
			return w->err.code == DF_E_NONE
				       ? 0
				       : df_fail(err, w->err.code, "%s", w->err.text);
		if (is_vain(w, &round))
			return 0;
		const uint64_t pause = round.hurry ? earlier(HURRY_NS, o->interval) : o->interval;
		more = wait_until(w, earlier(end, later(now, pause)), err);
		if (more < 0)
			return more;
	}
	return 0;
}

static void note_vain(const struct watch *w)
{
	if (!w->met && w->several.tally.ends[TARGET_FAILED] == 0)
		diag_note("no process has such flags");
}

static int watch(struct watch *w, struct df_err *err)
{
	inherited_allow_descriptors(); /* each process takes three */
	int status = several_check_patterns(w->options, err);
	if (status == 0)
		status = take_signals(w, err);
	if (status == 0)
		status = follow_all(w, err);
	several_note_unseen(w->options, &w->targets);
	if (status == 0 && w->count == 0)
		status = several_nobody(w->options, err);
	return status < 0 ? status : watch_all(w, err);
}

static void end(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		count_end(w, w->list[i]);
		watched_end(w->list[i]);
		free(w->list[i]);
	}
	free(w->list);
	targets_free(&w->targets);
	cleanup_fd(&w->signals);
}

int watch_run(const struct options *options)
{
	struct watch w = {.options = options, .signals = -1};
	const struct watch_sink sink = {.context = &w, .tell = tell};
	struct df_err err;
	w.wish = (struct watch_wish){
		.targets = &w.targets,
		.criteria = &options->criteria,
		.patterns = options->patterns,
		.pattern_count = options->pattern_count,
		.strict = !options->wish.tree,
		.sink = &sink,
	};
	const int status = watch(&w, &err);
	end(&w);
	if (status < 0)
		return outcome_fail(options, &err);
	note_vain(&w);
	return exit_status_of_several(&w.several);
}
