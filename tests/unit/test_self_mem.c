/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/self_mem.c: text of this very program, under what systems forbid. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "self_mem.h"

#define PAGE 4096u
#define BEFORE 0x90
#define AFTER 0xcb

/* Pages of private text of a file, as a loader maps them. */
static uint8_t *map_text(size_t pages)
{
	const int fd = memfd_create("text", MFD_CLOEXEC);
	cr_assert(fd >= 0 && ftruncate(fd, (off_t)(pages * PAGE)) == 0);
	uint8_t *bytes = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert(bytes != MAP_FAILED);
	memset(bytes, BEFORE, pages * PAGE);
	munmap(bytes, pages * PAGE);
	uint8_t *text = mmap(NULL, pages * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	cr_assert(text != MAP_FAILED);
	close(fd);
	return text;
}

/* "rwxp" of the mapping at `at`, or "" where there is none. */
static const char *protection(const void *at)
{
	static char found[5];
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	found[0] = '\0';
	while (maps && fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;
		char flags[5];
		if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) == 3 &&
		    (uintptr_t)at >= start && (uintptr_t)at < end)
			memcpy(found, flags, sizeof(found));
	}
	if (maps)
		fclose(maps);
	return found;
}

/* `count` edits, `step` bytes apart, and that nothing else changes; there and back. */
static void there_and_back(size_t pages, size_t first, size_t step, size_t count)
{
	uint8_t *text = map_text(pages);
	uint8_t *expected = malloc(pages * PAGE);
	struct self_edit *edits = calloc(count, sizeof(*edits));
	struct df_err err = {0};
	cr_assert(expected && edits);
	memset(expected, BEFORE, pages * PAGE);
	for (size_t i = 0; i < count; i++) {
		edits[i] = (struct self_edit){.offset = (uint32_t)(first + i * step),
					      .before = BEFORE,
					      .after = (uint8_t)(AFTER + i % 8)};
		expected[edits[i].offset] = edits[i].after;
	}
	cr_assert_eq(self_mem_write(text, edits, count, false, &err), 0, "%s", err.text);
	cr_assert(memcmp(text, expected, pages * PAGE) == 0, "%zu edits from %zu", count, first);
	cr_assert_eq(self_mem_write(text, edits, count, true, &err), 0, "%s", err.text);
	memset(expected, BEFORE, pages * PAGE);
	cr_assert(memcmp(text, expected, pages * PAGE) == 0, "%zu edits from %zu", count, first);
	for (size_t page = 0; page<pages; page += pages> 64 ? 97 : 1)
		cr_assert_str_eq(protection(text + page * PAGE), "r-xp");
	munmap(text, pages * PAGE);
	free(expected);
	free(edits);
}

Test(self_mem, writes_and_undoes)
{
	there_and_back(1, 17, 1, 1);
	there_and_back(1, 17, 46, 4);
	there_and_back(1, 17, 46, 5);
	there_and_back(1, 0, 1, PAGE);		     /* every byte of a page */
	there_and_back(3, PAGE - 1, 1, 2);	     /* both sides of a page's end */
	there_and_back(3, PAGE - 1, PAGE, 3);	     /* last bytes, of the mapping too */
	there_and_back(300, 5, 46, 26000);	     /* dense */
	there_and_back(300, 5, 512, 2300);	     /* spread */
	there_and_back(600, 5, 2 * PAGE, 300);	     /* every second page */
	there_and_back(2000, 5, 20 * PAGE, 100);     /* too sparse for one window */
	there_and_back(1000, 999 * PAGE + 9, 1, 40); /* at the far end */
}

Test(self_mem, nothing_to_do)
{
	struct df_err err = {0};
	cr_assert_eq(self_mem_write(NULL, NULL, 0, false, &err), 0);
}
