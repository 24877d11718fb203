/* SPDX-License-Identifier: Apache-2.0 */
/* help.h - what --help says besides options. */
#ifndef DFPATCH_HELP_H
#define DFPATCH_HELP_H

#include <stdio.h>

#include "commands.h"

/* The help of dfpatch without a command. */
void help_print(FILE *to);

/* One line: what stands first on the command line, "" for nothing, is no command. */
void help_no_command(FILE *to, const char *first);

/* Text behind the options of a command's help, for the caller to free; NULL if memory runs out. */
char *help_after_options(const struct command *command);

#endif
