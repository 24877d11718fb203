/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script_source.h - the script of a command line: lines (-e) and files (-s), in the
 * order given, each read whole and found to be right before anything is done.
 */
#ifndef DFPATCH_SCRIPT_SOURCE_H
#define DFPATCH_SCRIPT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "script.h"

/* A file takes no more bytes than this. */
#define SCRIPT_SIZE_MAX (1 << 20)

struct script_source {
	const char *text; /* the line, or the name of a file; "-" is standard input */
	bool is_file;
};

struct scripts {
	const struct script_source *sources; /* borrowed */
	struct df_script *list;		     /* owned: one per source */
	size_t count;
};

/*
 * Reads and parses all of them. Returns 0; DF_E_USAGE (a line that is no operation, a file
 * that cannot be read, is no text or is too long, standard input twice) or DF_E_PATTERN, with
 * source and line; DF_E_MEMORY. scripts_free() ends it, also after a failure.
 */
int scripts_read(const struct script_source *sources, size_t count, struct scripts *scripts,
		 struct df_err *err);

void scripts_free(struct scripts *scripts);

/* Puts source and line before the text of *err; returns its -code. */
int scripts_at_line(const struct scripts *scripts, size_t source, size_t line, struct df_err *err);

#endif
