/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/verify.c. The live process is this one: sites stand in
 * a file of their own, which is mapped as a loader would, or as it would not.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_image.h"
#include "verify.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define PAGE 4096u
#define PAGES 8u
#define PLACE UINT64_C(0x5a0000000000) /* nothing else is there */
#define DISTANCE 0x123
#define DATA (PLACE + 0x100000)

struct fixture {
	struct images images;
	struct image *image;
	struct maps maps;
	struct verifier *verifier;
	int memory;
	int file;
};

/* Two sites on one flag, one of each style, and one across the end of the first page. */
static const struct df_site sites[] = {
	{PLACE + 0x10, PLACE + 0x15 + DISTANCE, 0, "http", "goto", "a.c", "", 1, 1, 0, 0, 0},
	{PLACE + 0x20, 0, 0, "http", "carry", "a.c", "", 2, 2, 0, 0, 0},
	{PLACE + PAGE - 2, PLACE + PAGE + 3 + DISTANCE, 0, "http", "across", "a.c", "", 3, 1, 0, 0,
	 0},
	{PLACE + 7 * PAGE, PLACE + 7 * PAGE + 5 - DISTANCE, 0, "http", "far", "a.c", "", 4, 1, 0, 0,
	 0},
};
enum { GOTO, CARRY, ACROSS, FAR, SITES = COUNT(sites) };

static void put(int file, uint64_t addr, const uint8_t *bytes, size_t size)
{
	cr_assert_eq(pwrite(file, bytes, size, (off_t)(addr - PLACE)), (ssize_t)size);
}

static void put_sound_code(int file)
{
	for (size_t i = 0; i < SITES; i++) {
		const int32_t distance = (int32_t)(sites[i].target - sites[i].addr - 5);
		uint8_t code[5] = {i % 2 ? 0xe9 : 0xa9};
		memcpy(code + 1, &distance, sizeof(distance));
		if (sites[i].style == DF_STYLE_X86_CARRY)
			put(file, sites[i].addr, (const uint8_t *)"\xf9", 1);
		else
			put(file, sites[i].addr, code, sizeof(code));
	}
}

static void read_maps(struct fixture *f)
{
	struct df_err err = {0};
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	maps_free(&f->maps);
	cr_assert_eq(maps_read(fd, &f->maps, &err), 0, "%s", err.text);
	close(fd);
}

/* A page of data, of `file` or (-1) of none. */
static void map_page(uint64_t place, int prot, int flags, int file)
{
	cr_assert(mmap((void *)(uintptr_t)place, PAGE, prot,
		       flags | MAP_FIXED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0) != MAP_FAILED);
}

