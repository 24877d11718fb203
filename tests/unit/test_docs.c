/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/docs.c: which words of a doc say something, and what. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const struct {
	const char *doc;
	const char *owner, *expires; /* NULL for none */
	bool permanent;
	enum docs_problem problem;
	const char *wrong;
} cases[] = {
	{"", NULL, NULL, false, DOCS_SOUND, ""},
	{" ,;()[] \t\n", NULL, NULL, false, DOCS_SOUND, ""},
	{"answer from the cache", NULL, NULL, false, DOCS_SOUND, ""},
	{"owner=web", "web", NULL, false, DOCS_SOUND, ""},
	{"answer owner=web from the cache", "web", NULL, false, DOCS_SOUND, ""},
	{"answer (owner=web, expires=2027-03-31)", "web", "2027-03-31", false, DOCS_SOUND, ""},
	{"[expires=2027-03-31];owner=a@b", "a@b", "2027-03-31", false, DOCS_SOUND, ""},
	{"a\towner=x\nexpires=2000-02-29\r", "x", "2000-02-29", false, DOCS_SOUND, ""},
	{"owner=\xc3\xa9quipe", "\xc3\xa9quipe", NULL, false, DOCS_SOUND, ""},
	{"owner=a=b", "a=b", NULL, false, DOCS_SOUND, ""},
	{"owner=web owner=web", "web", NULL, false, DOCS_SOUND, ""},
	/* No attributes, though they look like it. */
	{"Owner=web OWNER=web", NULL, NULL, false, DOCS_SOUND, ""},
	{"owner = web", NULL, NULL, false, DOCS_SOUND, ""},
	{"owner web expires 2027-03-31", NULL, NULL, false, DOCS_SOUND, ""},
	{"coowner=web unexpires=1", NULL, NULL, false, DOCS_SOUND, ""},
	{"\"owner=web\"", NULL, NULL, false, DOCS_SOUND, ""},
	/* permanent */
	{"permanent", NULL, NULL, true, DOCS_SOUND, ""},
	{"permanent answer", NULL, NULL, true, DOCS_SOUND, ""},
	{"answer (permanent)", NULL, NULL, true, DOCS_SOUND, ""},
	{"answer permanent owner=web", "web", NULL, true, DOCS_SOUND, ""},
	{"owner=web permanent answer", "web", NULL, true, DOCS_SOUND, ""},
	{"answer permanent redirects", NULL, NULL, false, DOCS_SOUND, ""},
	{"answer owner=web permanent redirects", "web", NULL, false, DOCS_SOUND, ""},
	{"a permanent b permanent", NULL, NULL, true, DOCS_SOUND, ""},
	{"permanent a permanent b", NULL, NULL, true, DOCS_SOUND, ""},
	{"Permanent redirects", NULL, NULL, false, DOCS_SOUND, ""},
	{"permanently", NULL, NULL, false, DOCS_SOUND, ""},
	{"permanent: answer", NULL, NULL, true, DOCS_SOUND, ""},
	{"answer. permanent.", NULL, NULL, true, DOCS_SOUND, ""},
	{"a ... b permanent ...", NULL, NULL, false, DOCS_SOUND, ""},
	{"permanent=yes", NULL, NULL, false, DOCS_SOUND, ""},
	/* Days */
	{"expires=1970-01-01", NULL, "1970-01-01", false, DOCS_SOUND, ""},
	{"expires=9999-12-31", NULL, "9999-12-31", false, DOCS_SOUND, ""},
	{"expires=2028-02-29", NULL, "2028-02-29", false, DOCS_SOUND, ""},
	{"expires=2027-02-29", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-02-29"},
	{"expires=2100-02-29", NULL, NULL, false, DOCS_NO_DATE, "expires=2100-02-29"},
	{"expires=2027-04-31", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-04-31"},
	{"expires=2027-13-01", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-13-01"},
	{"expires=2027-00-01", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-00-01"},
	{"expires=2027-01-00", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-01-00"},
	{"expires=1969-12-31", NULL, NULL, false, DOCS_NO_DATE, "expires=1969-12-31"},
	{"expires=2027-1-1", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-1-1"},
	{"expires=20270101", NULL, NULL, false, DOCS_NO_DATE, "expires=20270101"},
	{"expires=2027-01-01T00:00", NULL, NULL, false, DOCS_NO_DATE, "expires=2027-01-01T00:00"},
	{"owner=web: expires=2027-01-01.", "web", "2027-01-01", false, DOCS_SOUND, ""},
	{"owner=team:web", "team:web", NULL, false, DOCS_SOUND, ""},
	{"owner=. x", NULL, NULL, false, DOCS_NO_OWNER, "owner="},
	{"expires=2027/01/01", NULL, NULL, false, DOCS_NO_DATE, "expires=2027/01/01"},
	{"expires=+027-01-01", NULL, NULL, false, DOCS_NO_DATE, "expires=+027-01-01"},
	{"expires=", NULL, NULL, false, DOCS_NO_DATE, "expires="},
	{"expires= 2027-01-01", NULL, NULL, false, DOCS_NO_DATE, "expires="},
	{"expires=soon owner=web", "web", NULL, false, DOCS_NO_DATE, "expires=soon"},
	/* Contradictions */
	{"owner=", NULL, NULL, false, DOCS_NO_OWNER, "owner="},
	{"owner= owner=web", "web", NULL, false, DOCS_NO_OWNER, "owner="},
	{"owner=a owner=b", "a", NULL, false, DOCS_TWICE, "owner=b"},
	{"expires=2027-01-01 expires=2027-01-01", NULL, "2027-01-01", false, DOCS_SOUND, ""},
	{"expires=2027-01-01 expires=2027-01-02", NULL, "2027-01-01", false, DOCS_TWICE,
	 "expires=2027-01-02"},
	{"permanent expires=2027-01-01", NULL, "2027-01-01", true, DOCS_PERMANENT, "permanent"},
	{"expires=2027-01-01 x permanent", NULL, "2027-01-01", true, DOCS_PERMANENT, "permanent"},
	{"expires=never permanent", NULL, NULL, true, DOCS_NO_DATE, "expires=never"},
};

static bool is_part(const char *part, size_t length, const char *want)
{
	if (!want || *want == '\0')
		return !part || length == 0;
	return part && length == strlen(want) && memcmp(part, want, length) == 0;
}

Test(docs, words)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct docs docs = docs_parse(cases[i].doc);
		char day[DOCS_DAY_TEXT] = "";
		cr_expect(is_part(docs.owner, docs.owner_length, cases[i].owner),
			  "'%s': owner %.*s", cases[i].doc, (int)docs.owner_length,
			  docs.owner ? docs.owner : "");
		cr_expect_eq(docs.expires, cases[i].expires != NULL, "'%s'", cases[i].doc);
		if (docs.expires && cases[i].expires) {
			docs_day_text(docs.last, day);
			cr_expect_str_eq(day, cases[i].expires, "'%s': %s", cases[i].doc, day);
		}
		cr_expect_eq(docs.permanent, cases[i].permanent, "'%s'", cases[i].doc);
		cr_expect_eq(docs.problem, cases[i].problem, "'%s': %d", cases[i].doc,
			     docs.problem);
		cr_expect(is_part(docs.wrong, docs.wrong_length, cases[i].wrong), "'%s': %.*s",
			  cases[i].doc, (int)docs.wrong_length, docs.wrong ? docs.wrong : "");
		cr_expect_eq(*docs_problem_text(docs.problem) != '\0',
			     cases[i].problem != DOCS_SOUND, "'%s'", cases[i].doc);
	}
}

Test(docs, expired_from_the_day_after_on)
{
	const struct docs docs = docs_parse("expires=2026-11-26");
	const time_t noon = 1795694400; /* 2026-11-26 12:00:00 UTC */
	cr_expect(!docs_expired(&docs, docs_day_of(noon - 86400)));
	cr_expect(!docs_expired(&docs, docs_day_of(noon)));
	cr_expect(!docs_expired(&docs, docs_day_of(noon + 43199)));
	cr_expect(docs_expired(&docs, docs_day_of(noon + 43200)));
	const struct docs none = docs_parse("owner=web");
	cr_expect(!docs_expired(&none, INT32_MAX));
}

/* Against the C library, over four centuries and what is around them. */
Test(docs, every_day)
{
	char doc[32], back[DOCS_DAY_TEXT];
	for (time_t t = 0; t < (time_t)430 * 366 * 86400; t += 86400) {
		struct tm date;
		cr_assert(gmtime_r(&t, &date));
		strftime(doc, sizeof(doc), "expires=%Y-%m-%d", &date);
		const struct docs docs = docs_parse(doc);
		docs_day_text(docs.last, back);
		if (!docs.expires || docs.last != t / 86400 || strcmp(back, doc + 8) != 0)
			cr_assert_fail("%s is %d, %s", doc, docs.last, back);
	}
	cr_expect_eq(docs_day_of(-1), -1);
	cr_expect_eq(docs_day_of(-86400), -1);
	cr_expect_eq(docs_day_of(-86401), -2);
}
