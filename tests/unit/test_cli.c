/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/cli.c: what each command line comes to, and each one that makes no sense.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ARGS_MAX 12

/* Makes argv of words; the caller's array has room. */
static int arguments(const char *const *words, char **argv)
{
	static char name[] = "dfpatch";
	int argc = 0;
	argv[argc++] = name;
	for (size_t i = 0; i < ARGS_MAX && words[i]; i++)
		argv[argc++] = (char *)(uintptr_t)words[i];
	argv[argc] = NULL;
	return argc;
}

struct outcome {
	int status; /* exit status, or 100 + enum cli_result where cli_parse() returned */
	char out[8192];
	char err[4096];
};

static void read_back(int fd, char *text, size_t size)
{
	const ssize_t got = pread(fd, text, size - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	close(fd);
}

/* Parses in a child, since argp(3) ends the program when it has printed help or an error. */
static void parse(const char *const *words, struct outcome *outcome)
{
	const int out = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	const int err = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	cr_assert(out >= 0 && err >= 0);
	const pid_t pid = fork();
	if (pid == 0) {
		char *argv[ARGS_MAX + 2];
		struct options options;
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		const enum cli_result result = cli_parse(arguments(words, argv), argv, &options);
		cli_free(&options);
		fflush(stdout);
		fflush(stderr);
		_exit(100 + (int)result);
	}
	int status;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	outcome->status = WEXITSTATUS(status);
	read_back(out, outcome->out, sizeof(outcome->out));
	read_back(err, outcome->err, sizeof(outcome->err));
}

/* ---- what makes sense ---- */

Test(cli, a_list)
{
	static const char *const words[ARGS_MAX] = {"list",  "--file",	     "a",     "-o",
						    "+LINE", "--noheadings", "http:", "x"};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_expect_str_eq(o.command->name, "list");
	cr_expect_str_eq(o.file, "a");
	cr_expect_str_eq(o.columns, "+LINE");
	cr_expect(!o.headings && !o.json && !o.dry_run && o.wish.pid_count == 0);
	cr_expect(!o.wish.exe && !o.wish.tree && !cli_several(&o));
	cr_assert_eq(o.pattern_count, 2);
	cr_expect_str_eq(o.patterns[0], "http:");
	cr_expect_str_eq(o.patterns[1], "x");
	cli_free(&o);
	cr_expect_null(o.patterns);
}

Test(cli, a_change)
{
	static const char *const words[ARGS_MAX] = {"disable", "a",  "-n", "-p", "42",
						    "-J",      "--", "-b", "--c"};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_expect_str_eq(o.command->name, "disable");
	cr_expect_eq(o.command->op, DF_DISABLE);
	cr_expect(o.json && o.dry_run && o.headings && !o.file && o.mode == MODE_AUTO);
	cr_expect(o.wish.pid_count == 1 && o.wish.pids[0] == 42 && !cli_several(&o));
	cr_expect(o.timeout == 5000000000 && o.max_stop == 1000000000);
	cr_assert_eq(o.pattern_count, 3);
	cr_expect_str_eq(o.patterns[1], "-b");
	cr_expect_str_eq(o.patterns[2], "--c");
	cli_free(&o);
}

Test(cli, several_processes)
{
	static const char *const words[ARGS_MAX] = {"enable",  "-p",	 "3, 1 ,\t2", "--pid=1",
						    "--exe=a", "--tree", "--quiet",   "--quiet",
						    "--pid",   " 7 "};
	char *argv[ARGS_MAX + 3];
	struct options o;
	static const char *const init[ARGS_MAX] = {"init", "-p5,5", "-p", "5", "--stop"};
	cr_assert_eq(cli_parse(arguments(init, argv), argv, &o), CLI_RUN);
	cr_expect(o.wish.pid_count == 1 && o.mode == MODE_STOP);
	cr_expect(!cli_several(&o), "the same number all the time");
	cli_free(&o);
	const int argc = arguments(words, argv);
	static char pattern[] = "a";
	argv[argc] = pattern;
	argv[argc + 1] = NULL;
	cr_assert_eq(cli_parse(argc + 1, argv, &o), CLI_RUN);
	cr_assert_eq(o.wish.pid_count, 4);
	cr_expect(o.wish.pids[0] == 3 && o.wish.pids[1] == 1 && o.wish.pids[2] == 2 &&
		  o.wish.pids[3] == 7);
	cr_expect(o.wish.tree && o.mode == MODE_QUIET && cli_several(&o));
	cr_expect_str_eq(o.wish.exe, "a");
	cli_free(&o);
	static const char *const tree[ARGS_MAX] = {"init", "-p5", "--tree"};
	cr_assert_eq(cli_parse(arguments(tree, argv), argv, &o), CLI_RUN);
	cr_expect(cli_several(&o), "there may be more than one");
	cli_free(&o);
}

Test(cli, every_command_is_found_by_its_name)
{
	static const enum df_op ops[] = {DF_ACTIVATE, DF_ACTIVATE, DF_DEACTIVATE, DF_ENABLE,
					 DF_DISABLE,  DF_UNHOOK,   DF_REHOOK,	  DF_INIT};
	static const char *const names[] = {"list",    "activate", "deactivate", "enable",
					    "disable", "unhook",   "rehook",	 "init"};
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *const words[ARGS_MAX] = {names[i], "-p1", i < 7 ? "a" : NULL};
		char *argv[ARGS_MAX + 2];
		struct options o;
		cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
		cr_expect_str_eq(o.command->name, names[i]);
		cr_expect_eq(o.command->kind, i == 0 ? COMMAND_LIST : COMMAND_CHANGE);
		cr_expect(i == 0 || o.command->op == ops[i], "%s", names[i]);
		cli_free(&o);
	}
}

