/* SPDX-License-Identifier: Apache-2.0 */
/* blocked.h - which word of the page says what in the target `blocked`. */
#ifndef BLOCKED_H
#define BLOCKED_H

enum blocked_word {
	BLOCKED_NANOSLEEP, /* results of the calls; errno of each stands BLOCKED_ERRNO on */
	BLOCKED_FUTEX,
	BLOCKED_READ,
	BLOCKED_POLL,
	BLOCKED_CALLS,
	BLOCKED_ERRNO = BLOCKED_CALLS,
	BLOCKED_WRITE_READ = 2 * BLOCKED_CALLS,
	BLOCKED_WRITE_POLL,
};

#endif
