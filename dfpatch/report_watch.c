/* SPDX-License-Identifier: Apache-2.0 */
/* report_watch.c - what is told of processes that are followed, a line each. */
#include "report_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cells.h"
#include "cleanup.h"
#include "color.h"
#include "text.h"

#define NAME_WIDTH_MAX 60
#define STATES_WIDTH 15	   /* "held -> mixed", and a gap */
#define SECOND 1000000000u /* ns */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/*
 * When a change was, by what its controller wrote down; but that is the target's memory, which may
 * say anything: then when it was seen.
 */
static uint64_t time_of(const struct watch_event *e)
{
	const uint64_t at = e->commits.at;
	return e->commits.count > 0 && at <= e->seen && e->seen - at < 60u * SECOND ? at : e->seen;
}

static void print_time(uint64_t at)
{
	const time_t seconds = (time_t)(at / SECOND);
	char text[32] = "";
	struct tm parts;
	if (localtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%F %T", &parts);
	printf("%s.%03u", text, (unsigned)(at % SECOND / 1000000u));
}

static void print_safely(const char *text)
{
	CLEANUP_FREE char *safe = text_escaped(TEXT_FOR_TERMINAL, text);
	fputs(safe ? safe : "?", stdout);
}

/* Bytes are padded, so that names beyond ASCII may stand apart. */
static void print_padded(const char *text, int width)
{
	printf("%-*s", width, text);
}

/* Whom the module names, which of several changes is the last one's controller. */
static void print_who(const struct watch_commits *commits)
{
	char who[32] = "";
	if (commits->inside)
		snprintf(who, sizeof(who), "inside");
	else
		snprintf(who, sizeof(who), "outside %" PRIu32, commits->by);
	print_padded(who, 16);
}

static void print_counts(const struct watch_event *e)
{
	const struct flag_counts *was = &e->before, *is = &e->after;
	printf("count %" PRIu32, was->activation_max);
	if (was->activation_max != is->activation_max)
		printf(" -> %" PRIu32, is->activation_max);
	if (was->unhook_max != 0 || is->unhook_max != 0)
		printf(", unhook %" PRIu32, was->unhook_max);
	if (was->unhook_max != is->unhook_max)
		printf(" -> %" PRIu32, is->unhook_max);
	if (e->sites_changed < e->flag->count)
		printf(", %zu of %" PRIu32 " sites", e->sites_changed, e->flag->count);
	else if (e->flag->count > 1)
		printf(", %" PRIu32 " sites", e->flag->count);
}

/* The new one in its colour, up to the column that follows. */
static void print_states(const char *was, const char *is)
{
	const enum color color = cells_state_color(is);
	const int width = (int)strlen(is) + (strcmp(was, is) == 0 ? 0 : (int)strlen(was) + 4);
	if (strcmp(was, is) != 0)
		printf("%s -> ", was);
	printf("%s%s%s%*s", color_begin(STDOUT_FILENO, color), is, color_end(STDOUT_FILENO, color),
	       STATES_WIDTH - width, "");
}

static void print_change(const struct watch_lines *lines, const struct watch_event *e)
{
	CLEANUP_FREE char *name =
		cells_full_name(&e->image->sites[e->image->order[e->flag->first]]);
	print_who(&e->commits);
	print_padded(name ? name : "?", lines->name_width);
	fputs("  ", stdout);
	print_states(flag_state(&e->before), flag_state(&e->after));
	print_counts(e);
	if (e->several) {
		fputs(", in ", stdout);
		print_safely(e->image->path);
	}
}

static void print_missed(const struct watch_event *e)
{
	print_who(&e->commits);
	print_safely(e->image->path);
	printf(": %" PRIu64 " changes since the look before, of which only the sum can be seen",
	       e->commits.count);
}

static void print_init(const struct watch_event *e)
{
	print_who(&e->commits);
	print_safely(e->image->path);
}

static void print_followed(const struct watch_event *e)
{
	print_safely(e->image ? e->image->path : e->name);
	printf(": %zu flag%s", e->flags, plural(e->flags));
	if (!e->image)
		printf(" in %zu module%s", e->modules, plural(e->modules));
	if (e->what != WATCH_UNLOADED)
		printf(", %" PRIu64 " change%s so far", e->changes, plural(e->changes));
}

static void print_cause(const struct watch_event *e)
{
	if (e->image) {
		print_safely(e->image->path);
		fputs(": ", stdout);
	}
	print_safely(e->err->text);
}

static void print_rest(const struct watch_lines *lines, const struct watch_event *e)
{
	switch (e->what) {
	case WATCH_CHANGE:
		print_change(lines, e);
		break;
	case WATCH_MISSED:
		print_missed(e);
		break;
	case WATCH_INIT:
		print_init(e);
		break;
	case WATCH_START:
	case WATCH_LOADED:
	case WATCH_UNLOADED:
	case WATCH_EXEC:
		print_followed(e);
		break;
	case WATCH_UNREAD:
	case WATCH_FAILED:
		print_cause(e);
		break;
	case WATCH_EXIT:
		print_safely(e->name);
		break;
	}
}

void report_watch(struct watch_lines *lines, const struct watch_event *event)
{
	const int longest = event->longest < NAME_WIDTH_MAX ? (int)event->longest : NAME_WIDTH_MAX;
	if (longest > lines->name_width)
		lines->name_width = longest;
	print_time(time_of(event));
	printf("  %7d  ", event->pid);
	print_padded(watch_what_name(event->what), 10);
	print_rest(lines, event);
	putchar('\n');
}
