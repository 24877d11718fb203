/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every macro in every form and place, in one program that checks itself: the
 * values as built, its own site table, and that throwing one flag throws that
 * flag and no other. Compiled as C and as C++ by compile_matrix.sh.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mprotect under -std=c99 */
#endif
#include "values.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* gnu17 predefines both; the others get them here. Names must not be expanded. */
#ifndef linux
#define linux 1
#endif
#ifndef unix
#define unix 1
#endif
#define shout whisper

#if defined(NDEBUG)
#define DEBUG_IS FEATURE
#else
#define DEBUG_IS DEFAULT_SLOW
#endif

volatile int one = 1;

/* Evaluation is all that these do; FLAG is expanded before it gets here, as in any macro of a user.
 */
#define READ(FUNCTION, FLAG)                                                                       \
	static int FUNCTION(void)                                                                  \
	{                                                                                          \
		return FLAG;                                                                       \
	}

READ(feature2, DF_FEATURE(form, feature2))
READ(feature3, DF_FEATURE(form, feature3, "a doc"))
READ(default2, DF_DEFAULT(form, default2))
READ(default3, DF_DEFAULT(form, default3, "a doc"))
READ(slow2, DF_DEFAULT_SLOW(form, slow2))
READ(slow3, DF_DEFAULT_SLOW(form, slow3, "a doc"))
READ(opt2, DF_OPT(form, opt2))
READ(opt3, DF_OPT(form, opt3, "a doc"))
READ(debug1, DF_DEBUG(debug1))
READ(debug2, DF_DEBUG(debug2, "a doc"))

/* Kept from the formatter, which would put spaces into the names. */
/* clang-format off */
READ(name_predefined, DF_FEATURE(linux, unix))
READ(name_macro, DF_DEFAULT(shout, shout))
READ(name_section, DF_OPT(section-foo.text, section-foo.text:x))
READ(name_macro_inside, DF_DEFAULT_SLOW(x-linux.unix:EOF/0, x-linux.unix:EOF/0))
READ(name_number, DF_FEATURE(1st, 2nd-of.3))
READ(name_keyword, DF_DEFAULT(class, int))
READ(name_spaces, DF_FEATURE(two words, two   words))
/* clang-format on */

#define HARD_DOC                                                                                   \
	"\"quoted\" 'x' 100% %d %c[df_kind] {a|b} "                                                \
	"\\ back\\slash\n\ttab # $HOME ; é € \x01"
READ(doc_hard, DF_FEATURE(doc, hard, HARD_DOC))
READ(doc_joined, DF_DEFAULT(doc, joined,
			    "one, "
			    "two"))
READ(doc_empty, DF_OPT(doc, empty, ""))

static int in_if(void)
{
	if (DF_FEATURE(place, if))
		return 1;
	return 0;
}

static int in_if_else(void)
{
	int value;

	if (DF_DEFAULT(place, if_else))
		value = 1;
	else
		value = 0;
	return value;
}

static int in_while(void)
{
	int turns = 0;

	while (DF_DEFAULT_SLOW(place, while))
		if (turns++ == 2)
			break;
	return turns != 0;
}

static int in_do_while(void)
{
	int turns = 0;

	do
		turns++;
	while (turns < 3 && DF_FEATURE(place, do_while));
	return turns == 3;
}

static int in_for(void)
{
	int i;

	for (i = 0; i < 4 && DF_OPT(place, for); i++)
		;
	return i == 4;
}

static int in_unrolled(void)
{
	int seen = 0;

	for (int i = 0; i < 4; i++)
		seen += DF_FEATURE(place, unrolled);
	return seen == 4;
}

READ(in_conditional, DF_DEFAULT(place, conditional) ? one : 1 - one)
READ(in_and, one &&DF_FEATURE(place, and))
READ(in_and_left, DF_DEFAULT(place, and_left) && one)
READ(in_or, !one || DF_DEFAULT_SLOW(place, or))
READ(in_not, !!DF_FEATURE(place, not ))
READ(in_comma, (one, DF_OPT(place, comma)))
READ(in_arithmetic, (3 * DF_DEFAULT(place, arithmetic) + 1) / 4)

static int in_switch(void)
{
	switch (DF_FEATURE(place, switch)) {
	case 0:
		return 0;
	case 1:
		return 1;
	default:
		return -1;
	}
}

static int pick(int first, int second)
{
	return one ? second : first;
}
READ(in_argument, pick(7, DF_DEFAULT_SLOW(place, argument)))

static int in_initialiser(void)
{
	const int value = DF_DEFAULT(place, initialiser);

	return value;
}

static int in_aggregate(void)
{
	const int values[2] = {one, DF_FEATURE(place, aggregate)};

	return values[one];
}

static int in_bool(void)
{
	const bool value = DF_OPT(place, bool);

	return value ? 1 : 0;
}

static void count_down(const int *value)
{
	one = one + *value;
}

