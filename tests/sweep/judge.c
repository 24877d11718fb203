/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - one disturbed run of dfpatch, and whether the target and the next call bear it. */
#include "judge.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Exit statuses of dfpatch; README.md has the table. */
enum { DONE = 0, NOTHING_CHANGED = 3, NOT_VERIFIED = 4, WRITE_FAILED = 6 };

static struct aim_state found;

__attribute__((format(printf, 2, 3))) static void say(struct verdict *v, const char *format, ...)
{
	va_list args;
	if (*v->wrong != '\0')
		return;
	va_start(args, format);
	vsnprintf(v->wrong, sizeof(v->wrong), format, args);
	va_end(args);
}

/* ---- dfpatch, undisturbed ---- */

static void with_pid(const struct trial *t, const char *const *args, char pid[24],
		     const char *argv[JUDGE_ARGS + 3])
{
	size_t count = 0;
	snprintf(pid, 24, "--pid=%d", t->aim.pid);
	argv[count++] = t->dfpatch;
	argv[count++] = args[0];
	argv[count++] = pid;
	for (size_t i = 1; args[i] && i < JUDGE_ARGS; i++)
		argv[count++] = args[i];
	argv[count] = NULL;
}

static int dfpatch(const struct trial *t, const char *const *args, char err[VICTIM_TEXT])
{
	const char *argv[JUDGE_ARGS + 3];
	char pid[24];
	with_pid(t, args, pid, argv);
	return tool_run(argv, err);
}

/* The next call: of dfpatch a listing and a change, or of libdf. */
static void call_next(struct trial *t, struct verdict *v)
{
	char err[VICTIM_TEXT] = "";
	const char *const list[] = {"list", NULL};
	/* The machine may be busy; that is not what is asked here. */
	const char *const change[] = {"activate", "--max-stop=10s", "--timeout=20s",
				      "probe:", NULL};
	const uint64_t began = now_ns();
	int status = 0;
	if (t->next_inside) {
		status = aim_ask(&t->aim, "probe:");
		if (status != 1)
			say(v, "libdf: %d: %s", status, t->aim.page->error);
	} else {
		status = dfpatch(t, list, err);
		if (status == 0)
			status = dfpatch(t, change, err);
		if (status != 0)
			say(v, "the next dfpatch: status %d: %s", status, err);
	}
	v->recovery = now_ns() - began;
}

/* ---- the target ---- */

static bool begin(struct trial *t)
{
	char err[VICTIM_TEXT];
	const char *const setup[] = {t->setup, "crowd:", NULL};
	if (!aim_start(&t->aim, t->target, t->init)) {
		fprintf(stderr, "sweep: cannot start %s\n", t->target);
		return false;
	}
	t->running = true;
	if (!t->setup || dfpatch(t, setup, err) == 0)
		return true;
	fprintf(stderr, "sweep: cannot %s: %s", t->setup, err);
	return false;
}

static void end(struct trial *t)
{
	if (t->running)
		aim_end(&t->aim);
	t->running = false;
}

/* As it was at the start, by itself or by force. */
static bool begin_anew(struct trial *t)
{
	if (t->fresh)
		end(t);
	if (t->running && aim_put(&t->aim, &t->start))
		return true;
	end(t);
	return begin(t);
}

/* ---- what is right ---- */

static void look_at_sites(struct trial *t, struct verdict *v, struct aim_state *state)
{
	char wrong[AIM_TEXT];
	if (!aim_take(&t->aim, state, wrong))
		say(v, "the memory of the target cannot be read");
	else if (*wrong != '\0')
		say(v, "%s", wrong);
}

/* Of a status that promises something: whether it is so. */
static void judge_promise(const struct trial *t, const struct outcome *o, struct verdict *v)
{
	const bool unchanged = aim_same(&found, &t->start), changed = aim_same(&found, &t->done);
	if (o->status == DONE && !changed)
		say(v, "status 0, but the change is not there");
	if ((o->status == NOTHING_CHANGED || o->status == NOT_VERIFIED) && !unchanged)
		say(v, "status %d, but something was changed", o->status);
	if (o->status == WRITE_FAILED && strstr(o->err, "flags are as before") && !unchanged)
		say(v, "it says that the flags are as before, but they are not");
	if (o->status == WRITE_FAILED && strstr(o->err, "the change was made") && !changed)
		say(v, "it says that the change was made, but it was not");
}

static bool is_documented(int status)
{
	return status == DONE || status == NOTHING_CHANGED || status == NOT_VERIFIED ||
	       status == WRITE_FAILED;
}

/* Who killed it: we, or a helper that took it for hanging. */
static bool may_be_killed(const struct disturbance *d, const struct outcome *o)
{
	if (o->status == -SIGKILL)
		return (d->what == KILL && !d->helper) || o->helpers > 0;
	return d->what == SIGNAL && o->status == -d->signal;
}

