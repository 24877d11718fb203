/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liar.c - a target that rewrites its own headers and table to mislead dfpatch.
 *
 *   liar lie=NAME   one of the names below, in liar_big.c and in liar_restless.c
 *
 * Built without position independence: distances of 32 bits then reach below 0.
 */
#include "liar.h"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

extern struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
extern Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static volatile int seen;

static void unlock(void *at, size_t size)
{
	const uintptr_t from = (uintptr_t)at & ~(uintptr_t)4095;
	const uintptr_t to = ((uintptr_t)at + size + 4095) & ~(uintptr_t)4095;
	if (mprotect((void *)from, to - from, PROT_READ | PROT_WRITE) != 0)
		abort();
}

void *liar_map(uint64_t size, int prot, int flags, int fd)
{
	void *place = mmap((void *)LIAR_PLACE, size, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);
	if (place == MAP_FAILED)
		abort();
	return place;
}

void liar_stretch(struct liar *l, unsigned prot)
{
	for (int i = 0; i < l->count; i++)
		if (l->headers[i].p_type == PT_LOAD && (l->headers[i].p_flags & prot) == prot)
			l->headers[i].p_memsz = LIAR_PLACE + LIAR_ROOM - l->headers[i].p_vaddr;
}

/* A site three bytes below the end of the address space: segments lie 4 MiB lower, one wraps. */
static void wrap(struct liar *l)
{
	int extra = 1;
	for (Elf64_Phdr *p = l->headers; p < l->headers + l->count; p++) {
		if (p->p_type == PT_LOAD || p->p_type == PT_NOTE)
			p->p_vaddr -= 0x400000;
		else if (p->p_type == PT_GNU_STACK && extra--)
			*p = (Elf64_Phdr){.p_type = PT_LOAD,
					  .p_flags = PF_R | PF_X,
					  .p_offset = 0x1000,
					  .p_vaddr = (uint64_t)-0x401000,
					  .p_memsz = 0x400fff};
	}
	lead(&l->one->site, (uintptr_t)-3);
}

static void state_in_text(struct liar *l)
{
	for (int i = 0; i < l->count; i++)
		if (l->headers[i].p_type == PT_LOAD)
			l->headers[i].p_flags |= PF_W;
	lead(&l->one->state, ((uintptr_t)led(&l->one->site) + 32) & ~(uintptr_t)15);
}

/* An open change of a site in anonymous memory, left by a dead controller. */
static void site_in_anonymous(struct liar *l)
{
	liar_stretch(l, PF_X);
	uint8_t *code = liar_map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct df_state_v1 *state = led(&l->one->state);
	const int32_t displacement =
		(int32_t)((uintptr_t)led(&l->one->target) - (uintptr_t)(code + 5));
	code[0] = 0xa9;
	memcpy(code + 1, &displacement, sizeof(displacement));
	lead(&l->one->site, (uintptr_t)code);
	state->next.activation = 1;
	df_module_v1.phase = DF_PHASE_WRITING;
}

static void site_within_another(struct liar *l)
{
	lead(&l->two->site, (uintptr_t)led(&l->one->site) + 1);
}

static void same_record_twice(struct liar *l)
{
	const int32_t apart = (int32_t)((char *)l->two - (char *)l->one);
	*l->two = *l->one;
	for (int32_t *field = &l->two->site; field <= &l->two->state; field++)
		*field -= apart;
}

static void table_within_a_record(struct liar *l)
{
	(void)l;
	df_module_v1.start += 4;
	df_module_v1.stop += 4;
}

static void table_behind_itself(struct liar *l)
{
	(void)l;
	df_module_v1.stop = df_module_v1.start - 4 - DF_SITE_SIZE;
}

/* The table is the control block itself: a circle. */
static void table_in_control(struct liar *l)
{
	(void)l;
	df_module_v1.start = -8;
	df_module_v1.stop = -12 + 3 * DF_SITE_SIZE;
}

static void state_in_control(struct liar *l)
{
	lead(&l->one->state, (uintptr_t)&df_module_v1 + 32);
}

static void state_of_another(struct liar *l)
{
	lead(&l->one->state, (uintptr_t)led(&l->two->state));
}

static void state_off_by_eight(struct liar *l)
{
	lead(&l->one->state, (uintptr_t)led(&l->two->state) + 8);
}

static void state_at(struct liar *l, void *state)
{
	liar_stretch(l, PF_W);
	lead(&l->one->state, (uintptr_t)state);
}