Test(cli, lines_and_files_of_a_script_stay_in_order)
{
	static const char *const words[ARGS_MAX] = {"preset", "-e", "+a", "in",	  "--script=f",
						    "out",    "-s", "-",  "-e-b", "-n"};
	static const struct script_source wanted[] = {
		{"+a", false}, {"f", true}, {"-", true}, {"-b", false}};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_assert_eq(o.script_count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		cr_expect_str_eq(o.script[i].text, wanted[i].text);
		cr_expect_eq(o.script[i].is_file, wanted[i].is_file, "%zu", i);
	}
	cr_assert_eq(o.file_count, 2);
	cr_expect_str_eq(o.files[0], "in");
	cr_expect_str_eq(o.files[1], "out");
	cr_expect(o.dry_run && !o.json);
	cli_free(&o);
}

Test(cli, criteria)
{
	static const char *const words[ARGS_MAX] = {
		"disable",  "-p1",	  "--kind", "http", "--kind=lib", "--at=a.c:4-9",
		"--active", "--unhooked", "--doc",  "x",    "--name=y"};
	static const enum criterion_by by[] = {BY_KIND, BY_KIND, BY_PLACE, BY_DOC, BY_NAME};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_expect_eq(o.pattern_count, 0);
	cr_expect(o.criteria.active && o.criteria.unhooked && !o.criteria.changed);
	cr_assert_eq(o.criteria.count, COUNT(by));
	for (size_t i = 0; i < COUNT(by); i++)
		cr_expect_eq(o.criteria.list[i].by, by[i], "%zu", i);
	cr_expect_str_eq(o.criteria.list[1].text, "lib");
	cr_expect(o.criteria.list[2].first == 4 && o.criteria.list[2].last == 9);
	cli_free(&o);
	static const char *const list[ARGS_MAX] = {"list", "-fa", "--changed", "--module=m", "a"};
	cr_assert_eq(cli_parse(arguments(list, argv), argv, &o), CLI_RUN);
	cr_expect(o.criteria.changed && o.criteria.count == 1 && o.pattern_count == 1);
	cli_free(&o);
	cr_expect(!o.criteria.list);
	static const char *const state[ARGS_MAX] = {"rehook", "-p1", "--unhooked"};
	cr_assert_eq(cli_parse(arguments(state, argv), argv, &o), CLI_RUN, "a state is enough");
	cli_free(&o);
	static const char *const script[ARGS_MAX] = {"apply", "-p1", "--module=m", "-e", "+a"};
	cr_assert_eq(cli_parse(arguments(script, argv), argv, &o), CLI_RUN);
	cr_expect_eq(o.criteria.count, 1);
	cli_free(&o);
}

