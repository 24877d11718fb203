/* SPDX-License-Identifier: Apache-2.0 */
/* pid_text.h - process ids of a command line. */
#ifndef DFPATCH_PID_TEXT_H
#define DFPATCH_PID_TEXT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Reads N, or N@PID: the process that has the number N where PID lives, which is put into *member,
 * else 0. Blanks may stand around it, and a comma or the end of the text has to, at which *end
 * then points; if it is neither, or no such number, false.
 */
bool pid_text_parse(const char *text, const char **end, pid_t *pid, pid_t *member);

#endif
