/* SPDX-License-Identifier: Apache-2.0 */
/* age.c - where the flags of a module are in a checkout, and how old they are there. */
#include "age.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "docs.h"
#include "mentions.h"

#define DAY (24 * 60 * 60)

/* Of a name that may be as long as a table lets it be. */
#define SHOWN "%.300s"

void ages_free(struct ages *ages)
{
	free(ages->list);
	commits_free(&ages->commits);
	*ages = (struct ages){0};
}

/* A flag, and where its record says that it is. */
struct wanted {
	const char *file;
	uint32_t line;
	uint32_t flag; /* index in the inventory */
};

/* Flags of one file. */
struct group {
	const struct wanted *list;
	size_t count;
};

struct finder {
	const struct inventory *inventory;
	const struct age_request *request;
	struct ages *ages;
	struct checkout *checkout;
	struct findings *findings;
	struct df_err *err;
};

static uint32_t record_of(const struct inventory *inventory, uint32_t flag)
{
	return inventory->order[inventory->flags[flag].first];
}

/* Its first site, of which name and doc are taken. */
static bool site_of(const struct inventory *inventory, uint32_t flag, struct df_site *site)
{
	return inventory_site(inventory, record_of(inventory, flag), site);
}

static struct finding_place place_of(const struct inventory *inventory, uint32_t flag,
				     const struct df_site *site)
{
	return (struct finding_place){
		.record = record_of(inventory, flag),
		.address = site->addr,
		.site = site,
	};
}

/* ---- docs ---- */

static void check_doc(const struct inventory *inventory, uint32_t flag, docs_day today,
		      struct findings *findings)
{
	struct df_site site;
	char last[DOCS_DAY_TEXT];
	if (!site_of(inventory, flag, &site))
		return;
	const struct docs docs = docs_parse(site.doc);
	const struct finding_place place = place_of(inventory, flag, &site);
	if (docs.problem != DOCS_SOUND)
		findings_add(findings, FINDING_DOC_ATTRIBUTE, &place, "its doc: %.*s %s",
			     docs.wrong_length < 300 ? (int)docs.wrong_length : 300, docs.wrong,
			     docs_problem_text(docs.problem));
	if (!docs_expired(&docs, today))
		return;
	docs_day_text(docs.last, last);
	findings_add(findings, FINDING_EXPIRED, &place, "expired after %s%s%.*s", last,
		     docs.owner ? "; its owner is " : "",
		     docs.owner_length < 300 ? (int)docs.owner_length : 300,
		     docs.owner ? docs.owner : "");
}

void ages_check_docs(const struct inventory *inventory, time_t now, struct findings *findings)
{
	for (uint32_t i = 0; i < inventory->flag_count; i++)
		check_doc(inventory, i, docs_day_of(now), findings);
}

/* ---- where they are ---- */

static void find_flag(const struct finder *finder, const struct mentions *mentions,
		      const char *path, const struct wanted *wanted)
{
	static const enum age_place places[] = {
		[MENTIONED_HERE] = AGE_HERE,
		[MENTIONED_ELSEWHERE] = AGE_MOVED,
		[MENTIONED_NOWHERE] = AGE_GONE,
		[MENTIONED_UNSURE] = AGE_UNSURE,
	};
	struct age *age = &finder->ages->list[wanted->flag];
	struct df_site site;
	if (!site_of(finder->inventory, wanted->flag, &site))
		return;
	const struct finding_place place = place_of(finder->inventory, wanted->flag, &site);
	age->path = path;
	age->place = places[mentions_find(mentions, site.kind, site.name, site.line, &age->line)];
	if (age->place == AGE_MOVED)
		findings_add(finder->findings, FINDING_SOURCE_MOVED, &place,
			     "line %u of '" SHOWN "' does not hold it; line %u does", site.line,
			     path, age->line);
	else if (age->place == AGE_GONE)
		findings_add(finder->findings, FINDING_SOURCE_MOVED, &place,
			     "line %u of '" SHOWN "' does not hold it, nor does another", site.line,
			     path);
	else if (age->place == AGE_UNSURE)
		findings_add(finder->findings, FINDING_SOURCE_UNKNOWN, &place,
			     "line %u of '" SHOWN
			     "' does not name it, unless by a macro of another file",
			     site.line, path);
}

