/* SPDX-License-Identifier: Apache-2.0 */
/* page_row.c - one flag of an audited module as a page shows it. */
#include "page_row.h"

#include <stdbool.h>
#include <stdio.h>

#define BAR_WIDTH 1000

static const char *const names[] = {
	[PAGE_OFF] = "off",
	[PAGE_ON] = "on",
	[PAGE_HELD] = "held",
	[PAGE_MIXED] = "mixed",
};

const char *page_state_name(enum page_state state)
{
	return names[state];
}

enum page_state page_state_of(const struct df_count *count)
{
	if (!df_count_active(count))
		return PAGE_OFF;
	return count->activation > 0 ? PAGE_ON : PAGE_HELD;
}

static enum page_state merge(bool first, enum page_state all, enum page_state one)
{
	return first || all == one ? one : PAGE_MIXED;
}

void page_row(const struct audit_module *module, size_t flag, struct page_row *row)
{
	static const struct df_count_v1 as_built;
	const struct inventory *inventory = &module->inventory;
	const struct df_flag *sites = &inventory->flags[flag];
	*row = (struct page_row){.sites = sites->count};
	audit_flag(module, flag, &row->site);
	for (size_t i = 0; i < sites->count; i++) {
		struct df_site site;
		const uint32_t record = inventory->order[sites->first + i];
		if (!inventory_site(inventory, record, &site))
			continue;
		const struct df_count now = inventory_count(inventory, record, &site);
		const struct df_count built = df_count_decode(&site, &as_built);
		row->now = merge(i == 0, row->now, page_state_of(&now));
		row->built = merge(i == 0, row->built, page_state_of(&built));
	}
}

/* "12 off, 3 on" */
static void put_states(struct html *html, const size_t states[PAGE_STATES])
{
	char text[128] = "";
	size_t length = 0;
	for (int s = 0; s < PAGE_STATES; s++)
		if (states[s] > 0)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%zu %s",
						   length > 0 ? ", " : "", states[s], names[s]);
	html_attribute(html, "aria-label", text);
	html_element(html, "title", text);
}

static void put_part(struct html *html, const char *class, size_t from, size_t to)
{
	html_begin(html, "rect");
	html_attribute(html, "class", class);
	html_attributef(html, "x", "%zu", from);
	html_attributef(html, "width", "%zu", to - from);
	html_attribute(html, "height", "10");
	html_end(html);
}

void page_bar(struct html *html, const size_t states[PAGE_STATES])
{
	size_t total = 0, before = 0;
	for (int s = 0; s < PAGE_STATES; s++)
		total += states[s];
	if (total == 0)
		return;
	html_begin(html, "svg");
	html_attribute(html, "class", "bar");
	html_attributef(html, "viewBox", "0 0 %d 10", BAR_WIDTH);
	html_attribute(html, "preserveAspectRatio", "none");
	html_attribute(html, "role", "img");
	put_states(html, states);
	for (int s = 0; s < PAGE_STATES; s++) {
		if (states[s] > 0)
			put_part(html, names[s], before * BAR_WIDTH / total,
				 (before + states[s]) * BAR_WIDTH / total);
		before += states[s];
	}
	html_end(html);
}
