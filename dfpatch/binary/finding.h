/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.h - what an audit finds: one list of codes, and findings kept in
 * bounded memory.
 *
 * Of each code all findings are counted and the first FINDINGS_KEPT are kept
 * with their text, as long as all take no more than FINDINGS_BYTES, so that a
 * table of a million bad records takes no more memory than one of a thousand.
 */
#ifndef DFPATCH_FINDING_H
#define DFPATCH_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "site.h"

enum severity {
	SEVERITY_FINDING, /* something is wrong: the audit fails */
	SEVERITY_NOTE,	  /* worth knowing, and no more */
};

/*
 * Every code: X(NAME, "code", SEVERITY, "what it means"). The codes are stable:
 * scripts go by them. They are printed in this order.
 */
#define FINDING_LIST(X)                                                                            \
	X(TABLE, "table", FINDING,                                                                 \
	  "note, control block or site table are damaged, or section headers contradict them")     \
	X(VERSION, "version", FINDING, "the table has a layout that this version does not know")   \
	X(CONTROL, "control", FINDING,                                                             \
	  "the control block is not as built, or tells of a change that nobody is making")         \
	X(RELOCATION, "relocation", FINDING,                                                       \
	  "a relocation of a record or of code leads out of its object, or cannot be followed")    \
	X(RECORD_BOUNDS, "record-bounds", FINDING, "a record cannot be read")                      \
	X(RECORD_STYLE, "record-style", FINDING, "a record has a style that is not known")         \
	X(RECORD_FLAGS, "record-flags", FINDING, "a record has flags that are not known")          \
	X(STRING_BOUNDS, "string-bounds", FINDING,                                                 \
	  "kind, name, file or doc is no terminated string of the module")                         \
	X(STRING_EMPTY, "string-empty", FINDING, "kind, name or file is empty")                    \
	X(STRING_UTF8, "string-utf8", FINDING, "kind, name, file or doc is no well-formed UTF-8")  \
	X(STATE_BOUNDS, "state-bounds", FINDING,                                                   \
	  "the state lies in no writable segment, is not aligned, or lies in the control block")   \
	X(STATE_OVERLAP, "state-overlap", FINDING, "two sites share a state")                      \
	X(STATE_VALUE, "state-value", FINDING,                                                     \
	  "a state holds counts that it cannot have: not as built in a file, or half-changed")     \
	X(SITE_SEGMENT, "site-segment", FINDING, "the site lies in no executable segment")         \
	X(TARGET_SEGMENT, "target-segment", FINDING, "the target lies in no executable segment")   \
	X(SITE_OVERLAP, "site-overlap", FINDING, "two sites share bytes")                          \
	X(SITE_BYTES, "site-bytes", FINDING, "the site holds neither of its two instructions")     \
	X(SITE_DISPLACEMENT, "site-displacement", FINDING,                                         \
	  "the instruction at the site leads elsewhere than to the record's target")               \
	X(SITE_STATE, "site-state", FINDING,                                                       \
	  "the site holds the other of its two instructions than record and counts say")           \
	X(SITE_UNREADABLE, "site-unreadable", FINDING, "the bytes of the site are not there")      \
	X(BREAKPOINT, "breakpoint", FINDING, "a debugger or uprobe owns the byte at the site")     \
	X(SITE_BOUNDARY, "site-boundary", FINDING,                                                 \
	  "the site is no instruction of its function, decoded from its start")                    \
	X(TARGET_BOUNDARY, "target-boundary", FINDING,                                             \
	  "the target is no instruction of its function or of that function's cold part")          \
	X(BRANCH_INTO_SITE, "branch-into-site", FINDING,                                           \
	  "a branch leads into the middle of a site")                                              \
	X(FUNCTION_UNDECODABLE, "function-undecodable", FINDING,                                   \
	  "a function with sites has bytes that are no instruction")                               \
	X(UNWIND_DAMAGED, "unwind-damaged", FINDING,                                               \
	  "the unwind table is damaged, so that functions and their boundaries may be missing")    \
	X(FUNCTION_UNKNOWN, "function-unknown", NOTE,                                              \
	  "no symbol and no unwind table tells the function, so boundaries are not proven")        \
	X(NOT_CHECKED, "not-checked", NOTE, "a part of the file could not be checked")             \
	X(CACHE_LINE, "cache-line", NOTE, "the site straddles two cache lines")                    \
	X(PAGE, "page", NOTE, "the site straddles two pages")                                      \
	X(DEFAULT_CONFLICT, "default-conflict", NOTE,                                              \
	  "one name has different defaults in different places")                                   \
	X(DOC_CONFLICT, "doc-conflict", NOTE, "one name has different docs in different places")   \
	X(DOC_MISSING, "doc-missing", NOTE, "a flag has no doc")                                   \
	X(COUNTS_BUILT, "counts-built", NOTE, "a flag has counts as built that no macro gives it") \
	X(MINOR_VERSION, "minor-version", NOTE, "the table was made by a later minor version")     \
	X(DOC_ATTRIBUTE, "doc-attribute", FINDING,                                                 \
	  "owner=, expires= or permanent in a doc makes no sense")                                 \
	X(EXPIRED, "expired", FINDING, "the day that a doc names with expires= is over")           \
	X(SOURCE_MOVED, "source-moved", FINDING,                                                   \
	  "the line of the source that a record names does not hold the flag")                     \
	X(STALE, "stale", FINDING, "the line that holds the flag is older than is allowed")        \
	X(SOURCE_UNKNOWN, "source-unknown", NOTE,                                                  \
	  "the source was not found in the checkout, or does not tell for certain")