static void tell_unknown(const struct finder *finder, const struct group *group, const char *why)
{
	findings_add(finder->findings, FINDING_SOURCE_UNKNOWN, FINDING_AT(0), "%s (%zu flag%s)",
		     why, group->count, group->count == 1 ? "" : "s");
}

/* NULL, when it has told why. */
static const char *find_path(const struct finder *finder, const struct group *group)
{
	const char *path;
	struct df_err why;
	switch (source_paths_find(&finder->checkout->paths, group->list->file, &path)) {
	case SOURCE_PATH_FOUND:
		return path;
	case SOURCE_PATH_AMBIGUOUS:
		df_fail(&why, DF_E_SYSTEM,
			"'" SHOWN "' may be one of several files of the checkout, such as '" SHOWN
			"'",
			group->list->file, path);
		break;
	case SOURCE_PATH_NONE:
	default:
		df_fail(&why, DF_E_SYSTEM, "'" SHOWN "' is no file of the checkout",
			group->list->file);
	}
	tell_unknown(finder, group, why.text);
	return NULL;
}

/* ---- how old ---- */

/* Lines of one file, ascending, with their commits. */
struct dated {
	uint32_t *lines;
	const struct commit **commits;
	size_t count;
};

static int by_line(const void *x, const void *y)
{
	const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return (a > b) - (a < b);
}

static uint32_t *find_line(const struct dated *dated, uint32_t line)
{
	return bsearch(&line, dated->lines, dated->count, sizeof(*dated->lines), by_line);
}

static void date_line(void *context, uint32_t line, const struct commit *commit)
{
	const struct dated *dated = context;
	const uint32_t *found = find_line(dated, line);
	if (found)
		dated->commits[found - dated->lines] = commit;
}

static void gather_lines(const struct finder *finder, const struct group *group,
			 struct dated *dated)
{
	size_t kept = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct age *age = &finder->ages->list[group->list[i].flag];
		if (age->line != 0)
			dated->lines[dated->count++] = age->line;
	}
	qsort(dated->lines, dated->count, sizeof(*dated->lines), by_line);
	for (size_t i = 0; i < dated->count; i++)
		if (i == 0 || dated->lines[i] != dated->lines[kept - 1])
			dated->lines[kept++] = dated->lines[i];
	dated->count = kept;
}

static void judge(const struct finder *finder, const struct wanted *wanted,
		  const struct dated *dated)
{
	struct age *age = &finder->ages->list[wanted->flag];
	const uint32_t *line = age->line != 0 ? find_line(dated, age->line) : NULL;
	struct df_site site;
	char day[DOCS_DAY_TEXT];
	age->commit = line ? dated->commits[line - dated->lines] : NULL;
	if (!age->commit || !age->commit->recorded ||
	    !site_of(finder->inventory, wanted->flag, &site) || docs_parse(site.doc).permanent)
		return;
	/* Commits may claim any time. */
	int64_t seconds;
	if (__builtin_sub_overflow((int64_t)finder->request->now, age->commit->time, &seconds))
		return;
	age->stale = seconds > finder->request->stale;
	if (!age->stale)
		return;
	const struct finding_place place = place_of(finder->inventory, wanted->flag, &site);
	docs_day_text(docs_day_of(age->commit->time), day);
	findings_add(finder->findings, FINDING_STALE, &place,
		     "line %u of '" SHOWN "' is from %s, %lld days ago: commit %.12s by %s",
		     age->line, age->path, *day ? day : "long ago", (long long)(seconds / DAY),
		     age->commit->id, age->commit->author);
}

