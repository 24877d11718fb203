/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c - the command line, by way of argp(3). */
#include "cli.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_scan.h"

const struct command commands[] = {
	{"list", COMMAND_LIST, 0, true, false, "show flags, their state, counts and places"},
	{"activate", COMMAND_CHANGE, DF_ACTIVATE, true, true, "add one to the activation count"},
	{"deactivate", COMMAND_CHANGE, DF_DEACTIVATE, true, true,
	 "take one from the activation count"},
	{"enable", COMMAND_CHANGE, DF_ENABLE, true, true,
	 "switch on; doing it twice is the same as once"},
	{"disable", COMMAND_CHANGE, DF_DISABLE, true, true, "switch off, whatever the count is"},
	{"unhook", COMMAND_CHANGE, DF_UNHOOK, true, true,
	 "add one to the unhook count: the flag ignores activations"},
	{"rehook", COMMAND_CHANGE, DF_REHOOK, true, true, "take one from the unhook count"},
	{"init", COMMAND_CHANGE, DF_INIT, false, false,
	 "initialise: release every DF_OPT flag, once per module"},
	{"scan", COMMAND_SCAN, 0, false, false,
	 "show which processes here carry flags, and which could be changed"},
	{0},
};

/* ---- options ---- */

#define ON_LIST 1u
#define ON_CHANGE 2u
#define ON_SCAN 4u

enum { OPT_NOHEADINGS = 0x100, OPT_TIMEOUT, OPT_MAX_STOP, OPT_EXE, OPT_TREE, OPT_QUIET, OPT_STOP };

/* Each option with the commands that take it. */
static const struct {
	unsigned commands;
	struct argp_option argp;
} option_table[] = {
	{ON_LIST | ON_CHANGE,
	 {"pid", 'p', "PID", 0,
	  "The running process; several with commas between. N@PID is process N as the pid "
	  "namespace of process PID numbers it",
	  0}},
	{ON_LIST | ON_CHANGE,
	 {"exe", OPT_EXE, "PATH", 0, "Every process that runs this executable", 0}},
	{ON_LIST | ON_CHANGE,
	 {"tree", OPT_TREE, NULL, 0, "And all descendants of the processes named", 0}},
	{ON_LIST, {"file", 'f', "FILE", 0, "An executable or shared object on disk", 0}},
	{ON_LIST | ON_SCAN,
	 {"output", 'o', "COLUMNS", 0, "Columns to show, separated by commas; +COLUMNS adds some",
	  0}},
	{ON_LIST, {"noheadings", OPT_NOHEADINGS, NULL, 0, "Print flags only: no headings", 0}},
	{ON_SCAN, {"noheadings", OPT_NOHEADINGS, NULL, 0, "Print no headings", 0}},
	{ON_LIST | ON_CHANGE | ON_SCAN, {"json", 'J', NULL, 0, "Print one JSON document", 0}},
	{ON_CHANGE, {"dry-run", 'n', NULL, 0, "Do everything but stop and write", 0}},
	{ON_CHANGE,
	 {"quiet", OPT_QUIET, NULL, 0, "Stop no thread; fail where that is not safe", 0}},
	{ON_CHANGE, {"stop", OPT_STOP, NULL, 0, "Stop every thread while flags are written", 0}},
	{ON_CHANGE,
	 {"timeout", OPT_TIMEOUT, "TIME", 0,
	  "How long to wait for other controllers (default 5s; a number with s or ms)", 0}},
	{ON_CHANGE,
	 {"max-stop", OPT_MAX_STOP, "TIME", 0,
	  "How long threads may take to stop before all are let go (default 1s)", 0}},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

static unsigned bit_of(const struct command *command)
{
	switch (command->kind) {
	case COMMAND_LIST:
		return ON_LIST;
	case COMMAND_SCAN:
		return ON_SCAN;
	case COMMAND_CHANGE:
	default:
		return ON_CHANGE;
	}
}

static void options_of(const struct command *command, struct argp_option *out)
{
	size_t count = 0;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].commands & bit_of(command))
			out[count++] = option_table[i].argp;
	out[count] = (struct argp_option){0};
}

