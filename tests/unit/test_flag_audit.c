/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/flag_audit.c: defaults, docs, and names that contradict themselves.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_snapshot.h"
#include "flag_audit.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

struct fixture {
	struct fake_module module;
	struct image image;
	struct inventory inventory;
	struct findings findings;
	struct flag_tally tally;
};

static void audit(struct fixture *f, const struct df_site *sites, size_t count)
{
	struct df_err err;
	*f = (struct fixture){0};
	fake_module_build(&f->module, 0x400000, sites, count);
	fake_snapshot_begin(&f->image.snapshot, &f->module);
	cr_assert_eq(df_table_find(&f->image.snapshot.view, &f->image.table, &err), 1, "%s",
		     err.text);
	cr_assert_eq(inventory_begin(&f->inventory, &f->image, 1, &f->findings, &err), 0);
	cr_assert_eq(inventory_group(&f->inventory, &err), 0);
	flag_audit(&f->inventory, &f->tally, &f->findings);
}

static void end(struct fixture *f)
{
	findings_free(&f->findings);
	inventory_free(&f->inventory);
	snapshot_free(&f->image.snapshot);
	fake_module_free(&f->module);
}

/* "FLAG CODE: TEXT" for each finding, a line each. */
static void expect_findings(struct fixture *f, const char *want)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	findings_sort(&f->findings);
	for (size_t i = 0; i < f->findings.count; i++)
		fprintf(to, "%s %s: %s\n", f->findings.list[i].flag,
			finding_name(f->findings.list[i].code), f->findings.list[i].text);
	fclose(to);
	cr_expect_str_eq(text, want, "%s\n--- is not\n%s", text, want);
	free(text);
}

#define DOC(NAME, TEXT)                                                                            \
	{                                                                                          \
		.kind = "k", .name = (NAME), .file = "a.c", .line = 1, .doc = (TEXT), .style = 1   \
	}

Test(flag_audit, docs)
{
	static const struct df_site sites[] = {
		DOC("a", "nothing"),   DOC("b", "expires=2026-11-25 owner=web"),
		DOC("c", "permanent"), DOC("d", "owner=web"),
		DOC("e", ""),
	};
	struct fixture f;
	audit(&f, sites, COUNT(sites));
	cr_expect_eq(f.tally.docs, 4);
	cr_expect_eq(f.tally.owned, 2);
	cr_expect_eq(f.tally.ending, 2);
	expect_findings(&f, "k:e@a.c:1 doc-missing: has no doc\n");
	end(&f);
}

#define AS(KIND, NAME, LINE, DOC, FLAGS, ACTIVATION)                                               \
	{                                                                                          \
		.kind = KIND, .name = NAME, .file = "a.c", .line = LINE, .doc = DOC, .style = 1,   \
		.flags = FLAGS, .activation = ACTIVATION                                           \
	}

Test(flag_audit, defaults)
{
	static const struct df_site sites[] = {
		AS("k", "held", 1, "d", DF_SITE_HELD, 0),
		AS("k", "off", 2, "d", 0, 0),
		AS("k", "on", 3, "d", 0, 1),
		AS("k", "on", 3, "d", 0, 1),
		AS("l", "mixed", 4, "d", 0, 0),
		AS("l", "mixed", 4, "d", 0, 1),
	};
	struct fixture f;
	audit(&f, sites, COUNT(sites));
	cr_expect_eq(f.tally.kinds, 2);
	cr_expect_eq(f.tally.held, 1);
	cr_expect_eq(f.tally.off, 1);
	cr_expect_eq(f.tally.on, 1);
	cr_expect_eq(f.tally.mixed, 1);
	expect_findings(&f, "l:mixed@a.c:4 default-conflict: its sites differ in what they are by "
			    "default\n");
	end(&f);
}

/* Each name is told once, however many places it stands in; a missing doc contradicts none. */
Test(flag_audit, one_name_in_many_places)
{
	static const struct df_site sites[] = {
		AS("k", "a", 1, "one", 0, 0),	AS("k", "a", 2, "two", 0, 1),
		AS("k", "a", 3, "three", 0, 1), AS("k", "b", 4, "one", 0, 0),
		AS("k", "b", 5, "one", 0, 0),	AS("l", "a", 6, "four", 0, 1),
		AS("l", "b", 7, "", 0, 0),	AS("l", "b", 8, "five", 0, 0),
		AS("l", "c", 9, "x", 0, 2),
	};
	struct fixture f;
	audit(&f, sites, COUNT(sites));
	expect_findings(&f, "k:a@a.c:2 default-conflict: has another default than at a.c:1\n"
			    "k:a@a.c:2 doc-conflict: has another doc than at a.c:1\n"
			    "l:b@a.c:7 doc-missing: has no doc\n"
			    "l:c@a.c:9 counts-built: is built with an activation count of 2 and an "
			    "unhook count of 0\n");
	end(&f);
}

/* ---- what is found does not depend on the number of threads ---- */

