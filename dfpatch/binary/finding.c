/* SPDX-License-Identifier: Apache-2.0 */
/* finding.c - what an audit finds. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

static const struct {
	const char *name;
	enum severity severity;
	const char *meaning;
} codes[] = {
#define FINDING_ROW(NAME, CODE, SEVERITY, TEXT) {CODE, SEVERITY_##SEVERITY, TEXT},
	FINDING_LIST(FINDING_ROW)
#undef FINDING_ROW
};

#define MARK_FINDING ""
#define MARK_NOTE " (note)"

const char findings_help[] =
#define FINDING_HELP(NAME, CODE, SEVERITY, TEXT) "  " CODE MARK_##SEVERITY ": " TEXT "\n"
	FINDING_LIST(FINDING_HELP)
#undef FINDING_HELP
	;

const char *finding_name(enum finding_code code)
{
	return codes[code].name;
}

enum severity finding_severity(enum finding_code code)
{
	return codes[code].severity;
}

const char *finding_meaning(enum finding_code code)
{
	return codes[code].meaning;
}

static char *full_name(const struct df_site *site)
{
	const size_t size = df_full_name_length(site) + 1;
	char *name = malloc(size);
	if (name)
		df_full_name(site, name, size);
	return name;
}

/* What the strings of one more would take. */
static bool fits(const struct findings *findings, const struct df_site *site)
{
	const size_t name = site ? df_full_name_length(site) : 0;
	return name < FINDINGS_BYTES && findings->bytes < FINDINGS_BYTES - name;
}

static bool make_room(struct findings *findings)
{
	if (findings->count < findings->room)
		return true;
	const size_t room = findings->room ? 2 * findings->room : 16;
	struct finding *larger = realloc(findings->list, room * sizeof(*larger));
	if (!larger)
		return false;
	findings->list = larger;
	findings->room = room;
	return true;
}

/* Takes the text, which may be NULL. */
static void keep(struct findings *findings, enum finding_code code,
		 const struct finding_place *place, char *text)
{
	char *flag = place->site ? full_name(place->site) : NULL;
	if (!text || (place->site && !flag) || !make_room(findings)) {
		findings->no_memory = true;
		free(flag);
		free(text);
		return;
	}
	findings->list[findings->count++] = (struct finding){
		.code = code,
		.record = place->record,
		.address = place->address,
		.flag = flag,
		.text = text,
	};
	findings->bytes += strlen(text) + (flag ? strlen(flag) : 0);
	findings->kept[code]++;
}

void findings_add(struct findings *findings, enum finding_code code,
		  const struct finding_place *place, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	if (findings->counts[code]++ >= FINDINGS_KEPT || !fits(findings, place->site))
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	keep(findings, code, place, text);
}

void findings_count(struct findings *findings, enum finding_code code, size_t more)
{
	findings->counts[code] += more;
}

/* A counting sort by code keeps the order within each. */
void findings_sort(struct findings *findings)
{
	struct finding *sorted = calloc(findings->count + 1, sizeof(*sorted));
	size_t next[FINDING_CODES], at = 0;
	if (!sorted) {
		findings->no_memory = true;
		return;
	}
	for (size_t code = 0; code < FINDING_CODES; code++) {
		next[code] = at;
		at += findings->kept[code];
	}
	for (size_t i = 0; i < findings->count; i++)
		sorted[next[findings->list[i].code]++] = findings->list[i];
	free(findings->list);
	findings->list = sorted;
	findings->room = findings->count + 1;
}

size_t findings_total(const struct findings *findings, enum severity severity)
{
	size_t total = 0;
	for (size_t code = 0; code < FINDING_CODES; code++)
		if (codes[code].severity == severity)
			total += findings->counts[code];
	return total;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].flag);
		free(findings->list[i].text);
	}
	free(findings->list);
	*findings = (struct findings){0};
}
