/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/stays.c, on modules that were made up and mapped into this very process. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image_process.h"
#include "stays.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define PAGE 4096u
#define NAMES_AT 2048u /* in the second page, behind the dynamic section */

/* A module of two pages: headers, and a dynamic section with its strings. */
struct made {
	Elf64_Ehdr header;
	Elf64_Phdr parts[3];
	uint8_t rest[PAGE - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
	Elf64_Dyn entries[NAMES_AT / sizeof(Elf64_Dyn)];
	char names[PAGE - NAMES_AT];
};
_Static_assert(sizeof(struct made) == 2 * PAGE, "two pages");

static struct made made;
static size_t entry_count, name_size;

static void entry(int64_t tag, uint64_t value)
{
	made.entries[entry_count++] = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = value};
}

static void entry_name(int64_t tag, const char *name)
{
	entry(tag, name_size);
	memcpy(made.names + name_size, name, strlen(name) + 1);
	name_size += strlen(name) + 1;
}

static void begin(const char *soname, bool nodelete)
{
	const Elf64_Phdr whole = {.p_type = PT_LOAD, .p_flags = PF_R};
	memset(&made, 0, sizeof(made));
	entry_count = 0;
	name_size = 1;
	memcpy(made.header.e_ident, ELFMAG "\2\1\1", 7);
	made.header.e_type = ET_DYN;
	made.header.e_machine = EM_X86_64;
	made.header.e_version = EV_CURRENT;
	made.header.e_phoff = offsetof(struct made, parts);
	made.header.e_ehsize = sizeof(made.header);
	made.header.e_phentsize = sizeof(made.parts[0]);
	made.header.e_phnum = 3;
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t at = i == 0 ? 0 : PAGE;
		made.parts[i] = whole;
		made.parts[i].p_offset = made.parts[i].p_vaddr = at;
		made.parts[i].p_filesz = made.parts[i].p_memsz = PAGE;
	}
	made.parts[1].p_flags |= PF_W;
	made.parts[2].p_type = PT_DYNAMIC;
	made.parts[2].p_memsz = made.parts[2].p_filesz = NAMES_AT;
	entry(DT_STRTAB, PAGE + NAMES_AT);
	entry(DT_STRSZ, sizeof(made.names));
	if (nodelete)
		entry(DT_FLAGS_1, DF_1_NODELETE);
	if (soname)
		entry_name(DT_SONAME, soname);
}

/* Maps what was made as a loader does it. Returns where. */
static uint64_t load_as(const char *file)
{
	const int fd = memfd_create(file, MFD_CLOEXEC);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, &made, sizeof(made)), (ssize_t)sizeof(made));
	char *at = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	cr_assert_neq(at, MAP_FAILED);
	cr_assert_eq(
		mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, PAGE),
		at + PAGE);
	close(fd);
	return (uint64_t)(uintptr_t)at;
}

/* A module that needs others, by name. */
static uint64_t load(const char *soname, bool nodelete, const char *first, const char *second)
{
	begin(soname, nodelete);
	if (first)
		entry_name(DT_NEEDED, first);
	if (second)
		entry_name(DT_NEEDED, second);
	return load_as("made");
}

static struct process self;
static struct images images;
static struct df_err err;

static void look(void)
{
	cr_assert_eq(process_open(getpid(), false, &self, &err), 0, "%s", err.text);
	int fd = process_file(&self, "maps", &err);
	cr_assert(fd >= 0 && maps_read(fd, &images.maps, &err) == 0, "%s", err.text);
	close(fd);
}

static void let_go(void)
{
	images_free(&images);
	process_close(&self);
}

/* Nothing of these modules has flags, so what is asked about is put together here. */
static const char *why(uint64_t start)
{
	static char text[256];
	static struct image *list[1];
	list[0] = image_headed(&self, maps_find(&images.maps, start));
	cr_assert(list[0], "no module at %#lx", (unsigned long)start);
	const struct images one = {.list = list, .count = 1, .maps = images.maps};
	memset(text, 0, sizeof(text));
	const bool stays = stays_loaded(&self, &one, 0, text, sizeof(text));
	cr_expect_eq(stays, text[0] == '\0', "%s", text);
	image_free(list[0]);
	return stays ? NULL : text;
}

#define STAYS(START) cr_expect_null(why(START), "line %d: %s", __LINE__, why(START))
#define LEAVES(START, REASON)                                                                      \
	cr_expect(why(START) && strcmp(why(START), REASON) == 0, "line %d: %s", __LINE__,          \
		  why(START) ? why(START) : "stays")
#define PLUGIN "was loaded by dlopen"
#define TWO "shares its name with another module"

Test(stays, what_is_needed_by_what_stays)
{
	const uint64_t pinned = load("libpinned.so", true, "libnear.so", NULL);
	const uint64_t near = load("libnear.so", false, "/some/where/libfar.so", NULL);
	const uint64_t far = load("libfar.so", false, NULL, NULL);
	const uint64_t other = load("libother.so", false, "libnear.so", "libalone.so");
	const uint64_t alone = load("libalone.so", false, NULL, NULL);
	look();
	STAYS(pinned);
	STAYS(near);
	STAYS(far);
	LEAVES(other, PLUGIN);
	LEAVES(alone, PLUGIN);
	let_go();
}

