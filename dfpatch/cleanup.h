/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup.h - what a scope releases by itself when it is left. */
#ifndef DFPATCH_CLEANUP_H
#define DFPATCH_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): a cleanup takes a pointer to its variable */
static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_memory(void *pointer)
{
	void *memory;
	__builtin_memcpy(&memory, pointer, sizeof(memory));
	free(memory);
}

#define CLEANUP_FD __attribute__((cleanup(cleanup_fd)))
#define CLEANUP_FREE __attribute__((cleanup(cleanup_memory)))

#endif
