/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_prove.c - the functions of a whole file, and proofs of sites all over its text. */
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_file.h"
#include "fuzz.h"
#include "prove.h"
#include "site.h"

#define SITES 16
#define SEGMENTS 64

struct file {
	int fd;
	struct elf_info elf;
	struct df_range segments[SEGMENTS];
	struct df_view view;
};

static int pull(void *context, uint64_t addr, void *to, size_t size)
{
	const struct file *f = context;
	for (size_t i = 0; i < f->elf.part_count; i++) {
		const struct elf_part *p = &f->elf.parts[i];
		if (p->type == PT_LOAD && addr >= p->addr && addr - p->addr < p->file_size)
			return pread(f->fd, to, size, (off_t)(p->offset + (addr - p->addr))) ==
					       (ssize_t)size
				       ? 0
				       : -1;
	}
	return -1;
}

static void view_segments(struct file *f)
{
	f->view.segments = f->segments;
	for (size_t i = 0; i < f->elf.part_count && f->view.segment_count < SEGMENTS; i++) {
		const struct elf_part *p = &f->elf.parts[i];
		if (p->type == PT_LOAD)
			f->segments[f->view.segment_count++] = (struct df_range){
				.addr = p->addr, .size = p->size, .prot = p->prot};
	}
}

static void check(const struct file *f, const struct functions *functions)
{
	for (size_t i = 0; i < functions->count; i++) {
		const struct function *one = &functions->list[i];
		MUST(one->size > 0);
		MUST(df_view_within(&f->view, functions->base + one->start, 1, DF_EXEC));
		MUST(i == 0 || one[-1].start + (uint64_t)one[-1].size <= one->start);
	}
}

/* Sites at each function's start, end, and a few bytes behind it. */
static void get(const void *context, size_t index, struct place *place)
{
	const struct functions *functions = context;
	const struct function *one = &functions->list[index % functions->count];
	place->addr = functions->base + one->start + index / 2;
	place->target = functions->base + one->start + one->size - index % 3;
	place->style = index % 4 ? DF_STYLE_X86_GOTO : DF_STYLE_X86_CARRY;
}

static void prove_some(const struct window_source *source, const struct functions *functions)
{
	struct places places = {.count = SITES, .get = get, .context = functions, .threads = 1};
	struct proof proof;
	struct df_err err;
	uint8_t bytes[SITES];
	MUST(prove(source, functions, &places, &proof, &err) == 0);
	for (size_t i = 1; i < proof.faults.count; i++)
		MUST(proof.faults.list[i - 1].site <= proof.faults.list[i].site);
	proof_free(&proof);
	MUST(site_bytes_find(source, &places, bytes, &err) == 0);
	for (size_t i = 0; i < SITES; i++)
		MUST(bytes[i] <= SITE_BYTES_UNREADABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct df_err err;
	if (fd < 0)
		fd = memfd_create("prove", MFD_CLOEXEC);
	struct file f = {.fd = fd};
	const struct window_source source = {&f.view, pull, &f};
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (elf_info_from_file(fd, &f.elf, &err) < 0)
		return 0;
	struct functions functions;
	view_segments(&f);
	MUST(functions_find(&source, &f.elf, 0, fd, &functions, &err) == 0);
	check(&f, &functions);
	if (functions.count > 0)
		prove_some(&source, &functions);
	functions_free(&functions);
	elf_info_free(&f.elf);
	return 0;
}
