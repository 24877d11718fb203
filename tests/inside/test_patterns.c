/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flags a pattern means, in a table of thousands: against regexec(3) over every
 * full name. The names are read from the table by this test, so that each child of it
 * comes to libdf for the first time: names are sorted at the second search, and the
 * answer has to be the same.
 */
#include <criterion/criterion.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "inside.h"
#include "many.h"

extern const struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
extern const struct df_site_v1 __stop_df_sites_v1[] __attribute__((visibility("hidden")));

#define SITES_MAX 8192

/* What the table says. */
static struct name {
	char *full;
	const char *kind;
	bool first; /* of its full name */
	const struct df_state_v1 *state;
	bool wanted;
} names[SITES_MAX];
static size_t name_count;

static const char *text_of(const int32_t *field)
{
	return (const char *)field + *field;
}

static void read_names(void)
{
	for (const struct df_site_v1 *r = __start_df_sites_v1; r < __stop_df_sites_v1; r++) {
		struct name *n = &names[name_count++];
		cr_assert(asprintf(&n->full, "%s:%s@%s:%u", text_of(&r->kind), text_of(&r->name),
				   text_of(&r->file), r->line) > 0);
		n->kind = text_of(&r->kind);
		n->state = (const struct df_state_v1 *)(uintptr_t)text_of(&r->state);
		n->first = true;
		for (size_t i = 0; i + 1 < name_count && n->first; i++)
			n->first = strcmp(names[i].full, n->full) != 0;
	}
}

static void set_up(void)
{
	cr_assert_lt(__stop_df_sites_v1 - __start_df_sites_v1, SITES_MAX);
	setlocale(LC_ALL, "C.UTF-8");
	read_names();
	read_many();
	cr_assert_eq(many_on, 0u);
}

TestSuite(patterns, .init = set_up);

/* Sanitized, a child takes so long that one in five has to do. */
static size_t step(void)
{
	return sanitized() ? 5 : 1;
}

static const char *pattern, *kind;

/* Marks what is wanted; returns how many flags that is, or -1 for a bad pattern. */
static int want(void)
{
	regex_t regex;
	regmatch_t match;
	int flags = 0;
	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return -1;
	for (size_t i = 0; i < name_count; i++) {
		struct name *n = &names[i];
		n->wanted = (!kind || strcmp(kind, n->kind) == 0) &&
			    regexec(&regex, n->full, 1, &match, 0) == 0 && match.rm_so == 0;
		flags += n->wanted && n->first;
	}
	regfree(&regex);
	return flags;
}

static int wanted_flags;

static int call(void)
{
	return kind ? df_activate_kind(kind, pattern) : df_activate(pattern);
}

/* Each call does the same to the same flags. */
static void call_thrice(void)
{
	for (unsigned n = 1; n <= 3; n++) {
		const int flags = call();
		EXPECT(flags == wanted_flags, "'%s', call %u: %d flags for %d", pattern, n, flags,
		       wanted_flags);
		for (size_t i = 0; i < name_count; i++)
			EXPECT(names[i].state->current.activation == (names[i].wanted ? n : 0),
			       "'%s', call %u: %s is%s meant", pattern, n, names[i].full,
			       names[i].wanted ? "" : " not");
	}
}

static int in_wanted(void *context, const struct df_flag_info *flag)
{
	struct name *n = names;
	while (n < names + name_count && (const void *)n->state != state_of(flag->site))
		n++;
	EXPECT(n < names + name_count && strcmp(n->full, flag->full_name) == 0, "listed %s",
	       flag->full_name);
	EXPECT(n->wanted, "'%s' lists %s", pattern, n->full);
	++*(size_t *)context;
	return 0;
}

/* Looks at a twentieth of what is found, but counts all. */
static int count_wanted(void *context, const struct df_flag_info *flag)
{
	if (++*(size_t *)context % 20 != 1)
		return 0;
	size_t ignored = 0;
	return in_wanted(&ignored, flag);
}

static void list_it(void)
{
	size_t sites = 0, wanted_sites = 0;
	const int flags = df_list(pattern, count_wanted, &sites);
	for (size_t i = 0; i < name_count; i++)
		wanted_sites += names[i].wanted;
	EXPECT(flags == wanted_flags, "'%s' lists %d flags for %d", pattern, flags, wanted_flags);
	EXPECT(sites == wanted_sites, "'%s' lists %zu sites for %zu", pattern, sites, wanted_sites);
}

