/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/table.c: sound modules are read, and damaged ones refused by name. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_module.h"
#include "insn.h"
#include "table.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BASE UINT64_C(0x7f0000400000)
#define SITES_MAX 64
#define NOTE_FIELD(MEMBER) offsetof(struct df_note_v1, MEMBER)
#define CONTROL_FIELD(MEMBER) offsetof(struct df_control_v1, MEMBER)
#define SITE_FIELD(MEMBER) offsetof(struct df_site_v1, MEMBER)

static const struct df_site sites_built[] = {
	{.kind = "http", .name = "fast", .file = "a.c", .doc = "", .line = 1, .style = 1},
	{.kind = "http",
	 .name = "on",
	 .file = "a.c",
	 .doc = "on",
	 .line = 2,
	 .style = 1,
	 .flags = DF_SITE_INVERTED,
	 .activation = 1},
	{.kind = "db",
	 .name = "carry",
	 .file = "b.c",
	 .doc = "",
	 .line = 0xffffffff,
	 .style = 2,
	 .flags = DF_SITE_JUMP_BUILT,
	 .activation = 255,
	 .unhook = 255},
	{.kind = "",
	 .name = "q\" {|} \xc3\xa9",
	 .file = "we ird%d.c",
	 .doc = "d\nd",
	 .style = 1,
	 .flags = DF_SITE_JUMP_BUILT | DF_SITE_HELD},
};
enum { SITES = COUNT(sites_built) };

static void build(struct fake_module *m)
{
	fake_module_build(m, BASE, sites_built, SITES);
}

/* What a reader does: find the table, then read it whole. */
static int read_all(struct fake_module *m, struct df_table *table, struct df_site *sites,
		    struct df_err *err)
{
	uint32_t scratch[SITES_MAX];
	const int found = df_table_find(&m->view, table, err);
	if (found != 1)
		return found;
	cr_assert_leq(table->count, SITES_MAX);
	const int status = df_table_sites(&m->view, table, sites, scratch, err);
	return status < 0 ? status : 1;
}

static void expect_site(const struct df_site *a, const struct df_site *b)
{
	cr_expect_eq(a->addr, b->addr);
	cr_expect_eq(a->target, b->target);
	cr_expect_eq(a->state, b->state);
	cr_expect_str_eq(a->kind, b->kind);
	cr_expect_str_eq(a->name, b->name);
	cr_expect_str_eq(a->file, b->file);
	cr_expect_str_eq(a->doc, b->doc);
	cr_expect_eq(a->line, b->line);
	cr_expect_eq(a->style, b->style);
	cr_expect_eq(a->flags, b->flags);
	cr_expect_eq(a->activation, b->activation);
	cr_expect_eq(a->unhook, b->unhook);
}

/* Expects the module to be read as it was built. */
static void expect_sound(struct fake_module *m, const char *row)
{
	struct df_table table;
	struct df_site sites[SITES_MAX];
	struct df_err err = {0};
	cr_expect_eq(read_all(m, &table, sites, &err), 1, "%s: %s", row, err.text);
	cr_assert_eq(table.count, m->count, "%s", row);
	cr_expect_eq(table.start, fake_module_addr(m, FAKE_RODATA, FAKE_TABLE), "%s", row);
	for (size_t i = 0; i < m->count; i++)
		expect_site(&sites[i], &m->sites[i]);
	cr_expect_eq(m->breaches, 0, "%s", row);
}

/* Expects a refusal with this code, and with a message in which `says` stands. */
static void expect_refused(struct fake_module *m, enum df_errc code, const char *says,
			   const char *row)
{
	struct df_table table;
	struct df_site sites[SITES_MAX];
	struct df_err err = {0};
	cr_expect_eq(read_all(m, &table, sites, &err), -(int)code, "%s: %s", row, err.text);
	cr_expect_eq(err.code, code, "%s", row);
	cr_expect(strstr(err.text, says), "%s: '%s' does not say '%s'", row, err.text, says);
	cr_expect_eq(m->breaches, 0, "%s", row);
}

Test(table, a_sound_module)
{
	struct fake_module m;
	struct df_table table;
	struct df_err err;
	build(&m);
	expect_sound(&m, "sound");
	cr_expect_eq(df_table_find(&m.view, &table, &err), 1);
	cr_expect_eq(table.control, fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL));
	fake_module_free(&m);
}

/* The file of a position-independent module has its ELF header at address 0. */
Test(table, a_sound_module_at_address_zero)
{
	struct fake_module m;
	fake_module_build(&m, 0, sites_built, SITES);
	expect_sound(&m, "at zero");
	fake_module_free(&m);
}

