/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c bash|zsh|fish TEMPLATE FILE - writes TEMPLATE to FILE, with what commands.c knows of
 * commands and options in place of the line "# @table@", in the words of that shell.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "commands.h"

#define MARK "# @table@\n"

/* argp(3) adds these to the options of each command. */
static const struct argp_option argp_own[] = {
	{"help", '?', NULL, 0, "Show the options of this command", 0},
	{"usage", 0x1000, NULL, 0, "Show them in short", 0},
};
#define OWN_COUNT (sizeof(argp_own) / sizeof(argp_own[0]))

/* Those of a command, and how many they are. */
static size_t options_of(const struct command *command,
			 struct argp_option options[OPTIONS_MAX + OWN_COUNT + 1])
{
	size_t count = 0;
	command_options(command, options);
	while (options[count].name)
		count++;
	memcpy(&options[count], argp_own, sizeof(argp_own));
	return count + OWN_COUNT;
}

static bool has_letter(const struct argp_option *option)
{
	return option->key > ' ' && option->key <= '~';
}

/* Whether the next word is its argument; else what stands behind = in the same may be one. */
static bool takes_word(const struct argp_option *option)
{
	return option->arg && !(option->flags & OPTION_ARG_OPTIONAL);
}

/* An argument that no one knows is completed by nothing; the test of arguments.c tells. */
static const char *completion(const struct argp_option *option)
{
	const char *how = completion_of(option->arg);
	return how ? how : "nothing";
}

static const char *operands(const struct command *command)
{
	switch (command->operands) {
	case OPERANDS_PATTERNS:
	case OPERANDS_PATTERNS_OR_NONE:
		return "flags";
	case OPERANDS_FILES:
	case OPERANDS_TWO_FILES:
		return "files";
	case OPERANDS_COMMAND:
		return "command";
	case OPERANDS_NONE:
	default:
		return "nothing";
	}
}

/* Within single quotes, where only they and what `special` names have to be escaped. */
static void put_quoted(const char *text, const char *special)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
}

/* ---- bash: a case for each command, which fills arrays ---- */

static void bash_command(const struct command *command)
{
	struct argp_option options[OPTIONS_MAX + OWN_COUNT + 1];
	const size_t count = options_of(command, options);
	printf("\t%s)\n\t\toperands=%s\n\t\toptions=(", command->name, operands(command));
	for (size_t i = 0; i < count; i++) {
		if (has_letter(&options[i]))
			printf("'-%c' ", options[i].key);
		printf("--%s%s", options[i].name, i + 1 < count ? " " : ")\n\t\ttakes=(");
	}
	for (size_t i = 0; i < count; i++) {
		if (takes_word(&options[i]) && has_letter(&options[i]))
			printf("[-%c]=%s ", options[i].key, completion(&options[i]));
		if (options[i].arg)
			printf("[--%s%s]=%s ", options[i].name, takes_word(&options[i]) ? "" : "=",
			       completion(&options[i]));
	}
	puts(")\n\t\t;;");
}

static void bash_table(void)
{
	fputs("_dfpatch_commands='", stdout);
	for (const struct command *c = commands; c->name; c++)
		printf("%s ", c->name);
	puts("--help --version'\n\n_dfpatch_describe()\n{\n\tcase $1 in");
	for (const struct command *c = commands; c->name; c++)
		bash_command(c);
	puts("\t*) return 1 ;;\n\tesac\n}");
}

/* ---- zsh: the specifications that _arguments takes ---- */

static void zsh_action(const char *how)
{
	if (strcmp(how, "nothing") == 0)
		fputs(" '", stdout);
	else
		printf("_dfpatch_%s'", how);
}

static void zsh_spec(const char *dash, const char *name, const char *joint,
		     const struct argp_option *option)
{
	printf("\n\t\t\t'*%s%s%s[", dash, name, option->arg ? joint : "");
	put_quoted(option->doc, "[]:\\");
	fputs("]", stdout);
	if (option->arg) {
		printf("%s:%s:", takes_word(option) ? "" : ":", option->arg);
		zsh_action(completion(option));
	} else {
		fputs("'", stdout);
	}
}

