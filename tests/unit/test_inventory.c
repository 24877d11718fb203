/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/inventory.c, held against image.c, which takes sound files only. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_snapshot.h"
#include "inventory.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FILES "files/" /* below the directory that ctest starts this in */

static void load(const char *path, struct images *images)
{
	struct df_err err = {0};
	cr_assert_eq(images_from_file(path, images, &err), 0, "%s", err.text);
}

static bool same_site(const struct df_site *a, const struct df_site *b)
{
	return a->addr == b->addr && a->target == b->target && a->state == b->state &&
	       df_site_same_name(a, b) && strcmp(a->doc, b->doc) == 0 && a->style == b->style &&
	       a->flags == b->flags && a->activation == b->activation && a->unhook == b->unhook;
}

Test(inventory, sound_files)
{
	static const char *const names[] = {FILES "good", FILES "exec", FILES "stripped"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct images images;
		struct inventory inventory;
		struct findings findings = {0};
		struct df_err err = {0};
		load(names[i], &images);
		const struct image *image = images.list[0];
		cr_assert_eq(inventory_begin(&inventory, image, 2, &findings, &err), 0, "%s",
			     err.text);
		cr_assert_eq(inventory_group(&inventory, &err), 0, "%s", err.text);
		cr_expect_eq(findings.count, 0, "%s", names[i]);
		cr_assert_eq(inventory.sound, image->table.count);
		cr_assert_eq(inventory.flag_count, image->flag_count);
		cr_expect_arr_eq(inventory.flags, image->flags,
				 image->flag_count * sizeof(*image->flags));
		cr_expect_arr_eq(inventory.order, image->order,
				 image->table.count * sizeof(*image->order));
		for (uint32_t r = 0; r < image->table.count; r++) {
			struct df_site site;
			cr_assert(inventory_site(&inventory, r, &site));
			cr_expect(same_site(&site, &image->sites[r]));
			const struct df_count a = inventory_count(&inventory, r, &site);
			const struct df_count b = image_count(image, r);
			cr_expect(a.activation == b.activation && a.unhook == b.unhook &&
				  a.held == b.held);
		}
		inventory_free(&inventory);
		images_free(&images);
	}
}

/* Sets one field of a record in the copy of its image, where the inventory looks. */
static void set_field(const struct image *image, uint32_t record, size_t offset, int32_t value)
{
	const struct df_view *view = &image->snapshot.view;
	uint8_t *at =
		(uint8_t *)view->at(view, image->table.start + record * DF_SITE_SIZE, DF_SITE_SIZE);
	memcpy(at + offset, &value, offset == offsetof(struct df_site_v1, style) ? 1 : 4);
}

static const struct {
	size_t offset;
	int32_t value;
	enum finding_code code;
} damages[] = {
	{offsetof(struct df_site_v1, site), INT32_MAX, FINDING_SITE_SEGMENT},
	{offsetof(struct df_site_v1, site), 0, FINDING_SITE_SEGMENT},
	{offsetof(struct df_site_v1, target), INT32_MIN, FINDING_TARGET_SEGMENT},
	{offsetof(struct df_site_v1, kind), INT32_MAX, FINDING_STRING_BOUNDS},
	{offsetof(struct df_site_v1, name), INT32_MAX, FINDING_STRING_BOUNDS},
	{offsetof(struct df_site_v1, file), INT32_MIN, FINDING_STRING_BOUNDS},
	{offsetof(struct df_site_v1, doc), INT32_MAX, FINDING_STRING_BOUNDS},
	{offsetof(struct df_site_v1, state), INT32_MAX, FINDING_STATE_BOUNDS},
	{offsetof(struct df_site_v1, state), 0, FINDING_STATE_BOUNDS},
	{offsetof(struct df_site_v1, style), 9, FINDING_RECORD_STYLE},
};