Test(table, an_empty_table_is_a_table)
{
	struct fake_module m;
	fake_module_build(&m, BASE, NULL, 0);
	expect_sound(&m, "empty");
	/* An empty table may stand anywhere: there is nothing to read. */
	fake_module_point(&m, FAKE_DATA, FAKE_CONTROL + CONTROL_FIELD(start), 16);
	fake_module_point(&m, FAKE_DATA, FAKE_CONTROL + CONTROL_FIELD(stop), 16);
	struct df_table table;
	struct df_err err;
	cr_expect_eq(df_table_find(&m.view, &table, &err), 1);
	cr_expect_eq(table.count, 0);
	fake_module_free(&m);
}

/* Damage: `width` bytes of a structure become `value`, or a distance leads elsewhere. */
enum structure { NOTE, CONTROL, RECORD_0, RECORD_1, RECORD_2, RECORD_3 };
enum { NOWHERE = FAKE_PARTS }; /* an address that lies in no segment */

static const struct {
	const char *row;
	enum structure in;
	size_t offset;
	size_t width; /* 0: a distance, which leads to `value` in `part` */
	int part;
	int64_t value;	   /* from the end of the part if negative */
	enum df_errc code; /* DF_E_NONE: nothing is found, and that is no error */
	const char *says;
} rows[] = {
	{"another owner's size", NOTE, NOTE_FIELD(owner_size), 4, 0, 4, DF_E_NONE, ""},
	{"another descriptor's size", NOTE, NOTE_FIELD(desc_size), 4, 0, 20, DF_E_NONE, ""},
	{"another type", NOTE, NOTE_FIELD(type), 4, 0, 2, DF_E_NONE, ""},
	{"another owner", NOTE, NOTE_FIELD(owner), 1, 0, 'E', DF_E_NONE, ""},
	{"an owner without its end", NOTE, NOTE_FIELD(owner) + 2, 1, 0, 'X', DF_E_NONE, ""},
	{"another magic", NOTE, NOTE_FIELD(magic), 4, 0, 0x32764644, DF_E_NONE, ""},
	{"a reserved field that is not zero", NOTE, NOTE_FIELD(reserved), 4, 0, 7, DF_E_NONE,
	 "sound"},
	{"control block nowhere", NOTE, NOTE_FIELD(control), 0, NOWHERE, 0, DF_E_TABLE,
	 "leads to no control block"},
	{"control block beside its place", NOTE, NOTE_FIELD(control), 0, FAKE_DATA,
	 FAKE_CONTROL + 8, DF_E_TABLE, "leads to no control block"},
	{"control block at the end of data", NOTE, NOTE_FIELD(control), 0, FAKE_DATA, -127,
	 DF_E_TABLE, "leads to no control block"},
	{"control block in read-only data", NOTE, NOTE_FIELD(control), 0, FAKE_RODATA, 0,
	 DF_E_TABLE, "leads to no control block"},

	{"control block's magic", CONTROL, CONTROL_FIELD(magic), 1, 0, 'd', DF_E_TABLE,
	 "leads to no control block"},
	{"the last byte of that", CONTROL, CONTROL_FIELD(magic) + 7, 1, 0, 2, DF_E_TABLE,
	 "leads to no control block"},
	{"record size", CONTROL, CONTROL_FIELD(site_size), 2, 0, 40, DF_E_VERSION, "sizes 40, 16"},
	{"record size 0", CONTROL, CONTROL_FIELD(site_size), 2, 0, 0, DF_E_VERSION, "sizes 0,"},
	{"state size", CONTROL, CONTROL_FIELD(state_size), 2, 0, 8, DF_E_VERSION, "36, 8, 128"},
	{"control size", CONTROL, CONTROL_FIELD(control_size), 2, 0, 64, DF_E_VERSION,
	 "36, 16, 64"},
	{"any minor version will do", CONTROL, CONTROL_FIELD(minor), 2, 0, 9, DF_E_NONE, "sound"},
	{"start after stop", CONTROL, CONTROL_FIELD(start), 0, FAKE_RODATA,
	 FAKE_TABLE + (SITES + 1) * DF_SITE_SIZE, DF_E_TABLE, "no whole number of records"},
	{"part of a record", CONTROL, CONTROL_FIELD(stop), 0, FAKE_RODATA,
	 FAKE_TABLE + SITES *DF_SITE_SIZE - 1, DF_E_TABLE, "no whole number of records"},
	{"table nowhere", CONTROL, CONTROL_FIELD(stop), 0, FAKE_RODATA,
	 FAKE_TABLE + 1000 * DF_SITE_SIZE, DF_E_TABLE, "lies in no readable segment"},
	{"count huge", CONTROL, CONTROL_FIELD(start), 4, 0,
	 FAKE_TABLE - FAKE_CONTROL - 8 - 2 * FAKE_PART_STEP - INT64_C(40000000) * DF_SITE_SIZE,
	 DF_E_TABLE, "lies in no readable segment"},

	{"site before the text", RECORD_0, SITE_FIELD(site), 0, FAKE_RODATA, 0, DF_E_TABLE,
	 "record 0: site"},
	{"site nowhere", RECORD_3, SITE_FIELD(site), 0, NOWHERE, 0, DF_E_TABLE, "record 3: site"},
	{"site in data", RECORD_1, SITE_FIELD(site), 0, FAKE_DATA, FAKE_STATES, DF_E_TABLE,
	 "record 1: site"},
	{"site's last byte behind the text", RECORD_1, SITE_FIELD(site), 0, FAKE_TEXT, -4,
	 DF_E_TABLE, "record 1: site"},
	{"carry site behind the text", RECORD_2, SITE_FIELD(site), 0, FAKE_TEXT, 0x1000, DF_E_TABLE,
	 "record 2: site"},
	{"target nowhere", RECORD_3, SITE_FIELD(target), 0, NOWHERE, 0, DF_E_TABLE,
	 "record 3: target"},
	{"target in data", RECORD_0, SITE_FIELD(target), 0, FAKE_DATA, 0, DF_E_TABLE,
	 "record 0: target"},
	{"target just behind the text", RECORD_0, SITE_FIELD(target), 0, FAKE_TEXT, 0x1000,
	 DF_E_TABLE, "record 0: target"},
	{"target of a carry site is not looked at", RECORD_2, SITE_FIELD(target), 4, 0, 77,
	 DF_E_NONE, "sound"},
	{"kind nowhere", RECORD_0, SITE_FIELD(kind), 0, NOWHERE, 0, DF_E_TABLE, "record 0: kind"},
	{"kind without end", RECORD_3, SITE_FIELD(kind), 0, FAKE_RODATA, -3, DF_E_TABLE,
	 "record 3: kind"},
	{"name nowhere", RECORD_1, SITE_FIELD(name), 0, NOWHERE, 0, DF_E_TABLE, "record 1: name"},
	{"name without end", RECORD_1, SITE_FIELD(name), 0, FAKE_RODATA, -FAKE_TAIL, DF_E_TABLE,
	 "record 1: name"},
	{"file nowhere", RECORD_2, SITE_FIELD(file), 0, NOWHERE, 0, DF_E_TABLE, "record 2: file"},
	{"file without end", RECORD_2, SITE_FIELD(file), 0, FAKE_RODATA, -64, DF_E_TABLE,
	 "record 2: file"},
	{"doc nowhere", RECORD_0, SITE_FIELD(doc), 0, NOWHERE, 0, DF_E_TABLE, "record 0: doc"},
	{"doc without end", RECORD_0, SITE_FIELD(doc), 0, FAKE_RODATA, -1, DF_E_TABLE,
	 "record 0: doc"},
	{"state nowhere", RECORD_0, SITE_FIELD(state), 0, NOWHERE, 0, DF_E_TABLE,
	 "record 0: state"},
	{"state in read-only data", RECORD_2, SITE_FIELD(state), 0, FAKE_RODATA, 0, DF_E_TABLE,
	 "record 2: state"},
	{"state's last byte behind data", RECORD_2, SITE_FIELD(state), 0, FAKE_DATA, -15,
	 DF_E_TABLE, "record 2: state"},
	{"state between two places", RECORD_1, SITE_FIELD(state), 0, FAKE_DATA, FAKE_STATES + 8,
	 DF_E_TABLE, "is not aligned"},
	{"state at the control block's start", RECORD_1, SITE_FIELD(state), 0, FAKE_DATA,
	 FAKE_CONTROL, DF_E_TABLE, "record 1: state"},
	{"state at the control block's end", RECORD_1, SITE_FIELD(state), 0, FAKE_DATA,
	 FAKE_CONTROL + DF_CONTROL_SIZE - DF_STATE_SIZE, DF_E_TABLE, "lies in the control block"},
	{"two records with one state", RECORD_3, SITE_FIELD(state), 0, FAKE_DATA, FAKE_STATES,
	 DF_E_TABLE, "records 0 and 3: share the state"},
	{"two records with one site", RECORD_1, SITE_FIELD(site), 0, FAKE_TEXT, 16, DF_E_TABLE,
	 "records 0 and 1: sites"},
	{"a site in another's instruction", RECORD_3, SITE_FIELD(site), 0, FAKE_TEXT, 16 + 4,
	 DF_E_TABLE, "records 0 and 3: sites"},
	{"a site that reaches into another", RECORD_3, SITE_FIELD(site), 0, FAKE_TEXT, 32 - 4,
	 DF_E_TABLE, "records 3 and 1: sites"},
	{"a carry site in another's instruction", RECORD_2, SITE_FIELD(site), 0, FAKE_TEXT, 36,
	 DF_E_TABLE, "records 1 and 2: sites"},
	{"a site that reaches into a carry site", RECORD_0, SITE_FIELD(site), 0, FAKE_TEXT, 44,
	 DF_E_TABLE, "records 0 and 2: sites"},
	{"style 0", RECORD_0, SITE_FIELD(style), 1, 0, 0, DF_E_VERSION, "record 0: style 0"},
	{"style of another machine", RECORD_3, SITE_FIELD(style), 1, 0, 3, DF_E_VERSION,
	 "record 3: style 3"},
	{"style 255", RECORD_2, SITE_FIELD(style), 1, 0, 255, DF_E_VERSION, "record 2: style 255"},
	{"flag 8", RECORD_1, SITE_FIELD(flags), 1, 0, 9, DF_E_VERSION, "record 1: flags 0x9"},
	{"flag 128", RECORD_0, SITE_FIELD(flags), 1, 0, 128, DF_E_VERSION, "record 0: flags 0x80"},
};

