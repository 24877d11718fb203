/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - one disturbed run of dfpatch, and whether the target and the next call bear it. */
#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Exit statuses of dfpatch; README.md has the table. */
enum { DONE = 0, NOTHING_CHANGED = 3, NOT_VERIFIED = 4, SEVERAL = 5, WRITE_FAILED = 6 };

static struct aim_state found, found_other;

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

/* Arguments up to NULL, and between the command and the rest those that name the targets. */
struct call {
	const char *argv[JUDGE_ARGS + 4];
	char name[80];
};

static void make_call(const struct trial *t, const char *const *args, const char *tree,
		      struct call *call)
{
	size_t count = 0;
	call->argv[count++] = t->dfpatch;
	call->argv[count++] = args[0];
	if (call->name[0] != '\0')
		call->argv[count++] = call->name;
	if (tree)
		call->argv[count++] = tree;
	for (size_t i = 1; args[i] && i < JUDGE_ARGS; i++)
		call->argv[count++] = args[i];
	call->argv[count] = NULL;
}

/* Of one target. */
static int dfpatch(const struct trial *t, const struct aim *aim, const char *const *args,
		   char err[VICTIM_TEXT])
{
	struct call call;
	snprintf(call.name, sizeof(call.name), "--pid=%d", aim->pid);
	make_call(t, args, NULL, &call);
	return tool_run(call.argv, err);
}

/* The one that is disturbed. */
static void make_own_call(const struct trial *t, struct call *call)
{
	call->name[0] = '\0';
	if (t->as == AS_PID)
		snprintf(call->name, sizeof(call->name), "--pid=%d", t->aim.pid);
	else if (t->as == AS_LIST)
		snprintf(call->name, sizeof(call->name), "--pid=%d,%d", t->aim.pid, t->other.pid);
	else if (t->as == AS_EXE)
		snprintf(call->name, sizeof(call->name), "--exe=%s", t->copy);
	else if (t->as == AS_TREE)
		snprintf(call->name, sizeof(call->name), "--pid=%d", getpid());
	make_call(t, t->args, t->as == AS_TREE ? "--tree" : NULL, call);
}

static bool are_two(const struct trial *t)
{
	return t->as == AS_LIST || t->as == AS_EXE || t->as == AS_TREE;
}

/* The machine may be busy; that is not what is asked here. Of a claim no option gives it more time,
 * so who was ended for one by its watchdog is followed by another. */
static int change_next(const struct trial *t, const struct aim *aim, char err[VICTIM_TEXT])
{
	const char *const change[] = {"activate", "--max-stop=10s", "--timeout=20s",
				      "probe:", NULL};
	int status = 0;
	for (int i = 0; i < 5; i++) {
		status = dfpatch(t, aim, change, err);
		if (status != -SIGKILL || !strstr(err, "its watchdog ended it"))
			break;
	}
	return status;
}

/* The next call: of dfpatch a listing and a change, or of libdf. */
static void call_next(struct trial *t, const struct aim *aim, struct verdict *v)
{
	char err[VICTIM_TEXT] = "";
	const char *const list[] = {"list", NULL};
	const uint64_t began = now_ns();
	int status = 0;
	if (t->next_inside) {
		status = aim_ask(aim, "probe:");
		if (status != 1)
			say(v, "libdf: %d: %s", status, aim->page->error);
	} else {
		status = dfpatch(t, aim, list, err);
		if (status == 0)
			status = change_next(t, aim, err);
		if (status != 0)
			say(v, "the next dfpatch: status %d: %s", status, err);
	}
	v->recovery = now_ns() - began;
}

/* ---- the target ---- */

/* Copies the executable, so that nobody else runs it. */
static bool make_copy(struct trial *t)
{
	struct stat st = {0};
	if (t->as != AS_EXE || t->copy[0] != '\0')
		return true;
	snprintf(t->copy, sizeof(t->copy), "/tmp/sweep-target-XXXXXX");
	const int from = open(t->target, O_RDONLY | O_CLOEXEC);
	const int to = mkostemp(t->copy, O_CLOEXEC);
	const bool done = from >= 0 && to >= 0 && fstat(from, &st) == 0 && fchmod(to, 0755) == 0 &&
			  sendfile(to, from, NULL, (size_t)st.st_size) == st.st_size;
	close(from);
	close(to);
	return done;
}

