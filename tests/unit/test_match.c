/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/match.c: which sites a pattern means. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* What stands before the @ of a full name, as kind and name; file and line are the same. */
#define FILE_NAME "src/conn.c"
#define LINE 41

/* A site from "kind:name", split at the first colon. */
static struct df_site site_of(const char *text, char *buffer, size_t size)
{
	cr_assert_lt(strlen(text), size);
	strcpy(buffer, text);
	char *colon = strchr(buffer, ':');
	cr_assert_not_null(colon);
	*colon = '\0';
	return (struct df_site){
		.kind = buffer, .name = colon + 1, .file = FILE_NAME, .line = LINE, .doc = ""};
}

/* The answer of a pattern for a site, or the negative of its error. */
static int ask(const char *pattern, const char *flag)
{
	char buffer[256];
	const struct df_site site = site_of(flag, buffer, sizeof(buffer));
	struct df_pattern *p;
	struct df_err err;
	int answer = df_pattern_compile(pattern, &p, &err);
	if (answer < 0)
		return answer;
	cr_expect_str_eq(df_pattern_text(p), pattern);
	answer = df_pattern_match(p, &site, &err);
	df_pattern_free(p);
	return answer;
}

static const struct {
	const char *row, *pattern, *flag;
	int answer;
} rows[] = {
	{"from the first character", "http:fast_path", "http:fast_path", 1},
	{"not from a later one", "fast_path", "http:fast_path", 0},
	{"not from a later one, with a metacharacter", "f.st", "http:fast_path", 0},
	{"not to the end", "http:fa", "http:fast_path", 1},
	{"a kind", "http:", "http:fast_path", 1},
	{"another kind", "https:", "http:fast_path", 0},
	{"longer than the name", "http:fast_path@src/conn.c:411", "http:fast_path", 0},
	{"the full name", "http:fast_path@src/conn.c:41", "http:fast_path", 1},
	{"part of the line number", "http:fast_path@src/conn.c:4", "http:fast_path", 1},
	{"another line", "http:fast_path@src/conn.c:42", "http:fast_path", 0},
	{"the file", ".*@src/", "http:fast_path", 1},
	{"the empty pattern takes all", "", "http:fast_path", 1},
	{"anything", ".*", "http:fast_path", 1},
	{"anything behind a prefix", "http:.*", "http:fast_path", 1},
	{"anything behind another prefix", "db:.*", "http:fast_path", 0},
	{"prefix and .* with nothing behind", "http:fast_path@src/conn.c:41.*", "http:fast_path",
	 1},
	{"prefix and .+ with nothing behind", "http:fast_path@src/conn.c:41.+", "http:fast_path",
	 0},

	{"alternative, left", "http:a|db:b", "http:a", 1},
	{"alternative, right", "http:a|db:b", "db:b", 1},
	{"the right one is anchored as well", "db:b|fast", "http:fast_path", 0},
	{"so is the left one", "fast|db:b", "http:fast_path", 0},
	{"an empty alternative takes all", "db:|", "http:fast_path", 1},
	{"alternative in a group", "http:(slow|fast)", "http:fast_path", 1},
	{"alternative in a group, neither", "http:(slow|quick)", "http:fast_path", 0},
	{"a bar in brackets", "http:a[|]b", "http:a|b", 1},
	{"an escaped bar", "http:a\\|b", "http:a|b", 1},
	{"an escaped bar is no alternative", "http:x\\|http:a", "http:a", 0},

	{"? on the last of the prefix, without it", "http:fas?t", "http:fat", 1},
	{"? on the last of the prefix, with it", "http:fas?t", "http:fast_path", 1},
	{"? on the last of the prefix, another", "http:fas?t", "http:faxt", 0},
	{"* on the last of the prefix, none", "http:fa*st", "http:fst", 1},
	{"* on the last of the prefix, many", "http:fa*st", "http:faaast", 1},
	{"+ on the last of the prefix, none", "http:fa+st", "http:fst", 0},
	{"+ on the last of the prefix, many", "http:fa+st", "http:faaast", 1},
	{"{0} on the last of the prefix", "http:fa{0}st", "http:fst", 1},
	{"{2} on the last of the prefix", "http:fa{2}st", "http:faast", 1},
	{"{2} on the last of the prefix, one", "http:fa{2}st", "http:fast", 0},
	{"? on the only character", "x?http:", "http:a", 1},

	{"? on a character of two bytes, without it", "k:caf\xc3\xa9?s", "k:cafs", 1},
	{"? on a character of two bytes, with it", "k:caf\xc3\xa9?s", "k:caf\xc3\xa9s", 1},
	{"* on a character of three bytes, none", "k:\xe2\x82\xac*x", "k:x", 1},
	{"* on a character of three bytes, two", "k:\xe2\x82\xac*x", "k:\xe2\x82\xac\xe2\x82\xacx",
	 1},
	{"+ on a character of four bytes, none", "k:\xf0\x9f\x98\x80+x", "k:x", 0},
	{". is one character of two bytes", "k:a.b",
	 "k:a\xc3\xa9"
	 "b",
	 1},
	{"a character of two bytes as it stands", "k:\xc3\xa9", "k:\xc3\xa9t\xc3\xa9", 1},
	{". is a character of two bytes", "k:.t", "k:\xc3\xa9t", 1},
	{". is not one byte of two", "k:..t", "k:\xc3\xa9t", 0},
	{". behind such a character as it stands", "k:\xc3\xa9.", "k:\xc3\xa9t", 1},
	{"such a character behind a dot", "k:.\xc3\xa9", "k:t\xc3\xa9", 1},
	{". is no half character", "k:.", "k:\xc3", 0},

	{"^ at the start changes nothing", "^http:", "http:a", 1},
	{"^ at the start, later in the name", "^fast", "http:fast", 0},
	{"^ in a group", "(^http):a", "http:a", 1},
	{"^ inside matches nothing", "http:^a", "http:a", 0},
	{"^ inside does not match where the prefix ends", "http:(^a)", "http:a", 0},
	{"^ in brackets", "http:[^b]", "http:a", 1},
	{"^ in brackets, excluded", "http:[^a]", "http:a", 0},
	{"an escaped ^", "http:\\^a", "http:^a", 1},
	{"$ is the end of the full name", "http:a@src/conn.c:41$", "http:a", 1},
	{"$ is not the end of the name", "http:a$", "http:a", 0},

	{"brackets", "http:[ab]$|http:[fg]", "http:fast", 1},
	{"brackets with ]", "http:[]x]", "http:]", 1},
	{"a class", "http:[[:digit:]]+@", "http:42", 1},
	{"a class, not", "http:[[:digit:]]+@", "http:x", 0},
	{"\\. is a dot", "http:a\\.b", "http:a.b", 1},
	{"\\. is nothing else", "http:a\\.b", "http:axb", 0},
	{". is anything", "http:a.b", "http:axb", 1},
	{"\\\\ is a backslash", "http:a\\\\1", "http:a\\1", 1},
	{"an escaped parenthesis", "http:f\\(\\)", "http:f()", 1},
	{"an escaped brace", "http:f\\{1", "http:f{1", 1},
	{"an escaped star", "http:a\\*", "http:a*", 1},
	{"an escaped star is no quantifier", "http:a\\*", "http:aa", 0},

	{"a back-reference", "http:(a|b)\\1", "http:aa", 1},
	{"a back-reference that differs", "http:(a|b)\\1", "http:ab", 0},
	{"a back-reference is anchored", "(.)\\1", "http:xx", 0},
	{"a back-reference is anchored, and matches", "(.)\\1", "zz:x", 1},
	{"a back-reference behind a prefix", "http:x(.)\\1", "http:xyy", 1},
	{"a back-reference behind a prefix, later", "http:x(.)\\1", "http:xayy", 0},
	{"the second group", "http:(a)(b)\\2", "http:abb", 1},
	{"the second group, not the first", "http:(a)(b)\\2", "http:aba", 0},

	{"the ninth group", "http:(a)(b)(c)(d)(e)(f)(g)(h)(i)\\9", "http:abcdefghii", 1},
	{"the ninth group, not the first", "x|http:(a)(b)(c)(d)(e)(f)(g)(h)(i)\\9",
	 "http:abcdefghih", 0},
	{"an escaped backslash before a figure", "http:(x)|http:\\\\1", "http:\\1", 1},

	{"a ) that closes nothing stands for itself", "http:a)b", "http:a)b", 1},
	{"a ) that closes nothing, the other way round", "http:a)b", "http:ab)", 0},
	{"such a ) before a bar", "x)|http:a", "http:a", 1},
	{"such a ) does not end the anchoring", "x)|fast", "http:fast)", 0},
	{"such a ) in a pattern with brackets", "[(])|fast", "http:fast)", 0},
	{"a ) in brackets", "http:[)]|fast", "http:)", 1},
	{"a ) in brackets, anchored", "http:[)]|fast", "http:fast", 0},

	{"a word's end behind a prefix", "http:fast\\>", "http:fast", 1},
	{"a word's end that is none", "http:fast\\>", "http:fast_path", 0},
	{"a word's bound that is none", "http:fast\\b", "http:fast_path", 0},
	{"inside a word", "http:fast\\B", "http:fast_path", 1},
	{"a word's start that is none", "http:fast\\<", "http:fast_path", 0},
	{"the start of all is not where the prefix ends", "http:\\`a", "http:a", 0},
};