enum finding_code {
#define FINDING_ENUM(NAME, CODE, SEVERITY, TEXT) FINDING_##NAME,
	FINDING_LIST(FINDING_ENUM)
#undef FINDING_ENUM
		FINDING_CODES
};

/* A line for each code, for --help. */
extern const char findings_help[];

const char *finding_name(enum finding_code code);
enum severity finding_severity(enum finding_code code);
const char *finding_meaning(enum finding_code code);

#define FINDINGS_KEPT 1000
#define FINDINGS_BYTES ((size_t)8 << 20)
#define FINDING_NO_RECORD UINT32_MAX

/* One finding. The strings are owned and as untrusted as the module. */
struct finding {
	enum finding_code code;
	uint32_t record;  /* index in the table, or FINDING_NO_RECORD */
	uint64_t address; /* of what is wrong, of the module's space; 0 if that is no place */
	char *flag;	  /* full name; NULL if it is about no flag, or that cannot be read */
	char *text;	  /* what is wrong, without the above */
};

struct findings {
	struct finding *list; /* owned; by code, then as they were found, after findings_sort() */
	size_t count;
	size_t room;
	size_t counts[FINDING_CODES]; /* all that were found */
	size_t kept[FINDING_CODES];
	size_t bytes;	/* of the strings kept */
	bool no_memory; /* some finding was lost for want of memory */
};

/* What a finding is about. */
struct finding_place {
	uint32_t record;
	uint64_t address;
	const struct df_site *site; /* its full name is taken; NULL for none */
};

/* About the module as a whole, or an address in it. */
#define FINDING_AT(ADDRESS)                                                                        \
	(&(const struct finding_place){.record = FINDING_NO_RECORD, .address = (ADDRESS)})

/* Counts one finding, and keeps it if there is room; *findings begins as all zero. */
void findings_add(struct findings *findings, enum finding_code code,
		  const struct finding_place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Counts so many more, of which no more is known. */
void findings_count(struct findings *findings, enum finding_code code, size_t more);

/* Orders what was kept by code. */
void findings_sort(struct findings *findings);

/* How many there are of a severity, kept or not. */
size_t findings_total(const struct findings *findings, enum severity severity);

void findings_free(struct findings *findings);

#endif
