/* SPDX-License-Identifier: Apache-2.0 */
/* watched_modules.c - the modules of a process that is followed. */
#include "watched_modules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "image_process.h"
#include "match.h"
#include "proc_mem.h"
#include "watch_diff.h"

#define PATIENCE_NS 1000000000u /* with a change that is under way */
#define LOADER_NS 200000000u	/* with a loader that may not have mapped any module with flags */

struct watched_module {
	struct df_state_v1 *spare; /* owned: room for one more reading */
	bool settled;		   /* the image holds a reading that was not in a change */
	bool introduced;	   /* it was told that it is there */
	bool told_unread;
	bool kept;	     /* taken over into the next list of modules */
	uint64_t busy_since; /* monotonic; 0 while nothing is under way */
};

/* ---- telling ---- */

struct watch_event watched_event(const struct look *l, enum watch_what what,
				 const struct image *image)
{
	const struct watched *w = l->watched;
	const bool opened = w->process.pidfd >= 0;
	return (struct watch_event){
		.what = what,
		.seen = wall_now(),
		.pid = w->id.pid,
		.name = opened ? w->process.name : w->id.name,
		.image = image,
		.several = w->images.count > 1,
	};
}

void watched_tell(struct look *l, const struct watch_event *event)
{
	if (!l->over)
		l->over = !l->wish->sink->tell(l->wish->sink->context, event);
}

/* Adds the flags of a module that are followed. */
static void add_flags(struct watch_event *event, const struct image *image, const bool *selected)
{
	const size_t before = event->flags;
	for (size_t i = 0; i < image->flag_count; i++) {
		const struct df_flag *flag = &image->flags[i];
		if (!flag_selected(image, flag, selected))
			continue;
		const size_t length = df_full_name_length(&image->sites[image->order[flag->first]]);
		event->longest = length > event->longest ? length : event->longest;
		event->flags++;
	}
	if (event->flags == before)
		return;
	event->modules++;
	event->changes += image->control.generation;
}

/* Of one without flags that are followed there is nothing to tell. */
static void tell_module(struct look *l, enum watch_what what, size_t i)
{
	const struct watched *w = l->watched;
	struct watch_event event = watched_event(l, what, w->images.list[i]);
	add_flags(&event, event.image, w->selection.selected[i]);
	if (event.flags > 0 && w->started)
		watched_tell(l, &event);
}

static void tell_unread(struct look *l, size_t i, const struct df_err *err)
{
	const struct watched *w = l->watched;
	struct watch_event event = watched_event(l, WATCH_UNREAD, w->images.list[i]);
	event.err = err;
	w->modules[i].told_unread = true;
	watched_tell(l, &event);
}

void watched_tell_start(struct look *l)
{
	struct watched *w = l->watched;
	struct watch_event event = watched_event(l, w->executed ? WATCH_EXEC : WATCH_START, NULL);
	for (size_t i = 0; i < w->images.count; i++) {
		add_flags(&event, w->images.list[i], w->selection.selected[i]);
		w->modules[i].introduced = true;
	}
	if (event.flags > 0 || w->executed)
		watched_tell(l, &event);
	w->started |= event.flags > 0;
	w->executed = false;
}

/* ---- what is loaded ---- */

static void modules_free(struct watched_module *modules, size_t count)
{
	for (size_t i = 0; modules && i < count; i++)
		free(modules[i].spare);
	free(modules);
}

void watched_drop(struct watched *w)
{
	modules_free(w->modules, w->images.count);
	w->modules = NULL;
	selection_free(&w->selection);
	images_free(&w->images);
	w->outdated = false;
}

static bool same_module(const struct image *a, const struct image *b)
{
	return a->device == b->device && a->inode == b->inode && a->bias == b->bias &&
	       a->table.control == b->table.control && a->table.start == b->table.start &&
	       a->table.count == b->table.count && strcmp(a->path, b->path) == 0;
}

/* The old image of a module that is still there takes the place of the new one, with all that is
 * known of it. */
static void take_over(struct watched *w, struct images *fresh, struct watched_module *modules)
{
	for (size_t i = 0; i < fresh->count; i++)
		for (size_t j = 0; j < w->images.count; j++) {
			struct image *old = w->images.list[j];
			if (w->modules[j].kept || !same_module(old, fresh->list[i]))
				continue;
			w->images.list[j] = fresh->list[i];
			fresh->list[i] = old;
			free(modules[i].spare);
			modules[i] = w->modules[j];
			w->modules[j] = (struct watched_module){.kept = true};
			break;
		}
}

static int modules_new(const struct images *images, struct watched_module **modules,
		       struct df_err *err)
{
	bool whole = true;
	struct watched_module *list = calloc(images->count + 1, sizeof(*list));
	for (size_t i = 0; list && i < images->count; i++) {
		list[i].spare = calloc(images->list[i]->table.count, sizeof(*list[i].spare));
		whole &= list[i].spare != NULL;
	}
	if (list && whole) {
		*modules = list;
		return 0;
	}
	modules_free(list, images->count);
	return df_fail_memory(err);
}

/* Who runs another program now need not have the flags that the first one had. */
bool watched_is_strict(const struct look *l)
{
	const struct watched *w = l->watched;
	return l->wish->strict && w->id.named && !w->started && !w->executed;
}

static int select_flags(const struct look *l, const struct images *images,
			struct selection *selection, struct df_err *err)
{
	const struct watch_wish *wish = l->wish;
	return watched_is_strict(l)
		       ? selection_make(selection, images, wish->criteria, wish->patterns,
					wish->pattern_count, err)
		       : selection_make_of_those_there(selection, images, wish->criteria,
						       wish->patterns, wish->pattern_count, err);
}

