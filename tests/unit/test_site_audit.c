/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/site_audit.c: what it finds does not depend on the threads. */
#include <criterion/criterion.h>
#include <elf.h>

#include "fake_snapshot.h"
#include "site_audit.h"

#define SITES 9000 /* more than one thread takes at once */
#define SLICE 4096

struct fixture {
	struct fake_module fake;
	struct image image;
	struct elf_part part;
};

/* Sites without damage, 16 bytes from each other, as their states; all in the file. */
static void begin(struct fixture *f, bool falling)
{
	static struct df_site sites[SITES];
	struct df_err err;
	for (unsigned i = 0; i < SITES; i++) {
		const unsigned at = falling ? SITES - i : i + 1;
		sites[i] = (struct df_site){.addr = 16 * at,
					    .state = FAKE_STATES + 16 * at,
					    .kind = "k",
					    .name = "n",
					    .file = "a.c",
					    .doc = "d",
					    .line = i + 1,
					    .style = DF_STYLE_X86_GOTO};
	}
	*f = (struct fixture){0};
	fake_module_build(&f->fake, 0x400000, sites, SITES);
	const struct df_range *data = &f->fake.segments[FAKE_DATA];
	f->part = (struct elf_part){
		.type = PT_LOAD, .addr = data->addr, .file_size = data->size, .size = data->size};
	f->image.elf.parts = &f->part;
	f->image.elf.part_count = 1;
	fake_snapshot_begin(&f->image.snapshot, &f->fake);
	cr_assert_eq(df_table_find(&f->image.snapshot.view, &f->image.table, &err), 1, "%s",
		     err.text);
}

static void end(struct fixture *f)
{
	snapshot_free(&f->image.snapshot);
	fake_module_free(&f->fake);
}

static void audit(const struct fixture *f, unsigned threads, struct findings *findings)
{
	struct inventory inventory;
	struct df_err err;
	*findings = (struct findings){0};
	cr_assert_eq(inventory_begin(&inventory, &f->image, threads, findings, &err), 0);
	cr_assert_eq(inventory.sound, SITES);
	struct places places = site_places(&inventory);
	places.threads = threads;
	cr_assert_eq(site_audit(&inventory, &places, false, findings, &err), 0);
	inventory_free(&inventory);
}

Test(site_audit, sound)
{
	for (int falling = 0; falling < 2; falling++) {
		struct fixture f;
		struct findings findings;
		begin(&f, falling);
		for (unsigned threads = 1; threads <= 3; threads++) {
			audit(&f, threads, &findings);
			cr_expect_eq(findings.count, 0);
			findings_free(&findings);
		}
		end(&f);
	}
}

/* Of each slice the first and the last, in any order of the table: states first, then sites. */
Test(site_audit, damage_at_the_ends_of_slices)
{
	static const uint32_t records[] = {0,	      SLICE - 1, SLICE, 2 * SLICE - 1,
					   2 * SLICE, SITES - 1};
	enum { COUNT = sizeof(records) / sizeof(records[0]) };
	for (int falling = 0; falling < 2; falling++) {
		struct fixture f;
		struct findings findings;
		begin(&f, falling);
		for (size_t i = 0; i < COUNT; i++) {
			const uint32_t record = falling ? SITES - 1 - records[i] : records[i];
			fake_module_bytes(&f.fake, f.fake.sites[record].addr, 1)[0] = 0x90;
			fake_module_state(&f.fake, record)->current.activation = 1;
		}
		for (unsigned threads = 1; threads <= 3; threads++) {
			audit(&f, threads, &findings);
			cr_assert_eq(findings.count, 2 * COUNT);
			for (size_t i = 0; i < 2 * COUNT; i++) {
				const uint32_t at = records[i % COUNT];
				cr_expect_eq(findings.list[i].code,
					     i < COUNT ? FINDING_STATE_VALUE : FINDING_SITE_BYTES);
				cr_expect_eq(findings.list[i].record,
					     falling ? SITES - 1 - at : at);
			}
			findings_free(&findings);
		}
		end(&f);
	}
}

/* Two of different slices that share bytes and state are seen to. */
Test(site_audit, overlap_between_slices)
{
	struct fixture f;
	struct findings findings;
	begin(&f, false);
	const struct df_site *before = &f.fake.sites[SLICE - 1];
	const size_t record = FAKE_TABLE + SLICE * DF_SITE_SIZE;
	fake_module_point(&f.fake, FAKE_RODATA, record + offsetof(struct df_site_v1, site),
			  before->addr + 4);
	fake_module_point(&f.fake, FAKE_RODATA, record + offsetof(struct df_site_v1, state),
			  before->state);
	for (unsigned threads = 1; threads <= 3; threads++) {
		audit(&f, threads, &findings);
		cr_assert_geq(findings.count, 2);
		cr_expect_eq(findings.list[0].code, FINDING_STATE_OVERLAP);
		cr_expect_eq(findings.list[0].record, SLICE);
		cr_expect_eq(findings.list[1].code, FINDING_SITE_OVERLAP);
		cr_expect_eq(findings.list[1].record, SLICE);
		findings_free(&findings);
	}
	end(&f);
}