static void check_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int answer = ask(rows[i].pattern, rows[i].flag);
		cr_expect_eq(answer, rows[i].answer, "%s: '%s' on %s gives %d", rows[i].row,
			     rows[i].pattern, rows[i].flag, answer);
	}
}

/* Before setlocale() a character is a byte, which only the rows on characters could notice. */
Test(match, patterns)
{
	cr_assert(setlocale(LC_ALL, "C.UTF-8"));
	check_rows();
}

Test(match, patterns_in_the_c_locale)
{
	char *plain = setlocale(LC_ALL, "C");
	cr_assert_not_null(plain);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strpbrk(rows[i].pattern, "\xc3\xe2\xf0") == NULL &&
		    strpbrk(rows[i].flag, "\xc3") == NULL)
			cr_expect_eq(ask(rows[i].pattern, rows[i].flag), rows[i].answer, "%s",
				     rows[i].row);
}

/*
 * What is decided without a regular expression must be what the same text decides as one,
 * which a group makes of it.
 */
static void check_like_expressions(void)
{
	static const char *const patterns[] = {
		".",
		"k.",
		"k:.",
		"k:..t",
		"k:.t.*",
		"k:a\\.b",
		"k:a\\\\.",
		"k:\\(.\\)",
		"k.a.b",
		"k:a\\.b.src",
		"k:a.b@src.conn",
		".*",
		"k:a.b@.",
		"k:a.b@src/conn\\.c:4",
		"k:a.b@src/conn.c:4.",
		"k:a.b@src/conn.c:41.",
		"k:.*b",
		"k:\xc3\xa9\\.",
		"k:.\xa9",
		".:.",
		"\\^k",
		"k\\:",
	};
	static const char *const flags[] = {
		"k:a.b",       "k:axb",	      "k:a\\x",	 "k:(x)",	   "k:(x",
		"k:\xc3\xa9t", "k:\xc3\xa9.", "k:t\xa9", "k:\xc3\xa9\xa9", "k:.",
		"kk:a",	       "^k:a",	      "k:a b",	 "k:a\nb",
	};
	for (size_t i = 0; i < COUNT(patterns); i++) {
		char group[64];
		snprintf(group, sizeof(group), "(%s)", patterns[i]);
		for (size_t j = 0; j < COUNT(flags); j++)
			cr_expect_eq(ask(patterns[i], flags[j]), ask(group, flags[j]), "'%s' on %s",
				     patterns[i], flags[j]);
	}
}