/* More than one thread takes at once; and so many of one name that it fills whole slices. */
#define FLAGS 20000
#define NAMES 200

/*
 * 200 names of 10 kinds: 100 flags each, but for the last. Of every third, one flag is on; of every
 * fifth, one has another doc; of the sixth, one has none.
 */
static void fill(struct df_site *sites, char (*texts)[2][16])
{
	for (unsigned i = 0; i < FLAGS; i++) {
		const unsigned name = i / 100 < NAMES ? i / 100 : NAMES - 1;
		const bool odd = i % 100 == 50 && i / 100 < NAMES;
		snprintf(texts[i][0], sizeof(texts[i][0]), "k%u", name / 20);
		snprintf(texts[i][1], sizeof(texts[i][1]), "n%03u", name);
		sites[i] = (struct df_site){.kind = texts[i][0],
					    .name = texts[i][1],
					    .file = "a.c",
					    .line = i + 1,
					    .doc = "said (owner=web)",
					    .style = DF_STYLE_X86_GOTO};
		if (odd && name % 3 == 0)
			sites[i].activation = 1;
		if (odd && name % 5 == 0)
			sites[i].doc = "said otherwise permanent";
		if (odd && name == 6)
			sites[i].doc = "";
	}
}

static void audit_by(const struct image *image, unsigned threads, struct flag_tally *tally,
		     struct findings *findings)
{
	struct inventory inventory;
	struct df_err err;
	cr_assert_eq(inventory_begin(&inventory, image, threads, findings, &err), 0);
	cr_assert_eq(inventory_group(&inventory, &err), 0);
	cr_assert_eq(inventory.flag_count, FLAGS);
	flag_audit(&inventory, tally, findings);
	inventory_free(&inventory);
}

Test(flag_audit, names_over_many_slices)
{
	static struct df_site sites[FLAGS];
	static char texts[FLAGS][2][16];
	struct fake_module fake;
	struct image image = {0};
	struct df_err err;
	fill(sites, texts);
	fake_module_build(&fake, 0x400000, sites, FLAGS);
	fake_snapshot_begin(&image.snapshot, &fake);
	cr_assert_eq(df_table_find(&image.snapshot.view, &image.table, &err), 1, "%s", err.text);
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct flag_tally tally;
		struct findings findings = {0};
		audit_by(&image, threads, &tally, &findings);
		cr_expect_eq(tally.kinds, 10);
		cr_expect_eq(tally.on, 67);
		cr_expect_eq(tally.off, FLAGS - 67);
		cr_expect_eq(tally.held + tally.mixed + tally.judged, 0);
		cr_expect_eq(tally.docs, FLAGS - 1);
		cr_expect_eq(tally.owned, FLAGS - 1 - 40);
		cr_expect_eq(tally.ending, 40);
		cr_expect_eq(findings.counts[FINDING_DEFAULT_CONFLICT], 67);
		cr_expect_eq(findings.counts[FINDING_DOC_CONFLICT], 40);
		cr_expect_eq(findings.counts[FINDING_DOC_MISSING], 1);
		cr_assert_eq(findings.count, 108);
		for (size_t i = 1; i < findings.count; i++)
			cr_expect_leq(findings.list[i - 1].record, findings.list[i].record);
		cr_expect_eq(findings.list[0].record, 50);
		cr_expect_str_eq(findings.list[0].text, "has another default than at a.c:1");
		cr_expect_str_eq(findings.list[1].text, "has another doc than at a.c:1");
		findings_free(&findings);
	}
	snapshot_free(&image.snapshot);
	fake_module_free(&fake);
}

/* The first and the last flag of a name that is everywhere. */
Test(flag_audit, one_name)
{
	static struct df_site sites[FLAGS];
	struct fake_module fake;
	struct image image = {0};
	struct df_err err;
	for (unsigned i = 0; i < FLAGS; i++)
		sites[i] = (struct df_site){.kind = "k",
					    .name = "n",
					    .file = "a.c",
					    .line = i + 1,
					    .doc = i == FLAGS - 1 ? "b" : "a",
					    .style = DF_STYLE_X86_GOTO};
	fake_module_build(&fake, 0x400000, sites, FLAGS);
	fake_snapshot_begin(&image.snapshot, &fake);
	cr_assert_eq(df_table_find(&image.snapshot.view, &image.table, &err), 1, "%s", err.text);
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct flag_tally tally;
		struct findings findings = {0};
		audit_by(&image, threads, &tally, &findings);
		cr_expect_eq(tally.kinds, 1);
		cr_expect_eq(tally.off, FLAGS);
		cr_assert_eq(findings.count, 1);
		cr_expect_eq(findings.list[0].code, FINDING_DOC_CONFLICT);
		cr_expect_eq(findings.list[0].record, FLAGS - 1);
		cr_expect_str_eq(findings.list[0].text, "has another doc than at a.c:1");
		findings_free(&findings);
	}
	snapshot_free(&image.snapshot);
	fake_module_free(&fake);
}
