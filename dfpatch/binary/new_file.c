/* SPDX-License-Identifier: Apache-2.0 */
/* new_file.c - a stream into a file that appears under its name whole or not at all. */
#include "new_file.h"

#include <errno.h>
#include <unistd.h>

#define MODE 0666 /* the kernel takes the umask off */

int new_file_begin(struct new_file *file, const char *path, struct df_err *err)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	file->stream = NULL;
	file->ignores = sigaction(SIGXFSZ, &ignore, &file->too_large) == 0;
	int status = file_draft_begin(&file->draft, path, err);
	if (status == 0)
		status = file_draft_open(&file->draft, MODE, err);
	if (status < 0)
		return status;
	file->stream = fdopen(file->draft.fd, "w");
	return file->stream ? 0 : df_fail_memory(err);
}

int new_file_publish(struct new_file *file, struct df_err *err)
{
	const bool failed = ferror(file->stream);
	if (fflush(file->stream) != 0 || failed) {
		/* A stream that failed before has no reason to tell any more, but its file has. */
		if (failed) {
			errno = EIO;
			(void)!write(file->draft.fd, "", 1);
		}
		return df_fail_errno(err, DF_E_WRITE, "cannot write '%s'", file->draft.path);
	}
	const int status = file_draft_sync(&file->draft, err);
	return status < 0 ? status : file_draft_publish(&file->draft, err);
}

void new_file_end(struct new_file *file)
{
	if (file->stream) {
		fclose(file->stream);
		file->stream = NULL;
		file->draft.fd = -1; /* closed with it */
	}
	file_draft_end(&file->draft);
	if (file->ignores)
		sigaction(SIGXFSZ, &file->too_large, NULL);
	file->ignores = false;
}