/* One is told, and all others are still there. */
Test(inventory, damaged_records)
{
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct images images;
		struct inventory inventory;
		struct findings findings = {0};
		struct df_err err = {0};
		struct df_site site;
		load(FILES "good", &images);
		const struct image *image = images.list[0];
		set_field(image, 1, damages[i].offset, damages[i].value);
		cr_assert_eq(inventory_begin(&inventory, image, 2, &findings, &err), 0);
		cr_assert_eq(inventory_group(&inventory, &err), 0);
		cr_assert_eq(findings.count, 1, "row %zu", i);
		cr_expect_eq(findings.list[0].code, damages[i].code, "row %zu: %s", i,
			     finding_name(findings.list[0].code));
		cr_expect_eq(findings.list[0].record, 1);
		cr_expect_eq(findings.list[0].address, image->table.start + DF_SITE_SIZE);
		cr_expect_eq(inventory.sound, image->table.count - 1);
		cr_expect_eq(inventory.flag_count, image->flag_count - 1);
		cr_expect(!inventory_site(&inventory, 1, &site));
		cr_expect(inventory_site(&inventory, 0, &site));
		findings_free(&findings);
		inventory_free(&inventory);
		images_free(&images);
	}
}

/* ---- flags of a made-up module, held against flag.c ---- */

#define SITES 3000

/* As many sites, of so many kinds, and so many names in each; scattered, or by their names. */
struct mixture {
	unsigned kinds, names;
	bool scattered;
};

static void mix(const struct mixture *m, struct df_site *sites, char (*texts)[2][16])
{
	for (unsigned i = 0; i < SITES; i++) {
		const unsigned at = m->scattered ? i * 1543 % SITES : i;
		snprintf(texts[i][0], sizeof(texts[i][0]), "k%u", at % m->kinds);
		snprintf(texts[i][1], sizeof(texts[i][1]), "%05u", at / 7 % m->names);
		sites[i] = (struct df_site){.kind = texts[i][0],
					    .name = texts[i][1],
					    .file = at % 2 ? "b.c" : "a.c",
					    .line = 1 + at % 3,
					    .doc = "",
					    .style = DF_STYLE_X86_GOTO};
	}
}

/* Gives each kind two strings, as of two parts of a program, instead of one for each site. */
static void merge_kinds(const struct fake_module *fake)
{
	struct df_site_v1 *records = (struct df_site_v1 *)(fake->bytes[FAKE_RODATA] + FAKE_TABLE);
	for (unsigned i = 2; i < SITES; i++) {
		unsigned first = i % 2;
		while (strcmp(fake->sites[first].kind, fake->sites[i].kind) != 0)
			first += 2;
		if (first < i)
			records[i].kind = records[first].kind - (int)((i - first) * DF_SITE_SIZE);
	}
}

static void expect_grouped(const struct image *image, const struct fake_module *fake,
			   unsigned threads, size_t row)
{
	static uint32_t order[SITES];
	static struct df_flag flags[SITES];
	struct inventory inventory;
	struct findings findings = {0};
	struct df_err err = {0};
	const size_t count = df_flags_group(fake->sites, SITES, order, flags);
	cr_assert_eq(inventory_begin(&inventory, image, threads, &findings, &err), 0);
	cr_assert_eq(inventory_group(&inventory, &err), 0);
	cr_assert_eq(inventory.sound, SITES);
	cr_assert_eq(inventory.flag_count, count, "row %zu: %zu", row, inventory.flag_count);
	cr_expect_arr_eq(inventory.order, order, sizeof(order), "row %zu", row);
	cr_expect_arr_eq(inventory.flags, flags, count * sizeof(*flags), "row %zu", row);
	inventory_free(&inventory);
}

