/* SPDX-License-Identifier: Apache-2.0 */
/* json_preset.h - what presetting came to, for machines. */
#ifndef DFPATCH_JSON_PRESET_H
#define DFPATCH_JSON_PRESET_H

#include "err.h"
#include "preset_copy.h"

/* Prints one document. Returns 0 or DF_E_MEMORY. */
int json_preset(const struct preset_request *request, const struct preset_result *result,
		struct df_err *err);

#endif