static void damage(struct fake_module *m, size_t i)
{
	const enum structure in = rows[i].in;
	const enum fake_part home = in == CONTROL ? FAKE_DATA : FAKE_RODATA;
	const size_t start = in == CONTROL ? FAKE_CONTROL
			     : in == NOTE  ? FAKE_NOTES
					   : FAKE_TABLE + (in - RECORD_0) * DF_SITE_SIZE;
	const size_t field = start + rows[i].offset;
	if (rows[i].width > 0)
		memcpy(m->bytes[home] + field, &rows[i].value, rows[i].width);
	else if (rows[i].part == NOWHERE)
		fake_module_point(m, home, field, BASE + FAKE_PART_STEP / 2);
	else
		fake_module_point(m, home, field,
				  fake_module_addr(m, (enum fake_part)rows[i].part, rows[i].value));
}

Test(table, damage)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fake_module m;
		struct df_table table;
		struct df_err err;
		build(&m);
		damage(&m, i);
		if (rows[i].code != DF_E_NONE)
			expect_refused(&m, rows[i].code, rows[i].says, rows[i].row);
		else if (strcmp(rows[i].says, "sound") == 0)
			cr_expect_eq(df_table_find(&m.view, &table, &err), 1, "%s", rows[i].row);
		else
			cr_expect_eq(df_table_find(&m.view, &table, &err), 0, "%s", rows[i].row);
		fake_module_free(&m);
	}
}

