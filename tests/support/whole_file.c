/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.c - the bytes of a file that a test was built with. */
#include "whole_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *whole_file(const char *path, size_t *size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	cr_assert(fd >= 0 && fstat(fd, &st) == 0, "%s", path);
	*size = (size_t)st.st_size;
	uint8_t *bytes = malloc(*size);
	cr_assert(bytes && read(fd, bytes, *size) == st.st_size);
	close(fd);
	return bytes;
}
