/* SPDX-License-Identifier: Apache-2.0 */
/* flag_audit.c - the flags of a module. */
#include "flag_audit.h"

#include <inttypes.h>
#include <string.h>

#include "docs.h"

/* How many flags before it is looked at the first record of one is fetched. */
#define FLAGS_AHEAD 16

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
	struct df_site with_doc;
	bool has_doc;
	enum flag_default is;
	bool told_default, told_doc;
};

struct pass {
	const struct inventory *inventory;
	struct flag_tally *tally;
	struct findings *findings;
	struct name name;
	const char *doc; /* parsed last: neighbours often share one */
	struct docs docs;
};

static void tell(struct pass *p, enum finding_code code, const struct df_site *site,
		 uint32_t record, const char *text, const struct df_site *other)
{
	const struct finding_place place = {.record = record, .address = site->addr, .site = site};
	if (other)
		findings_add(p->findings, code, &place, "%s at %s:%" PRIu32, text, other->file,
			     other->line);
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
		     "its sites differ in what they are by default", NULL);
	else if (is != p->name.is && !p->name.told_default) {
		p->name.told_default = true;
		tell(p, FINDING_DEFAULT_CONFLICT, site, record, "has another default than",
		     &p->name.site);
	}
}

static void check_doc(struct pass *p, const struct df_site *site, uint32_t record)
{
	if (*site->doc == '\0') {
		tell(p, FINDING_DOC_MISSING, site, record, "has no doc", NULL);
		return;
	}
	if (site->doc != p->doc)
		p->docs = docs_parse(site->doc);
	p->doc = site->doc;
	p->tally->docs++;
	p->tally->owned += p->docs.owner != NULL;
	p->tally->ending += p->docs.expires || p->docs.permanent;
	p->tally->judged += p->docs.expires || p->docs.problem != DOCS_SOUND;
	if (p->name.has_doc && !p->name.told_doc && !same_text(p->name.with_doc.doc, site->doc)) {
		p->name.told_doc = true;
		tell(p, FINDING_DOC_CONFLICT, site, record, "has another doc than",
		     &p->name.with_doc);
	}
	if (!p->name.has_doc)
		p->name.with_doc = *site;
	p->name.has_doc = true;
}

/* Counts that only a file whose flags were preset has. */
static void check_counts(struct pass *p, const struct df_site *site, uint32_t record)
{
	const struct finding_place place = {.record = record, .address = site->addr, .site = site};
	if (site->activation > 1 || site->unhook > 0)
		findings_add(p->findings, FINDING_COUNTS_BUILT, &place,
			     "is built with an activation count of %u and an unhook count of %u",
			     site->activation, site->unhook);
}

static void take_flag(struct pass *p, const struct df_flag *flag)
{
	const uint32_t record = p->inventory->order[flag->first];
	struct df_site site;
	inventory_site(p->inventory, record, &site);
	const enum flag_default is = default_of_all(p->inventory, flag, default_of(&site));
	if (!same_name(&p->name, &site))
		begin_name(p, &site, is);
	p->tally->off += is == DEFAULT_OFF;
	p->tally->on += is == DEFAULT_ON;
	p->tally->held += is == DEFAULT_HELD;
	p->tally->mixed += is == DEFAULT_MIXED;
	check_default(p, &site, record, is);
	check_doc(p, &site, record);
	check_counts(p, &site, record);
}

void flag_audit(const struct inventory *inventory, struct flag_tally *tally,
		struct findings *findings)
{
	struct pass p = {.inventory = inventory, .tally = tally, .findings = findings};
	*tally = (struct flag_tally){0};
	for (size_t i = 0; i < inventory->flag_count; i++) {
		if (i + FLAGS_AHEAD < inventory->flag_count)
			inventory_expect(inventory,
					 inventory->order[inventory->flags[i + FLAGS_AHEAD].first]);
		take_flag(&p, &inventory->flags[i]);
	}
}
