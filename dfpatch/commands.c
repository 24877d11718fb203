/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c - the table of commands and that of options. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#define PATTERNS "[PATTERN...]"

const struct command commands[] = {
	{"list", COMMAND_LIST, 0, OPERANDS_PATTERNS_OR_NONE, PATTERNS,
	 "show flags, their state, counts and places"},
	{"activate", COMMAND_CHANGE, DF_ACTIVATE, OPERANDS_PATTERNS, PATTERNS,
	 "add one to the activation count"},
	{"deactivate", COMMAND_CHANGE, DF_DEACTIVATE, OPERANDS_PATTERNS, PATTERNS,
	 "take one from the activation count"},
	{"enable", COMMAND_CHANGE, DF_ENABLE, OPERANDS_PATTERNS, PATTERNS,
	 "switch on; doing it twice is the same as once"},
	{"disable", COMMAND_CHANGE, DF_DISABLE, OPERANDS_PATTERNS, PATTERNS,
	 "switch off, whatever the count is"},
	{"unhook", COMMAND_CHANGE, DF_UNHOOK, OPERANDS_PATTERNS, PATTERNS,
	 "add one to the unhook count: the flag ignores activations"},
	{"rehook", COMMAND_CHANGE, DF_REHOOK, OPERANDS_PATTERNS, PATTERNS,
	 "take one from the unhook count"},
	{"init", COMMAND_CHANGE, DF_INIT, OPERANDS_NONE, NULL,
	 "initialise: release every DF_OPT flag, once per module"},
	{"apply", COMMAND_APPLY, 0, OPERANDS_NONE, NULL,
	 "carry out a script, all of it in one change of each module"},
	{"watch", COMMAND_WATCH, 0, OPERANDS_PATTERNS_OR_NONE, PATTERNS,
	 "follow processes and print each change of their flags"},
	{"scan", COMMAND_SCAN, 0, OPERANDS_NONE, NULL,
	 "show which processes here carry flags, and which could be changed"},
	{"audit", COMMAND_AUDIT, 0, OPERANDS_FILES, "[FILE...]",
	 "show whether every flag of files, or of a process, is sound"},
	{"diff", COMMAND_DIFF, 0, OPERANDS_TWO_FILES, "OLD NEW",
	 "show what differs between the flags of two files, as built"},
	{"preset", COMMAND_PRESET, 0, OPERANDS_TWO_FILES, "IN OUT",
	 "write a copy of a binary with flags set as built"},
	{"run", COMMAND_RUN, 0, OPERANDS_COMMAND, "[--] COMMAND [ARGUMENT...]",
	 "start a program with its flags set before it runs"},
	{0},
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

const char *command_near(const char *name, struct nearest *nearest)
{
	nearest_begin(nearest, name);
	for (const struct command *c = commands; c->name; c++)
		nearest_offer(nearest, c->name);
	return nearest_name(nearest);
}

/* ---- options ---- */

#define ON(KIND) (1u << (KIND))
#define ON_LIST ON(COMMAND_LIST)
#define ON_APPLY ON(COMMAND_APPLY)
#define ON_CHANGE (ON(COMMAND_CHANGE) | ON_APPLY)
#define ON_WATCH ON(COMMAND_WATCH)
#define ON_SCAN ON(COMMAND_SCAN)
#define ON_AUDIT ON(COMMAND_AUDIT)
#define ON_DIFF ON(COMMAND_DIFF)
#define ON_PRESET ON(COMMAND_PRESET)
#define ON_SELECTION (1u << 31) /* all that are about some flags only */
#define ON_RUN ON(COMMAND_RUN)
#define ON_ALL (ON_LIST | ON_CHANGE | ON_SCAN | ON_AUDIT | ON_DIFF | ON_PRESET)

/* Each option with the commands that take it. */
static const struct {
	unsigned commands;
	struct argp_option argp;
} option_table[] = {
	{ON_AUDIT, {"pid", 'p', "PID", 0, "The bytes of a running process", 0}},
	{ON_LIST | ON_CHANGE | ON_WATCH,
	 {"pid", 'p', "PID", 0,
	  "The running process; several with commas between. N@PID is process N as the pid "
	  "namespace of process PID numbers it",
	  0}},
	{ON_LIST | ON_CHANGE | ON_WATCH,
	 {"exe", OPT_EXE, "PATH", 0, "Every process that runs this executable", 0}},
	{ON_LIST | ON_CHANGE | ON_WATCH,
	 {"tree", OPT_TREE, NULL, 0, "And all descendants of the processes named", 0}},
	{ON_LIST, {"file", 'f', "FILE", 0, "An executable or shared object on disk", 0}},
	{ON_SELECTION, {"kind", OPT_KIND, "KIND", 0, "Flags of this kind", 0}},
	{ON_SELECTION, {"name", OPT_NAME, "NAME", 0, "Flags of this name, of whatever kind", 0}},
	{ON_SELECTION,
	 {"at", OPT_AT, "PLACE", 0, "Flags at this place: FILE, FILE:41, FILE:41-60 or FILE:41-",
	  0}},
	{ON_SELECTION, {"doc", OPT_DOC, "TEXT", 0, "Flags whose doc holds this text", 0}},
	{ON_SELECTION,
	 {"module", OPT_MODULE, "FILE", 0, "Flags of this executable or shared object", 0}},
	{ON_SELECTION, {"active", OPT_ACTIVE, NULL, 0, "Flags that are on", 0}},
	{ON_SELECTION,
	 {"changed", OPT_CHANGED, NULL, 0, "Flags that are not as they were built", 0}},
	{ON_SELECTION, {"unhooked", OPT_UNHOOKED, NULL, 0, "Flags that ignore activations", 0}},
	{ON_LIST | ON_SCAN | ON_DIFF,
	 {"output", 'o', "COLUMNS", 0, "Columns to show, separated by commas; +COLUMNS adds some",
	  0}},
	{ON_LIST, {"noheadings", OPT_NOHEADINGS, NULL, 0, "Print flags only: no headings", 0}},
	{ON_SCAN | ON_DIFF, {"noheadings", OPT_NOHEADINGS, NULL, 0, "Print no headings", 0}},
	{ON_ALL, {"json", 'J', NULL, 0, "Print one JSON document", 0}},
	{ON_ALL | ON_WATCH,
	 {"color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL,
	  "Colours: auto (on a terminal, unless NO_COLOR is set), always, never", 0}},
	{ON_WATCH, {"json", 'J', NULL, 0, "Print one JSON document a line", 0}},
	{ON_WATCH,
	 {"interval", OPT_INTERVAL, "TIME", 0,
	  "Time between two looks (default 100ms; a number with s or ms)", 0}},
	{ON_WATCH, {"timeout", OPT_TIMEOUT, "TIME", 0, "End after this time", 0}},
	{ON_CHANGE, {"dry-run", 'n', NULL, 0, "Do everything but stop and write", 0}},
	{ON_PRESET, {"dry-run", 'n', NULL, 0, "Do everything but write", 0}},
	{ON_APPLY | ON_PRESET | ON_RUN,
	 {"expression", 'e', "LINE", 0,
	  "A line of a script: +RE, -RE, !RE, ?RE, or an operation and RE", 0}},
	{ON_APPLY | ON_PRESET | ON_RUN,
	 {"script", 's', "FILE", 0, "A file with such lines; - is standard input", 0}},
	{ON_AUDIT,
	 {"sites", OPT_SITES, NULL, 0, "Look at each site alone, not at the function around it",
	  0}},
	{ON_AUDIT,
	 {"source", OPT_SOURCE, "DIR", 0, "Find the source line of each flag in this git checkout",
	  0}},
	{ON_AUDIT,
	 {"stale", OPT_STALE, "TIME", 0,
	  "With --source: tell flags whose line is older (90d, 26w, 2y)", 0}},
	{ON_AUDIT, {"html", OPT_HTML, "FILE", 0, "Write a page for a browser, too", 0}},
	{ON_AUDIT, {"verbose", 'v', NULL, 0, "Show each flag and each site", 0}},
	{ON_CHANGE,
	 {"quiet", OPT_QUIET, NULL, 0, "Stop no thread; fail where that is not safe", 0}},
	{ON_CHANGE, {"stop", OPT_STOP, NULL, 0, "Stop every thread while flags are written", 0}},
	{ON_CHANGE,
	 {"for", OPT_FOR, "TIME", 0,
	  "Take the change back after this time, or on SIGINT, SIGTERM or SIGHUP", 0}},
	{ON_CHANGE,
	 {"timeout", OPT_TIMEOUT, "TIME", 0,
	  "How long to wait for other controllers (default 5s; a number with s or ms)", 0}},
	{ON_CHANGE,
	 {"max-stop", OPT_MAX_STOP, "TIME", 0,
	  "How long threads may take to stop before all are let go (default 1s, at most 60s)", 0}},
	{ON_CHANGE | ON_RUN,
	 {"log", OPT_LOG, "FILE", 0,
	  "Record the change at the end of this file, or with 'journal' in systemd's journal", 0}},
	{ON_CHANGE | ON_RUN,
	 {"reason", OPT_REASON, "TEXT", 0, "With --log: why, for the record", 0}},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))
