/* SPDX-License-Identifier: Apache-2.0 */
/* report_preset.c - what presetting came to, for people on standard output. */
#include "report_preset.h"

#include <stdio.h>

#include "cleanup.h"
#include "report.h"
#include "text.h"

void report_preset(const struct preset_request *request, const struct preset_result *result)
{
	const struct preset *preset = &result->preset;
	const size_t bytes = preset_bytes(preset);
	CLEANUP_FREE char *from = text_escaped(TEXT_FOR_TERMINAL, request->from);
	CLEANUP_FREE char *to = text_escaped(TEXT_FOR_TERMINAL, request->to);
	report_flag_changes(&preset->change, request->dry_run);
	if (!result->written) {
		printf("%s: %zu byte%s would differ from %s\n", to ? to : "?", bytes,
		       bytes == 1 ? "" : "s", from ? from : "?");
		return;
	}
	printf("%s: written; %zu byte%s differ%s from %s\n", to ? to : "?", bytes,
	       bytes == 1 ? "" : "s", bytes == 1 ? "s" : "", from ? from : "?");
	if (bytes > 0 && preset->change.images.list[0]->elf.build_id_size > 0)
		printf("its build-id stays that of %s, by which debuggers find symbols\n",
		       from ? from : "?");
}
