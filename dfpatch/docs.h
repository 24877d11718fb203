/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs.h - what a flag's doc says to machines: who owns the flag, and how long it may live.
 *
 * A doc is words with separators between: blanks, commas, semicolons and brackets, ( ) [ ].
 * Colons and full stops at the end of a word are no part of it. Three words say something:
 *
 *	owner=NAME	    whom to ask about the flag
 *	expires=YYYY-MM-DD  the last day (UTC) on which the flag is meant to be there
 *	permanent	    the flag is meant to stay, however old it gets
 *
 * Words that begin with owner= or expires= do so wherever they stand. "permanent", which
 * is a word of prose too, only as the first or the last word of the doc, or with nothing
 * but these words between it and the first or the last. Upper and lower case differ.
 *
 *	"answer from the cache (owner=web, expires=2027-03-31)"
 *	"owner=storage permanent: never trust the disk"
 */
#ifndef DFPATCH_DOCS_H
#define DFPATCH_DOCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Days since 1970-01-01; those of docs are UTC. */
typedef int32_t docs_day;

enum docs_problem {
	DOCS_SOUND,
	DOCS_NO_OWNER,	/* nothing behind owner= */
	DOCS_NO_DATE,	/* what stands behind expires= is no day of the calendar, 1970 to 9999 */
	DOCS_TWICE,	/* two owners, or two days */
	DOCS_PERMANENT, /* both permanent and expires= */
};

/* Strings are parts of the doc, not terminated. */
struct docs {
	const char *owner; /* NULL for none */
	size_t owner_length;
	bool expires;
	docs_day last; /* with `expires`: the last day on which it has not expired */
	bool permanent;
	enum docs_problem problem; /* the first there is; what is sound beside it holds */
	const char *wrong;	   /* with a problem: the word that has it */
	size_t wrong_length;
};

/* Time grows with the length of the doc. */
struct docs docs_parse(const char *doc);

/* Whether it had expired on that day: the day after `last`, or later. */
bool docs_expired(const struct docs *docs, docs_day today);

docs_day docs_day_of(time_t time);

/* As YYYY-MM-DD. */
#define DOCS_DAY_TEXT 16
void docs_day_text(docs_day day, char text[DOCS_DAY_TEXT]);

/* A sentence without its subject, "names two owners"; "" for none. */
const char *docs_problem_text(enum docs_problem problem);

#endif