_Static_assert(OPTION_COUNT <= OPTIONS_MAX, "commands.h says how many there can be");

/* A module is initialised once. */
static bool can_be_taken_back(const struct command *command)
{
	return command->kind != COMMAND_CHANGE || command->op != DF_INIT;
}

void command_options(const struct command *command, struct argp_option options[OPTIONS_MAX + 1])
{
	const unsigned mine = ON(command->kind) | (command_selects(command) ? ON_SELECTION : 0);
	size_t count = 0;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if ((option_table[i].commands & mine) &&
		    (option_table[i].argp.key != OPT_FOR || can_be_taken_back(command)))
			options[count++] = option_table[i].argp;
	options[count] = (struct argp_option){0};
}

/* ---- options that are none ---- */

/* Those that argp(3) adds. */
static const char *const common[] = {"help", "usage", "program-name", "HANG", "version"};

static bool begins(const char *name, const char *text, size_t length)
{
	return strncmp(name, text, length) == 0;
}

/* Cut short is allowed, and what is cut too short argp(3) tells. */
static bool is_option(const struct argp_option *options, const char *text, size_t length,
		      bool *takes_next)
{
	for (const struct argp_option *o = options; o->name; o++)
		if (begins(o->name, text, length)) {
			*takes_next = o->arg && !(o->flags & OPTION_ARG_OPTIONAL);
			return true;
		}
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (begins(common[i], text, length))
			return true;
	return false;
}