Test(cli, a_script_for_processes)
{
	static const char *const words[ARGS_MAX] = {"apply", "-s",	"f",	  "-e",	   "+a",
						    "-p1,2", "--quiet", "--tree", "-e\n-b"};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_expect_eq(o.command->kind, COMMAND_APPLY);
	cr_expect(command_changes(o.command) && command_takes_script(o.command));
	cr_expect(o.wish.pid_count == 2 && o.wish.tree && o.mode == MODE_QUIET && cli_several(&o));
	cr_assert_eq(o.script_count, 3);
	cr_expect(o.script[0].is_file && !o.script[1].is_file);
	cr_expect_str_eq(o.script[2].text, "\n-b");
	cli_free(&o);
}

static const struct {
	const char *text;
	uint64_t ns;
} times[] = {
	{"0", 0},
	{"0ms", 0},
	{"1", 1000000000},
	{"1s", 1000000000},
	{"1.5", 1500000000},
	{"0.25s", 250000000},
	{"200ms", 200000000},
	{".5ms", 500000},
	{"0.001s", 1000000},
	{"86400", 86400000000000},
	{"86400000ms", 86400000000000},
};

Test(cli, times)
{
	for (size_t i = 0; i < COUNT(times); i++) {
		const char *const words[ARGS_MAX] = {"enable", "-p1", "a", "--timeout",
						     times[i].text};
		char *argv[ARGS_MAX + 2];
		struct options o;
		cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
		cr_expect_eq(o.timeout, times[i].ns, "%s", times[i].text);
		cli_free(&o);
	}
}

Test(cli, longest_stop)
{
	static const char *const words[ARGS_MAX] = {"enable", "-p1", "a", "--max-stop", "60s"};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_expect_eq(o.max_stop, 60000000000);
	cli_free(&o);
}

/* ---- what makes none ---- */

static const char *const bad_times[] = {
	"",    "s",    "ms",   "abc", "-1",  "-1ms",  "1m",  "1h",	"1 s",
	"1s ", "1sms", "1,5s", "nan", "inf", "86401", "1e9", "1e99999", "1e-99999",
	"1us", "0x10", "0X1",  " 1",  "+1",  ".",     "1e0", "1e-3s",	"1E1ms"};
static const char *const bad_pids[] = {"",    "0",    "-1",    "abc",	     "12a",
				       "1 2", "1.5",  "0x10",  "2147483648", "99999999999999999999",
				       "+1",  "self", "1@",    "@1",	     "1@0",
				       "1@x", "1@-2", "1@2@3", "1 @2",	     "1@ 2"};
static const char *const bad_lists[] = {",",   "1,",  ",1",  "1,,2",  "1, ,2", "1;2,3",
					"1,0", "1,-", "a,1", "1,2 3", "1,+2",  "1,2147483648"};

