/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - fields of a /proc/PID/status file. */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t status_read(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	while (used < size - 1) {
		const ssize_t got = pread(fd, buffer + used, size - 1 - used, (off_t)used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	buffer[used] = '\0';
	return (ssize_t)used;
}

const char *status_field(const char *status, const char *name)
{
	const size_t length = strlen(name);
	for (const char *line = status; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	}
	return NULL;
}

long status_number(const char *status, const char *name)
{
	const char *text = status_field(status, name);
	return text ? strtol(text, NULL, 10) : 0;
}