/* Sites side by side, as close as they can be, in a table that is in no order. */
Test(table, neighbours_do_not_overlap)
{
	struct fake_module m;
	struct df_site like[SITES];
	memcpy(like, sites_built, sizeof(like));
	const uint64_t places[SITES] = {0x25, 0x20, 0x2f, 0x2a};
	for (size_t i = 0; i < SITES; i++) {
		like[i].addr = places[i];
		like[i].state = FAKE_STATES + 16 * (SITES - i);
	}
	like[0].state = FAKE_CONTROL + DF_CONTROL_SIZE;
	like[1].state = FAKE_CONTROL - DF_STATE_SIZE;
	fake_module_build(&m, BASE, like, SITES);
	expect_sound(&m, "neighbours");
	fake_module_free(&m);
}

Test(table, the_last_bytes_of_a_segment_may_be_used)
{
	struct fake_module m;
	build(&m);
	const uint64_t last = fake_module_addr(&m, FAKE_RODATA, -1);
	m.bytes[FAKE_RODATA][m.segments[FAKE_RODATA].size - 1] = '\0';
	const size_t record = FAKE_TABLE + 3 * DF_SITE_SIZE;
	fake_module_point(&m, FAKE_RODATA, record + SITE_FIELD(kind), last);
	fake_module_point(&m, FAKE_RODATA, record + SITE_FIELD(name), last + 1 - FAKE_TAIL);
	m.sites[3].kind = "";
	char name[FAKE_TAIL];
	memset(name, 'x', sizeof(name));
	name[FAKE_TAIL - 1] = '\0';
	m.sites[3].name = name;
	expect_sound(&m, "strings at the end");
	fake_module_point(&m, FAKE_RODATA, record + SITE_FIELD(site),
			  fake_module_addr(&m, FAKE_TEXT, -5));
	m.sites[3].addr = fake_module_addr(&m, FAKE_TEXT, -5);
	expect_sound(&m, "site at the end");
	fake_module_free(&m);
}

Test(table, long_strings)
{
	static char doc[DF_STRING_MAX + 64];
	static const struct {
		size_t length;
		bool sound;
	} lengths[] = {{63, true},
		       {64, true},
		       {65, true},
		       {127, true},
		       {5000, true},
		       {DF_STRING_MAX - 1, true},
		       {DF_STRING_MAX + 1, false}};
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct fake_module m;
		struct df_site site = sites_built[0];
		memset(doc, 'd', lengths[i].length);
		doc[lengths[i].length] = '\0';
		site.doc = doc;
		fake_module_build(&m, BASE, &site, 1);
		if (lengths[i].sound)
			expect_sound(&m, "long string");
		else
			expect_refused(&m, DF_E_TABLE, "record 0: doc", "too long a string");
		fake_module_free(&m);
	}
}

/* One after another, records say what each says by itself, and damage is not hidden by what is
 * kept.
 */