/* What it says when a busy machine leaves it too little of its time, traced as it is. */
static bool ran_out_of_time(const struct outcome *o)
{
	return is_documented(o->status) &&
	       (strstr(o->err, "the time that it may take") || strstr(o->err, "too busy") ||
		strstr(o->err, "let go again"));
}

static void judge_status(const struct trial *t, const struct disturbance *d,
			 const struct outcome *o, struct verdict *v)
{
	if (o->late)
		say(v, "it hangs, or what it started");
	else if (o->held_on)
		say(v, "nobody ended it while it held the target");
	else if (!o->reached && o->status != DONE && !may_be_killed(d, o) && !ran_out_of_time(o))
		say(v, "status %d, though nothing disturbed it", o->status);
	/* Up to there the loader has its say as well. */
	else if (d->what == FAIL && !o->looked && o->status != DONE && aim_same(&found, &t->start))
		return;
	else if (!is_documented(o->status) && !may_be_killed(d, o))
		say(v, "status %d", o->status);
	else if (o->status > 0 && *o->err == '\0' && d->what != FAIL)
		say(v, "status %d, and not a word why", o->status);
	judge_promise(t, o, v);
}

static void judge_end(struct trial *t, struct verdict *v)
{
	char wrong[AIM_TEXT];
	look_at_sites(t, v, &found);
	aim_at_rest(&t->aim, &found, wrong);
	if (*wrong != '\0')
		say(v, "after the next call: %s", wrong);
	v->after = aim_same(&found, &t->after);
	if (!v->after && !aim_same(&found, &t->before))
		say(v, "after the next call: neither as before nor as after the operation");
	aim_goes_on(&t->aim, &found, wrong);
	if (*wrong != '\0')
		say(v, "%s", wrong);
}

static void judge_all(struct trial *t, const struct disturbance *d, const struct outcome *o,
		      struct verdict *v)
{
	const size_t held = aim_held(&t->aim);
	if (o->target_died || !aim_lives(&t->aim)) {
		say(v, "the target died");
		return;
	}
	if (held > 0)
		say(v, "%zu threads of the target are stopped or traced", held);
	look_at_sites(t, v, &found);
	v->phase = found.control.phase;
	v->claimed = found.control.external != 0;
	/* Who cannot read its claim any more cannot know that it is its own, and leaves it. */
	if (d->forever && !may_be_killed(d, o))
		found.control.external = 0;
	judge_status(t, d, o, v);
	call_next(t, v);
	judge_end(t, v);
}

void judge_run(struct trial *t, const struct disturbance *disturb, struct outcome *outcome,
	       struct verdict *verdict)
{
	const char *argv[JUDGE_ARGS + 3];
	char pid[24];
	*verdict = (struct verdict){0};
	*outcome = (struct outcome){0};
	if (!begin_anew(t)) {
		say(verdict, "no target");
		return;
	}
	with_pid(t, t->args, pid, argv);
	if (victim_run(&t->aim, argv, disturb, outcome))
		judge_all(t, disturb, outcome, verdict);
	else
		say(verdict, "dfpatch cannot be traced");
	if (*verdict->wrong != '\0')
		end(t);
}

/* ---- learning ---- */

/* On a busy machine its own watchdog may find that it takes too long. */
static bool learn_calls(struct trial *t)
{
	const struct disturbance none = {.what = LEAVE, .helper = true};
	const char *argv[JUDGE_ARGS + 3];
	char pid[24];
	for (int i = 0; i < 10; i++) {
		if (!begin_anew(t))
			return false;
		with_pid(t, t->args, pid, argv);
		if (!victim_run(&t->aim, argv, &none, &t->plain))
			return false;
		if (!may_be_killed(&none, &t->plain) && !ran_out_of_time(&t->plain))
			break;
	}
	return true;
}

static void learn(struct trial *t, struct verdict *v)
{
	look_at_sites(t, v, &t->start);
	call_next(t, v);
	look_at_sites(t, v, &t->before);
	t->fresh = t->next_inside && t->before.control.initialised != t->start.control.initialised;
	if (!learn_calls(t))
		say(v, "dfpatch cannot be traced");
	if (t->plain.status != DONE)
		say(v, "undisturbed, it has status %d: %s", t->plain.status, t->plain.err);
	look_at_sites(t, v, &t->done);
	call_next(t, v);
	look_at_sites(t, v, &t->after);
	if (aim_same(&t->before, &t->after))
		say(v, "the operation changes nothing");
}

bool judge_learn(struct trial *t)
{
	struct verdict v = {0};
	if (!begin(t))
		return false;
	learn(t, &v);
	if (*v.wrong != '\0')
		fprintf(stderr, "sweep: %s\n", v.wrong);
	return *v.wrong == '\0';
}
