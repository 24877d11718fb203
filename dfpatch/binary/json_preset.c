/* SPDX-License-Identifier: Apache-2.0 */
/* json_preset.c - what presetting came to, for machines. */
#include "json_preset.h"

#include "json.h"
#include "json_document.h"

int json_preset(const struct preset_request *request, const struct preset_result *result,
		struct df_err *err)
{
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	const struct preset *preset = &result->preset;
	struct document d = document_begin("preset");
	if (d.failed)
		return document_print(&d, err);
	elf_build_id_text(&preset->change.images.list[0]->elf, build_id);
	doc_put_text(&d, d.root, "from", request->from);
	doc_put_text(&d, d.root, "to", request->to);
	doc_put_text(&d, d.root, "build_id", build_id);
	doc_put_bool(&d, d.root, "dry_run", request->dry_run);
	doc_put_bool(&d, d.root, "written", result->written);
	doc_put_number(&d, d.root, "bytes_changed", preset_bytes(preset));
	struct json_object *notes = doc_put(&d, d.root, "notes", json_object_new_array());
	for (size_t i = 0; notes && i < result->notes.count; i++)
		doc_append_text(&d, notes, result->notes.list[i]);
	json_put_changes(&d, d.root, &preset->change, request->dry_run);
	return document_print(&d, err);
}
