/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liar.c - a target that rewrites its own headers and table to mislead dfpatch.
 *
 *   liar lie=1   a site three bytes below the end of the address space
 *   liar lie=2   a state in the middle of text, in headers that call it writable
 *   liar lie=3   an open change of a site in anonymous memory, left by a dead controller
 *
 * Built without position independence: distances of 32 bits then reach below 0.
 */
#include <elf.h>

#include "target.h"

extern struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
extern Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static volatile int seen;

static int32_t distance(uintptr_t to, const int32_t *field)
{
	return (int32_t)((int64_t)to - (int64_t)(uintptr_t)field);
}

static void unlock(void *at, size_t size)
{
	const uintptr_t from = (uintptr_t)at & ~(uintptr_t)4095;
	const uintptr_t to = ((uintptr_t)at + size + 4095) & ~(uintptr_t)4095;
	if (mprotect((void *)from, to - from, PROT_READ | PROT_WRITE) != 0)
		abort();
}

/* All segments lie 4 MiB lower than they do, and one reaches over the end of the address space. */
static void wrap(Elf64_Phdr *p, int count, struct df_site_v1 *site)
{
	int extra = 1;
	for (int i = 0; i < count; i++) {
		if (p[i].p_type == PT_LOAD || p[i].p_type == PT_NOTE)
			p[i].p_vaddr -= 0x400000;
		else if (p[i].p_type == PT_GNU_STACK && extra--)
			p[i] = (Elf64_Phdr){.p_type = PT_LOAD,
					    .p_flags = PF_R | PF_X,
					    .p_offset = 0x1000,
					    .p_vaddr = (uint64_t)-0x401000,
					    .p_memsz = 0x400fff};
	}
	site->site = distance((uintptr_t)-3, &site->site);
}

static void state_in_text(Elf64_Phdr *p, int count, struct df_site_v1 *site)
{
	for (int i = 0; i < count; i++)
		if (p[i].p_type == PT_LOAD)
			p[i].p_flags |= PF_W;
	const uintptr_t code = (uintptr_t)&site->site + (uintptr_t)(intptr_t)site->site;
	site->state = distance((code + 32) & ~(uintptr_t)15, &site->state);
}

static void site_in_anonymous(Elf64_Phdr *p, int count, struct df_site_v1 *site)
{
	for (int i = 0; i < count; i++)
		if (p[i].p_type == PT_LOAD && (p[i].p_flags & PF_X))
			p[i].p_memsz = 0x20000000;
	uint8_t *code = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct df_state_v1 *state = (void *)((char *)&site->state + site->state);
	const uintptr_t target = (uintptr_t)&site->target + (uintptr_t)(intptr_t)site->target;
	const int32_t displacement = (int32_t)(target - (uintptr_t)(code + 5));
	code[0] = 0xa9;
	memcpy(code + 1, &displacement, sizeof(displacement));
	site->site = distance((uintptr_t)code, &site->site);
	state->next.activation = 1;
	df_module_v1.phase = DF_PHASE_WRITING;
}

/* The linker decides on the order. */
static struct df_site_v1 *find_site(const char *name)
{
	struct df_site_v1 *site = __start_df_sites_v1;
	while (strcmp((const char *)&site->name + site->name, name) != 0)
		site++;
	return site;
}

int main(int argc, char **argv)
{
	struct target_page *page = target_page();
	(void)argc;
	if (DF_FEATURE(liar, one))
		seen++;
	if (DF_FEATURE(liar, two))
		seen++;
	Elf64_Phdr *headers = (void *)((char *)&__ehdr_start + __ehdr_start.e_phoff);
	struct df_site_v1 *site = find_site("one");
	unlock(&__ehdr_start, 4096);
	unlock(site, sizeof(*site));
	switch (target_option(argv, "lie", 0)) {
	case 1:
		wrap(headers, __ehdr_start.e_phnum, site);
		break;
	case 2:
		state_in_text(headers, __ehdr_start.e_phnum, site);
		break;
	default:
		site_in_anonymous(headers, __ehdr_start.e_phnum, site);
	}
	/* Nobody in this program reads the lies: keep the compiler from leaving them out. */
	__asm__ __volatile__("" ::: "memory");
	page->control = (uintptr_t)&df_module_v1;
	page->ready = 1;
	for (;;)
		page->beat++;
}
