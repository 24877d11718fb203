/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h - by which rights a process runs (credentials(7), capabilities(7)). */
#ifndef DFPATCH_CREDENTIALS_H
#define DFPATCH_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In the order of /proc/PID/status. */
enum { ID_REAL, ID_EFFECTIVE, ID_SAVED, ID_COUNT };

struct credentials {
	uid_t user[ID_COUNT];
	gid_t group[ID_COUNT];
	uint64_t permitted; /* capabilities, by their numbers */
	uint64_t effective;
};

/* From the text of a status file. */
void credentials_take(struct credentials *credentials, const char *status);

static inline bool credentials_may(const struct credentials *credentials, unsigned capability)
{
	return (credentials->effective >> capability & 1) != 0;
}

/* The first of a set of capabilities, as in "CAP_SYS_PTRACE"; "" for an empty set. */
void capability_name(uint64_t capabilities, char *name, size_t size);

#endif