static bool parse_number(const char *text, char **end, pid_t *number)
{
	errno = 0;
	const long value = strtol(text, end, 10);
	if (errno != 0 || !isdigit((unsigned char)*text) || value <= 0 || value > INT_MAX)
		return false;
	*number = (pid_t)value;
	return true;
}

/* N or N@PID with blanks around it, up to a comma or the end, at which *end then points. */
static bool parse_pid(const char *text, const char **end, pid_t *pid, pid_t *member)
{
	char *behind;
	*member = 0;
	if (!parse_number(text + strspn(text, " \t"), &behind, pid) ||
	    (*behind == '@' && !parse_number(behind + 1, &behind, member)))
		return false;
	*end = behind + strspn(behind, " \t");
	return **end == ',' || **end == '\0';
}

/* A number with s or ms behind it; without, seconds. At most a day. */
static bool parse_time(const char *text, uint64_t *ns)
{
	char *end;
	errno = 0;
	const double value = strtod(text, &end);
	double unit = 1e9;
	/* strtod takes white space, signs, hexadecimal and words as well. */
	if ((!isdigit((unsigned char)*text) && *text != '.') || strpbrk(text, "xX"))
		return false;
	if (strcmp(end, "ms") == 0)
		unit = 1e6;
	else if (*end != '\0' && strcmp(end, "s") != 0)
		return false;
	if (errno != 0 || end == text || !(value >= 0) || value * unit > 86400e9)
		return false;
	*ns = (uint64_t)(value * unit);
	return true;
}

static void take_time(struct argp_state *state, const char *name, const char *text, uint64_t *ns)
{
	if (!parse_time(text, ns))
		argp_error(state, "--%s: '%s' is no time; write 2s or 500ms", name, text);
}

static void take_columns(struct argp_state *state, struct options *o, const char *text)
{
	struct df_err err;
	if ((o->command->kind == COMMAND_SCAN ? report_scan_check_columns(text, &err)
					      : report_check_columns(text, &err)) < 0)
		argp_error(state, "--output: %s", err.text);
	o->columns = text;
}

static void add_pid(struct options *o, pid_t pid, pid_t member)
{
	for (size_t i = 0; i < o->wish.pid_count; i++)
		if (o->pids[i] == pid && o->members[i] == member)
			return;
	o->pids[o->wish.pid_count] = pid;
	o->members[o->wish.pid_count++] = member;
}

static void take_pids(struct argp_state *state, struct options *o, const char *text)
{
	const char *at = text;
	pid_t pid, member;
	while (parse_pid(at, &at, &pid, &member)) {
		add_pid(o, pid, member);
		if (*at++ == '\0')
			return;
	}
	if (strchr(text, ','))
		argp_error(state, "--pid: '%s' is no list of process ids", text);
	else
		argp_error(state, "--pid: '%s' is no process id", text);
}

static void take_mode(struct argp_state *state, struct options *o, enum mode mode)
{
	if (o->mode != MODE_AUTO && o->mode != mode)
		argp_error(state, "--quiet and --stop exclude each other");
	o->mode = mode;
}

static void take_exe(struct argp_state *state, struct options *o, const char *path)
{
	if (*path == '\0')
		argp_error(state, "--exe: an empty name is no executable");
	else if (o->wish.exe && strcmp(o->wish.exe, path) != 0)
		argp_error(state, "--exe names one executable; run dfpatch once for each");
	o->wish.exe = path;
}

static void take_pattern(struct argp_state *state, struct options *o, const char *text)
{
	if (!o->command->takes_patterns)
		argp_error(state, "'%s' takes no pattern, but got '%s'", o->command->name, text);
	else if (*text == '\0')
		argp_error(state, "an empty pattern would match every flag; write '.*' for that");
	else
		o->patterns[o->pattern_count++] = text;
}

