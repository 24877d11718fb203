/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/inventory.c, held against image.c, which takes sound files only. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
		cr_assert_eq(inventory_begin(&inventory, image, &findings, &err), 0, "%s",
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
		cr_assert_eq(inventory_begin(&inventory, image, &findings, &err), 0);
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