Test(table, strings_of_neighbours_are_kept)
{
	enum { MANY = 3 * DF_STRINGS_KEPT };
	static struct df_site like[MANY];
	static char kinds[MANY][8];
	struct fake_module m;
	struct df_table table;
	struct df_err err = {0};
	for (size_t i = 0; i < MANY; i++) {
		like[i] = sites_built[i % SITES];
		like[i].addr = 0;
		like[i].kind = kinds[i];
		snprintf(kinds[i], sizeof(kinds[i]), "%zu", i);
	}
	fake_module_build(&m, BASE, like, MANY);
	/* All lead to a few kinds and to one doc; of the last, nothing ends. */
	for (size_t i = 0; i < MANY - 1; i++) {
		const size_t record = FAKE_TABLE + i * DF_SITE_SIZE;
		const struct df_site_v1 *like_it = fake_module_record(&m, i % 20);
		const uint64_t its = FAKE_TABLE + i % 20 * DF_SITE_SIZE + SITE_FIELD(kind);
		fake_module_point(&m, FAKE_RODATA, record + SITE_FIELD(kind),
				  fake_module_addr(&m, FAKE_RODATA, (int64_t)its) +
					  (uint64_t)(int64_t)like_it->kind);
		m.sites[i].kind = kinds[i % 20];
	}
	fake_module_point(&m, FAKE_RODATA, FAKE_TABLE + (MANY - 1) * DF_SITE_SIZE + SITE_FIELD(doc),
			  fake_module_addr(&m, FAKE_RODATA, -FAKE_TAIL));
	struct df_strings strings = {0};
	cr_assert_eq(df_table_find(&m.view, &table, &err), 1, "%s", err.text);
	for (size_t i = 0; i < MANY; i++) {
		struct df_site site, alone;
		const int status = df_table_next(&m.view, &table, i, &strings, &site, &err);
		cr_assert_eq(status, df_table_site(&m.view, &table, i, &alone, NULL));
		cr_assert_eq(status, i < MANY - 1 ? 0 : -(int)DF_E_TABLE);
		if (status < 0)
			continue;
		expect_site(&site, &m.sites[i]);
		cr_expect_eq(strings.size, df_strings_size(&site));
	}
	cr_expect(strstr(err.text, "record 47: doc"), "%s", err.text);
	cr_expect_eq(m.breaches, 0);
	fake_module_free(&m);
}

Test(table, more_records_than_there_may_be)
{
	struct fake_module m;
	build(&m);
	struct df_control_v1 *control = fake_module_control(&m);
	struct df_table table;
	m.segments[FAKE_DATA].size += DF_SITES_MAX * DF_SITE_SIZE;
	control->start = DF_CONTROL_SIZE;
	control->stop = control->start - 4 + (DF_SITES_MAX + 1) * DF_SITE_SIZE;
	expect_refused(&m, DF_E_TABLE, "more than 1048576 records", "a table too long");
	control->stop -= DF_SITE_SIZE;
	cr_expect_eq(df_table_find(&m.view, &table, NULL), 1);
	fake_module_free(&m);
}

/* Every record leads to one long string: little to read, and no end of it to sort and show. */
Test(table, more_bytes_of_strings_than_there_may_be)
{
	enum { MANY = DF_STRINGS_MAX / (DF_STRING_MAX - 1) + 1 };
	static char doc[DF_STRING_MAX];
	static struct df_site like[MANY];
	struct fake_module m;
	for (size_t i = 0; i < MANY; i++) {
		like[i] = sites_built[0];
		like[i].addr = 0;
	}
	memset(doc, 'd', sizeof(doc) - 1);
	like[0].doc = doc;
	fake_module_build(&m, BASE, like, MANY);
	const int32_t first = fake_module_record(&m, 0)->doc;
	for (size_t i = 1; i < MANY; i++)
		fake_module_record(&m, i)->doc = first - (int32_t)(i * DF_SITE_SIZE);
	struct df_table table;
	struct df_err err = {0};
	struct df_site *sites = calloc(MANY, sizeof(*sites));
	uint32_t *scratch = calloc(MANY, sizeof(*scratch));
	cr_assert_eq(df_table_find(&m.view, &table, &err), 1, "%s", err.text);
	cr_assert_eq(df_table_sites(&m.view, &table, sites, scratch, &err), -(int)DF_E_TABLE);
	cr_expect(strstr(err.text, "strings up to it"), "%s", err.text);
	table.count = MANY / 2;
	cr_assert_eq(df_table_sites(&m.view, &table, sites, scratch, &err), 0, "%s", err.text);
	free(scratch);
	free(sites);
	fake_module_free(&m);
}

