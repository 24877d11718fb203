/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - what --help says besides options. */
#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "report.h"
#include "report_diff.h"
#include "report_scan.h"

static const char pattern_help[] =
	"A PATTERN that equals a kind with its colon (http:), a flag (http:fast_path) or a full "
	"name (http:fast_path@src/conn.c:41) means just that. Anything else is a POSIX extended "
	"regular expression that must match from the start of the full name.";

static const char script_help[] =
	"A LINE is +RE (activate), -RE (deactivate), !RE (unhook), ?RE (rehook), or one of these "
	"words or enable or disable, a blank and RE: a POSIX extended regular expression that must "
	"match from the start of the full name (http:fast_path@src/conn.c:41). Lines that begin "
	"with # are comments.";

static const char selection_help[] =
	"With --kind, --name, --at, --doc and --module a flag has to be what one of each says, and "
	"with --active, --changed and --unhooked one of its sites has to be in each state. In "
	"KIND, "
	"NAME and FILE, * ? and [ ] are as in a shell; FILE is a whole path or the end of one, as "
	"conn.c is of src/conn.c. TEXT is any part of a doc, in upper or lower case.";

static const char apply_help[] =
	"The whole script is read before anything is done. If one of its lines makes no sense, "
	"nothing "
	"is done at all; if one means no flag of a process, nothing is changed there.";

static const char watch_help[] =
	"Nobody is stopped and nothing is written: a look reads memory. A change that is undone "
	"between two looks is told by its number alone. Ends with status 0 when no process is "
	"left, after --timeout, on SIGINT, SIGTERM and SIGHUP, and when nobody reads the output "
	"any more. With --active, --changed and --unhooked, changes of flags that are in the state "
	"before or after it.";

static const char preset_help[] =
	"IN is only read. OUT appears whole or not at all, with user, group and mode of IN where "
	"that "
	"is allowed; a file of that name is replaced, of a symbolic link the link itself.";

static const char run_help[] =
	"dfpatch becomes the COMMAND, so that its exit status, signals, terminal and environment "
	"are its own. Flags are set in the executable and the libraries that it starts with, "
	"before "
	"any constructor runs; not in libraries that it loads later, nor in programs that it "
	"starts.\n\nThe exit status is that of the COMMAND; 125 if its flags could not be set, so "
	"that nothing of it has run; 126 if it cannot be started; 127 if there is none.";

/*
 * What one may want of each command, most often first. They are carried out, with a process in
 * place of 1234, by the test docs.tool_help.
 */
static const struct {
	const char *command;
	const char *lines[4]; /* up to a NULL */
} examples[] = {
	{"list",
	 {"dfpatch list --pid 1234", "dfpatch list --pid 1234 --changed",
	  "dfpatch list --file ./server -o NAME,DOC"}},
	{"activate", {"dfpatch activate --pid 1234 http:fast_path"}},
	{"deactivate", {"dfpatch deactivate --pid 1234 http:fast_path"}},
	{"enable",
	 {"dfpatch enable --pid 1234 http:fast_path",
	  "dfpatch enable --exe /usr/sbin/server --tree http:fast_path",
	  "dfpatch enable --pid 1234 --for 1s http:fast_path"}},
	{"disable",
	 {"dfpatch disable --pid 1234 --kind http --at conn.c:40-90 --active",
	  "dfpatch disable --pid 1234 --dry-run 'http:' 'cache:.*log'"}},
	{"unhook", {"dfpatch unhook --pid 1234 http:fast_path"}},
	{"rehook", {"dfpatch rehook --pid 1234 http:fast_path"}},
	{"init", {"dfpatch init --pid 1234"}},
	{"apply",
	 {"dfpatch apply --pid 1234 -e '+http:fast_path' -s flags.txt",
	  "echo 'disable cache:' | dfpatch apply --pid 1234 -s -"}},
	{"run", {"dfpatch run -e 'enable http:fast_path' -- ./server --port 8080"}},
	{"watch",
	 {"dfpatch watch --pid 1234", "dfpatch watch --exe /usr/sbin/server --tree --kind http",
	  "dfpatch watch --pid 1234 --json --timeout 60s | jq -c '[.event, .full_name]'"}},
	{"scan", {"dfpatch scan", "dfpatch scan -o PID,COMMAND,PATCHABLE,REASON"}},
	{"audit",
	 {"dfpatch audit ./server", "dfpatch audit --pid 1234 --verbose",
	  "dfpatch audit --source . --stale 26w --html audit.html ./server"}},
	{"diff", {"dfpatch diff ./server.old ./server"}},
	{"preset", {"dfpatch preset ./server ./server.fast -e 'enable http:fast_path'"}},
};

#define EXAMPLE_COUNT (sizeof(examples) / sizeof(examples[0]))

