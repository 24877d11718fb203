/* SPDX-License-Identifier: Apache-2.0 */
/* maps.c - the mappings of a process. */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

/* The kernel's own limit is 65530 mappings (vm.max_map_count); this is for those who raised it far.
 */
#define MAPS_TEXT_MAX ((size_t)1 << 30)

static int read_whole(int fd, char **text, struct df_err *err)
{
	size_t size = 65536, used = 0;
	char *buffer = malloc(size);
	while (buffer) {
		const ssize_t got = read(fd, buffer + used, size - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(buffer);
			return df_fail_errno(err, DF_E_SYSTEM, "cannot read the mappings");
		}
		if (got == 0)
			break;
		used += (size_t)got;
		if (used + 4096 < size)
			continue;
		char *larger = size < MAPS_TEXT_MAX ? realloc(buffer, size *= 2) : NULL;
		if (!larger)
			free(buffer);
		buffer = larger;
	}
	if (!buffer)
		return df_fail_memory(err);
	buffer[used] = '\0';
	*text = buffer;
	return 0;
}

static bool take_number(char **at, int base, char end, uint64_t *value)
{
	char *stop;
	errno = 0;
	*value = strtoull(*at, &stop, base);
	if (stop == *at || errno != 0 || *stop != end)
		return false;
	*at = stop + 1;
	return true;
}

static bool take_prot(char **at, struct mapping *m)
{
	const char *p = *at;
	if (strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	m->prot = (p[0] == 'r' ? DF_READ : 0u) | (p[1] == 'w' ? DF_WRITE : 0u) |
		  (p[2] == 'x' ? DF_EXEC : 0u);
	m->private = p[3] == 'p';
	*at += 5;
	return true;
}

/* The kernel writes a newline in a path as \012, and nothing else. */
static void unescape(char *path)
{
	char *to = path;
	for (const char *from = path; *from != '\0';) {
		if (strncmp(from, "\\012", 4) == 0) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

void mapping_name(struct mapping *mapping, char *path)
{
	static const char mark[] = " (deleted)";
	const size_t length = strlen(path), tail = sizeof(mark) - 1;
	mapping->deleted =
		mapping->inode != 0 && length > tail && strcmp(path + length - tail, mark) == 0;
	if (mapping->deleted)
		path[length - tail] = '\0';
	mapping->path = path;
}

static void take_path(char *at, struct mapping *m)
{
	at += strspn(at, " ");
	mapping_name(m, at);
	unescape(at);
}

/* start-end perms offset major:minor inode [path] */
static bool parse_line(char *line, struct mapping *m)
{
	uint64_t major, minor;
	if (!take_number(&line, 16, '-', &m->start) || !take_number(&line, 16, ' ', &m->end) ||
	    !take_prot(&line, m) || !take_number(&line, 16, ' ', &m->offset) ||
	    !take_number(&line, 16, ':', &major) || !take_number(&line, 16, ' ', &minor))
		return false;
	m->device = major << 32 | minor;
	char *stop;
	m->inode = strtoull(line, &stop, 10);
	if (stop == line || (*stop != ' ' && *stop != '\0') || m->end <= m->start)
		return false;
	take_path(stop, m);
	return true;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

static int parse_lines(char *text, struct maps *maps, struct df_err *err)
{
	uint64_t end = 0;
	for (char *line = text, *stop; *line != '\0'; line = stop + 1) {
		struct mapping *m = &maps->list[maps->count];
		stop = strchr(line, '\n');
		if (stop)
			*stop = '\0';
		/* Without its newline a line is cut, and may say something else than the whole. */
		if (!stop || !parse_line(line, m) || m->start < end)
			return df_fail(err, DF_E_TABLE, "line %zu of the mappings makes no sense",
				       maps->count + 1);
		end = m->end;
		maps->count++;
	}
	return 0;
}

int maps_parse(char *text, struct maps *maps, struct df_err *err)
{
	struct maps found = {.list = calloc(count_lines(text) + 1, sizeof(*found.list))};
	if (!found.list)
		return df_fail_memory(err);
	const int status = parse_lines(text, &found, err);
	if (status < 0) {
		free(found.list);
		return status;
	}
	found.text = text;
	*maps = found;
	return 0;
}

int maps_read(int fd, struct maps *maps, struct df_err *err)
{
	char *text = NULL;
	int status = read_whole(fd, &text, err);
	if (status < 0)
		return status;
	status = maps_parse(text, maps, err);
	if (status < 0)
		free(text);
	return status;
}

const struct mapping *maps_find(const struct maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (addr >= maps->list[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && addr >= maps->list[low].start ? &maps->list[low] : NULL;
}

void maps_free(struct maps *maps)
{
	free(maps->list);
	free(maps->text);
	*maps = (struct maps){0};
}