static int date_group(const struct finder *finder, const struct group *group, const char *path,
		      const char *text, size_t size)
{
	CLEANUP_FREE uint32_t *lines = calloc(group->count, sizeof(*lines));
	CLEANUP_FREE const struct commit **commits = calloc(group->count, sizeof(*commits));
	struct dated dated = {.lines = lines, .commits = commits};
	struct df_err why;
	if (!lines || !commits)
		return df_fail_memory(finder->err);
	gather_lines(finder, group, &dated);
	if (dated.count == 0)
		return 0;
	const int status = checkout_blame(finder->checkout, path, text, size, lines, dated.count,
					  &finder->ages->commits, date_line, &dated, &why);
	if (status == -(int)DF_E_MEMORY)
		return df_fail_memory(finder->err);
	if (status < 0)
		tell_unknown(finder, group, why.text);
	for (size_t i = 0; i < group->count; i++)
		judge(finder, &group->list[i], &dated);
	return 0;
}

/* ---- file by file ---- */

static int look_at_group(const struct finder *finder, const struct group *group)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	struct mentions mentions;
	struct df_err why;
	if (git_interrupted(&finder->checkout->git))
		return df_fail(finder->err, DF_E_SYSTEM, "interrupted");
	const char *path = find_path(finder, group);
	if (!path)
		return 0;
	int status = checkout_read(finder->checkout, path, MENTIONS_TEXT_MAX, &text, &size, &why);
	if (status < 0) {
		if (status != -(int)DF_E_MEMORY)
			tell_unknown(finder, group, why.text);
		return status == -(int)DF_E_MEMORY ? df_fail_memory(finder->err) : 0;
	}
	status = mentions_read(text, size, &mentions, finder->err);
	for (size_t i = 0; status == 0 && i < group->count; i++)
		find_flag(finder, &mentions, path, &group->list[i]);
	mentions_free(&mentions);
	if (status == 0 && finder->request->stale != AGE_NEVER_STALE)
		status = date_group(finder, group, path, text, size);
	return status;
}

static int by_file(const void *x, const void *y)
{
	const struct wanted *a = x, *b = y;
	const int order = a->file == b->file ? 0 : strcmp(a->file, b->file);
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static size_t list_wanted(const struct inventory *inventory, struct wanted *wanted)
{
	size_t count = 0;
	struct df_site site;
	for (uint32_t i = 0; i < inventory->flag_count; i++)
		if (site_of(inventory, i, &site))
			wanted[count++] =
				(struct wanted){.file = site.file, .line = site.line, .flag = i};
	if (count > 0)
		qsort(wanted, count, sizeof(*wanted), by_file);
	return count;
}

static int look_at_all(const struct finder *finder)
{
	const struct inventory *inventory = finder->inventory;
	CLEANUP_FREE struct wanted *wanted = calloc(inventory->flag_count + 1, sizeof(*wanted));
	if (!wanted)
		return df_fail_memory(finder->err);
	const size_t count = list_wanted(inventory, wanted);
	int status = 0;
	for (size_t i = 0; status == 0 && i < count;) {
		struct group group = {.list = &wanted[i]};
		while (i < count && strcmp(wanted[i].file, group.list->file) == 0) {
			group.count++;
			i++;
		}
		status = look_at_group(finder, &group);
	}
	return status;
}

int ages_find(const struct inventory *inventory, const struct age_request *request,
	      struct ages *ages, struct findings *findings, struct df_err *err)
{
	struct finder finder = {
		.inventory = inventory,
		.request = request,
		.checkout = request->checkout,
		.ages = ages,
		.findings = findings,
		.err = err,
	};
	*ages = (struct ages){.count = inventory->flag_count};
	ages->list = calloc(ages->count + 1, sizeof(*ages->list));
	if (!ages->list)
		return df_fail_memory(err);
	int status = checkout_wake(request->checkout, err);
	if (status == 0 && request->checkout->git.dir.shallow && request->stale != AGE_NEVER_STALE)
		findings_add(findings, FINDING_SOURCE_UNKNOWN, FINDING_AT(0),
			     "the checkout has only the last part of its history; older lines seem "
			     "to be as young as that");
	if (status == 0)
		status = look_at_all(&finder);
	checkout_rest(request->checkout);
	return status;
}

const char *age_place_name(enum age_place place)
{
	static const char *const names[] = {
		[AGE_UNKNOWN] = "unknown", [AGE_HERE] = "here",	    [AGE_MOVED] = "moved",
		[AGE_GONE] = "gone",	   [AGE_UNSURE] = "unsure",
	};
	return names[place];
}