/* Control block and states, in a segment of which the file has nothing. */
static void map_data(struct fixture *f)
{
	struct elf_part *part = calloc(1, sizeof(*part));
	cr_assert(part);
	*part = (struct elf_part){
		.type = PT_LOAD, .prot = DF_READ | DF_WRITE, .addr = DATA + 0x40, .size = PAGE};
	f->image->elf = (struct elf_info){.parts = part, .part_count = 1};
	f->image->table.control = DATA + 0x40;
	for (size_t i = 0; i < SITES; i++)
		f->image->sites[i].state = DATA + PAGE - (i + 1) * DF_STATE_SIZE;
	map_page(DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
	read_maps(f);
}

static void map(struct fixture *f, int prot, int flags)
{
	void *place =
		mmap((void *)(uintptr_t)PLACE, PAGES * PAGE, prot, flags | MAP_FIXED, f->file, 0);
	cr_assert(place != MAP_FAILED);
	read_maps(f);
}

static void begin(struct fixture *f)
{
	static const struct df_range segment = {PLACE, PAGES * PAGE, DF_READ | DF_EXEC};
	static const uint64_t readable = PAGES * PAGE;
	char path[] = "/tmp/test_verify.XXXXXX";
	struct df_err err = {0};
	*f = (struct fixture){.file = mkstemp(path)};
	cr_assert(f->file >= 0 && ftruncate(f->file, PAGES * PAGE) == 0);
	unlink(path);
	put_sound_code(f->file);
	map(f, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	f->memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	f->image = fake_image_add(&f->images, "/lib/module.so", sites, SITES);
	f->image->fd = f->memory;
	f->image->device = maps_find(&f->maps, PLACE)->device;
	f->image->inode = maps_find(&f->maps, PLACE)->inode;
	map_data(f);
	cr_assert_eq(snapshot_begin(&f->image->snapshot, &segment, &readable, 1, NULL, 0, &err), 0);
	cr_assert_eq(verifier_new(&f->verifier, &err), 0, "%s", err.text);
}

static void end(struct fixture *f)
{
	verifier_free(f->verifier);
	images_free(&f->images);
	maps_free(&f->maps);
	munmap((void *)(uintptr_t)PLACE, PAGES * PAGE);
	munmap((void *)(uintptr_t)DATA, 2 * PAGE);
	close(f->memory);
	close(f->file);
}

static int verify(struct fixture *f, const bool *selected, uint8_t *opcodes, struct df_err *err)
{
	return verify_sites(f->verifier, f->image, &f->maps, selected, opcodes, err);
}

/* Verifies one site alone. */
static int verify_one(struct fixture *f, size_t site, uint8_t *opcodes, struct df_err *err)
{
	bool selected[SITES] = {0};
	selected[site] = true;
	return verify(f, selected, opcodes, err);
}

static void expect_bad(struct fixture *f, size_t site, enum df_errc code, const char *says,
		       const char *row)
{
	uint8_t opcodes[SITES] = {0};
	struct df_err err = {0};
	char address[32];
	cr_expect_eq(verify_one(f, site, opcodes, &err), -(int)code, "%s: %s", row, err.text);
	cr_expect(strstr(err.text, says), "%s: '%s'", row, err.text);
	if (code == DF_E_SYSTEM)
		return;
	snprintf(address, sizeof(address), "%#lx", (unsigned long)sites[site].addr);
	cr_expect(strstr(err.text, address), "%s: '%s'", row, err.text);
	cr_expect(strstr(err.text, sites[site].name), "%s: '%s'", row, err.text);
	cr_expect(strstr(err.text, "/lib/module.so"), "%s: '%s'", row, err.text);
	cr_expect(strstr(err.text, "nothing was changed"), "%s: '%s'", row, err.text);
}

/* Where a state may lie: each row maps a page, and the state's page behind it. */
Test(verify, only_own_data_is_written)
{
	enum { NONE, OWN, OTHER, ANONYMOUS };
	const int rw = PROT_READ | PROT_WRITE, r = PROT_READ;
	const struct {
		const char *row;
		int before, before_prot, file, prot, flags;
		bool sound;
	} rows[] = {
		{"own file", NONE, 0, OWN, rw, MAP_PRIVATE, true},
		{"zeroed behind own file", OWN, rw, ANONYMOUS, rw, MAP_PRIVATE, true},
		{"zeroed behind what was made read-only", OWN, r, ANONYMOUS, rw, MAP_PRIVATE, true},
		{"zeroed behind zeroed", ANONYMOUS, rw, ANONYMOUS, rw, MAP_PRIVATE, false},
		{"far from any file, as heap and stack", NONE, 0, ANONYMOUS, rw, MAP_PRIVATE,
		 false},
		{"behind another file", OTHER, rw, ANONYMOUS, rw, MAP_PRIVATE, false},
		{"another file", NONE, 0, OTHER, rw, MAP_PRIVATE, false},
		{"another file behind own", OWN, rw, OTHER, rw, MAP_PRIVATE, false},
		{"own file, shared", NONE, 0, OWN, rw, MAP_SHARED, false},
		{"own file, read-only", NONE, 0, OWN, r, MAP_PRIVATE, false},
		{"shared memory", OWN, rw, ANONYMOUS, rw, MAP_SHARED, false},
		{"zeroed and read-only", OWN, rw, ANONYMOUS, r, MAP_PRIVATE, false},
		{"not mapped", OWN, rw, NONE, 0, 0, false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint64_t place = DATA + 16 * PAGE;
		uint8_t opcodes[SITES];
		struct df_err err = {0};
		struct fixture f;
		begin(&f);
		const int files[] = {-1, f.file, memfd_create("other", MFD_CLOEXEC), -1};
		cr_assert_eq(ftruncate(files[OTHER], PAGE), 0);
		if (rows[i].before)
			map_page(place, rows[i].before_prot, MAP_PRIVATE, files[rows[i].before]);
		if (rows[i].file)
			map_page(place + PAGE, rows[i].prot, rows[i].flags, files[rows[i].file]);
		read_maps(&f);
		f.image->sites[GOTO].state = place + PAGE;
		const int status = verify_one(&f, GOTO, opcodes, &err);
		cr_expect_eq(status, rows[i].sound ? 0 : -(int)DF_E_SITE, "%s: %s", rows[i].row,
			     err.text);
		cr_expect(rows[i].sound || strstr(err.text, "its state lies in no writable"),
			  "%s: %s", rows[i].row, err.text);
		f.image->table.control = place + PAGE;
		cr_expect_eq(verify_one(&f, CARRY, opcodes, &err),
			     rows[i].sound ? 0 : -(int)DF_E_TABLE, "%s: %s", rows[i].row, err.text);
		munmap((void *)(uintptr_t)place, 2 * PAGE);
		close(files[OTHER]);
		end(&f);
	}
}

Test(verify, sound_sites)
{
	static const bool all[SITES] = {true, true, true, true};
	struct fixture f;
	uint8_t opcodes[SITES] = {0};
	struct df_err err = {0};
	begin(&f);
	cr_assert_eq(verify(&f, all, opcodes, &err), 0, "%s", err.text);
	cr_expect(opcodes[GOTO] == 0xa9 && opcodes[CARRY] == 0xf9 && opcodes[ACROSS] == 0xa9 &&
		  opcodes[FAR] == 0xe9);
	end(&f);
}

static const struct {
	const char *row;
	size_t site;
	const char *bytes;
	size_t size;
	enum df_errc code;
	const char *says;
} codes[] = {
	{"straight", GOTO, "\xa9\x23\x01\0\0", 5, DF_E_NONE, ""},
	{"jump", GOTO, "\xe9\x23\x01\0\0", 5, DF_E_NONE, ""},
	{"clc", CARRY, "\xf8", 1, DF_E_NONE, ""},
	{"stc", CARRY, "\xf9", 1, DF_E_NONE, ""},
	{"jump elsewhere", GOTO, "\xe9\x24\x01\0\0", 5, DF_E_SITE,
	 "expected a9 23 01 00 00 or e9 23 01 00 00, found e9 24 01 00 00"},
	{"straight, but would jump elsewhere", GOTO, "\xa9\x23\x01\0\x80", 5, DF_E_SITE,
	 "found a9 23 01 00 80"},
	{"breakpoint", GOTO, "\xcc\x23\x01\0\0", 5, DF_E_BREAKPOINT, "breakpoint"},
	{"int3 in something else", GOTO, "\xcc\xcc\xcc\xcc\xcc", 5, DF_E_SITE,
	 "found cc cc cc cc cc"},
	{"nop", GOTO, "\x0f\x1f\x44\0\0", 5, DF_E_SITE, "found 0f 1f 44 00 00"},
	{"call of the right place", GOTO, "\xe8\x23\x01\0\0", 5, DF_E_SITE, "found e8"},
	{"zeros", GOTO, "\0\0\0\0\0", 5, DF_E_SITE, "found 00 00 00 00 00"},
	{"breakpoint on carry", CARRY, "\xcc", 1, DF_E_BREAKPOINT, "breakpoint"},
	{"cmc", CARRY, "\xf5", 1, DF_E_SITE, "expected f8 or f9, found f5"},
	{"last byte across the page", ACROSS, "\xe9\x23\x01\0\x01", 5, DF_E_SITE,
	 "found e9 23 01 00 01"},
};

Test(verify, bytes_at_a_site)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct fixture f;
		uint8_t opcodes[SITES] = {0};
		struct df_err err = {0};
		begin(&f);
		put(f.file, sites[codes[i].site].addr, (const uint8_t *)codes[i].bytes,
		    codes[i].size);
		if (codes[i].code == DF_E_NONE) {
			cr_expect_eq(verify_one(&f, codes[i].site, opcodes, &err), 0, "%s: %s",
				     codes[i].row, err.text);
			cr_expect_eq(opcodes[codes[i].site], (uint8_t)codes[i].bytes[0], "%s",
				     codes[i].row);
		} else {
			expect_bad(&f, codes[i].site, codes[i].code, codes[i].says, codes[i].row);
		}
		end(&f);
	}
}

#define NO_TEXT "lies in no private executable mapping of the module's own file"

Test(verify, mappings)
{
	struct fixture f;
	begin(&f);
	map(&f, PROT_READ, MAP_PRIVATE);
	expect_bad(&f, GOTO, DF_E_SITE, NO_TEXT, "not executable");
	map(&f, PROT_READ | PROT_EXEC, MAP_SHARED);
	expect_bad(&f, GOTO, DF_E_SITE, NO_TEXT, "shared: a write would reach the file");
	map(&f, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	f.image->inode++;
	expect_bad(&f, GOTO, DF_E_SITE, NO_TEXT, "another file");
	f.image->inode--;
	f.image->device++;
	expect_bad(&f, GOTO, DF_E_SITE, NO_TEXT, "another device");
	f.image->device--;
	uint8_t opcodes[SITES];
	struct df_err err = {0};
	cr_expect_eq(verify_one(&f, GOTO, opcodes, &err), 0, "%s", err.text);
	end(&f);
}

/* Each page that an instruction touches counts. */
Test(verify, an_instruction_on_two_mappings)
{
	struct fixture f;
	uint8_t opcodes[SITES];
	struct df_err err = {0};
	begin(&f);
	cr_assert_eq(mprotect((void *)(uintptr_t)(PLACE + PAGE), PAGE, PROT_READ), 0);
	read_maps(&f);
	expect_bad(&f, ACROSS, DF_E_SITE, NO_TEXT, "the second page is not executable");
	cr_expect_eq(verify_one(&f, GOTO, opcodes, &err), 0, "%s", err.text);
	cr_assert_eq(mprotect((void *)(uintptr_t)(PLACE + PAGE), PAGE,
			      PROT_READ | PROT_EXEC | PROT_WRITE),
		     0);
	read_maps(&f);
	cr_expect_eq(verify_one(&f, ACROSS, opcodes, &err), 0, "%s", err.text);
	end(&f);
}

/* What is not mapped any more behind a site is no reason to refuse the site. */
Test(verify, holes_in_a_segment)
{
	struct fixture f;
	uint8_t opcodes[SITES];
	struct df_err err = {0};
	begin(&f);
	munmap((void *)(uintptr_t)(PLACE + PAGE), PAGE);
	read_maps(&f);
	cr_expect_eq(verify_one(&f, GOTO, opcodes, &err), 0, "%s", err.text);
	expect_bad(&f, ACROSS, DF_E_SITE, NO_TEXT, "half of it is not mapped");
	munmap((void *)(uintptr_t)PLACE, PAGE);
	read_maps(&f);
	expect_bad(&f, GOTO, DF_E_SITE, NO_TEXT, "not mapped");
	end(&f);
}

Test(verify, what_is_not_selected_is_not_looked_at)
{
	static const bool none[SITES], some[SITES] = {[CARRY] = true, [FAR] = true};
	struct fixture f;
	uint8_t opcodes[SITES] = {1, 2, 3, 4};
	struct df_err err = {0};
	begin(&f);
	put(f.file, sites[GOTO].addr, (const uint8_t *)"\x90", 1);
	cr_expect_eq(verify(&f, none, opcodes, &err), 0, "%s", err.text);
	cr_expect_eq(verify(&f, some, opcodes, &err), 0, "%s", err.text);
	cr_expect(opcodes[GOTO] == 1 && opcodes[CARRY] == 0xf9 && opcodes[ACROSS] == 3 &&
		  opcodes[FAR] == 0xe9);
	end(&f);
}

/* A second look sees what changed since the first. */
Test(verify, nothing_is_remembered)
{
	struct fixture f;
	uint8_t opcodes[SITES];
	struct df_err err = {0};
	begin(&f);
	cr_expect_eq(verify_one(&f, GOTO, opcodes, &err), 0, "%s", err.text);
	put(f.file, sites[GOTO].addr, (const uint8_t *)"\xe9", 1);
	cr_expect_eq(verify_one(&f, GOTO, opcodes, &err), 0, "%s", err.text);
	cr_expect_eq(opcodes[GOTO], 0xe9);
	put(f.file, sites[GOTO].addr, (const uint8_t *)"\xcc", 1);
	expect_bad(&f, GOTO, DF_E_BREAKPOINT, "breakpoint", "set since");
	end(&f);
}