/* The string and the record are there by the program headers, but not in the file. */
Test(table, bytes_that_cannot_be_had)
{
	struct fake_module m;
	build(&m);
	m.present[FAKE_RODATA] = FAKE_TABLE + DF_SITE_SIZE - 1;
	expect_refused(&m, DF_E_TABLE, "record 0: record", "table cut short");
	m.present[FAKE_RODATA] = FAKE_TABLE + SITES * DF_SITE_SIZE;
	expect_refused(&m, DF_E_TABLE, "record 0: kind", "strings cut off");
	fake_module_free(&m);
	build(&m);
	m.present[FAKE_DATA] = 0;
	expect_refused(&m, DF_E_TABLE, "debug information only", "data not in the file");
	fake_module_free(&m);
	build(&m);
	m.present[FAKE_RODATA] = 0;
	struct df_table table;
	struct df_err err;
	cr_expect_eq(df_table_find(&m.view, &table, &err), 0);
	fake_module_free(&m);
}

Test(table, no_notes)
{
	struct fake_module m;
	struct df_table table;
	struct df_err err;
	build(&m);
	m.view.note_count = 0;
	cr_expect_eq(df_table_find(&m.view, &table, &err), 0);
	m.view.note_count = 1;
	static const struct df_range ranges[] = {
		{BASE + FAKE_NOTES, 0, 0},
		{BASE + FAKE_NOTES, DF_NOTE_SIZE - 1, 0},
		{BASE + FAKE_NOTES + 4, 64, 0},
		{BASE + FAKE_NOTES, UINT64_MAX, 0},
		{BASE - 16, 64, 0},
		{UINT64_MAX, UINT64_MAX, 0},
		{0, 0x100, 0},
		{BASE + FAKE_NOTES, FAKE_PART_STEP, 0},
	};
	for (size_t i = 0; i < COUNT(ranges); i++) {
		m.notes[0] = ranges[i];
		cr_expect_eq(df_table_find(&m.view, &table, &err), 0, "range %zu", i);
	}
	m.notes[0] = (struct df_range){BASE + FAKE_NOTES, DF_NOTE_SIZE, 0};
	expect_sound(&m, "a segment of one note");
	cr_expect_eq(m.breaches, 0);
	fake_module_free(&m);
}

/* Writes a note of another owner and returns the offset behind it, as a formal walk sees it. */
static size_t put_foreign_note(struct fake_module *m, size_t offset, uint32_t desc_size)
{
	const uint32_t header[] = {4, desc_size, 5, 0x00554e47}; /* "GNU" */
	memcpy(m->bytes[FAKE_RODATA] + offset, header, sizeof(header));
	memset(m->bytes[FAKE_RODATA] + offset + sizeof(header), 0xff, desc_size);
	return offset + sizeof(header) + desc_size;
}

/* mold puts notes of alignment 4 behind some of alignment 8; no walk by sizes finds them. */
Test(table, a_note_among_others_is_found_at_every_offset)
{
	for (size_t offset = 0; offset <= FAKE_NOTES_SIZE - DF_NOTE_SIZE; offset += 4) {
		struct fake_module m;
		build(&m);
		memset(m.bytes[FAKE_RODATA] + FAKE_NOTES, 0xee, FAKE_NOTES_SIZE);
		if (offset >= 32)
			put_foreign_note(&m, FAKE_NOTES, 12);
		fake_module_put_note(&m, FAKE_NOTES + offset,
				     fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL));
		m.view.ehdr = 0; /* or the second way to the control block would help out */
		expect_sound(&m, "a note at some offset");
		fake_module_free(&m);
	}
}

Test(table, equal_notes_are_one)
{
	struct fake_module m;
	build(&m);
	const uint64_t control = fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL);
	for (size_t i = 0; i < FAKE_NOTES_SIZE / DF_NOTE_SIZE; i++)
		fake_module_put_note(&m, FAKE_NOTES + i * DF_NOTE_SIZE, control);
	expect_sound(&m, "eight notes in one segment");
	m.notes[1] = m.notes[0];
	m.view.note_count = 2;
	expect_sound(&m, "and all again in another");
	fake_module_free(&m);
}

/* A second control block in the data, behind all states; returns its address. */
static uint64_t second_control(struct fake_module *m, size_t offset, size_t skipped)
{
	const uint64_t table = fake_module_addr(m, FAKE_RODATA, FAKE_TABLE);
	memcpy(m->bytes[FAKE_DATA] + offset, fake_module_control(m), DF_CONTROL_SIZE);
	fake_module_point(m, FAKE_DATA, offset + CONTROL_FIELD(start),
			  table + skipped * DF_SITE_SIZE);
	fake_module_point(m, FAKE_DATA, offset + CONTROL_FIELD(stop),
			  table + m->count * DF_SITE_SIZE);
	return fake_module_addr(m, FAKE_DATA, (int64_t)offset);
}

/* A module with room for a control block more at 0x200; its last site is only there for that. */
static void build_roomy(struct fake_module *m)
{
	struct df_site like[SITES];
	memcpy(like, sites_built, sizeof(like));
	like[SITES - 1].addr = 0x80;
	like[SITES - 1].state = 0x300;
	fake_module_build(m, BASE, like, SITES);
}