static void zsh_operands(const struct command *command)
{
	const char *how = operands(command);
	if (command->operands == OPERANDS_COMMAND)
		fputs("\n\t\t\t'(-)1:COMMAND:_command_names -e' '*::ARGUMENT:_normal'", stdout);
	else if (command->operands == OPERANDS_TWO_FILES)
		fputs("\n\t\t\t'1:FILE:_dfpatch_files' '2:FILE:_dfpatch_files'", stdout);
	else if (command->operands != OPERANDS_NONE)
		printf("\n\t\t\t'*:%s:_dfpatch_%s'", how, how);
}

static void zsh_command(const struct command *command)
{
	struct argp_option options[OPTIONS_MAX + OWN_COUNT + 1];
	const size_t count = options_of(command, options);
	printf("\t(%s)\n\t\tspecs=(", command->name);
	for (size_t i = 0; i < count; i++) {
		const char letter[] = {(char)options[i].key, '\0'};
		if (has_letter(&options[i]))
			zsh_spec("-", letter, "+", &options[i]);
		zsh_spec("--", options[i].name, takes_word(&options[i]) ? "=" : "=-", &options[i]);
	}
	zsh_operands(command);
	puts(")\n\t\t;;");
}

static void zsh_table(void)
{
	puts("_dfpatch_commands=(");
	for (const struct command *c = commands; c->name; c++) {
		printf("\t'%s:", c->name);
		put_quoted(c->summary, "");
		puts("'");
	}
	puts(")\n\n_dfpatch_describe()\n{\n\tcase $1 in");
	for (const struct command *c = commands; c->name; c++)
		zsh_command(c);
	puts("\t(*) return 1 ;;\n\tesac\n}");
}

/* ---- fish: a line for each option ---- */

static void fish_option(const struct command *command, const struct argp_option *option)
{
	printf("complete -c dfpatch -n '__dfpatch_in %s' -l %s", command->name, option->name);
	if (has_letter(option))
		printf(" -s '%c'", option->key);
	if (option->arg)
		printf(" %s -a '(__dfpatch_%s)'", takes_word(option) ? "-x" : "-f",
		       completion(option));
	fputs(" -d '", stdout);
	for (const char *at = option->doc; *at; at++)
		printf("%s%c", strchr("'\\", *at) ? "\\" : "", *at);
	puts("'");
}

static void fish_command(const struct command *command)
{
	struct argp_option options[OPTIONS_MAX + OWN_COUNT + 1];
	const size_t count = options_of(command, options);
	printf("complete -c dfpatch -n __dfpatch_first -a %s -d '%s'\n", command->name,
	       command->summary);
	printf("complete -c dfpatch -n '__dfpatch_in %s' -a '(__dfpatch_%s)'\n", command->name,
	       operands(command));
	for (size_t i = 0; i < count; i++)
		fish_option(command, &options[i]);
}

static void fish_table(void)
{
	/* Those that take an argument, for who looks for operands. */
	fputs("set -g __dfpatch_takes", stdout);
	for (const struct command *c = commands; c->name; c++) {
		struct argp_option options[OPTIONS_MAX + OWN_COUNT + 1];
		const size_t count = options_of(c, options);
		for (size_t i = 0; i < count; i++) {
			if (takes_word(&options[i]) && has_letter(&options[i]))
				printf(" %s:-%c", c->name, options[i].key);
			if (takes_word(&options[i]))
				printf(" %s:--%s", c->name, options[i].name);
		}
	}
	puts("");
	for (const struct command *c = commands; c->name; c++)
		fish_command(c);
}

static const struct {
	const char *shell;
	void (*print)(void);
} shells[] = {{"bash", bash_table}, {"zsh", zsh_table}, {"fish", fish_table}, {0}};

static bool fill(FILE *template, void (*print)(void))
{
	char line[512];
	bool filled = false;
	while (fgets(line, sizeof(line), template))
		if (strcmp(line, MARK) == 0) {
			print();
			filled = true;
		} else {
			fputs(line, stdout);
		}
	return filled && fflush(stdout) == 0 && !ferror(stdout);
}

int main(int argc, char **argv)
{
	FILE *template = argc == 4 ? fopen(argv[2], "re") : NULL;
	if (!template || !freopen(argv[3], "we", stdout)) {
		fputs("usage: table bash|zsh|fish TEMPLATE FILE\n", stderr);
		return 2;
	}
	for (size_t i = 0; shells[i].shell; i++)
		if (strcmp(shells[i].shell, argv[1]) == 0)
			return fill(template, shells[i].print) ? EXIT_SUCCESS : EXIT_FAILURE;
	return 2;
}