static void call_first(void)
{
	call_thrice();
	if (!kind)
		list_it();
}

/* Other searches, by kind and by name, have gone before. */
static void call_late(void)
{
	df_list("no", in_wanted, NULL);
	df_rehook("http:conn_");
	df_rehook("db");
	df_rehook_kind("http", NULL);
	call_first();
}

static void be_refused(void)
{
	EXPECT(call() == -DF_ERROR_PATTERN, "'%s' is taken", pattern);
	EXPECT(call() == -DF_ERROR_PATTERN, "'%s' is taken", pattern);
}

static void expect_pattern(const char *text, const char *of_kind)
{
	pattern = text;
	kind = of_kind;
	wanted_flags = want();
	in_child(wanted_flags < 0 ? be_refused : call_first);
}

/* ---- by hand ---- */

/* clang-format off */
static const char *const handmade[] = {
	"http:conn_000", "http:conn_00", "http:conn_0", "http:con", "http:c", "http:", "http",
	"htt", "ht", "h", "ht:", "ht:c", "ht:conn00", "httpd:", "httpd:conn_00[0-4]", "Http",
	"HTTP",
	/* the ends of parts, and of numbers */
	"db:row@", "db:row@z", "db:row@z.", "db:row@z.c:", "db:row@z.c:1", "db:row@z.c:10",
	"db:row@z.c:9$", "db:row@z.c:100", "db:row@z.c:1000", "db:row@z:0", "db:row@a.c:9",
	"db:row_", "db:row_0", "db:row$", "db:row", "db:row@z\\.c:10$", "db:row@z.c:2147483000",
	"db:brackets@deep/../dir/", "db:brackets@deep/\\.\\./dir/\\[x]\\{2}\\(y\\)\\|z\\.c:7",
	/* anchored as a whole */
	"a|b", "http:conn_000|ht:conn00", "p:|http:conn_00", "ttp", "^http:conn_00", "^^http",
	"(^http:con|^ht:c)0", "x|http:conn_001@src/conn.c:3", "|http:", "http:|", "(|http):x",
	"http:conn_000@|", "()", "()http:conn_005", "a||b",
	/* literal beginnings, and what follows them */
	"http:conn_0.*", "http:conn_00.", "http:conn_00?", "http:conn_0*", "http:conn_00+@",
	"http:conn_0{1}1", "http:conn_0{3}@", "http:conn_(00|11)1",
	"http:conn_00[0-1]@src/conn\\.c", "http:conn\\_000", "http\\:conn_000", "http:conn_000\\@",
	"http:conn_000$", "http:conn.000@", "http:.*5@", "http:conn_0.*5@.*more", ".*conn_000", ".",
	".*", "", ".+", "[h]ttp:conn_000",
	/* assertions of GNU's, and where they look */
	"http\\b:", "\\bhttp:conn_000", "\\<ht", "ht\\>", "http:conn_00\\B0", "http:\\Bconn",
	"http:\\`conn", "\\`http:conn_000", "http:conn_000@.*\\'", "http:conn_\\w00", "\\w*:c\\W",
	/* parentheses of all sorts */
	"http:conn_000)", "a)|(b", "g:a\\*b", "g:a\\[0]", "(g):(a)", "((g:a))", "g:a->b\\[0]",
	/* back-references */
	"http:conn_(0)\\1\\1@", "(h)t\\1", "(.)\\1", "http:conn_([0-9])\\1\\1", "g:(.)::b",
	/* names that are odd */
	"größe", "größ", "größe:naï", "gr.ße", "größe?:", "größee*:naïve", "naï", "g:3", "g:3d",
	"g:3@", "g:a b  c@", "g:a b c", "g:x##y", "g:a::b", "g:a:", "a:a", "aa", "a", "a:",
	"at:user", "at:user@", "at:user@host", "at:user@host@", "at:user@odd.c", "at:use",
	"at:use@", "at:use@r", "at:user@h.*:20$", "http:conn_0@", "http:conn_000@s",
	"http:conn_000@src", "k", "k@", "k@l", "k@l:", "k:", "k:m@", "net", "net:", "net::",
	"net:tcp", "net:tcp:", "net:tcp:open", "net::tcp", "net::tcp:open", "net::udp:port00",
	"net::u", ":", "::x", ":x",
	/* what is wrong */
	"(", "[", "http:conn_000(", "http:conn_000[", "*", "http:|*", "a{2,1}", "a{1,", "\\", "x**",
	"^*", "a{99999}", "[[:no:]]", "http:conn_{", "http:conn_0{", "http:\\", "+", "(*a)", "a|*b",
};
/* clang-format on */