Test(cli, processes_of_other_pid_namespaces)
{
	static const char *const words[ARGS_MAX] = {"init", "-p7,7@9", "-p", " 7@8 ,7@9,1@1"};
	char *argv[ARGS_MAX + 2];
	struct options o;
	cr_assert_eq(cli_parse(arguments(words, argv), argv, &o), CLI_RUN);
	cr_assert_eq(o.wish.pid_count, 4, "one was named twice");
	cr_expect(o.wish.pids[0] == 7 && o.members[0] == 0);
	cr_expect(o.wish.pids[1] == 7 && o.members[1] == 9);
	cr_expect(o.wish.pids[2] == 7 && o.members[2] == 8);
	cr_expect(o.wish.pids[3] == 1 && o.members[3] == 1);
	cli_free(&o);
}

Test(cli, bad_times)
{
	for (size_t i = 0; i < COUNT(bad_times); i++) {
		const char *const words[ARGS_MAX] = {"enable", "-p1", "a", "--timeout",
						     bad_times[i]};
		struct outcome o;
		parse(words, &o);
		cr_expect_eq(o.status, 2, "'%s': %d", bad_times[i], o.status);
		cr_expect(strstr(o.err, "is no time; write 2s or 500ms"), "'%s': %s", bad_times[i],
			  o.err);
	}
}

Test(cli, bad_pids)
{
	for (size_t i = 0; i < COUNT(bad_pids); i++) {
		const char *const words[ARGS_MAX] = {"list", "--pid", bad_pids[i]};
		struct outcome o;
		parse(words, &o);
		cr_expect_eq(o.status, 2, "'%s': %d", bad_pids[i], o.status);
		cr_expect(strstr(o.err, "is no process id"), "'%s': %s", bad_pids[i], o.err);
	}
}

Test(cli, bad_lists_of_pids)
{
	for (size_t i = 0; i < COUNT(bad_lists); i++) {
		const char *const words[ARGS_MAX] = {"list", "--pid", bad_lists[i]};
		struct outcome o;
		parse(words, &o);
		cr_expect_eq(o.status, 2, "'%s': %d", bad_lists[i], o.status);
		cr_expect(strstr(o.err, "is no list of process ids"), "'%s': %s", bad_lists[i],
			  o.err);
	}
}

