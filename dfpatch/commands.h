/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - what the command line may say: one table of commands and one of
 * options, which drive parsing, --help and whatever else wants to know them.
 */
#ifndef DFPATCH_COMMANDS_H
#define DFPATCH_COMMANDS_H

#include <argp.h>
#include <stdbool.h>

#include "nearest.h"
#include "rule.h"

enum command_kind {
	COMMAND_LIST,
	COMMAND_CHANGE,
	COMMAND_APPLY, /* a change by a script */
	COMMAND_WATCH,
	COMMAND_SCAN,
	COMMAND_AUDIT,
	COMMAND_DIFF,
	COMMAND_PRESET,
	COMMAND_RUN,
};

/* What stands on the command line besides options. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_PATTERNS, /* at least one, or options that say which flags */
	OPERANDS_PATTERNS_OR_NONE,
	OPERANDS_FILES, /* any number */
	OPERANDS_TWO_FILES,
	OPERANDS_COMMAND, /* at least one; what begins with the first is not ours to read */
};

struct command {
	const char *name;
	enum command_kind kind;
	enum df_op op; /* of a change */
	enum operands operands;
	const char *operand_names; /* as --help names them; NULL for none */
	const char *summary;	   /* one line, likewise */
};

/* Ends with a name of NULL. */
extern const struct command commands[];

static inline bool command_takes_patterns(const struct command *command)
{
	return command->operands == OPERANDS_PATTERNS ||
	       command->operands == OPERANDS_PATTERNS_OR_NONE;
}

static inline bool command_changes(const struct command *command)
{
	return command->kind == COMMAND_CHANGE || command->kind == COMMAND_APPLY;
}

static inline bool command_takes_script(const struct command *command)
{
	return command->kind == COMMAND_APPLY || command->kind == COMMAND_PRESET ||
	       command->kind == COMMAND_RUN;
}

/* Whether it is about some flags only. */
static inline bool command_selects(const struct command *command)
{
	return command_takes_patterns(command) || command->kind == COMMAND_APPLY;
}

/* NULL if there is none of that name. */
const struct command *command_find(const char *name);

/* The name of the command that may have been meant, or NULL. */
const char *command_near(const char *name, struct nearest *nearest);

/* Options without a letter. */
enum {
	OPT_NOHEADINGS = 0x100,
	OPT_TIMEOUT,
	OPT_MAX_STOP,
	OPT_FOR,
	OPT_EXE,
	OPT_TREE,
	OPT_QUIET,
	OPT_STOP,
	OPT_SITES,
	OPT_SOURCE,
	OPT_STALE,
	OPT_HTML,
	OPT_KIND,
	OPT_NAME,
	OPT_AT,
	OPT_DOC,
	OPT_MODULE,
	OPT_ACTIVE,
	OPT_CHANGED,
	OPT_UNHOOKED,
	OPT_COLOR,
	OPT_INTERVAL,
	OPT_LOG,
	OPT_REASON,
};

#define OPTIONS_MAX 40

/* Those that the command takes, and an empty one behind them. */
void command_options(const struct command *command, struct argp_option options[OPTIONS_MAX + 1]);

/*
 * The first of the arguments that is a long option which is none of the command's; `nearest` then
 * tells the name of one that may have been meant. NULL if there is no such argument.
 */
const char *command_stray_option(const struct command *command, int argc, char *const *argv,
				 struct nearest *nearest);

#endif
