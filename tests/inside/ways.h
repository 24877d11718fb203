/* SPDX-License-Identifier: Apache-2.0 */
/* ways.h - whose libdf the program `ways` calls: its own, or with THROUGH that of a shared object.
 */
#ifndef TEST_INSIDE_WAYS_H
#define TEST_INSIDE_WAYS_H

#ifdef THROUGH
#include "plugin.h"
extern const struct plugin copy_offer;
#define CALL(NAME) copy_offer.copy.NAME
#else
#define CALL(NAME) df_##NAME
#endif

/* A flag in another file. */
int ways_more(void);

#endif