Test(match, plain_patterns_are_expressions)
{
	char *plain = setlocale(LC_ALL, "C");
	cr_assert_not_null(plain);
	check_like_expressions();
}

Test(match, plain_patterns_are_expressions_of_long_characters)
{
	cr_assert(setlocale(LC_ALL, "C.UTF-8"));
	check_like_expressions();
}

/* One that may become an expression is refused whatever the locale. */
Test(match, plain_patterns_that_are_too_long)
{
	char text[8192];
	memset(text, '.', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_expect_eq(ask(text, "k:a"), -(int)DF_E_PATTERN);
}

Test(match, bad_patterns_say_why)
{
	static const struct {
		const char *pattern, *says;
	} bad[] = {
		{"http:(", "Unmatched ( or \\("},
		{"http:[a", "Unmatched ["},
		{"http:[b-a]", "Invalid range end"},
		{"*", "Invalid preceding regular expression"},
		{"a|*", "Invalid preceding regular expression"},
		{"http:\\", "Trailing backslash"},
		{"http:[[:nonsense:]]", "Invalid character class name"},
		{"(a)\\2", "Invalid back reference"},
		{"a{2,1}", "Invalid content of \\{\\}"},
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct df_pattern *const untouched = (struct df_pattern *)&bad;
		struct df_pattern *p = untouched;
		struct df_err err = {0};
		cr_expect_eq(df_pattern_compile(bad[i].pattern, &p, &err), -(int)DF_E_PATTERN,
			     "'%s'", bad[i].pattern);
		cr_expect_eq(p, untouched, "'%s'", bad[i].pattern);
		cr_expect_eq(err.code, DF_E_PATTERN);
		cr_expect(strstr(err.text, bad[i].says), "'%s': %s", bad[i].pattern, err.text);
		cr_expect(strstr(err.text, bad[i].pattern), "'%s': %s", bad[i].pattern, err.text);
	}
}

Test(match, free_takes_null)
{
	df_pattern_free(NULL);
}

/* Flags with names that are also regular expressions, or that read as another's kind. */
static const char *const flags[] = {
	"http:fast_path", "http:fast_path_2",
	"http:fast",	  "https:fast",
	"db:c++(",	  "db:c+",
	"db:a:b",	  "db:a",
	"db:a:",	  "x:[",
	"x:a@b:1",	  "a:b",
	":empty",	  "d.:x",
	"dx:x",
};

/* Which of `flags` a pattern of words takes, as text: one character each, 1 0 or the sign of -. */
static void answers(const char *text, char *to, struct df_err *err)
{
	char buffers[COUNT(flags)][64];
	struct df_site sites[COUNT(flags)];
	struct df_pattern *p;
	for (size_t i = 0; i < COUNT(flags); i++)
		sites[i] = site_of(flags[i], buffers[i], sizeof(buffers[i]));
	cr_assert_eq(df_pattern_words(text, &p, err), 0, "'%s': %s", text, err->text);
	cr_expect_str_eq(df_pattern_text(p), text);
	/* In two portions, as two modules would be shown. */
	df_pattern_learn(p, sites, 7);
	df_pattern_learn(p, sites + 7, COUNT(flags) - 7);
	const int check = df_pattern_check(p, err);
	for (size_t i = 0; i < COUNT(flags); i++) {
		const int answer = df_pattern_match(p, &sites[i], err);
		to[i] = answer < 0 ? '-' : (char)('0' + answer);
		cr_expect_eq(answer < 0, check < 0, "'%s' on %s", text, flags[i]);
	}
	to[COUNT(flags)] = '\0';
	df_pattern_free(p);
}

static const struct {
	const char *row, *text, *taken; /* in the order of `flags` */
} words[] = {
	{"a kind", "http:", "111000000000000"},
	{"a kind is not the beginning of another", "http", "111100000000000"},
	{"a flag is not the beginning of another", "http:fast", "001000000000000"},
	{"not even of a longer one", "http:fast_path", "100000000000000"},
	{"a full name", "http:fast_path@src/conn.c:41", "100000000000000"},
	{"a full name of none is an expression", "http:fast_path@src/conn.c:4", "100000000000000"},
	{"a flag of none is an expression", "http:fast_p", "110000000000000"},
	{"a flag that is a broken expression", "db:c++(", "000010000000000"},
	{"a flag that is another expression", "db:c+", "000001000000000"},
	{"a full name that is a broken expression", "db:c++(@src/conn.c:41", "000010000000000"},
	{"a name with a colon", "db:a:b", "000000100000000"},
	{"a name that is the beginning of that", "db:a", "000000010000000"},
	{"a name that ends with a colon", "db:a:", "000000001000000"},
	{"a lone bracket", "x:[", "000000000100000"},
	{"a name with an @", "x:a@b:1", "000000000010000"},
	{"an empty kind", ":", "000000000000100"},
	{"a flag of an empty kind", ":empty", "000000000000100"},
	{"a kind with a dot", "d.:", "000000000000010"},
	{"an expression with a dot", "d.", "000011111000011"},
	{"a flag with a dot", "d.:x", "000000000000010"},
	{"an expression", ".*fast$|db:.:b", "000000100000000"},
	{"a broken expression that is no flag", "db:(", "---------------"},
	{"the empty text takes all", "", "111111111111111"},
	{"another line", "http:fast_path@src/conn.c:42", "000000000000000"},
};

Test(match, words)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		struct df_err err = {0};
		char taken[COUNT(flags) + 1];
		answers(words[i].text, taken, &err);
		cr_expect_str_eq(taken, words[i].taken, "%s: '%s' takes %s", words[i].row,
				 words[i].text, taken);
	}
}

