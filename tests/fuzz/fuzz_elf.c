/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_elf.c - ELF headers: of a file, and of the first bytes of a module in memory. */
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf_file.h"
#include "fuzz.h"

static void look_at(const struct elf_info *info, uint64_t file_size)
{
	char text[2 * ELF_BUILD_ID_MAX + 1];
	for (size_t i = 0; i < info->part_count; i++) {
		const struct elf_part *p = &info->parts[i];
		MUST(p->type == PT_LOAD || p->type == PT_NOTE);
		MUST(p->file_size <= p->size && p->addr + p->size >= p->addr);
		MUST(p->offset + p->file_size >= p->offset);
		MUST(p->offset + p->file_size <= file_size);
	}
	MUST(info->build_id_size <= ELF_BUILD_ID_MAX);
	elf_build_id_text(info, text);
	MUST(strlen(text) == 2 * info->build_id_size);
}

static void end(int status, struct elf_info *info, uint64_t file_size, const struct df_err *err)
{
	if (status < 0) {
		MUST(status == -(int)err->code && err->text[0] != '\0');
		return;
	}
	look_at(info, file_size);
	elf_info_free(info);
}

static void as_memory(const uint8_t *data, size_t size)
{
	struct elf_info info;
	struct df_err err = {0};
	void *bytes = fuzz_room(size);
	if (size > 0)
		memcpy(bytes, data, size);
	end(elf_info_from_memory(bytes, size, &info, &err), &info, UINT64_MAX, &err);
	free(bytes);
}

static void as_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct elf_info info;
	struct df_err err = {0};
	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	end(elf_info_from_file(fd, &info, &err), &info, size, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_memory(data, size);
	as_file(data, size);
	return 0;
}
