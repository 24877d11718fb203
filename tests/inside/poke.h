/* SPDX-License-Identifier: Apache-2.0 */
/* poke.h - writing over one's own text and read-only data. */
#ifndef TEST_INSIDE_POKE_H
#define TEST_INSIDE_POKE_H

#include <stddef.h>

/* As a debugger does. The test fails if the system does not let it. */
void poke(const void *at, const void *bytes, size_t size);

#endif