Test(patterns, by_hand)
{
	for (size_t i = 0; i < COUNT(handmade); i += step())
		expect_pattern(handmade[i], NULL);
}

/* clang-format off */
static const char *const of_kinds[] = {
	"ht", "http", "http:", "h", "db", "größe", "größ", "at", "k@l", "k", "net", "net:",
	"net::tcp", "net:tcp", ":", "", "a", "g",
};
/* clang-format on */
/* clang-format off */
static const char *const in_kinds[] = {
	"", "http:conn_00", "ht", "net:tcp:open", ".*0", "k@l", "db:r",
};
/* clang-format on */

Test(patterns, of_a_kind)
{
	for (size_t i = 0; i < COUNT(of_kinds); i += step())
		for (size_t k = 0; k < COUNT(in_kinds); k++)
			expect_pattern(in_kinds[k], of_kinds[i]);
}

Test(patterns, late)
{
	for (size_t i = 0; i < COUNT(handmade); i += 3 * step()) {
		pattern = handmade[i];
		kind = NULL;
		wanted_flags = want();
		in_child(wanted_flags < 0 ? be_refused : call_late);
	}
}

/* ---- at random ---- */

static unsigned seed = 1;

static unsigned below(size_t limit)
{
	return (unsigned)rand_r(&seed) % (unsigned)limit;
}

/* clang-format off */
static const char *const salt[] = {
	".", ".*", "?", "*", "+", "{2}", "{0,1}", "[^a-c]", "[0-9]+", "(", ")", "(0|1)", "|", "$",
	"^", "\\.", "\\w", "\\b", "\\>", "@", ":", "0", "x", "[[:alpha:]]", "()", "\\", "[", "]",
	"ï", "\\B", "(a)?",
};
/* clang-format on */

/* The beginning of some name with things put in, taken out and put behind. */
static void make_pattern(char *text, size_t size)
{
	const char *name = names[below(name_count)].full;
	size_t length = below(4) == 0 ? strlen(name) : below(strlen(name) + 1);
	char rest[512];
	snprintf(text, size, "%.*s", (int)length, name);
	for (unsigned changes = below(4); changes > 0; changes--) {
		const size_t at = below(3) == 0 ? strlen(text) : below(strlen(text) + 1);
		const size_t skip = text[at] != '\0' && below(2) == 0;
		snprintf(rest, sizeof(rest), "%s", text + at + skip);
		snprintf(text + at, size - at, "%s%s", salt[below(COUNT(salt))], rest);
	}
}

Test(patterns, at_random)
{
	char text[512];
	size_t bad = 0, matching = 0;
	for (size_t round = 0; round < 250; round += step()) {
		/* Where a character is a byte, and where it may be several. */
		setlocale(LC_ALL, round % 3 == 0 ? "C" : "C.UTF-8");
		make_pattern(text, sizeof(text));
		expect_pattern(text, below(8) == 0 ? names[below(name_count)].kind : NULL);
		bad += wanted_flags < 0;
		matching += wanted_flags > 0;
	}
	cr_expect_geq(bad, 20 / step(), "%zu", bad);
	cr_expect_geq(matching, 25 / step(), "%zu", matching);
}

/* ---- scripts ---- */

static int flags_of(const char *text)
{
	pattern = text;
	kind = NULL;
	return want();
}

/* db: is unhooked first, so that only the other two go on. */
static void apply_at_once(void)
{
	static const char conn[] = "http:conn_000@src/conn\\.c";
	char script[256];
	snprintf(script, sizeof(script), "+%s\n+ %s\n-%s\n+ht:c00\n!db:\n+db:row@", conn, conn,
		 conn);
	const int flags =
		3 * flags_of(conn) + flags_of("ht:c00") + flags_of("db:") + flags_of("db:row@");
	EXPECT(df_apply(script) == flags, "%s", df_error());
	read_many();
	EXPECT(many_on == 2, "%u are on", many_on);
	EXPECT(df_disable(NULL) == flags_of(""), "%s", df_error());
	read_many();
	EXPECT(many_on == 0, "%u are on", many_on);
}

Test(patterns, of_a_script_are_searched_in_turn)
{
	in_child(apply_at_once);
}