Test(stays, what_needs_itself)
{
	const uint64_t first = load("libfirst.so", true, "libsecond.so", "libfirst.so");
	const uint64_t second = load("libsecond.so", false, "libfirst.so", "libthird.so");
	const uint64_t third = load("libthird.so", false, "libthird.so", "libsecond.so");
	look();
	STAYS(first);
	STAYS(second);
	STAYS(third);
	let_go();
}

/* Neither of two that bear one name stays, nor what they need. */
Test(stays, names_that_two_bear)
{
	const uint64_t pinned = load("libpinned.so", true, "libtwo.so", "libsurely.so");
	const uint64_t one = load("libtwo.so", false, "libneeded.so", NULL);
	const uint64_t two = load("libtwo.so", false, NULL, NULL);
	const uint64_t needed = load("libneeded.so", false, NULL, NULL);
	const uint64_t surely = load("libsurely.so", false, NULL, NULL);
	look();
	STAYS(pinned);
	STAYS(surely);
	LEAVES(one, TWO);
	LEAVES(two, TWO);
	LEAVES(needed, PLUGIN);
	let_go();
}

/* The name of its file counts as well; the kernel calls the files of this test "/memfd:NAME". */
Test(stays, names_of_files)
{
	load("libpinned.so", true, "memfd:file.so", NULL);
	begin(NULL, false);
	const uint64_t nameless = load_as("file.so");
	begin("libother.so", false);
	const uint64_t other = load_as("other.so");
	look();
	STAYS(nameless);
	LEAVES(other, PLUGIN);
	let_go();
}

Test(stays, string_tables_in_both_address_spaces)
{
	load("libpinned.so", true, "libreal.so", NULL);
	const uint64_t real = load("libreal.so", false, "libnext.so", NULL);
	const uint64_t next = load("libnext.so", false, NULL, NULL);
	Elf64_Dyn *strings = &((struct made *)(uintptr_t)real)->entries[0];
	cr_assert_eq(strings->d_tag, DT_STRTAB);
	strings->d_un.d_ptr += real;
	look();
	STAYS(real);
	STAYS(next);
	let_go();
}

/* A needs "libvictim.so" in a way that makes no sense. */
static const struct {
	const char *row;
	uint64_t strtab, strsz, needed;
} damage[] = {
	{"strings beyond the module", 2 * PAGE, 64, 1},
	{"strings at the end of the address space", UINT64_MAX, UINT64_MAX, 1},
	{"no strings", PAGE + NAMES_AT, 0, 1},
	{"a name beyond its table", PAGE + NAMES_AT, 4, 4},
	{"a name beyond the module", PAGE + NAMES_AT, UINT64_MAX, PAGE},
	{"a name that wraps around", PAGE + NAMES_AT, UINT64_MAX, UINT64_MAX - 1},
	{"a name that does not end", PAGE + NAMES_AT, PAGE - NAMES_AT, 1},
};

Test(stays, sections_that_make_no_sense)
{
	for (size_t i = 0; i < COUNT(damage); i++) {
		begin(NULL, true);
		made.entries[0].d_un.d_val = damage[i].strtab;
		made.entries[1].d_un.d_val = damage[i].strsz;
		entry(DT_NEEDED, damage[i].needed);
		memset(made.names + 1, 'x', sizeof(made.names) - 1);
		const uint64_t liar = load_as("liar.so");
		const uint64_t victim = load("libvictim.so", false, NULL, NULL);
		look();
		STAYS(liar);
		LEAVES(victim, PLUGIN);
		let_go();
		munmap((void *)(uintptr_t)liar, 2 * PAGE);
		munmap((void *)(uintptr_t)victim, 2 * PAGE);
	}
}

static const struct {
	const char *row;
	uint64_t addr, size;
} sections[] = {
	{"none", PAGE, 0},
	{"beyond the module", 2 * PAGE, NAMES_AT},
	{"across its end", 2 * PAGE - 16, 32},
	{"too large", PAGE, (uint64_t)1 << 40},
	{"wrapping around", UINT64_MAX - 31, 64},
	{"half an entry", PAGE, 15},
	{"not aligned", PAGE + 3, 64},
};

Test(stays, sections_that_are_elsewhere)
{
	for (size_t i = 0; i < COUNT(sections); i++) {
		begin("libliar.so", true);
		made.parts[2].p_vaddr = sections[i].addr;
		made.parts[2].p_memsz = sections[i].size;
		const uint64_t liar = load_as("liar.so");
		look();
		LEAVES(liar, PLUGIN);
		let_go();
		munmap((void *)(uintptr_t)liar, 2 * PAGE);
	}
}

/* Many modules, each needing hundreds: an answer, and soon. */
Test(stays, far_too_much, .timeout = 20)
{
	uint64_t last = 0;
	begin("libmany.so", true);
	while (entry_count < COUNT(made.entries))
		entry(DT_NEEDED, 1);
	for (int i = 0; i < 900; i++)
		last = load_as("many.so");
	look();
	STAYS(last);
	let_go();
	for (int i = 0; i < 200; i++)
		last = load_as("many.so");
	look();
	LEAVES(last, "is one of too many modules");
	let_go();
}
