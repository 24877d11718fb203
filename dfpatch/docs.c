/* SPDX-License-Identifier: Apache-2.0 */
/* docs.c - what a flag's doc says to machines. */
#include "docs.h"

#include <stdio.h>
#include <string.h>

static const char separators[] = " \t\n\v\f\r,;()[]";

struct word {
	const char *text;
	size_t length;
};

/* The next word at or behind *at, which then stands behind it; false if there is none. */
static bool next_word(const char **at, struct word *word)
{
	word->text = *at + strspn(*at, separators);
	word->length = strcspn(word->text, separators);
	*at = word->text + word->length;
	const bool found = word->length > 0;
	while (word->length > 0 && strchr(".:", word->text[word->length - 1]))
		word->length--;
	return found;
}

static bool begins(const struct word *word, const char *with)
{
	const size_t length = strlen(with);
	return word->length >= length && memcmp(word->text, with, length) == 0;
}

static bool is_permanent(const struct word *word)
{
	return word->length == strlen("permanent") && begins(word, "permanent");
}

static void complain(struct docs *docs, enum docs_problem problem, const struct word *word)
{
	if (docs->problem != DOCS_SOUND)
		return;
	docs->problem = problem;
	docs->wrong = word->text;
	docs->wrong_length = word->length;
}

/* ---- days ---- */

/*
 * Days before a date of the Gregorian calendar, counted from a 1st of March, so that
 * the leap day is the last of its year.
 */
static docs_day day_of(int year, int month, int day)
{
	const int march_year = month <= 2 ? year - 1 : year;
	const int months = (month + 9) % 12; /* since March */
	return 365 * march_year + march_year / 4 - march_year / 100 + march_year / 400 +
	       (153 * months + 2) / 5 + day - 1 - 719468;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

static bool digits(const char *text, size_t count, int *value)
{
	*value = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = 10 * *value + (text[i] - '0');
	}
	return true;
}

static bool parse_day(const struct word *text, docs_day *day)
{
	int year, month, of_month;
	if (text->length != strlen("YYYY-MM-DD") || text->text[4] != '-' || text->text[7] != '-' ||
	    !digits(text->text, 4, &year) || !digits(text->text + 5, 2, &month) ||
	    !digits(text->text + 8, 2, &of_month))
		return false;
	if (year < 1970 || month < 1 || month > 12 || of_month < 1 ||
	    of_month > days_in(year, month))
		return false;
	*day = day_of(year, month, of_month);
	return true;
}

docs_day docs_day_of(time_t time)
{
	const time_t day = 24 * 60 * 60;
	return (docs_day)(time / day - (time % day < 0));
}

void docs_day_text(docs_day day, char text[DOCS_DAY_TEXT])
{
	const time_t time = (time_t)day * 24 * 60 * 60;
	struct tm date;
	text[0] = '\0';
	if (gmtime_r(&time, &date))
		strftime(text, DOCS_DAY_TEXT, "%Y-%m-%d", &date);
}

/* ---- attributes ---- */

static void take_owner(struct docs *docs, const struct word *word)
{
	const struct word name = {word->text + strlen("owner="), word->length - strlen("owner=")};
	if (name.length == 0) {
		complain(docs, DOCS_NO_OWNER, word);
	} else if (!docs->owner) {
		docs->owner = name.text;
		docs->owner_length = name.length;
	} else if (name.length != docs->owner_length ||
		   memcmp(name.text, docs->owner, name.length) != 0) {
		complain(docs, DOCS_TWICE, word);
	}
}

static void take_expires(struct docs *docs, const struct word *word)
{
	const struct word date = {word->text + strlen("expires="),
				  word->length - strlen("expires=")};
	docs_day day;
	if (!parse_day(&date, &day)) {
		complain(docs, DOCS_NO_DATE, word);
	} else if (!docs->expires) {
		docs->expires = true;
		docs->last = day;
	} else if (day != docs->last) {
		complain(docs, DOCS_TWICE, word);
	}
}

/* Takes it if it is an attribute that may stand anywhere. */
static bool take_named(struct docs *docs, const struct word *word)
{
	if (begins(word, "owner="))
		take_owner(docs, word);
	else if (begins(word, "expires="))
		take_expires(docs, word);
	else
		return false;
	return true;
}

struct docs docs_parse(const char *doc)
{
	struct docs docs = {0};
	struct word word, said = {0};
	if (!strchr(doc, '=') && !strstr(doc, "permanent"))
		return docs;   /* as most */
	bool trailing = false; /* `said` permanent, and nothing but attributes since */
	bool leading = true;   /* nothing but attributes so far */
	while (next_word(&doc, &word)) {
		if (is_permanent(&word)) {
			said = word;
			trailing = true;
			docs.permanent = docs.permanent || leading;
		} else if (!take_named(&docs, &word)) {
			leading = trailing = false;
		}
	}
	docs.permanent = docs.permanent || trailing;
	if (docs.permanent && docs.expires)
		complain(&docs, DOCS_PERMANENT, &said);
	return docs;
}

bool docs_expired(const struct docs *docs, docs_day today)
{
	return docs->expires && docs->last < today;
}

const char *docs_problem_text(enum docs_problem problem)
{
	switch (problem) {
	case DOCS_NO_OWNER:
		return "names nobody";
	case DOCS_NO_DATE:
		return "is no day, which would be YYYY-MM-DD";
	case DOCS_TWICE:
		return "contradicts another one before it";
	case DOCS_PERMANENT:
		return "contradicts expires=";
	case DOCS_SOUND:
	default:
		return "";
	}
}
