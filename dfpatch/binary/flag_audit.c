/* SPDX-License-Identifier: Apache-2.0 */
/* flag_audit.c - the flags of a module. */
#include "flag_audit.h"

#include <inttypes.h>
#include <string.h>

#include "docs.h"
#include "parallel.h"

/* How many flags before it is looked at the first record of one is fetched, and its name. */
#define FLAGS_AHEAD 32
#define NAMES_AHEAD 16

const char *flag_default_name(enum flag_default is)
{
	static const char *const names[] = {
		[DEFAULT_OFF] = "off",
		[DEFAULT_ON] = "on",
		[DEFAULT_HELD] = "held",
		[DEFAULT_MIXED] = "mixed",
	};
	return names[is];
}

static enum flag_default default_of(const struct df_site *site)
{
	if (site->activation > 0)
		return DEFAULT_ON;
	return site->flags & DF_SITE_HELD ? DEFAULT_HELD : DEFAULT_OFF;
}

/* `first` is that of its first site. */
static enum flag_default default_of_all(const struct inventory *inventory,
					const struct df_flag *flag, enum flag_default first)
{
	for (uint32_t i = 1; i < flag->count; i++) {
		struct df_site site;
		inventory_site(inventory, inventory->order[flag->first + i], &site);
		if (default_of(&site) != first)
			return DEFAULT_MIXED;
	}
	return first;
}

enum flag_default flag_default_of(const struct inventory *inventory, const struct df_flag *flag)
{
	struct df_site site;
	inventory_site(inventory, inventory->order[flag->first], &site);
	return default_of_all(inventory, flag, default_of(&site));
}

/* What was seen of one name so far, in the places where it stands. */
struct name {
	struct df_site site; /* the first */
	const char *doc;     /* of the first that has one, NULL for none; and its place */
	const char *file;
	uint32_t line;
	enum flag_default is;
	bool told_default, told_doc;
};

/*
 * Flags are looked at by all threads, a slice by one; what there is to tell of a slice is then told
 * by one thread, which looks at it again. So nothing depends on the number of threads.
 */
struct pass {
	const struct inventory *inventory;
	struct flag_tally *tally;
	struct findings *findings; /* NULL while they are only looked at */
	bool odd;		   /* then: there is something to tell */
	struct name name;
	const char *doc; /* parsed last: neighbours often share one */
	struct docs docs;
};

static void tell(struct pass *p, enum finding_code code, const struct df_site *site,
		 uint32_t record, const char *text, const char *file, uint32_t line)
{
	const struct finding_place place = {.record = record, .address = site->addr, .site = site};
	p->odd = true;
	if (!p->findings)
		return;
	if (file)
		findings_add(p->findings, code, &place, "%s at %s:%" PRIu32, text, file, line);
	else
		findings_add(p->findings, code, &place, "%s", text);
}

/* Linkers merge equal strings, so most that are equal are the same. */
static bool same_text(const char *a, const char *b)
{
	return a == b || strcmp(a, b) == 0;
}

static void begin_name(struct pass *p, const struct df_site *site, enum flag_default is)
{
	if (!p->name.site.kind || !same_text(p->name.site.kind, site->kind))
		p->tally->kinds++;
	p->name = (struct name){.site = *site, .is = is};
}

static bool same_name(const struct name *name, const struct df_site *site)
{
	return name->site.kind && same_text(name->site.kind, site->kind) &&
	       same_text(name->site.name, site->name);
}

static void check_default(struct pass *p, const struct df_site *site, uint32_t record,
			  enum flag_default is)
{
	if (is == DEFAULT_MIXED)
		tell(p, FINDING_DEFAULT_CONFLICT, site, record,
		     "its sites differ in what they are by default", NULL, 0);
	else if (is != p->name.is && !p->name.told_default) {
		p->name.told_default = true;
		tell(p, FINDING_DEFAULT_CONFLICT, site, record, "has another default than",
		     p->name.site.file, p->name.site.line);
	}
}

static void check_doc(struct pass *p, const struct df_site *site, uint32_t record)
{
	if (*site->doc == '\0') {
		tell(p, FINDING_DOC_MISSING, site, record, "has no doc", NULL, 0);
		return;
	}
	if (site->doc != p->doc)
		p->docs = docs_parse(site->doc);
	p->doc = site->doc;
	p->tally->docs++;
	p->tally->owned += p->docs.owner != NULL;
	p->tally->ending += p->docs.expires || p->docs.permanent;
	p->tally->judged += p->docs.expires || p->docs.problem != DOCS_SOUND;
	if (!p->name.doc) {
		p->name.doc = site->doc;
		p->name.file = site->file;
		p->name.line = site->line;
	} else if (!p->name.told_doc && !same_text(p->name.doc, site->doc)) {
		p->name.told_doc = true;
		tell(p, FINDING_DOC_CONFLICT, site, record, "has another doc than", p->name.file,
		     p->name.line);
	}
}