Test(match, a_broken_expression_says_why_when_it_is_used)
{
	struct df_pattern *p;
	struct df_err err = {0};
	cr_assert_eq(df_pattern_words("db:(", &p, &err), 0);
	cr_expect_eq(df_pattern_check(p, &err), -(int)DF_E_PATTERN);
	cr_expect(strstr(err.text, "db:("), "%s", err.text);
	cr_expect(strstr(err.text, "Unmatched ("), "%s", err.text);
	const struct df_site site = {
		.kind = "db", .name = "(", .file = "a.c", .line = 1, .doc = ""};
	df_pattern_learn(p, &site, 1);
	cr_expect_eq(df_pattern_check(p, &err), 0);
	df_pattern_free(p);
}

/* What was learnt stays: a site shown later can widen the meaning, not narrow it. */
Test(match, the_widest_meaning_wins)
{
	const struct df_site flag = {.kind = "a", .name = "b:", .file = "f", .doc = ""};
	const struct df_site kind = {.kind = "a:b", .name = "c", .file = "f", .doc = ""};
	struct df_pattern *p;
	struct df_err err;
	for (int order = 0; order < 2; order++) {
		cr_assert_eq(df_pattern_words("a:b:", &p, &err), 0);
		df_pattern_learn(p, order ? &flag : &kind, 1);
		df_pattern_learn(p, order ? &kind : &flag, 1);
		cr_expect_eq(df_pattern_match(p, &kind, &err), 1);
		cr_expect_eq(df_pattern_match(p, &flag, &err), 0);
		df_pattern_free(p);
	}
}

