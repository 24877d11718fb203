/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c - the command line, by way of argp(3). */
#include "cli.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "option_values.h"
#include "start.h"

static void check_target(struct argp_state *state, const struct options *o)
{
	const bool process = o->wish.pid_count > 0 || o->wish.exe;
	const bool list = o->command->kind == COMMAND_LIST;
	if (o->wish.tree && !process)
		argp_error(state, "--tree adds to the processes named with --pid or --exe");
	else if (!process && !o->file)
		argp_error(state, list ? "name a process with --pid or --exe, or a file with --file"
				       : "name a process with --pid or --exe; 'dfpatch scan' shows "
					 "which there are");
	else if (process && o->file)
		argp_error(state, "%s and --file exclude each other",
			   o->wish.pid_count > 0 ? "--pid" : "--exe");
}

static void check_audit(struct argp_state *state, const struct options *o)
{
	if (o->file_count == 0 && o->wish.pid_count == 0)
		argp_error(state, "name files, or a process with --pid");
	else if (o->file_count > 0 && o->wish.pid_count > 0)
		argp_error(state, "--pid and files exclude each other");
	else if (o->wish.pid_count > 1)
		argp_error(state, "--pid: name one process");
	else if (o->stale && !o->source)
		argp_error(state, "--stale needs the checkout: --source DIR");
}

static void check_script(struct argp_state *state, const struct options *o)
{
	if (o->script_count == 0)
		argp_error(state, "name the flags to set, with -e LINE or -s FILE");
}

static void check_two_files(struct argp_state *state, const struct options *o)
{
	if (o->file_count != 2)
		argp_error(state, "name two files: %s", o->command->operand_names);
}

static void check_run(struct argp_state *state, const struct options *o)
{
	if (!o->run)
		argp_error(state, "name the command to start");
	check_script(state, o);
}

static void check_patterns(struct argp_state *state, const struct options *o)
{
	check_target(state, o);
	if (o->command->operands == OPERANDS_PATTERNS && o->pattern_count == 0 &&
	    !criteria_any(&o->criteria))
		argp_error(state, "name the flags: a kind (http:), a flag (http:fast_path), or a "
				  "regular expression; or with --kind, --name, --at, --doc, "
				  "--module or a state");
}

static void check_log(struct argp_state *state, const struct options *o)
{
	if (o->log && *o->log == '\0')
		argp_error(state, "--log: an empty name is no file");
	else if (o->reason && !o->log)
		argp_error(state, "--reason is for the record: --log FILE");
}

static void check(struct argp_state *state, const struct options *o)
{
	check_log(state, o);
	switch (o->command->kind) {
	case COMMAND_LIST:
	case COMMAND_CHANGE:
	case COMMAND_WATCH:
		check_patterns(state, o);
		break;
	case COMMAND_APPLY:
		check_target(state, o);
		check_script(state, o);
		break;
	case COMMAND_AUDIT:
		check_audit(state, o);
		break;
	case COMMAND_DIFF:
		check_two_files(state, o);
		break;
	case COMMAND_PRESET:
		check_two_files(state, o);
		check_script(state, o);
		break;
	case COMMAND_RUN:
		check_run(state, o);
		break;
	case COMMAND_SCAN:
		break;
	}
	if (o->json && o->columns)
		argp_error(state, "--json has all members; --output is for the table");
}

static error_t parse_criterion(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_KIND:
		take_criterion(state, o, BY_KIND, arg);
		return 0;
	case OPT_NAME:
		take_criterion(state, o, BY_NAME, arg);
		return 0;
	case OPT_AT:
		take_criterion(state, o, BY_PLACE, arg);
		return 0;
	case OPT_DOC:
		take_criterion(state, o, BY_DOC, arg);
		return 0;
	case OPT_MODULE:
		take_criterion(state, o, BY_MODULE, arg);
		return 0;
	case OPT_ACTIVE:
		o->criteria.active = true;
		return 0;
	case OPT_CHANGED:
		o->criteria.changed = true;
		return 0;
	case OPT_UNHOOKED:
		o->criteria.unhooked = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Of scripts, of watch, and of commands that look at files rather than at processes. */
static error_t parse_file_option(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case 'e':
		take_line(state, o, arg, false);
		return 0;
	case 's':
		take_line(state, o, arg, true);
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case OPT_SITES:
		o->sites = true;
		return 0;
	case OPT_SOURCE:
		o->source = arg;
		return 0;
	case OPT_STALE:
		take_stale(state, o, arg);
		return 0;
	case OPT_HTML:
		o->html = arg;
		return 0;
	case OPT_INTERVAL:
		take_interval(state, arg, &o->interval);
		return 0;
	case OPT_LOG:
		o->log = arg;
		return 0;
	case OPT_REASON:
		o->reason = arg;
		return 0;
	default:
		return parse_criterion(key, arg, state, o);
	}
}

