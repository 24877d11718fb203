/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.h - what stands in cells of several tables. Each is allocated and safe to show
 * on a terminal; NULL if memory runs out.
 */
#ifndef DFPATCH_CELLS_H
#define DFPATCH_CELLS_H

#include <stdint.h>

#include "color.h"
#include "site.h"

/* "kind:name" */
char *cells_name(const struct df_site *site);

/* "kind:name@file:line" */
char *cells_full_name(const struct df_site *site);

/* "file:line" */
char *cells_location(const struct df_site *site);

/* What the doc says by owner=; and by expires=, or "permanent": "" for nothing. */
char *cells_owner(const struct df_site *site);
char *cells_expires(const struct df_site *site);

/* Of a word that flag_state() or flag_default_name() says: only what is on, or in part, has one. */
enum color cells_state_color(const char *state);

/* "3", or "1-4". */
char *cells_range(uint32_t low, uint32_t high);

#endif
