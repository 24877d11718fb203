/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_maps.c - the text of /proc/PID/maps. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "maps.h"

static void look_at(const struct maps *maps)
{
	uint64_t end = 0;
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *m = &maps->list[i];
		MUST(m->start >= end && m->end > m->start);
		MUST(maps_find(maps, m->start) == m && maps_find(maps, m->end - 1) == m);
		MUST(strlen(m->path) < (size_t)1 << 20);
		MUST(m->prot <= 7);
		MUST(!m->deleted || m->inode != 0);
		if (m->start > end)
			MUST(!maps_find(maps, m->start - 1));
		end = m->end;
	}
	MUST(maps->count == 0 || !maps_find(maps, end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct maps parsed, read;
	struct df_err err = {0};
	struct input in = {data, size};
	char *text = input_text(&in);
	if (fd < 0)
		fd = memfd_create("maps", MFD_CLOEXEC);
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text));
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	const int status = maps_parse(text, &parsed, &err);
	const int again = maps_read(fd, &read, &err);
	MUST(status == again);
	if (status < 0) {
		free(text);
		return 0;
	}
	look_at(&parsed);
	MUST(parsed.count == read.count);
	maps_free(&parsed);
	maps_free(&read);
	return 0;
}