/* A status of 102 is CLI_USAGE returned; 2 is argp's own way out. */
static const struct {
	const char *words[ARGS_MAX];
	int status;
	const char *says;
} errors[] = {
	{{NULL}, 102, "name a command"},
	{{""}, 102, "name a command"},
	{{"--json"}, 102, "name a command before the option '--json'"},
	{{"frobnicate"}, 102, "unknown command 'frobnicate'"},
	{{"List"}, 102, "unknown command 'List'"},
	{{"list"}, 2, "name a process with --pid or --exe, or a file with --file"},
	{{"enable", "a"}, 2, "name a process with --pid or --exe"},
	{{"init"}, 2, "name a process with --pid or --exe"},
	{{"list", "-p1", "-f", "x"}, 2, "--pid and --file exclude each other"},
	{{"list", "--exe=a", "-f", "x"}, 2, "--exe and --file exclude each other"},
	{{"list", "--tree"}, 2, "--tree adds to the processes named"},
	{{"list", "--tree", "-f", "x"}, 2, "--tree adds to the processes named"},
	{{"list", "--exe", ""}, 2, "--exe: an empty name"},
	{{"list", "--exe=a", "--exe=b"}, 2, "--exe names one executable"},
	{{"enable", "-p1", "a", "--quiet", "--stop"}, 2, "--quiet and --stop exclude each other"},
	{{"enable", "-p1", "a", "--stop", "--quiet"}, 2, "--quiet and --stop exclude each other"},
	{{"list", "-p1", "--quiet"}, 2, "unrecognized option '--quiet'"},
	{{"scan", "-p1"}, 2, "invalid option -- 'p'"},
	{{"scan", "http:"}, 2, "'scan' takes no pattern, but got 'http:'"},
	{{"scan", "-o", "DOC"}, 2, "unknown column 'DOC'; there are PID,COMMAND,"},
	{{"init", "-p1", "--kind=a"}, 2, "unrecognized option '--kind=a'"},
	{{"scan", "--active"}, 2, "unrecognized option '--active'"},
	{{"list", "-p1", "--kind="}, 2, "--kind: an empty text is no flag's"},
	{{"list", "-p1", "--at", "a.c:0"}, 2, "--at: 'a.c:0' is no place"},
	{{"list", "-p1", "--at"}, 2, "requires an argument"},
	{{"apply", "-p1", "--kind=a"}, 2, "name the flags to set, with -e LINE or -s FILE"},
	{{"apply", "-p1"}, 2, "name the flags to set, with -e LINE or -s FILE"},
	{{"apply", "-e", "+a"}, 2, "name a process with --pid or --exe"},
	{{"apply", "-p1", "-e", "+a", "a"}, 2, "'apply' takes no pattern, but got 'a'"},
	{{"apply", "-p1", "-e"}, 2, "requires an argument"},
	{{"apply", "-f", "a", "-e", "+a"}, 2, "invalid option -- 'f'"},
	{{"enable", "-p1", "a", "-e", "+a"}, 2, "invalid option -- 'e'"},
	{{"preset", "a", "b"}, 2, "name the flags to set, with -e LINE or -s FILE"},
	{{"preset", "a", "-e", "+b"}, 2, "name two files: IN OUT"},
	{{"preset", "a", "b", "-e", "+b", "--pid=1"}, 2, "unrecognized option '--pid=1'"},
	{{"audit", "a", "--stale", "1y"}, 2, "--stale needs the checkout: --source DIR"},
	{{"audit", "a", "--source", "d", "--stale", "180"}, 2, "--stale: '180' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "0d"}, 2, "'0d' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "-1d"}, 2, "'-1d' is no age"},
	{{"audit", "a", "--source", "d", "--stale", " 1d"}, 2, "' 1d' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "1m"}, 2, "'1m' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "1dd"}, 2, "'1dd' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "1.5y"}, 2, "'1.5y' is no age"},
	{{"audit", "a", "--source", "d", "--stale", ""}, 2, "'' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "1001y"}, 2, "'1001y' is no age"},
	{{"audit", "a", "--source", "d", "--stale", "99999999999999999999d"}, 2, "is no age"},
	{{"diff", "a"}, 2, "name two files: OLD NEW"},
	{{"diff", "a", "b", "c"}, 2, "name two files: OLD NEW"},
	{{"diff", "a", ""}, 2, "an empty name is no file"},
	{{"diff", "a", "b", "-p1"}, 2, "invalid option -- 'p'"},
	{{"diff", "a", "b", "-o", "STATE"}, 2, "unknown column 'STATE'; there are CHANGE,NAME,"},
	{{"diff", "a", "b", "--json", "-o", "NAME"}, 2, "--json has all members"},
	{{"scan", "--json", "-o", "PID"}, 2, "--json has all members"},
	{{"enable", "-p1"}, 2, "name the flags"},
	{{"init", "-p1", "a"}, 2, "'init' takes no pattern, but got 'a'"},
	{{"enable", "-p1", ""}, 2, "an empty pattern would match every flag"},
	{{"list", "-p1", ""}, 2, "an empty pattern"},
	{{"list", "-p1", "--json", "-o", "NAME"}, 2, "--json has all members"},
	{{"list", "-p1", "-o", "NOPE"}, 2, "unknown column 'NOPE'"},
	{{"list", "-p1", "--nope"}, 2, "unrecognized option '--nope'"},
	{{"list", "-p1", "-Z"}, 2, "invalid option -- 'Z'"},
	{{"list", "-p"}, 2, "requires an argument"},
	{{"list", "-p1", "--dry-run"}, 2, "unrecognized option '--dry-run'"},
	{{"enable", "-p1", "a", "--file", "x"}, 2, "unrecognized option '--file'"},
	{{"enable", "-p1", "a", "-o", "NAME"}, 2, "invalid option -- 'o'"},
	{{"list", "-p1", "--noheadings=x"}, 2, "doesn't allow an argument"},
	{{"enable", "-p1", "a", "--max-stop", "never"}, 2, "--max-stop: 'never' is no time"},
	{{"enable", "-p1", "a", "--max-stop", "0"}, 2, "'0' is not more than 0 and at most 60s"},
	{{"enable", "-p1", "a", "--max-stop", ".0000001ms"}, 2, "not more than 0"},
	{{"enable", "-p1", "a", "--max-stop", "60.001"}, 2, "not more than 0 and at most 60s"},
};

