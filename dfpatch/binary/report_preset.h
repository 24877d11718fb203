/* SPDX-License-Identifier: Apache-2.0 */
/* report_preset.h - what presetting came to, for people on standard output. */
#ifndef DFPATCH_REPORT_PRESET_H
#define DFPATCH_REPORT_PRESET_H

#include "preset_copy.h"

/* Prints each flag that changed or could not, the totals, and what was written. */
void report_preset(const struct preset_request *request, const struct preset_result *result);

#endif
