/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - the command line, parsed by the tables of commands.h. */
#ifndef DFPATCH_CLI_H
#define DFPATCH_CLI_H

#include <stdbool.h>

#include "options.h"

enum cli_result {
	CLI_RUN,   /* *options says what to do */
	CLI_DONE,  /* help or version was printed */
	CLI_USAGE, /* the error was printed to standard error */
};

/* Parses the command line; argv is permuted. cli_free() ends it. */
enum cli_result cli_parse(int argc, char **argv, struct options *options);

/*
 * Whether the command line may mean any number of processes: more than one number, an
 * executable, or descendants. What is printed has another form then.
 */
bool cli_several(const struct options *options);

void cli_free(struct options *options);

#endif
