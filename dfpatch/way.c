/* SPDX-License-Identifier: Apache-2.0 */
/* way.c - whether a change can be carried out while the program runs. */
#include "way.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "plans.h"
#include "processors.h"
#include "quiet.h"
#include "stays.h"

/* Why not; nothing else is asked once there is a reason that is more than advice. */
struct reason {
	char text[sizeof(((struct change_result *)0)->why_stopped)];
	bool advice; /* it could be done all the same */
};

static bool none(const struct reason *r)
{
	return r->text[0] == '\0';
}

/* Advice is no reason against it where it is asked for; behind it there may be one. */
static bool is_open(const struct reason *r)
{
	return none(r) || r->advice;
}

static void ask_of_module(const struct work *w, size_t i, struct reason *r)
{
	const struct image *image = w->result->images.list[i];
	char why[128];
	if (!stays_loaded(&w->result->process, &w->result->images, i, why, sizeof(why))) {
		r->advice = false;
		snprintf(r->text, sizeof(r->text), "%.100s %s, and may be unloaded at any moment",
			 image->path, why);
	} else if (!none(r)) {
		return;
	} else if (plans_need_recovery(image)) {
		r->advice = true;
		snprintf(r->text, sizeof(r->text),
			 "a controller is at work in %.100s, or died there", image->path);
	} else if (image->control.initialised != 0) {
		r->advice = true;
		snprintf(r->text, sizeof(r->text),
			 "%.100s was initialised, so that libdf may be at work inside",
			 image->path);
	}
}

static void ask_of_modules(const struct work *w, struct reason *r)
{
	size_t edits = 0;
	for (size_t i = 0; i < w->result->images.count && is_open(r); i++) {
		edits += w->result->plans[i].edit_count;
		if (plans_concern(w, i))
			ask_of_module(w, i, r);
	}
	if (is_open(r) && edits > QUIET_EDITS_MAX) {
		r->advice = false;
		snprintf(r->text, sizeof(r->text),
			 "%zu sites are more than can be written in the time of a claim", edits);
	}
}

/* Which is rare, so that we can afford a look at every thread. */
static void ask_of_threads(const struct work *w, struct reason *r)
{
	const int fd = openat(w->result->process.dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *task = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; task && is_open(r) && (entry = readdir(task));) {
		const pid_t id = (pid_t)strtol(entry->d_name, NULL, 10);
		if (id <= 0 || processors_reach(id))
			continue;
		r->advice = false;
		snprintf(r->text, sizeof(r->text),
			 "thread %d may run on processors that dfpatch may not use", id);
	}
	if (task)
		closedir(task);
}

static struct reason reason_to_stop(const struct work *w)
{
	struct reason r = {.text = ""};
	if (w->memory->denied)
		snprintf(r.text, sizeof(r.text), "the kernel lets only a tracer write text");
	if (none(&r))
		ask_of_modules(w, &r);
	if (is_open(&r) && !processors_reach_all())
		ask_of_threads(w, &r);
	return r;
}

int way_choose(struct work *w, bool *quiet, struct df_err *err)
{
	*quiet = false;
	if (w->request->mode == MODE_STOP)
		return 0;
	const struct reason reason = reason_to_stop(w);
	if (w->request->mode == MODE_QUIET && !none(&reason) && !reason.advice)
		return df_fail(err, DF_E_PERMISSION,
			       "process %d cannot be changed quietly: %s; use --stop",
			       w->request->pid, reason.text);
	*quiet = w->request->mode == MODE_QUIET || none(&reason);
	if (!*quiet)
		snprintf(w->result->why_stopped, sizeof(w->result->why_stopped), "%s", reason.text);
	return 0;
}