static void print_examples(FILE *to, const struct command *command)
{
	for (size_t i = 0; i < EXAMPLE_COUNT; i++)
		if (strcmp(examples[i].command, command->name) == 0)
			for (const char *const *line = examples[i].lines; *line; line++)
				fprintf(to, "  %s\n", *line);
}

void help_print(FILE *to)
{
	fputs("Usage: dfpatch COMMAND [OPTION...] [PATTERN...]\n"
	      "Show and flip the flags of programs, from outside, while they run.\n\n"
	      "Commands:\n",
	      to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-12s %s\n", c->name, c->summary);
	fputs("\n"
	      "  dfpatch COMMAND --help shows the options of a command, and examples.\n"
	      "  dfpatch --version shows the version.\n\n"
	      "Examples:\n",
	      to);
	for (size_t i = 0; i < EXAMPLE_COUNT; i++)
		fprintf(to, "  %s\n", examples[i].lines[0]);
	fputs("\n"
	      "Exit status:\n"
	      "  0    done; also when the flags were already so\n"
	      "  1    some PATTERN or option matched no flag, or there are no flags: nothing was\n"
	      "       changed; or diff or audit found something\n"
	      "  2    usage, bad pattern or bad script: nothing was attempted\n"
	      "  3    the target could not be opened, stopped or trusted, or is busy: nothing was\n"
	      "       changed\n"
	      "  4    a site or table failed verification: nothing was changed\n"
	      "  5    of several processes some failed and others did not, or they failed in\n"
	      "       different ways: the report says which\n"
	      "  6    a write failed half-way and was undone, or could not be; or a change was\n"
	      "       made, or a part of it, but could not be reported, or not be taken back\n"
	      "       when its time was over: the message says which\n"
	      "  7    done, but some flags are unhooked, so the wanted state was not reached\n"
	      "  125  the flags of a command could not be set: nothing of it has run\n"
	      "  126  the command cannot be started\n"
	      "  127  there is no such command\n"
	      "  137  killed, by its watchdog or somebody else: what was begun, the next change\n"
	      "       will finish or undo\n",
	      to);
}

void help_no_command(FILE *to, const char *first)
{
	struct nearest nearest;
	const char *near = command_near(first, &nearest);
	if (*first == '\0')
		fputs("dfpatch: name a command;", to);
	else if (*first == '-')
		fprintf(to, "dfpatch: name a command before the option '%s';", first);
	else if (near)
		fprintf(to, "dfpatch: unknown command '%s'; did you mean '%s'?", first, near);
	else
		fprintf(to, "dfpatch: unknown command '%s';", first);
	fputs(" 'dfpatch --help' shows the commands\n", to);
}

struct help_list {
	const char *title;
	const char *lines; /* NULL for none */
};

static struct help_list list_of(const struct command *command)
{
	switch (command->kind) {
	case COMMAND_LIST:
		return (struct help_list){"Columns:\n", report_columns_help};
	case COMMAND_SCAN:
		return (struct help_list){"Columns:\n", report_scan_columns_help};
	case COMMAND_DIFF:
		return (struct help_list){"Columns:\n", report_diff_columns_help};
	case COMMAND_AUDIT:
		return (struct help_list){"Codes of what is found, and of notes:\n", findings_help};
	case COMMAND_CHANGE:
	case COMMAND_APPLY:
	case COMMAND_WATCH:
	case COMMAND_PRESET:
	case COMMAND_RUN:
	default:
		return (struct help_list){0};
	}
}

static const char *operand_help(const struct command *command)
{
	if (command_takes_script(command))
		return script_help;
	return command_takes_patterns(command) ? pattern_help : "";
}

static const char *own_help(const struct command *command)
{
	if (command->kind == COMMAND_APPLY)
		return apply_help;
	if (command->kind == COMMAND_RUN)
		return run_help;
	if (command->kind == COMMAND_WATCH)
		return watch_help;
	return command->kind == COMMAND_PRESET ? preset_help : "";
}

static void put(FILE *to, const char *paragraph)
{
	if (*paragraph != '\0')
		fprintf(to, "%s%s", ftell(to) > 0 ? "\n\n" : "", paragraph);
}

char *help_after_options(const struct command *command)
{
	const struct help_list list = list_of(command);
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	put(to, operand_help(command));
	put(to, command_selects(command) ? selection_help : "");
	put(to, own_help(command));
	if (list.lines) {
		put(to, list.title);
		fputs(list.lines, to);
	}
	fputs(list.lines ? "\n" : ftell(to) > 0 ? "\n\n" : "", to);
	fputs("Examples:\n", to);
	print_examples(to, command);
	return fclose(to) == 0 ? text : NULL;
}