static bool begin_one(struct trial *t, struct aim *aim)
{
	char err[VICTIM_TEXT];
	const char *const setup[] = {t->setup, "crowd:", NULL};
	if (!make_copy(t) || !aim_start(aim, t->as == AS_EXE ? t->copy : t->target, t->init)) {
		fprintf(stderr, "sweep: cannot start %s\n", t->target);
		return false;
	}
	if (!t->setup || dfpatch(t, aim, setup, err) == 0)
		return true;
	fprintf(stderr, "sweep: cannot %s: %s", t->setup, err);
	return false;
}

static bool begin(struct trial *t)
{
	t->running = true;
	return begin_one(t, &t->aim) && (!are_two(t) || begin_one(t, &t->other));
}

static void end(struct trial *t)
{
	if (t->running)
		aim_end(&t->aim);
	if (t->running && are_two(t))
		aim_end(&t->other);
	t->running = false;
}

void judge_end(struct trial *t)
{
	end(t);
	if (t->copy[0] != '\0')
		unlink(t->copy);
}

static bool put_back(struct trial *t)
{
	return aim_put(&t->aim, &t->start) && (!are_two(t) || aim_put(&t->other, &t->start));
}

/* As it was at the start, by itself or by force. */
static bool begin_anew(struct trial *t)
{
	if (t->fresh)
		end(t);
	if (t->running && put_back(t))
		return true;
	end(t);
	return begin(t);
}

/* ---- what is right ---- */

static void look_at_sites(const struct aim *aim, struct verdict *v, struct aim_state *state)
{
	char wrong[AIM_TEXT];
	if (!aim_take(aim, state, wrong))
		say(v, "the memory of the target cannot be read");
	else if (*wrong != '\0')
		say(v, "%s", wrong);
}

/* Whether both are so, if there are two. */
static bool all_same(const struct trial *t, const struct aim_state *state)
{
	return aim_same(&found, state) && (!are_two(t) || aim_same(&found_other, state));
}

/* What was made to fail said that a process is not there, or that it may not be seen. */
static bool is_told_gone(const struct outcome *o)
{
	return o->done && (o->fault == -ENOENT || o->fault == -ESRCH || strstr(o->err, "unseen") ||
			   strstr(o->err, "could not be looked at"));
}

/* A scan changes nothing, and what it is silent of is not there. */
static void judge_scan(const struct trial *t, const struct outcome *o, struct verdict *v)
{
	bool told = false;
	for (const char *line = o->out; line && !told; line = strchr(line, '\n')) {
		line += strspn(line, " \n");
		told = strtol(line, NULL, 10) == t->aim.pid;
	}
	if (!aim_same(&found, &t->start))
		say(v, "a scan changed something");
	if (o->status == DONE && !told && !is_told_gone(o))
		say(v, "status 0, but the target is not told of: %s", o->out);
}

/* Where what it did could not be reported. */
static bool says_all_done(const struct trial *t, const struct outcome *o)
{
	return strstr(o->err,
		      are_two(t) ? " processes were changed, but" : "dfpatch: the change was made");
}

/* Of a status that promises something: whether it is so. */
static void judge_promise(const struct trial *t, const struct outcome *o, struct verdict *v)
{
	const bool unchanged = all_same(t, &t->start), changed = all_same(t, &t->done);
	if (o->status == DONE && !changed && !(are_two(t) && is_told_gone(o)))
		say(v, "status 0, but the change is not there");
	if ((o->status == NOTHING_CHANGED || o->status == NOT_VERIFIED) && !unchanged)
		say(v, "status %d, but something was changed", o->status);
	if (o->status == WRITE_FAILED && strstr(o->err, "flags are as before") && !unchanged)
		say(v, "it says that the flags are as before, but they are not");
	if (o->status == WRITE_FAILED && says_all_done(t, o) && !changed)
		say(v, "it says that the change was made, but it was not");
}

/* Status 1 says that nobody has such flags: of a target that lives and has them it is none. */
static bool is_documented(const struct trial *t, const struct outcome *o)
{
	const int status = o->status;
	return status == DONE || status == NOTHING_CHANGED || status == NOT_VERIFIED ||
	       status == WRITE_FAILED || (are_two(t) && status == SEVERAL) ||
	       (t->as != AS_PID && status == 1 && is_told_gone(o));
}

/* Who killed it: we, or a helper that took it for hanging. */
static bool may_be_killed(const struct disturbance *d, const struct outcome *o)
{
	if (o->status == -SIGKILL)
		return (d->what == KILL && !d->helper) || o->helpers > 0;
	return d->what == SIGNAL && o->status == -d->signal;
}

/* In its errors, or of one of several targets in its report. */
static bool says(const struct outcome *o, const char *text)
{
	return strstr(o->err, text) || strstr(o->out, text);
}

