/* SPDX-License-Identifier: Apache-2.0 */
/* duration.h - times and ages as they are written on the command line. Thread-safe. */
#ifndef DFPATCH_DURATION_H
#define DFPATCH_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* A number, also with a fraction, with s or ms behind it; without, seconds. At most a day. False,
 * with *ns as it was, if it is no such time. */
bool duration_parse(const char *text, uint64_t *ns);

/* A number with d, w or y behind it, y for 365 days; 1 day to 1000 years. */
bool duration_parse_age(const char *text, int64_t *seconds);

#endif
