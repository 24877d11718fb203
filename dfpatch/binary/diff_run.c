/* SPDX-License-Identifier: Apache-2.0 */
/* diff_run.c - the command `diff`. */
#include "diff_run.h"

#include "diag.h"
#include "diff.h"
#include "json_diff.h"
#include "report_diff.h"

/* A file without flags is one that has lost them all, or got none yet. */
static int load_to_compare(const char *path, struct images *images, struct df_err *err)
{
	const int status = images_from_file(path, images, err);
	if (status != -(int)DF_E_NO_FLAGS)
		return status;
	diag_note("%s; compared as a file with none", err->text);
	return 0;
}

static int compare(const struct options *options, const struct image *old, const struct image *new,
		   bool *differ, struct df_err *err)
{
	struct diff diff;
	int status = diff_images(old, new, &diff, err);
	if (status == 0)
		status = options->json
				 ? json_diff(&diff, err)
				 : report_diff(&diff, options->columns, options->headings, err);
	*differ = diff.count > 0;
	diff_free(&diff);
	return status;
}

int diff_run(const struct options *options, bool *differ, struct df_err *err)
{
	struct images old, new = {0};
	int status = load_to_compare(options->files[0], &old, err);
	if (status == 0)
		status = load_to_compare(options->files[1], &new, err);
	if (status == 0)
		status = compare(options, old.list[0], new.list[0], differ, err);
	images_free(&old);
	images_free(&new);
	return status;
}