/* What it says when a busy machine leaves it too little of its time, traced as it is. */
static bool ran_out_of_time(const struct trial *t, const struct outcome *o)
{
	return is_documented(t, o) && (says(o, "the time that it may take") ||
				       says(o, "too busy") || says(o, "let go again"));
}

static void judge_status(const struct trial *t, const struct disturbance *d,
			 const struct outcome *o, struct verdict *v)
{
	if (o->late)
		say(v, "it hangs, or what it started");
	else if (o->held_on)
		say(v, "nobody ended it while it held the target");
	else if (!o->reached && o->status != DONE && !may_be_killed(d, o) && !ran_out_of_time(t, o))
		say(v, "status %d, though nothing disturbed it", o->status);
	/* Up to there the loader has its say as well. */
	else if (d->what == FAIL && !o->looked && o->status != DONE && all_same(t, &t->start))
		return;
	else if (!is_documented(t, o) && !may_be_killed(d, o))
		say(v, "status %d", o->status);
	else if (o->status > 0 && *o->err == '\0' && d->what != FAIL)
		say(v, "status %d, and not a word why", o->status);
	if (t->as == AS_SCAN)
		judge_scan(t, o, v);
	else
		judge_promise(t, o, v);
}

static void judge_after(const struct trial *t, const struct aim *aim, struct verdict *v)
{
	char wrong[AIM_TEXT];
	look_at_sites(aim, v, &found);
	aim_at_rest(aim, &found, wrong);
	if (*wrong != '\0')
		say(v, "after the next call: %s", wrong);
	v->after = aim_same(&found, &t->after);
	if (!v->after && !aim_same(&found, &t->before))
		say(v, "after the next call: neither as before nor as after the operation");
	aim_goes_on(aim, &found, wrong);
	if (*wrong != '\0')
		say(v, "%s", wrong);
}

static void judge_all(struct trial *t, const struct disturbance *d, const struct outcome *o,
		      struct verdict *v)
{
	const size_t held = aim_held(&t->aim) + (are_two(t) ? aim_held(&t->other) : 0);
	if (o->target_died || !aim_lives(&t->aim) || (are_two(t) && !aim_lives(&t->other))) {
		say(v, "the target died");
		return;
	}
	if (held > 0)
		say(v, "%zu threads of the target are stopped or traced", held);
	look_at_sites(&t->aim, v, &found);
	if (are_two(t))
		look_at_sites(&t->other, v, &found_other);
	v->phase = found.control.phase;
	v->claimed = found.control.external != 0;
	/* Who cannot read its claim any more cannot know that it is its own, and leaves it. */
	if (d->forever && !may_be_killed(d, o))
		found.control.external = found_other.control.external = 0;
	judge_status(t, d, o, v);
	call_next(t, &t->aim, v);
	judge_after(t, &t->aim, v);
	if (!are_two(t))
		return;
	call_next(t, &t->other, v);
	judge_after(t, &t->other, v);
}

void judge_run(struct trial *t, const struct disturbance *disturb, struct outcome *outcome,
	       struct verdict *verdict)
{
	struct call call;
	*verdict = (struct verdict){0};
	*outcome = (struct outcome){0};
	if (!begin_anew(t)) {
		say(verdict, "no target");
		return;
	}
	make_own_call(t, &call);
	if (victim_run(&t->aim, call.argv, disturb, outcome))
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
	struct call call;
	for (int i = 0; i < 10; i++) {
		if (!begin_anew(t))
			return false;
		make_own_call(t, &call);
		if (!victim_run(&t->aim, call.argv, &none, &t->plain))
			return false;
		if (!may_be_killed(&none, &t->plain) && !ran_out_of_time(t, &t->plain))
			break;
	}
	return true;
}

static void learn(struct trial *t, struct verdict *v)
{
	look_at_sites(&t->aim, v, &t->start);
	call_next(t, &t->aim, v);
	look_at_sites(&t->aim, v, &t->before);
	t->fresh = t->next_inside && t->before.control.initialised != t->start.control.initialised;
	if (!learn_calls(t))
		say(v, "dfpatch cannot be traced");
	if (t->plain.status != DONE)
		say(v, "undisturbed, it has status %d: %s%s", t->plain.status, t->plain.err,
		    t->plain.out);
	look_at_sites(&t->aim, v, &t->done);
	call_next(t, &t->aim, v);
	look_at_sites(&t->aim, v, &t->after);
	if (t->as != AS_SCAN && aim_same(&t->before, &t->after))
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
