/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - who we are, and which process a number means, so that it is known later. */
#ifndef DFPATCH_IDENTITY_H
#define DFPATCH_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"

struct own_identity {
	uid_t user;
	uid_t effective_user;
	bool logged_in;
	uid_t login;   /* who logged in, whatever su(1) made of them since (pam_loginuid(8)) */
	char boot[40]; /* of the kernel: monotonic times of one boot are of one clock; "" if unknown
			*/
};

struct process_identity {
	uint64_t started;      /* clock ticks since boot (proc_pid_stat(5)); 0 if unknown */
	char executable[4096]; /* as the kernel gives it, not escaped; "" if unknown */
};

void identity_own(struct own_identity *own);

void identity_of(const struct process *process, struct process_identity *identity);

#endif