/* clang before 17 refuses asm goto on both sides of such a scope, unless the header evades it. */
static int around_cleanup(int which)
{
	int values[3];

	values[0] = DF_FEATURE(scope, before);
	{
		__attribute__((__cleanup__(count_down))) int nothing = 0;

		values[1] = DF_DEFAULT(scope, inside) + nothing;
	}
	values[2] = DF_OPT(scope, behind);
	return values[which];
}
READ(scope_before, around_cleanup(0))
READ(scope_inside, around_cleanup(1))
READ(scope_behind, around_cleanup(2))

#if !defined(__cplusplus)
static int around_vla(int which)
{
	int values[2];

	values[0] = DF_DEFAULT(vla, before);
	{
		int some[one + 2];

		some[one] = DF_FEATURE(vla, inside);
		values[1] = some[one];
	}
	return values[which];
}
READ(vla_before, around_vla(0))
READ(vla_inside, around_vla(1))
#endif

#include "hard_file.h"

static const struct row rows[] = {
	{"form", "feature2", "", FEATURE, feature2},
	{"form", "feature3", "a doc", FEATURE, feature3},
	{"form", "default2", "", DEFAULT, default2},
	{"form", "default3", "a doc", DEFAULT, default3},
	{"form", "slow2", "", DEFAULT_SLOW, slow2},
	{"form", "slow3", "a doc", DEFAULT_SLOW, slow3},
	{"form", "opt2", "", OPT, opt2},
	{"form", "opt3", "a doc", OPT, opt3},
	{"debug", "debug1", "", DEBUG_IS, debug1},
	{"debug", "debug2", "a doc", DEBUG_IS, debug2},
	{"linux", "unix", "", FEATURE, name_predefined},
	{"shout", "shout", "", DEFAULT, name_macro},
	{"section-foo.text", "section-foo.text:x", "", OPT, name_section},
	{"x-linux.unix:EOF/0", "x-linux.unix:EOF/0", "", DEFAULT_SLOW, name_macro_inside},
	{"1st", "2nd-of.3", "", FEATURE, name_number},
	{"class", "int", "", DEFAULT, name_keyword},
	{"two words", "two words", "", FEATURE, name_spaces},
	{"doc", "hard", HARD_DOC, FEATURE, doc_hard},
	{"doc", "joined", "one, two", DEFAULT, doc_joined},
	{"doc", "empty", "", OPT, doc_empty},
	{"place", "if", "", FEATURE, in_if},
	{"place", "if_else", "", DEFAULT, in_if_else},
	{"place", "while", "", DEFAULT_SLOW, in_while},
	{"place", "do_while", "", FEATURE, in_do_while},
	{"place", "for", "", OPT, in_for},
	{"place", "unrolled", "", FEATURE, in_unrolled},
	{"place", "conditional", "", DEFAULT, in_conditional},
	{"place", "and", "", FEATURE, in_and},
	{"place", "and_left", "", DEFAULT, in_and_left},
	{"place", "or", "", DEFAULT_SLOW, in_or},
	{"place", "not", "", FEATURE, in_not},
	{"place", "comma", "", OPT, in_comma},
	{"place", "arithmetic", "", DEFAULT, in_arithmetic},
	{"place", "switch", "", FEATURE, in_switch},
	{"place", "argument", "", DEFAULT_SLOW, in_argument},
	{"place", "initialiser", "", DEFAULT, in_initialiser},
	{"place", "aggregate", "", FEATURE, in_aggregate},
	{"place", "bool", "", OPT, in_bool},
	{"scope", "before", "", FEATURE, scope_before},
	{"scope", "inside", "", DEFAULT, scope_inside},
	{"scope", "behind", "", OPT, scope_behind},
#if !defined(__cplusplus)
	{"vla", "before", "", DEFAULT, vla_before},
	{"vla", "inside", "", FEATURE, vla_inside},
#endif
	{"file", "hard", "", FEATURE, hard_file},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static unsigned row_count(void)
{
#if defined(__cplusplus)
	return ROWS + cxx_row_count;
#else
	return ROWS;
#endif
}

static const struct row *row_at(unsigned i)
{
#if defined(__cplusplus)
	if (i >= ROWS)
		return &cxx_rows[i - ROWS];
#endif
	return &rows[i];
}

static int failures;

static void expect(int holds, const struct row *row, const char *what)
{
	if (holds)
		return;
	printf("%s:%s: %s\n", row->kind, row->name, what);
	failures++;
}

static int value_built(const struct row *row)
{
	return row->macro != FEATURE;
}

static void check_values(void)
{
	for (unsigned i = 0; i < row_count(); i++)
		expect(row_at(i)->read() == value_built(row_at(i)), row_at(i),
		       "not the value as built");
}

#if !defined(DF_DISABLE)

#if defined(__cplusplus)
extern "C" {
#endif
__attribute__((__visibility__("hidden"))) extern const struct df_site_v1 __start_df_sites_v1[];
__attribute__((__visibility__("hidden"))) extern const struct df_site_v1 __stop_df_sites_v1[];
#if defined(__cplusplus)
}
#endif

static uintptr_t named(const int32_t *field)
{
	return (uintptr_t)field + (uintptr_t)(intptr_t)*field;
}

static const char *text_named(const int32_t *field)
{
	return (const char *)named(field);
}

static int is_row(const struct df_site_v1 *site, const struct row *row)
{
	return !strcmp(text_named(&site->kind), row->kind) &&
	       !strcmp(text_named(&site->name), row->name);
}

static const struct row *row_of(const struct df_site_v1 *site)
{
	for (unsigned i = 0; i < row_count(); i++)
		if (is_row(site, row_at(i)))
			return row_at(i);
	return NULL;
}

static void check_code(const struct df_site_v1 *site, const struct row *row)
{
	const unsigned char *code = (const unsigned char *)named(&site->site);
	const int jumps = (site->flags & DF_SITE_JUMP_BUILT) != 0;
	int32_t distance;

	if (site->style == DF_STYLE_X86_CARRY) {
		expect(code[0] == (jumps ? 0xf9 : 0xf8), row, "not the opcode as built");
		expect(site->target == 0, row, "a carry site has no target");
		return;
	}
	expect(site->style == DF_STYLE_X86_GOTO, row, "unknown style");
	expect(code[0] == (jumps ? 0xe9 : 0xa9), row, "not the opcode as built");
	memcpy(&distance, code + 1, sizeof(distance));
	expect(named(&site->site) + 5 + (uintptr_t)(intptr_t)distance == named(&site->target), row,
	       "the displacement is not the target's");
}

static void check_record(const struct df_site_v1 *site, const struct row *row)
{
	static const struct {
		unsigned flags, activation;
	} built[] = {
		{0, 0},				       /* FEATURE */
		{DF_SITE_INVERTED, 1},		       /* DEFAULT */
		{DF_SITE_JUMP_BUILT, 1},	       /* DEFAULT_SLOW */
		{DF_SITE_JUMP_BUILT | DF_SITE_HELD, 0} /* OPT */
	};
	static const struct df_state_v1 zero = {{0, 0}, {0, 0}};

	expect(site->flags == built[row->macro].flags, row, "wrong flags");
	expect(site->activation == built[row->macro].activation, row, "wrong activation");
	expect(site->unhook == 0, row, "unhooked as built");
	expect(!strcmp(text_named(&site->doc), row->doc), row, "wrong doc");
	expect(named(&site->state) % 16 == 0, row, "state out of line");
	expect(!memcmp((const void *)named(&site->state), &zero, sizeof(zero)), row,
	       "state not zero");
	if (!strcmp(row->kind, "file")) {
		expect(!strcmp(text_named(&site->file), HARD_FILE), row, "wrong file");
		expect(site->line == HARD_LINE, row, "wrong line");
	} else {
		expect(strstr(text_named(&site->file), "values") != NULL, row, "wrong file");
		expect(site->line > 0, row, "wrong line");
	}
	check_code(site, row);
}

static void check_table(void)
{
	for (const struct df_site_v1 *site = __start_df_sites_v1; site < __stop_df_sites_v1;
	     site++) {
		static const struct row stray = {"stray", "record", "", FEATURE, NULL};
		const struct row *row = row_of(site);

		expect(row != NULL, &stray, text_named(&site->name));
		if (row)
			check_record(site, row);
	}
}

static unsigned char other_opcode(unsigned char opcode)
{
	switch (opcode) {
	case 0xa9:
		return 0xe9;
	case 0xe9:
		return 0xa9;
	case 0xf8:
		return 0xf9;
	default:
		return 0xf8;
	}
}

/* Alone in the process, so writable text and a plain store are enough. */
static int throw_flag(const struct row *row)
{
	int sites = 0;

	for (const struct df_site_v1 *site = __start_df_sites_v1; site < __stop_df_sites_v1;
	     site++) {
		volatile unsigned char *code = (volatile unsigned char *)named(&site->site);
		const uintptr_t page = named(&site->site) & ~(uintptr_t)4095;

		if (!is_row(site, row))
			continue;
		if (mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
			return -1;
		*code = other_opcode(*code);
		sites++;
	}
	return sites;
}

static void check_throwing(void)
{
	for (unsigned i = 0; i < row_count(); i++) {
		expect(throw_flag(row_at(i)) > 0, row_at(i), "no site, or no writing to it");
		for (unsigned j = 0; j < row_count(); j++)
			expect(row_at(j)->read() == (value_built(row_at(j)) ^ (i == j)), row_at(j),
			       i == j ? "not thrown" : "thrown by another flag's change");
		throw_flag(row_at(i));
	}
	check_values();
}

#else
static void check_table(void)
{
}
static void check_throwing(void)
{
}
#endif

int main(void)
{
	check_values();
	check_table();
	check_throwing();
	return failures != 0;
}