Test(cli, usage_errors)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct outcome o;
		parse(errors[i].words, &o);
		cr_expect_eq(o.status, errors[i].status, "%s: %d", errors[i].says, o.status);
		cr_expect(strstr(o.err, errors[i].says), "not '%s': %s", errors[i].says, o.err);
		cr_expect(strstr(o.err, "dfpatch"), "%s", o.err);
		cr_expect_str_eq(o.out, "", "%s", o.out);
	}
}

Test(cli, stale)
{
	static const struct {
		const char *text;
		int64_t days;
	} ages[] = {{"1d", 1}, {"180d", 180}, {"26w", 182}, {"2y", 730}, {"1000y", 365000}};
	for (size_t i = 0; i < COUNT(ages); i++) {
		const char *const words[ARGS_MAX] = {"audit",	"--source",   "d",
						     "--stale", ages[i].text, "file"};
		char *argv[ARGS_MAX + 2];
		struct options options;
		cr_assert_eq(cli_parse(arguments(words, argv), argv, &options), CLI_RUN);
		cr_expect_eq(options.stale, ages[i].days * 86400, "%s", ages[i].text);
		cr_expect_str_eq(options.source, "d");
		cli_free(&options);
	}
}

/* ---- help ---- */

Test(cli, help_and_version)
{
	static const char *const overall[][ARGS_MAX] = {{"--help"}, {"-h"}, {"help"}};
	struct outcome o;
	for (size_t i = 0; i < COUNT(overall); i++) {
		parse(overall[i], &o);
		cr_expect_eq(o.status, 101, "%d", o.status);
		for (const struct command *c = commands; c->name; c++)
			cr_expect(strstr(o.out, c->summary), "%s", c->name);
	}
	static const char *const version[ARGS_MAX] = {"--version"};
	parse(version, &o);
	cr_expect_eq(o.status, 101);
	cr_expect_str_eq(o.out, "dfpatch " DFPATCH_VERSION "\n");
}

Test(cli, help_of_every_command)
{
	for (const struct command *c = commands; c->name; c++) {
		const char *const words[ARGS_MAX] = {c->name, "--help"};
		struct outcome o;
		parse(words, &o);
		cr_expect_eq(o.status, 0, "%s: %d", c->name, o.status);
		cr_expect(strstr(o.out, c->name), "%s", o.out);
		cr_expect_eq(strstr(o.out, "--pid=PID") != NULL,
			     c->kind != COMMAND_SCAN && c->kind != COMMAND_RUN &&
				     c->operands != OPERANDS_TWO_FILES,
			     "%s: %s", c->name, o.out);
		cr_expect_eq(strstr(o.out, "--stop ") != NULL, command_changes(c), "%s: %s",
			     c->name, o.out);
		cr_expect_eq(strstr(o.out, "PATCHABLE:") != NULL, c->kind == COMMAND_SCAN, "%s",
			     c->name);
		cr_expect_eq(strstr(o.out, "POSIX extended") != NULL,
			     command_takes_patterns(c) || command_takes_script(c), "%s", c->name);
		cr_expect_eq(strstr(o.out, "ADDRESS:") != NULL, c->kind == COMMAND_LIST, "%s",
			     c->name);
		cr_expect(!strstr(o.err, "dfpatch"), "%s", o.err);
	}
}
