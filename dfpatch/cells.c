/* SPDX-License-Identifier: Apache-2.0 */
/* cells.c - what stands in cells of several tables. */
#include "cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "docs.h"
#include "match.h"
#include "text.h"

static char *joined(const char *a, const char *b)
{
	CLEANUP_FREE char *text = NULL;
	if (asprintf(&text, "%s:%s", a, b) < 0) {
		text = NULL; /* whatever it is now is not to be freed */
		return NULL;
	}
	return text_escaped(TEXT_FOR_TERMINAL, text);
}

char *cells_name(const struct df_site *site)
{
	return joined(site->kind, site->name);
}

char *cells_full_name(const struct df_site *site)
{
	const size_t size = df_full_name_length(site) + 1;
	CLEANUP_FREE char *name = malloc(size);
	if (!name)
		return NULL;
	df_full_name(site, name, size);
	return text_escaped(TEXT_FOR_TERMINAL, name);
}

char *cells_location(const struct df_site *site)
{
	char line[16];
	snprintf(line, sizeof(line), "%" PRIu32, site->line);
	return joined(site->file, line);
}

char *cells_owner(const struct df_site *site)
{
	const struct docs docs = docs_parse(site->doc);
	CLEANUP_FREE char *owner = strndup(docs.owner ? docs.owner : "", docs.owner_length);
	return owner ? text_escaped(TEXT_FOR_TERMINAL, owner) : NULL;
}

char *cells_expires(const struct df_site *site)
{
	const struct docs docs = docs_parse(site->doc);
	char day[DOCS_DAY_TEXT] = "";
	if (docs.expires)
		docs_day_text(docs.last, day);
	return strdup(docs.permanent && !docs.expires ? "permanent" : day);
}

enum color cells_state_color(const char *state)
{
	if (strcmp(state, "on") == 0 || strcmp(state, "held") == 0)
		return COLOR_GOOD;
	return strcmp(state, "mixed") == 0 ? COLOR_WARN : COLOR_PLAIN;
}

char *cells_range(uint32_t low, uint32_t high)
{
	char *text = NULL;
	const int length = low == high ? asprintf(&text, "%" PRIu32, low)
				       : asprintf(&text, "%" PRIu32 "-%" PRIu32, low, high);
	return length < 0 ? NULL : text;
}