Test(table, of_several_control_blocks_the_lowest_is_taken)
{
	for (int order = 0; order < 2; order++) {
		struct fake_module m;
		struct df_table table;
		struct df_err err;
		build_roomy(&m);
		const uint64_t low = fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL);
		const uint64_t high = second_control(&m, 0x200, 0);
		fake_module_put_note(&m, FAKE_NOTES, order ? high : low);
		fake_module_put_note(&m, FAKE_NOTES + DF_NOTE_SIZE, order ? low : high);
		cr_expect_eq(df_table_find(&m.view, &table, &err), 1);
		cr_expect_eq(table.control, low, "order %d", order);
		cr_expect_eq(table.count, SITES);
		fake_module_free(&m);
	}
}

Test(table, two_tables_are_refused)
{
	struct fake_module m;
	build_roomy(&m);
	fake_module_put_note(&m, FAKE_NOTES + DF_NOTE_SIZE, second_control(&m, 0x200, 1));
	expect_refused(&m, DF_E_TABLE, "two site tables", "another start");
	const uint64_t table = fake_module_addr(&m, FAKE_RODATA, FAKE_TABLE);
	second_control(&m, 0x200, 0);
	fake_module_point(&m, FAKE_DATA, 0x200 + CONTROL_FIELD(stop),
			  table + (SITES - 1) * DF_SITE_SIZE);
	expect_refused(&m, DF_E_TABLE, "two site tables", "another stop");
	fake_module_free(&m);
}

Test(table, one_bad_note_of_two_is_refused)
{
	struct fake_module m;
	build(&m);
	fake_module_put_note(&m, FAKE_NOTES + DF_NOTE_SIZE, BASE);
	expect_refused(&m, DF_E_TABLE, "leads to no control block", "the second note");
	fake_module_free(&m);
}

/* An atomic word of the protocol needs its alignment, which the assembler gave it. */
Test(table, a_control_block_askew_is_refused)
{
	struct fake_module m;
	build_roomy(&m);
	fake_module_put_note(&m, FAKE_NOTES, second_control(&m, 0x204, 0));
	expect_refused(&m, DF_E_TABLE, "is not aligned", "control block askew");
	fake_module_free(&m);
}

/* A control block may lie between two places of states, and then half of it reaches into each. */
Test(table, a_state_that_reaches_into_the_control_block_is_refused)
{
	struct fake_module m;
	build_roomy(&m);
	fake_module_put_note(&m, FAKE_NOTES, second_control(&m, 0x208, 0));
	expect_sound(&m, "control block between places");
	const size_t field = FAKE_TABLE + SITE_FIELD(state);
	fake_module_point(&m, FAKE_RODATA, field, fake_module_addr(&m, FAKE_DATA, 0x200));
	expect_refused(&m, DF_E_TABLE, "lies in the control block", "its first bytes");
	fake_module_point(&m, FAKE_RODATA, field, fake_module_addr(&m, FAKE_DATA, 0x280));
	expect_refused(&m, DF_E_TABLE, "lies in the control block", "its last bytes");
	fake_module_free(&m);
}

/*
 * patchelf moves a note and leaves its distances; of an executable with fixed
 * addresses it also moves the ELF header down, by whole pages.
 */
static void check_moved(uint64_t base, uint64_t pages, bool sound)
{
	struct fake_module m;
	fake_module_build(&m, base, sites_built, SITES);
	memmove(m.bytes[FAKE_RODATA] + FAKE_NOTES + 0x64, fake_module_note(&m), DF_NOTE_SIZE);
	memset(fake_module_note(&m), 0, DF_NOTE_SIZE);
	m.view.ehdr -= pages * 4096;
	if (sound)
		expect_sound(&m, "moved note");
	else
		expect_refused(&m, DF_E_TABLE, "leads to no control block", "moved too far");
	fake_module_free(&m);
}

Test(table, a_note_that_patchelf_moved)
{
	check_moved(BASE, 0, true);
	check_moved(0x400000, 1, true);
	check_moved(0x400000, 506, true);
	check_moved(0x40000000, 1024, true);
	check_moved(0x40000000, 1025, false);
}

Test(table, a_note_that_patchelf_moved_in_a_file_that_starts_at_zero)
{
	check_moved(0, 0, true);
}

/* Given what LTO makes, lld leaves __ehdr_start at 0; then the note lay at an address of its own.
 */
Test(table, a_note_that_patchelf_moved_and_whose_elf_header_is_at_zero)
{
	struct fake_module m;
	struct df_note_v1 *note;
	fake_module_build(&m, 0x400000, sites_built, SITES);
	note = fake_module_note(&m);
	note->ehdr -= 0x400000;
	expect_sound(&m, "not moved yet");
	memmove(m.bytes[FAKE_RODATA] + FAKE_NOTES + 0x64, note, DF_NOTE_SIZE);
	memset(note, 0, DF_NOTE_SIZE);
	m.view.ehdr -= 4096;
	expect_sound(&m, "moved note");
	fake_module_free(&m);
}