/* Full names around the size of any buffer, and far above: only the last character decides. */
Test(match, long_names)
{
	static char name[70000];
	for (size_t length = 470; length < sizeof(name); length += length < 600 ? 1 : 20000) {
		memset(name, 'n', length);
		name[length - 1] = 'z';
		name[length] = '\0';
		const struct df_site site = {
			.kind = "k", .name = name, .file = "f.c", .line = 7, .doc = ""};
		static const struct {
			const char *pattern;
			int answer;
		} asked[] = {{"k:n*z@f\\.c:7$", 1}, {"k:n*zz", 0}, {".*z@", 1}, {"k:n", 1}};
		for (size_t i = 0; i < COUNT(asked); i++) {
			struct df_pattern *p;
			struct df_err err;
			cr_assert_eq(df_pattern_compile(asked[i].pattern, &p, &err), 0);
			cr_expect_eq(df_pattern_match(p, &site, &err), asked[i].answer,
				     "'%s' on a name of %zu", asked[i].pattern, length);
			df_pattern_free(p);
		}
	}
}

Test(match, full_names)
{
	const struct df_site site = {.kind = "http",
				     .name = "fast_path",
				     .file = "src/conn.c",
				     .line = UINT32_MAX,
				     .doc = "no part of it"};
	static const char full[] = "http:fast_path@src/conn.c:4294967295";
	cr_expect_eq(df_full_name_length(&site), strlen(full));
	for (size_t size = 1; size <= sizeof(full) + 1; size++) {
		char *buffer = malloc(size);
		const size_t kept = size - 1 < strlen(full) ? size - 1 : strlen(full);
		cr_expect_eq(df_full_name(&site, buffer, size), strlen(full));
		cr_expect_eq(strlen(buffer), kept, "size %zu", size);
		cr_expect_arr_eq(buffer, full, kept, "size %zu", size);
		free(buffer);
	}
}