static void check_target(struct argp_state *state, const struct options *o)
{
	const bool process = o->wish.pid_count > 0 || o->wish.exe;
	if (o->wish.tree && !process)
		argp_error(state, "--tree adds to the processes named with --pid or --exe");
	else if (!process && !o->file)
		argp_error(state, o->command->kind == COMMAND_LIST
					  ? "name a process with --pid or --exe, or a file with "
					    "--file"
					  : "name a process with --pid or --exe");
	else if (process && o->file)
		argp_error(state, "%s and --file exclude each other",
			   o->wish.pid_count > 0 ? "--pid" : "--exe");
}

static void check(struct argp_state *state, const struct options *o)
{
	if (o->command->kind != COMMAND_SCAN)
		check_target(state, o);
	if (o->command->needs_patterns && o->pattern_count == 0)
		argp_error(state, "name the flags: a kind (http:), a flag (http:fast_path), or a "
				  "regular expression");
	else if (o->json && o->columns)
		argp_error(state, "--json has all members; --output is for the table");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	switch (key) {
	case 'p':
		take_pids(state, o, arg);
		return 0;
	case OPT_EXE:
		take_exe(state, o, arg);
		return 0;
	case OPT_TREE:
		o->wish.tree = true;
		return 0;
	case OPT_QUIET:
		take_mode(state, o, MODE_QUIET);
		return 0;
	case OPT_STOP:
		take_mode(state, o, MODE_STOP);
		return 0;
	case 'f':
		o->file = arg;
		return 0;
	case 'o':
		take_columns(state, o, arg);
		return 0;
	case OPT_NOHEADINGS:
		o->headings = false;
		return 0;
	case 'J':
		o->json = true;
		return 0;
	case 'n':
		o->dry_run = true;
		return 0;
	case OPT_TIMEOUT:
		take_time(state, "timeout", arg, &o->timeout);
		return 0;
	case OPT_MAX_STOP:
		take_time(state, "max-stop", arg, &o->max_stop);
		return 0;
	case ARGP_KEY_ARG:
		take_pattern(state, o, arg);
		return 0;
	case ARGP_KEY_END:
		check(state, o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- help ---- */

static const char pattern_help[] =
	"A PATTERN that equals a kind with its colon (http:), a flag (http:fast_path) or a full "
	"name (http:fast_path@src/conn.c:41) means just that. Anything else is a POSIX extended "
	"regular expression that must match from the start of the full name.";

static void print_commands(FILE *to)
{
	fputs("Usage: dfpatch COMMAND [OPTION...] [PATTERN...]\n"
	      "Show and flip the flags of programs, from outside, while they run.\n\n"
	      "Commands:\n",
	      to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-12s %s\n", c->name, c->summary);
	fputs("\n"
	      "  dfpatch COMMAND --help shows the options of a command.\n"
	      "  dfpatch --version shows the version.\n\n"
	      "Examples:\n"
	      "  dfpatch list --pid 1234\n"
	      "  dfpatch list --file ./server -o NAME,DOC\n"
	      "  dfpatch enable --pid 1234 http:fast_path\n"
	      "  dfpatch disable --pid 1234 --dry-run 'http:' 'cache:.*log'\n"
	      "  dfpatch enable --exe /usr/sbin/server --tree http:fast_path\n"
	      "  dfpatch scan\n\n"
	      "Exit status:\n"
	      "  0 done, also when the flags were so already   1 some PATTERN matched no flag\n"
	      "  2 usage or bad pattern                        3 target not usable, unchanged\n"
	      "  4 a site or table failed verification         7 done, but some are unhooked\n"
	      "  5 of several processes some failed and others did not, or they failed in\n"
	      "    different ways: the report says which\n"
	      "  6 a write failed half-way and was undone, or could not be; or the change was\n"
	      "    made, but the report could not be written: the message says which\n",
	      to);
}

static const char *columns_help(const struct command *command)
{
	switch (command->kind) {
	case COMMAND_LIST:
		return report_columns_help;
	case COMMAND_SCAN:
		return report_scan_columns_help;
	case COMMAND_CHANGE:
	default:
		return NULL;
	}
}

/* Text behind the options of a command's help. */
static char *after_options(const struct command *command)
{
	const char *patterns = command->takes_patterns ? pattern_help : NULL;
	const char *columns = columns_help(command);
	char *text = NULL;
	if (asprintf(&text, "%s%s%s%s", patterns ? patterns : "", patterns && columns ? "\n\n" : "",
		     columns ? "Columns:\n" : "", columns ? columns : "") < 0)
		return NULL;
	return text;
}

static char *help_filter(int key, const char *text, void *input)
{
	const struct options *o = input;
	if (key != ARGP_KEY_HELP_POST_DOC || !o)
		return (char *)text;
	return after_options(o->command);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static enum cli_result without_command(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
	    strcmp(first, "help") == 0) {
		print_commands(stdout);
		return CLI_DONE;
	}
	if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
		puts("dfpatch " DFPATCH_VERSION);
		return CLI_DONE;
	}
	if (*first == '\0')
		fputs("dfpatch: name a command", stderr);
	else if (*first == '-')
		fprintf(stderr, "dfpatch: name a command before the option '%s'", first);
	else
		fprintf(stderr, "dfpatch: unknown command '%s'", first);
	fputs("; 'dfpatch --help' shows the commands\n", stderr);
	return CLI_USAGE;
}

/* argp prints its own errors; parse_option() has called argp_error() by then. */
static enum cli_result parse_rest(int argc, char **argv, struct options *options)
{
	char name[64], doc[256];
	struct argp_option list[OPTION_COUNT + 1];
	const struct command *command = options->command;
	options_of(command, list);
	snprintf(name, sizeof(name), "dfpatch %s", command->name);
	snprintf(doc, sizeof(doc), "dfpatch %s: %s.\v ", command->name, command->summary);
	const struct argp argp = {
		.options = list,
		.parser = parse_option,
		.args_doc = command->needs_patterns   ? "PATTERN..."
			    : command->takes_patterns ? "[PATTERN...]"
						      : NULL,
		.doc = doc,
		.help_filter = help_filter,
	};
	argv[0] = name;
	argp_err_exit_status = 2;
	return argp_parse(&argp, argc, argv, 0, NULL, options) == 0 ? CLI_RUN : CLI_USAGE;
}

static size_t pids_at_most(int argc, char **argv)
{
	size_t most = (size_t)argc;
	for (int i = 0; i < argc; i++)
		for (const char *at = argv[i]; (at = strchr(at, ',')); at++)
			most++;
	return most;
}

enum cli_result cli_parse(int argc, char **argv, struct options *options)
{
	*options = (struct options){
		.headings = true,
		.timeout = 5000000000u,
		.max_stop = 1000000000u,
	};
	options->command = argc > 1 ? find_command(argv[1]) : NULL;
	if (!options->command)
		return without_command(argc, argv);
	options->patterns = calloc((size_t)argc, sizeof(*options->patterns));
	options->pids = calloc(pids_at_most(argc, argv), sizeof(*options->pids));
	options->members = calloc(pids_at_most(argc, argv), sizeof(*options->members));
	options->wish.pids = options->pids;
	if (!options->patterns || !options->pids || !options->members) {
		fputs("dfpatch: out of memory\n", stderr);
		return CLI_USAGE;
	}
	return parse_rest(argc - 1, argv + 1, options);
}

bool cli_several(const struct options *options)
{
	return options->wish.pid_count > 1 || options->wish.exe || options->wish.tree;
}

void cli_free(struct options *options)
{
	free(options->patterns);
	free(options->pids);
	free(options->members);
	*options = (struct options){0};
}