/* No segment ends at the end of all addresses in a process, but one may in a file. */
Test(table, the_end_of_all_addresses)
{
	const uint64_t base = UINT64_MAX - 3 * (uint64_t)FAKE_PART_STEP + 1;
	struct fake_module m;
	fake_module_build(&m, base, sites_built, SITES);
	expect_sound(&m, "high");
	/* The last 16 bytes there are belong to the control block. */
	const uint64_t shift = UINT64_MAX - fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL + 127);
	m.segments[FAKE_DATA].addr += shift;
	m.segments[FAKE_DATA].size = FAKE_CONTROL + DF_CONTROL_SIZE;
	const uint64_t table = fake_module_addr(&m, FAKE_RODATA, FAKE_TABLE);
	fake_module_point(&m, FAKE_DATA, FAKE_CONTROL + CONTROL_FIELD(start), table);
	fake_module_point(&m, FAKE_DATA, FAKE_CONTROL + CONTROL_FIELD(stop), table + DF_SITE_SIZE);
	fake_module_put_note(&m, FAKE_NOTES, fake_module_addr(&m, FAKE_DATA, FAKE_CONTROL));
	fake_module_point(&m, FAKE_RODATA, FAKE_TABLE + SITE_FIELD(state), UINT64_MAX - 15);
	expect_refused(&m, DF_E_TABLE, "lies in the control block", "state at the very end");
	fake_module_free(&m);
}

/* xorshift64: the same in every run. */
static uint64_t random_state = 88172645463325252u;
static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

/* Changes a few bytes, mostly of the structures, sometimes of a range. */
static void mutate(struct fake_module *m)
{
	static const struct {
		enum fake_part part;
		size_t from, size;
	} spots[] = {
		{FAKE_RODATA, FAKE_NOTES, DF_NOTE_SIZE},
		{FAKE_RODATA, FAKE_TABLE, SITES * DF_SITE_SIZE},
		{FAKE_RODATA, FAKE_TABLE, SITES * DF_SITE_SIZE},
		{FAKE_RODATA, FAKE_TABLE + SITES * DF_SITE_SIZE, 80},
		{FAKE_DATA, FAKE_CONTROL, 24},
	};
	for (uint64_t i = random_below(3) + 1; i > 0; i--) {
		const size_t spot = random_below(COUNT(spots));
		uint8_t *byte = m->bytes[spots[spot].part] + spots[spot].from +
				random_below(spots[spot].size);
		static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
		const uint64_t how = random_below(4);
		if (how == 0)
			*byte = edges[random_below(sizeof(edges))];
		else if (how == 1)
			*byte = (uint8_t)random_below(256);
		else
			*byte ^= (uint8_t)(1u << random_below(8));
	}
	if (random_below(16) == 0)
		m->notes[0].addr += random_below(64) - 32;
	if (random_below(16) == 0)
		m->notes[0].size = random_below(2 * FAKE_NOTES_SIZE);
	if (random_below(16) == 0)
		m->present[random_below(FAKE_PARTS)] = random_below(0x300);
}

/* Whatever passed the checks is safe to use. */
static void expect_bounds(const struct fake_module *m, const struct df_table *table,
			  const struct df_site *site)
{
	cr_expect(df_view_within(&m->view, site->addr, df_insn_size(site->style), DF_EXEC));
	cr_expect(site->style == DF_STYLE_X86_CARRY ||
		  df_view_within(&m->view, site->target, 1, DF_EXEC));
	cr_expect(df_view_within(&m->view, site->state, DF_STATE_SIZE, DF_WRITE));
	cr_expect(site->state + DF_STATE_SIZE <= table->control ||
		  site->state >= table->control + DF_CONTROL_SIZE);
	cr_expect_leq(strlen(site->kind) + strlen(site->name) + strlen(site->file) +
			      strlen(site->doc),
		      4 * m->segments[FAKE_RODATA].size);
}

Test(table, mutations_are_read_or_refused_and_never_crash, .timeout = 300)
{
	size_t read = 0, refused = 0, none = 0;
	for (int i = 0; i < 40000; i++) {
		struct fake_module m;
		struct df_table table;
		struct df_site sites[SITES_MAX];
		struct df_err err = {0};
		build(&m);
		mutate(&m);
		const int status = read_all(&m, &table, sites, &err);
		for (size_t k = 0; status == 1 && k < table.count; k++)
			expect_bounds(&m, &table, &sites[k]);
		if (status < 0) {
			cr_expect(status == -(int)DF_E_TABLE || status == -(int)DF_E_VERSION);
			cr_expect_eq(err.code, -status);
			cr_expect_neq(err.text[0], '\0');
		}
		read += status == 1;
		refused += status < 0;
		none += status == 0;
		cr_expect_eq(m.breaches, 0, "mutation %d", i);
		fake_module_free(&m);
	}
	/* A mutation that hits nothing, or always the same, would test nothing. */
	cr_expect_gt(read, 1000);
	cr_expect_gt(refused, 1000);
	cr_expect_gt(none, 1000);
}
