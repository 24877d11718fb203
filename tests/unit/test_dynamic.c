/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/dynamic.c: what a loader leaves behind; the rest is in test_stays.c. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dynamic.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BIAS 0x7f0000000000u
#define SIZE 4096u
#define TEXT 0x100 /* what pointers in the module's data point to */

/* A module of one page: dynamic section, relocations, and what they relocate. */
struct module {
	Elf64_Dyn entries[4];
	Elf64_Rela relocations[8];
	uint64_t fixed[8];    /* PT_GNU_RELRO */
	uint64_t variable[8]; /* the program's to write */
};
#define AT(FIELD) offsetof(struct module, FIELD)

static union {
	struct module module;
	uint8_t bytes[SIZE];
} memory;

static struct image image;

static const void *at(const struct df_view *view, uint64_t addr, size_t size)
{
	return df_view_within(view, addr, size, 0) ? memory.bytes + (addr - BIAS) : NULL;
}

/* Relocated, as a loader leaves it. */
static void begin(void)
{
	static const struct df_range all = {.addr = BIAS, .size = SIZE, .prot = DF_READ};
	struct module *m = &memory.module;
	memset(&memory, 0, sizeof(memory));
	image = (struct image){
		.bias = BIAS,
		.elf = {.dynamic = AT(entries),
			.dynamic_size = sizeof(m->entries),
			.relro = AT(fixed),
			.relro_size = sizeof(m->fixed)},
		.snapshot.view = {.segments = &all, .segment_count = 1, .at = at},
	};
	m->entries[0] = (Elf64_Dyn){DT_RELA, {AT(relocations)}};
	m->entries[1] = (Elf64_Dyn){DT_RELASZ, {sizeof(m->relocations)}};
	for (size_t i = 0; i < COUNT(m->relocations); i++) {
		const uint64_t place = i % 2 ? AT(variable) + 8 * i : AT(fixed) + 8 * i;
		m->relocations[i] = (Elf64_Rela){place, ELF64_R_INFO(0, R_X86_64_RELATIVE), TEXT};
		memcpy(memory.bytes + place, &(uint64_t){BIAS + TEXT}, 8);
	}
}

static bool relocated(void)
{
	struct dynamic dynamic;
	cr_assert(dynamic_open(&dynamic, &image));
	return dynamic_relocated(&dynamic);
}

Test(dynamic, as_a_loader_leaves_it)
{
	begin();
	cr_expect(relocated());
	memory.module.entries[0].d_un.d_ptr += BIAS;
	cr_expect(relocated(), "with its addresses replaced");
	memory.module.variable[1] = 0;
	cr_expect(relocated(), "what the program may write says nothing");
}

/* As it lies in the file. */
Test(dynamic, data_that_was_dropped)
{
	for (size_t i = 0; i < COUNT(memory.module.fixed); i += 2) {
		begin();
		memory.module.fixed[i] = TEXT;
		cr_expect_not(relocated(), "pointer %zu", i);
		memory.module.fixed[i] = 0;
		cr_expect_not(relocated(), "pointer %zu", i);
	}
}

/* Nothing to go by. */
Test(dynamic, nothing_can_be_told)
{
	struct module *m = &memory.module;
	begin();
	memset(m->fixed, 0, sizeof(m->fixed));
	m->entries[1].d_un.d_val = 0;
	cr_expect(relocated(), "no relocations");
	m->entries[1].d_un.d_val = UINT64_MAX;
	m->entries[0].d_un.d_ptr = SIZE;
	cr_expect(relocated(), "relocations beyond the module");
	m->entries[0].d_un.d_ptr = UINT64_MAX - 3;
	cr_expect(relocated(), "relocations at the end of the address space");
	m->entries[0].d_un.d_ptr = AT(relocations);
	cr_expect_not(relocated());
	image.elf.relro_size = 0;
	cr_expect(relocated(), "no part that stays as it is");
	image.elf.relro_size = sizeof(m->fixed);
	for (size_t i = 0; i < COUNT(m->relocations); i++)
		m->relocations[i].r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE);
	cr_expect(relocated(), "relocations of other kinds");
	for (size_t i = 0; i < COUNT(m->relocations); i++)
		m->relocations[i] = (Elf64_Rela){AT(fixed) + SIZE * i,
						 ELF64_R_INFO(0, R_X86_64_RELATIVE), TEXT};
	image.elf.relro = SIZE;
	image.elf.relro_size = UINT64_MAX;
	cr_expect(relocated(), "places beyond the module");
}

Test(dynamic, none)
{
	static const uint64_t sizes[] = {0, 15, 1 << 20, UINT64_MAX};
	struct dynamic dynamic;
	begin();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		image.elf.dynamic_size = sizes[i];
		cr_expect_not(dynamic_open(&dynamic, &image), "%zu", i);
		cr_expect(dynamic.count == 0 && !dynamic.soname);
	}
	image.elf.dynamic_size = 64;
	image.elf.dynamic = SIZE - 32;
	cr_expect_not(dynamic_open(&dynamic, &image), "across the end");
}