static void state_in_anonymous(struct liar *l)
{
	state_at(l, liar_map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
}

static void state_in_shared(struct liar *l)
{
	state_at(l, liar_map(4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
}

static void state_in_file(struct liar *l)
{
	const int fd = memfd_create("others", MFD_CLOEXEC);
	if (ftruncate(fd, 4096) != 0)
		abort();
	state_at(l, liar_map(4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd));
}

static void state_in_other_data(struct liar *l)
{
	const int fd = memfd_create("others", MFD_CLOEXEC);
	if (ftruncate(fd, 4096) != 0)
		abort();
	state_at(l, liar_map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd));
}

static void state_in_heap(struct liar *l)
{
	uint8_t *heap = sbrk(8192);
	l->page->word[1] = (int64_t)(uintptr_t)heap;
	liar_stretch(l, PF_W);
	for (int i = 0; i < l->count; i++)
		if (l->headers[i].p_type == PT_LOAD && (l->headers[i].p_flags & PF_W))
			l->headers[i].p_memsz = (uintptr_t)heap + 8192 - l->headers[i].p_vaddr;
	lead(&l->one->state, ((uintptr_t)heap + 4096) & ~(uintptr_t)15);
}

/* The vDSO lies out of reach of a distance, so it is moved. */
static void state_in_vdso(struct liar *l)
{
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	void *near = mremap(vdso, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)LIAR_PLACE);
	if (near == MAP_FAILED)
		abort();
	state_at(l, near);
}

static void string_without_end(struct liar *l)
{
	char *text = liar_map(1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	memset(text, 'x', 1 << 20);
	liar_stretch(l, PF_W);
	lead(&l->one->name, (uintptr_t)text + 4096);
}

static void string_outside(struct liar *l)
{
	lead(&l->one->name, LIAR_PLACE);
}

static void phase_out_of_range(struct liar *l)
{
	(void)l;
	df_module_v1.phase = 0x80000005;
}

static void unknown_sizes(struct liar *l)
{
	(void)l;
	df_module_v1.site_size = 0;
}

static void locked_by_itself(struct liar *l)
{
	(void)l;
	df_module_v1.lock = (uint32_t)getpid() | DF_LOCK_WAITERS;
}

static void locked_by_a_stranger(struct liar *l)
{
	(void)l;
	df_module_v1.lock = (uint32_t)getppid();
}

/* What would take over a terminal, turn text around, or is no text at all. */
static void names(struct liar *l)
{
	static const char bad[] = "\033]0;owned\a\033[2J\xc2\x9b\x31m\x9b\xe2\x80\xae\xe2\x81\xa6"
				  "\xff\xfe\xc0\x80\xed\xa0\x80\r\n\b\t\x7f\xe2\x80\xa8\"<b>";
	char *text = liar_map(16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	text += 4096; /* what is before it in the segment is read as well */
	memcpy(text, bad, sizeof(bad));
	liar_stretch(l, PF_W);
	lead(&l->two->kind, (uintptr_t)text);
	lead(&l->two->name, (uintptr_t)text);
	lead(&l->two->file, (uintptr_t)text);
	lead(&l->two->doc, (uintptr_t)text);
}

static const struct lie {
	const char *name;
	void (*tell)(struct liar *l);
} lies[] = {
	{"wrap", wrap},
	{"state-in-text", state_in_text},
	{"site-in-anonymous", site_in_anonymous},
	{"site-within-another", site_within_another},
	{"same-record-twice", same_record_twice},
	{"table-within-a-record", table_within_a_record},
	{"table-behind-itself", table_behind_itself},
	{"table-in-control", table_in_control},
	{"state-in-control", state_in_control},
	{"state-of-another", state_of_another},
	{"state-off-by-eight", state_off_by_eight},
	{"state-in-anonymous", state_in_anonymous},
	{"state-in-shared", state_in_shared},
	{"state-in-file", state_in_file},
	{"state-in-other-data", state_in_other_data},
	{"state-in-heap", state_in_heap},
	{"state-in-vdso", state_in_vdso},
	{"string-without-end", string_without_end},
	{"string-outside", string_outside},
	{"phase-out-of-range", phase_out_of_range},
	{"unknown-sizes", unknown_sizes},
	{"locked-by-itself", locked_by_itself},
	{"locked-by-a-stranger", locked_by_a_stranger},
	{"names", names},
};

static int tell(struct liar *l, const char *name)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (strcmp(name, lies[i].name) == 0) {
			lies[i].tell(l);
			return 1;
		}
	return liar_big(l, name) || liar_restless(l, name);
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
	struct liar l = {.page = target_page()};
	if (DF_FEATURE(liar, one))
		seen++;
	if (DF_FEATURE(liar, two))
		seen++;
	l.headers = (void *)((char *)&__ehdr_start + __ehdr_start.e_phoff);
	l.count = __ehdr_start.e_phnum;
	l.one = find_site("one");
	l.two = find_site("two");
	unlock(&__ehdr_start, 4096);
	unlock(__start_df_sites_v1, 2 * DF_SITE_SIZE);
	if (argc < 2 || strncmp(argv[1], "lie=", 4) != 0 || !tell(&l, argv[1] + 4))
		return 1;
	/* Nobody in this program reads the lies: keep the compiler from leaving them out. */
	__asm__ __volatile__("" ::: "memory");
	l.page->control = (uintptr_t)&df_module_v1;
	l.page->ready = 1;
	for (;;)
		l.page->beat++;
}
