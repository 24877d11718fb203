/* SPDX-License-Identifier: Apache-2.0 */
/* preset_copy.c - a copy of a binary with its flags set: from a script to a file. */
#include "preset_copy.h"

#include "attributes.h"
#include "rewrite.h"
#include "seals.h"

static void note_owner(const struct rewrite *rewrite, struct notes *notes)
{
	if (!rewrite->owner_kept)
		notes_add(notes,
			  "user or group are not those of the file that was read, since only root "
			  "may give files away%s",
			  rewrite_dropped_bits(rewrite)
				  ? "; set-user-ID and set-group-ID were left out"
				  : "");
}

static int write_copy(struct rewrite *rewrite, struct preset_result *result, struct df_err *err)
{
	const struct preset *preset = &result->preset;
	int status = rewrite_copy(rewrite, preset->edits, preset->edit_count, err);
	if (status < 0)
		return status;
	attributes_copy(rewrite->from_fd, rewrite->draft.fd, &result->notes);
	note_owner(rewrite, &result->notes);
	/* By its mode we may be unable to open it, although it is ours. */
	status = preset_check(preset, rewrite->draft.fd, rewrite->draft.path, err);
	return status < 0 ? status : rewrite_publish(rewrite, err);
}

static int make_copy(const struct preset_request *request, const struct stat *from,
		     struct preset_result *result, struct df_err *err)
{
	struct rewrite rewrite;
	const int fd = result->preset.change.images.list[0]->fd;
	int status = rewrite_begin(&rewrite, request->from, fd, from, request->to, err);
	if (status == 0 && !request->dry_run) {
		status = write_copy(&rewrite, result, err);
		result->written = status == 0;
	}
	rewrite_end(&rewrite);
	return status;
}

static int do_script(const struct preset_request *request, const struct scripts *scripts,
		     struct preset_result *result, struct df_err *err)
{
	struct stat from;
	int status = rewrite_look(request->from, &from, err);
	if (status == 0)
		status = preset_make(request->from, scripts, &result->preset, err);
	if (status < 0)
		return status;
	if (result->preset.edit_count > 0)
		seals_look(result->preset.change.images.list[0]->fd, &result->notes);
	return make_copy(request, &from, result, err);
}

int preset_copy(const struct preset_request *request, struct preset_result *result,
		struct df_err *err)
{
	struct scripts scripts;
	*result = (struct preset_result){0};
	int status = scripts_read(request->sources, request->source_count, &scripts, err);
	if (status == 0)
		status = do_script(request, &scripts, result, err);
	scripts_free(&scripts);
	return status;
}

void preset_result_free(struct preset_result *result)
{
	preset_free(&result->preset);
}