Test(inventory, groups_as_the_core_does)
{
	static const struct mixture mixtures[] = {
		{1, 1, false},	 {1, SITES, false}, {3, 400, false},
		{3, 400, true},	 {511, 10, true},   {512, 10, true},
		{513, 10, true}, {SITES, 1, false}, {SITES, 1, true},
	};
	static struct df_site sites[SITES];
	static char texts[SITES][2][16];
	for (size_t i = 0; i < COUNT(mixtures); i++) {
		struct fake_module fake;
		struct image image = {0};
		struct df_err err;
		mix(&mixtures[i], sites, texts);
		fake_module_build(&fake, 0x400000, sites, SITES);
		merge_kinds(&fake);
		fake_snapshot_begin(&image.snapshot, &fake);
		cr_assert_eq(df_table_find(&image.snapshot.view, &image.table, &err), 1, "%s",
			     err.text);
		for (unsigned threads = 1; threads <= 4; threads++)
			expect_grouped(&image, &fake, threads, i);
		snapshot_free(&image.snapshot);
		fake_module_free(&fake);
	}
}

/* ---- more strings than anybody has ---- */

#define LONG 65535 /* with its end the longest that is allowed */
#define RECORDS 2000

/* Leads `fields` strings of each record, kind first, to the kind of the first. */
static void share_kind(const struct fake_module *fake, int fields)
{
	struct df_site_v1 *records = (struct df_site_v1 *)(fake->bytes[FAKE_RODATA] + FAKE_TABLE);
	for (int i = 0; i < RECORDS; i++) {
		int32_t *strings = &records[i].kind;
		for (int k = 0; k < fields; k++)
			strings[k] = records[0].kind - i * DF_SITE_SIZE - 4 * k;
	}
}

static void expect_limit(const struct image *image, unsigned threads, uint32_t limit)
{
	struct inventory inventory;
	struct findings findings = {0};
	struct df_err err = {0};
	cr_assert_eq(inventory_begin(&inventory, image, threads, &findings, &err), 0);
	cr_assert_eq(findings.count, 3);
	cr_expect_eq(findings.list[0].record, 1);
	cr_expect_eq(findings.list[1].record, 900);
	cr_expect_eq(findings.list[2].record, limit, "%u: %u", threads, findings.list[2].record);
	cr_expect_eq(findings.list[2].code, FINDING_TABLE);
	cr_expect_eq(inventory.sound, limit - 2);
	for (uint32_t i = 0; i < RECORDS; i++)
		cr_assert_eq(inventory_is_damaged(&inventory, i), i == 1 || i == 900 || i >= limit,
			     "record %u", i);
	findings_free(&findings);
	inventory_free(&inventory);
}

/* What is told, and where it ends, is the same for any number of threads. */
Test(inventory, strings_without_end)
{
	static const struct {
		int fields;
		uint32_t limit;
	} rows[] = {
		{4, 2 + INVENTORY_STRINGS_MAX / (4 * LONG)},
		{3, 2 + INVENTORY_STRINGS_MAX / (3 * LONG + 4)},
	};
	static struct df_site sites[RECORDS];
	static char text[LONG + 1];
	memset(text, 'k', LONG);
	for (size_t i = 0; i < RECORDS; i++)
		sites[i] = (struct df_site){.kind = i == 0 ? text : "k",
					    .name = "n",
					    .file = "f.c",
					    .doc = "doc.",
					    .line = 1,
					    .style = DF_STYLE_X86_GOTO};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_module fake;
		struct image image = {0};
		struct df_err err;
		fake_module_build(&fake, 0x400000, sites, RECORDS);
		share_kind(&fake, rows[i].fields);
		fake_snapshot_begin(&image.snapshot, &fake);
		cr_assert_eq(df_table_find(&image.snapshot.view, &image.table, &err), 1, "%s",
			     err.text);
		set_field(&image, 1, offsetof(struct df_site_v1, style), 9);
		set_field(&image, 900, offsetof(struct df_site_v1, site), INT32_MAX);
		for (unsigned threads = 1; threads <= 3; threads++)
			expect_limit(&image, threads, rows[i].limit);
		snapshot_free(&image.snapshot);
		fake_module_free(&fake);
	}
}
