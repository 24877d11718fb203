/* SPDX-License-Identifier: Apache-2.0 */
/* option_values.c - what stands behind options, and operands. */
#include "option_values.h"

#include <ctype.h>
#include <string.h>

#include "duration.h"
#include "pid_text.h"
#include "report.h"
#include "report_diff.h"
#include "report_scan.h"

void take_time(struct argp_state *state, const char *name, const char *text, uint64_t *ns)
{
	if (!duration_parse(text, ns))
		argp_error(state, "--%s: '%s' is no time; write 2s or 500ms", name, text);
}

#define MAX_STOP_MOST 60000000000u /* ns */
#define INTERVAL_LEAST 1000000u	   /* ns */

/* With no time at all, threads would be stopped for nothing. */
void take_max_stop(struct argp_state *state, const char *text, uint64_t *ns)
{
	take_time(state, "max-stop", text, ns);
	if (*ns == 0 || *ns > MAX_STOP_MOST)
		argp_error(state, "--max-stop: '%s' is not more than 0 and at most 60s", text);
}

/* Without any pause a processor would do nothing else. */
void take_interval(struct argp_state *state, const char *text, uint64_t *ns)
{
	take_time(state, "interval", text, ns);
	if (*ns < INTERVAL_LEAST)
		argp_error(state, "--interval: '%s' is less than 1ms", text);
}

void take_span(struct argp_state *state, const char *text, uint64_t *ns)
{
	take_time(state, "for", text, ns);
	if (*ns == 0)
		argp_error(state, "--for: '%s' is not more than 0", text);
}

static int check_columns(const struct command *command, const char *text, struct df_err *err)
{
	switch (command->kind) {
	case COMMAND_SCAN:
		return report_scan_check_columns(text, err);
	case COMMAND_DIFF:
		return report_diff_check_columns(text, err);
	case COMMAND_LIST:
	case COMMAND_CHANGE:
	case COMMAND_APPLY:
	case COMMAND_WATCH:
	case COMMAND_AUDIT:
	case COMMAND_PRESET:
	case COMMAND_RUN:
	default:
		return report_check_columns(text, err);
	}
}

void take_stale(struct argp_state *state, struct options *o, const char *text)
{
	if (!duration_parse_age(text, &o->stale))
		argp_error(state, "--stale: '%s' is no age; write 90d, 26w or 2y", text);
}

void take_columns(struct argp_state *state, struct options *o, const char *text)
{
	struct df_err err;
	if (check_columns(o->command, text, &err) < 0)
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

void take_pids(struct argp_state *state, struct options *o, const char *text)
{
	const char *at = text;
	pid_t pid, member;
	while (pid_text_parse(at, &at, &pid, &member)) {
		add_pid(o, pid, member);
		if (*at++ == '\0')
			return;
	}
	if (strchr(text, ','))
		argp_error(state, "--pid: '%s' is no list of process ids", text);
	else if (isalpha((unsigned char)*text) || *text == '/')
		argp_error(state, "--pid: '%s' is no process id; --exe PATH names a program", text);
	else
		argp_error(state, "--pid: '%s' is no process id", text);
}

void take_color(struct argp_state *state, struct options *o, const char *text)
{
	if (!color_parse(text, &o->color))
		argp_error(state, "--color: '%s' is none of auto, always and never", text);
}

void take_mode(struct argp_state *state, struct options *o, enum mode mode)
{
	if (o->mode != MODE_AUTO && o->mode != mode)
		argp_error(state, "--quiet and --stop exclude each other");
	o->mode = mode;
}

void take_exe(struct argp_state *state, struct options *o, const char *path)
{
	if (*path == '\0')
		argp_error(state, "--exe: an empty name is no executable");
	else if (o->wish.exe && strcmp(o->wish.exe, path) != 0)
		argp_error(state, "--exe names one executable; run dfpatch once for each");
	o->wish.exe = path;
}

/* With all that stands behind it, options of its own included. */
static void take_command(struct argp_state *state, struct options *o)
{
	o->run = state->argv + state->next - 1;
	state->next = state->argc;
}

/* A pattern, a file, or a command. */
void take_operand(struct argp_state *state, struct options *o, const char *text)
{
	const struct command *command = o->command;
	if (command->operands == OPERANDS_COMMAND)
		take_command(state, o);
	else if (command->operands == OPERANDS_NONE)
		argp_error(state, "'%s' takes no pattern, but got '%s'", command->name, text);
	else if (*text == '\0' && command_takes_patterns(command))
		argp_error(state, "an empty pattern would match every flag; write '.*' for that");
	else if (*text == '\0')
		argp_error(state, "an empty name is no file");
	else if (command_takes_patterns(command))
		o->patterns[o->pattern_count++] = text;
	else
		o->files[o->file_count++] = text;
}

void take_criterion(struct argp_state *state, struct options *o, enum criterion_by by,
		    const char *text)
{
	struct df_err err;
	if (criteria_add(&o->criteria, by, text, &err) < 0)
		argp_error(state, "%s: %s", criterion_option(by), err.text);
}

void take_line(struct argp_state *state, struct options *o, const char *text, bool is_file)
{
	if (is_file && *text == '\0')
		argp_error(state, "--script: an empty name is no file");
	o->script[o->script_count++] = (struct script_source){.text = text, .is_file = is_file};
}