/* Whether the last letter behind one dash takes the next argument. */
static bool letters_take_next(const struct argp_option *options, const char *letters)
{
	for (; *letters != '\0'; letters++)
		for (const struct argp_option *o = options; o->name; o++)
			if (o->key == *letters && o->arg)
				return letters[1] == '\0';
	return false;
}

static void find_near(const struct argp_option *options, const char *text, size_t length,
		      struct nearest *nearest)
{
	char name[NEAREST_LENGTH + 2];
	snprintf(name, sizeof(name), "%.*s",
		 length < sizeof(name) ? (int)length : (int)sizeof(name), text);
	nearest_begin(nearest, name);
	for (const struct argp_option *o = options; o->name; o++)
		nearest_offer(nearest, o->name);
}

const char *command_stray_option(const struct command *command, int argc, char *const *argv,
				 struct nearest *nearest)
{
	struct argp_option options[OPTIONS_MAX + 1];
	command_options(command, options);
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *arg = argv[i];
		bool takes_next = false;
		if (arg[0] == '-' && arg[1] != '-') {
			takes_next = letters_take_next(options, arg + 1);
		} else if (arg[0] == '-') {
			const size_t length = strcspn(arg + 2, "=");
			if (!is_option(options, arg + 2, length, &takes_next)) {
				find_near(options, arg + 2, length, nearest);
				return arg;
			}
			takes_next &= arg[2 + length] == '\0';
		} else if (command->operands == OPERANDS_COMMAND) {
			return NULL;
		}
		i += takes_next;
	}
	return NULL;
}