static void replace(struct look *l, struct images *images, const struct selection *selection,
		    struct watched_module *modules)
{
	struct watched *w = l->watched;
	take_over(w, images, modules);
	for (size_t i = 0; i < w->images.count; i++)
		if (!w->modules[i].kept)
			tell_module(l, WATCH_UNLOADED, i);
	watched_drop(w);
	w->images = *images;
	w->selection = *selection;
	w->modules = modules;
}

int watched_load(struct look *l, struct df_err *err)
{
	struct watched *w = l->watched;
	struct images images;
	struct selection selection = {0};
	struct watched_module *modules = NULL;
	int status = images_from_process(&w->process, &images, err);
	const bool early = w->executed && monotonic_now() - w->since < LOADER_NS &&
			   process_may_be_loading(&w->process);
	if (status == -(int)DF_E_NO_FLAGS && !watched_is_strict(l) && !early)
		status = 0;
	if (status == 0)
		status = select_flags(l, &images, &selection, err);
	if (status == 0)
		status = modules_new(&images, &modules, err);
	if (status == 0) {
		replace(l, &images, &selection, modules);
		return 0;
	}
	selection_free(&selection);
	images_free(&images);
	return status;
}

/* ---- one module ---- */

static int read_control(const struct image *image, struct df_control_v1 *control,
			struct df_err *err)
{
	const int status =
		proc_mem_read(image->fd, image->table.control, control, sizeof(*control), err);
	if (status < 0 || memcmp(control->magic, DF_CONTROL_MAGIC, sizeof(control->magic)) == 0)
		return status;
	return df_fail(err, DF_E_TABLE, "%s: its control block is gone", image->path);
}

static bool is_news(const struct watched_module *m, const struct df_control_v1 *was,
		    const struct df_control_v1 *is)
{
	return !m->settled || is->generation != was->generation ||
	       is->initialised != was->initialised;
}

/* Unloaded and loaded again, to the same place, between two looks. */
static void begin_anew(struct look *l, size_t i)
{
	struct watched_module *m = &l->watched->modules[i];
	tell_module(l, WATCH_UNLOADED, i);
	m->settled = m->introduced = false;
}

/*
 * Whether to leave a module alone for now, since a change of it is under way. A claim may stand
 * for good, if its tool died: then what is there is read once it has stood for long.
 */
static bool is_busy(struct look *l, size_t i, const struct df_control_v1 *control)
{
	struct watched_module *m = &l->watched->modules[i];
	const bool open = control->phase != DF_PHASE_IDLE;
	const uint64_t now = monotonic_now();
	struct df_err err;
	if (!open && control->external == 0) {
		m->busy_since = 0;
		return false;
	}
	if (m->busy_since == 0)
		m->busy_since = now;
	if (now - m->busy_since < PATIENCE_NS) {
		l->watched->hurry = true;
		return true;
	}
	if (open && !m->told_unread) {
		df_fail(&err, DF_E_BUSY,
			"a change has been under way for long (phase %" PRIu32
			"); did its controller die?",
			control->phase);
		tell_unread(l, i, &err);
	}
	return open;
}

/* What cannot be read for now is read at a later look; for long, that is told. */
static int put_off(struct look *l, size_t i, int status, const struct df_err *err)
{
	struct watched_module *m = &l->watched->modules[i];
	if (status < 0 && status != -(int)DF_E_BUSY)
		return status;
	if (status < 0 && !m->told_unread)
		tell_unread(l, i, err);
	l->watched->hurry |= status == 0;
	return 0;
}

static int take_reading(struct look *l, size_t i, struct df_err *err)
{
	struct watched *w = l->watched;
	struct watched_module *m = &w->modules[i];
	struct image *image = w->images.list[i];
	const struct watch_reading before = {.control = image->control, .states = image->states};
	image->states = m->spare;
	const int status = image_refresh(image, err);
	if (status < 0 || image->control.phase != DF_PHASE_IDLE) {
		m->spare = image->states;
		image->states = before.states;
		image->control = before.control;
		return put_off(l, i, status, err);
	}
	m->spare = before.states;
	m->told_unread = false;
	const struct watch_event base = watched_event(l, WATCH_CHANGE, image);
	if (m->settled && !l->over)
		l->over = !watch_diff(&base, image, &before, w->selection.selected[i],
				      l->wish->criteria, w->own, l->wish->sink);
	m->settled = true;
	return 0;
}

static int look_at_module(struct look *l, size_t i, struct df_err *err)
{
	struct watched *w = l->watched;
	struct watched_module *m = &w->modules[i];
	struct image *image = w->images.list[i];
	struct df_control_v1 control;
	int status = read_control(image, &control, err);
	if (status < 0 || is_busy(l, i, &control) || !is_news(m, &image->control, &control))
		return status;
	if (m->settled && control.generation < image->control.generation)
		begin_anew(l, i);
	status = take_reading(l, i, err);
	if (status == 0 && m->settled && !m->introduced && w->state == WATCHED_OPEN) {
		m->introduced = true;
		tell_module(l, WATCH_LOADED, i);
	}
	return status;
}

/* A module that cannot be read was unloaded, if not the process is gone. */
int watched_read(struct look *l, struct df_err *err)
{
	struct watched *w = l->watched;
	for (size_t i = 0; !l->over && i < w->images.count; i++) {
		const int status = look_at_module(l, i, err);
		if (status == -(int)DF_E_NO_PROCESS)
			return process_explain_end(&w->process, err);
		w->outdated |= status < 0;
	}
	return 0;
}

bool watched_settled(const struct watched *watched)
{
	bool settled = true;
	for (size_t i = 0; i < watched->images.count; i++)
		settled &= watched->modules[i].settled || watched->modules[i].told_unread;
	return settled;
}
