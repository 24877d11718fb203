/* SPDX-License-Identifier: Apache-2.0 */
/* hints.h - what somebody may have meant by a pattern that means no flag. */
#ifndef DFPATCH_HINTS_H
#define DFPATCH_HINTS_H

#include <stdbool.h>

#include "err.h"
#include "image.h"

/*
 * DF_E_NO_MATCH: the pattern means none of the flags whose sites are in `among`, by image and by
 * site; `chosen` says that there are others. The message tells a pattern that does, where one
 * begins in the middle of a name or stops at the end of one, or a name that is near.
 */
int hints_no_match(const struct images *images, bool *const *among, bool chosen,
		   const char *pattern, struct df_err *err);

#endif