/* Counts that only a file whose flags were preset has. */
static void check_counts(struct pass *p, const struct df_site *site, uint32_t record)
{
	const struct finding_place place = {.record = record, .address = site->addr, .site = site};
	if (site->activation <= 1 && site->unhook == 0)
		return;
	p->odd = true;
	if (p->findings)
		findings_add(p->findings, FINDING_COUNTS_BUILT, &place,
			     "is built with an activation count of %u and an unhook count of %u",
			     site->activation, site->unhook);
}

static struct df_site first_site(const struct pass *p, size_t flag)
{
	struct df_site site = {0};
	inventory_site(p->inventory, p->inventory->order[p->inventory->flags[flag].first], &site);
	return site;
}

static void expect(const struct pass *p, size_t flag)
{
	const struct inventory *inventory = p->inventory;
	if (flag + FLAGS_AHEAD < inventory->flag_count)
		inventory_expect(inventory,
				 inventory->order[inventory->flags[flag + FLAGS_AHEAD].first]);
	if (flag + NAMES_AHEAD < inventory->flag_count)
		inventory_expect_name(inventory,
				      inventory->order[inventory->flags[flag + NAMES_AHEAD].first]);
}

/* `site` is its first. */
static void take_flag(struct pass *p, size_t index, const struct df_site *site)
{
	const struct df_flag *flag = &p->inventory->flags[index];
	const uint32_t record = p->inventory->order[flag->first];
	const enum flag_default is = default_of_all(p->inventory, flag, default_of(site));
	if (!same_name(&p->name, site))
		begin_name(p, site, is);
	p->tally->off += is == DEFAULT_OFF;
	p->tally->on += is == DEFAULT_ON;
	p->tally->held += is == DEFAULT_HELD;
	p->tally->mixed += is == DEFAULT_MIXED;
	check_default(p, site, record, is);
	check_doc(p, site, record);
	check_counts(p, site, record);
}

/* All flags of the names that begin from `first` on and before `end`. */
static void take_flags(struct pass *p, size_t first, size_t end)
{
	size_t i = first;
	if (first > 0)
		p->name = (struct name){.site = first_site(p, first - 1)};
	for (bool within = first == 0; i < p->inventory->flag_count; i++) {
		const struct df_site site = first_site(p, i);
		const bool begins = !same_name(&p->name, &site);
		expect(p, i);
		if (i >= end && (begins || !within))
			return;
		within |= begins;
		if (within)
			take_flag(p, i, &site);
	}
}

/* ---- all of them ---- */

#define FLAGS_AT_ONCE 4096
#define SLICES (DF_SITES_MAX / FLAGS_AT_ONCE)

struct looking {
	const struct inventory *inventory;
	struct flag_tally tallies[SLICES];
	bool odd[SLICES];
};

static void look_at_slice(void *context, size_t first, size_t end)
{
	struct looking *l = context;
	const size_t slice = first / FLAGS_AT_ONCE;
	struct pass p = {.inventory = l->inventory, .tally = &l->tallies[slice]};
	take_flags(&p, first, end);
	l->odd[slice] = p.odd;
}

static void add(struct flag_tally *to, const struct flag_tally *tally)
{
	to->kinds += tally->kinds;
	to->on += tally->on;
	to->off += tally->off;
	to->held += tally->held;
	to->mixed += tally->mixed;
	to->docs += tally->docs;
	to->owned += tally->owned;
	to->ending += tally->ending;
	to->judged += tally->judged;
}

void flag_audit(const struct inventory *inventory, struct flag_tally *tally,
		struct findings *findings)
{
	struct looking l = {.inventory = inventory};
	*tally = (struct flag_tally){0};
	parallel_slices(inventory->threads, inventory->flag_count, FLAGS_AT_ONCE, look_at_slice,
			&l);
	for (size_t i = 0; i < SLICES; i++) {
		struct flag_tally again = {0};
		struct pass p = {.inventory = inventory, .tally = &again, .findings = findings};
		add(tally, &l.tallies[i]);
		if (l.odd[i])
			take_flags(&p, i * FLAGS_AT_ONCE, (i + 1) * FLAGS_AT_ONCE);
	}
}
