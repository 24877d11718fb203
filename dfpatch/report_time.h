/* SPDX-License-Identifier: Apache-2.0 */
/* report_time.h - changes for a time, for people. */
#ifndef DFPATCH_REPORT_TIME_H
#define DFPATCH_REPORT_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Until when it is made (CLOCK_REALTIME, ns); and why that is over, by the word that documents
 * have for it. */
void report_until(uint64_t clock);
void report_taking_back(const char *cause);

/* Writes what was printed so far: false if it cannot be written. */
bool report_is_written(void);

#endif