/* regcomp() would overflow the stack. What is no expression may be as long as it likes. */
Test(match, expressions_have_a_limit)
{
	static const struct {
		const char *part;
		size_t times;
		bool fits;
	} sizes[] = {
		{"a*", 2048, true}, {"a*", 2049, false}, {"(", 100000, false},
		{"(a)", 100, true}, {"(a)", 101, false}, {"a", 60000, true},
	};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const size_t length = strlen(sizes[i].part);
		char *text = calloc(sizes[i].times * length + 1, 1);
		struct df_pattern *pattern = NULL;
		struct df_err err = {0};
		for (size_t j = 0; j < sizes[i].times; j++)
			memcpy(text + j * length, sizes[i].part, length);
		cr_expect_eq(df_pattern_compile(text, &pattern, &err),
			     sizes[i].fits ? 0 : -(int)DF_E_PATTERN, "row %zu: %s", i, err.text);
		cr_expect(sizes[i].fits || strstr(err.text, "are allowed"), "row %zu: %s", i,
			  err.text);
		df_pattern_free(pattern);
		free(text);
	}
}

/* One long time of regcomp(), as groups within groups make it; escaped, it is no repetition. */
Test(match, repetitions_have_a_limit, .timeout = 60)
{
	static const struct {
		const char *text;
		bool fits;
	} repeated[] = {
		{"x(((((((((((((((((((((((((((((((a)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*)*"
		 ")*)*)*)*)*)*)*",
		 false},
		{"((((a{1,40}){1,40}){1,40}){1,40})", false},
		{"a++++++", true},
		{"a++++++++++++++++++++++++++++++++++++++++", false},
		{"a****************************************", false},
		{"a????????????????????????????????????????", false},
		{"a?+++", true},
		{"a?+++++", false},
		{"(a|)++++++b", false},
		{"(a?{9}+)++", false},
		{"((a*)+b?)+++", false},
		{"(^)+++++", false},
		{"^)+++++", false},
		{"(|^|){,3}++", false},
		{"((a?){2,}{3,}+", false},
		{"(^a|b$)?", true},
		{"x(a|\\<)*b", true},
		{"a{9}{9}{9}", true},
		{"http:****:**********+*n", false},
		{"a{99}{99}{99}", false},
		{"a**b**c**d**e**f**g**h**i**j**k**l**", true},
		{"a**b**c**d**e**f**g**h**i**j**k**l**m**", false},
		{"(a*)*(b*)*(c|)*(d)*(e)*(f)*(g)*(h)*(i)*(j)*(k)*(l)*(m)*(n)*(o)*(p)*", true},
		{"(a{90}b{90}c)+", true},
		{"x[*+?{9999}]*", true},
		{"x[]*+?[:alpha:]+++++++++++++++++++++++++++++++]*", true},
		{"x\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*", true},
		{"(a*|b*)*c?(d+e+)+@.*:[0-9]{1,9}", true},
	};
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
		struct df_pattern *pattern = NULL;
		struct df_err err = {0};
		const int status = df_pattern_compile(repeated[i].text, &pattern, &err);
		cr_expect_eq(status, repeated[i].fits ? 0 : -(int)DF_E_PATTERN, "'%s': %s",
			     repeated[i].text, err.text);
		cr_expect(repeated[i].fits || strstr(err.text, "too many parts"), "%s", err.text);
		df_pattern_free(pattern);
	}
}