static void check_names(struct argp_state *state, const struct options *o)
{
	struct nearest nearest;
	const char *stray = command_stray_option(o->command, state->argc, state->argv, &nearest);
	const char *near = stray ? nearest_name(&nearest) : NULL;
	state->name = state->argv[0]; /* which argp(3) does only after this */
	if (near)
		argp_error(state, "unrecognized option '%s'; did you mean '--%s'?", stray, near);
	else if (stray)
		argp_error(state, "unrecognized option '%s'", stray);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		check_names(state, o);
		return 0;
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
	case OPT_COLOR:
		take_color(state, o, arg);
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
		take_max_stop(state, arg, &o->max_stop);
		return 0;
	case OPT_FOR:
		take_span(state, arg, &o->span);
		return 0;
	case ARGP_KEY_ARG:
		take_operand(state, o, arg);
		return 0;
	case ARGP_KEY_END:
		check(state, o);
		return 0;
	default:
		return parse_file_option(key, arg, state, o);
	}
}

/* ---- help ---- */

static char *help_filter(int key, const char *text, void *input)
{
	const struct options *o = input;
	if (key != ARGP_KEY_HELP_POST_DOC || !o)
		return (char *)text;
	return help_after_options(o->command);
}

static enum cli_result without_command(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
	    strcmp(first, "help") == 0) {
		help_print(stdout);
		return CLI_DONE;
	}
	if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
		puts("dfpatch " DFPATCH_VERSION);
		return CLI_DONE;
	}
	help_no_command(stderr, first);
	return CLI_USAGE;
}

/* argp prints its own errors; parse_option() has called argp_error() by then. */
static enum cli_result parse_rest(int argc, char **argv, struct options *options)
{
	char name[64], doc[256];
	struct argp_option list[OPTIONS_MAX + 1];
	const struct command *command = options->command;
	command_options(command, list);
	snprintf(name, sizeof(name), "dfpatch %s", command->name);
	snprintf(doc, sizeof(doc), "dfpatch %s: %s.\v ", command->name, command->summary);
	const struct argp argp = {
		.options = list,
		.parser = parse_option,
		.args_doc = command->operand_names,
		.doc = doc,
		.help_filter = help_filter,
	};
	argv[0] = name;
	/* The program's own status could be any other one (env(1)). */
	argp_err_exit_status = command->kind == COMMAND_RUN ? START_FAILED : 2;
	const unsigned flags = command->operands == OPERANDS_COMMAND ? ARGP_IN_ORDER : 0;
	return argp_parse(&argp, argc, argv, flags, NULL, options) == 0 ? CLI_RUN : CLI_USAGE;
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
		.interval = 100000000u,
	};
	options->command = argc > 1 ? command_find(argv[1]) : NULL;
	if (!options->command)
		return without_command(argc, argv);
	if (options->command->kind == COMMAND_WATCH)
		options->timeout = UINT64_MAX;
	options->patterns = calloc((size_t)argc, sizeof(*options->patterns));
	options->pids = calloc(pids_at_most(argc, argv), sizeof(*options->pids));
	options->members = calloc(pids_at_most(argc, argv), sizeof(*options->members));
	options->files = calloc((size_t)argc, sizeof(*options->files));
	options->script = calloc((size_t)argc, sizeof(*options->script));
	options->criteria.list = calloc((size_t)argc, sizeof(*options->criteria.list));
	options->wish.pids = options->pids;
	if (!options->patterns || !options->pids || !options->members || !options->files ||
	    !options->script || !options->criteria.list) {
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
	free(options->files);
	free(options->script);
	criteria_free(&options->criteria);
	*options = (struct options){0};
}
