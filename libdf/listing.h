/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - calling back for the sites of every module, in one order.
 *
 * Of each module some hundred sites at a time are copied out while it cannot be
 * unloaded; the copies of all modules are merged and handed to the callback with no
 * lock held. A module that is unloaded meanwhile ends where it is.
 */
#ifndef DF_LISTING_H
#define DF_LISTING_H

#include "../include/df.h"
#include "err.h"
#include "match.h"

/*
 * As df_list(): returns the number of flags, or an error; or 0 with *answer set to
 * what the callback returned other than 0. `pattern` NULL stands for all.
 */
int listing(const struct df_pattern *pattern, df_list_callback callback, void *context, int *answer,
	    struct df_err *err);

#endif
