/* SPDX-License-Identifier: Apache-2.0 */
/* page_flags.c - the flags of an audited module as a table on a page. */
#include "page_flags.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "page_findings.h"
#include "page_row.h"

/* Addresses of so many sites of a flag are shown. */
#define ADDRESSES_SHOWN 4

/* A finding of a record. */
struct mark {
	uint32_t record;
	enum finding_code code;
};

struct table {
	const struct audit_module *module;
	size_t number;	    /* of the module on the page */
	size_t shown;	    /* flags */
	struct mark *marks; /* by record; owned */
	size_t mark_count;
	bool owners; /* some doc names one */
	bool expiries;
};

/* A flag of the table, with what a cell may show of it. */
struct row {
	const struct table *table;
	const struct df_flag *flag;
	struct page_row page;
	struct docs docs;
	const struct age *age; /* NULL without a checkout */
	size_t findings;
	enum finding_code first; /* of the findings */
};

static void cell_kind(struct html *html, const struct row *row)
{
	html_text(html, row->page.site.kind);
}

static void cell_name(struct html *html, const struct row *row)
{
	html_text(html, row->page.site.name);
}

static void cell_doc(struct html *html, const struct row *row)
{
	html_text(html, row->page.site.doc);
}

static void cell_owner(struct html *html, const struct row *row)
{
	/* No string of a table is longer than an int can say. */
	if (row->docs.owner)
		html_textf(html, "%.*s", (int)row->docs.owner_length, row->docs.owner);
}

static void cell_expires(struct html *html, const struct row *row)
{
	char day[DOCS_DAY_TEXT] = "";
	if (row->docs.expires)
		docs_day_text(row->docs.last, day);
	html_text(html, row->docs.permanent ? "permanent" : day);
}

/* File and line each have their own length, so that the line is there if the file is cut. */
static void cell_place(struct html *html, const struct row *row)
{
	html_text(html, row->page.site.file);
	html_textf(html, ":%" PRIu32, row->page.site.line);
}

/* Where the checkout has the flag. */
static void cell_source(struct html *html, const struct row *row)
{
	static const char *const places[] = {
		[AGE_UNKNOWN] = "not found",
		[AGE_HERE] = "there",
		[AGE_GONE] = "gone",
		[AGE_UNSURE] = "not certain",
	};
	if (row->age->place == AGE_MOVED)
		html_textf(html, "line %" PRIu32 " now", row->age->line);
	else
		html_text(html, places[row->age->place]);
}

static void cell_changed(struct html *html, const struct row *row)
{
	char day[DOCS_DAY_TEXT] = "";
	const struct commit *commit = row->age->commit;
	if (commit && commit->recorded)
		docs_day_text(docs_day_of(commit->time), day);
	html_text(html, commit && !commit->recorded ? "uncommitted" : day);
}

static void cell_author(struct html *html, const struct row *row)
{
	const struct commit *commit = row->age->commit;
	if (commit && commit->recorded)
		html_text(html, commit->author);
}

static void show_state(struct html *html, enum page_state state)
{
	html_class(html, "span", page_state_name(state), page_state_name(state));
}

static void cell_built(struct html *html, const struct row *row)
{
	show_state(html, row->page.built);
}

static void cell_now(struct html *html, const struct row *row)
{
	show_state(html, row->page.now);
}

static void cell_sites(struct html *html, const struct row *row)
{
	html_textf(html, "%zu", row->page.sites);
}

static void cell_address(struct html *html, const struct row *row)
{
	const struct inventory *inventory = &row->table->module->inventory;
	for (size_t i = 0; i < row->flag->count && i < ADDRESSES_SHOWN; i++) {
		struct df_site site;
		if (inventory_site(inventory, inventory->order[row->flag->first + i], &site))
			html_textf(html, i ? " %#" PRIx64 : "%#" PRIx64, site.addr);
	}
	if (row->flag->count > ADDRESSES_SHOWN)
		html_textf(html, " and %" PRIu32 " more", row->flag->count - ADDRESSES_SHOWN);
}

static void cell_findings(struct html *html, const struct row *row)
{
	char id[48];
	if (row->findings == 0)
		return;
	page_finding_id(id, row->table->number, row->first);
	html_begin(html, "a");
	html_attributef(html, "href", "#%s", id);
	html_textf(html, "%zu", row->findings);
	html_end(html);
}

static bool if_owned(const struct table *table)
{
	return table->owners;
}

static bool if_expires(const struct table *table)
{
	return table->expiries;
}

static bool if_sourced(const struct table *table)
{
	return table->module->ages.list != NULL;
}

static bool if_dated(const struct table *table)
{
	return if_sourced(table) && table->module->ages.commits.count > 0;
}

static bool if_live(const struct table *table)
{
	return table->module->form == AUDIT_LIVE;
}

static bool if_found(const struct table *table)
{
	return table->mark_count > 0;
}

/* With more columns than these a table may be wider than a page, and is scrolled by itself. */
#define COLUMNS_THAT_FIT 8

/* In the order of the page. page.js knows columns by their class; it sorts `number` as such. */
static const struct column {
	const char *class;
	const char *title;
	void (*cell)(struct html *html, const struct row *row);
	bool (*wanted)(const struct table *table); /* NULL for always */
} columns[] = {
	{"kind", "Kind", cell_kind, NULL},
	{"name", "Name", cell_name, NULL},
	{"doc", "Doc", cell_doc, NULL},
	{"place", "Place", cell_place, NULL},
	{"built", "As built", cell_built, NULL},
	{"now", "Now", cell_now, if_live},
	{"sites number", "Sites", cell_sites, NULL},
	{"at number", "Address", cell_address, NULL},
	{"found number", "Findings", cell_findings, if_found},
	{"source", "In source", cell_source, if_sourced},
	{"changed", "Line of", cell_changed, if_dated},
	{"author", "Author", cell_author, if_dated},
	{"owner", "Owner", cell_owner, if_owned},
	{"expires", "Expires", cell_expires, if_expires},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool is_wanted(const struct table *table, const struct column *column)
{
	return !column->wanted || column->wanted(table);
}

/* ---- findings of flags ---- */

static int by_record(const void *x, const void *y)
{
	const struct mark *a = x, *b = y;
	return (a->record > b->record) - (a->record < b->record);
}

/* Without memory for them, flags are shown without. */
static void mark_records(struct table *table)
{
	const struct findings *findings = &table->module->findings;
	table->marks = calloc(findings->count + 1, sizeof(*table->marks));
	if (!table->marks)
		return;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (finding->flag && finding->record != FINDING_NO_RECORD &&
		    finding_severity(finding->code) == SEVERITY_FINDING)
			table->marks[table->mark_count++] =
				(struct mark){finding->record, finding->code};
	}
	qsort(table->marks, table->mark_count, sizeof(*table->marks), by_record);
}

static const struct mark *first_mark(const struct table *table, uint32_t record)
{
	size_t low = 0, high = table->mark_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (table->marks[middle].record < record)
			low = middle + 1;
		else
			high = middle;
	}
	return &table->marks[low];
}

static void count_findings(struct row *row)
{
	const struct table *table = row->table;
	const uint32_t *order = table->module->inventory.order;
	for (size_t i = 0; table->mark_count > 0 && i < row->flag->count; i++) {
		const uint32_t record = order[row->flag->first + i];
		const struct mark *end = table->marks + table->mark_count;
		for (const struct mark *mark = first_mark(table, record);
		     mark < end && mark->record == record; mark++)
			if (row->findings++ == 0)
				row->first = mark->code;
	}
}

/* Columns that would be empty are left out. */
static void look_at_docs(struct table *table)
{
	for (size_t i = 0; i < table->shown; i++) {
		struct df_site site;
		audit_flag(table->module, i, &site);
		const struct docs docs = docs_parse(site.doc);
		table->owners |= docs.owner != NULL;
		table->expiries |= docs.expires || docs.permanent;
	}
}

/* ---- the table ---- */

static void show_head(struct html *html, const struct table *table)
{
	html_begin(html, "thead");
	html_begin(html, "tr");
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!is_wanted(table, &columns[i]))
			continue;
		html_begin(html, "th");
		html_attribute(html, "scope", "col");
		html_attribute(html, "class", columns[i].class);
		html_text(html, columns[i].title);
		html_end(html);
	}
	html_end(html);
	html_end(html);
}

static void show_row(struct html *html, const struct row *row)
{
	html_begin(html, "tr");
	if (row->findings > 0)
		html_attribute(html, "class", "finding");
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!is_wanted(row->table, &columns[i]))
			continue;
		html_begin(html, "td");
		html_attribute(html, "class", columns[i].class);
		columns[i].cell(html, row);
		html_end(html);
	}
	html_end(html);
}

static size_t width(const struct table *table)
{
	size_t count = 0;
	for (size_t i = 0; i < COLUMNS; i++)
		count += is_wanted(table, &columns[i]);
	return count;
}

static void begin_kind(struct html *html, const struct table *table, const char *kind)
{
	html_begin(html, "tbody");
	html_begin(html, "tr");
	html_attribute(html, "class", "group");
	html_begin(html, "th");
	html_attribute(html, "scope", "rowgroup");
	html_attributef(html, "colspan", "%zu", width(table));
	html_text(html, kind);
	html_end(html);
	html_end(html);
}

static void show_rows(struct html *html, const struct table *table)
{
	const struct inventory *inventory = &table->module->inventory;
	const char *before = NULL;
	for (size_t i = 0; i < table->shown; i++) {
		struct row row = {.table = table, .flag = &inventory->flags[i]};
		page_row(table->module, i, &row.page);
		row.docs = docs_parse(row.page.site.doc);
		row.age = audit_age(table->module, i);
		count_findings(&row);
		if (!before || strcmp(before, row.page.site.kind) != 0) {
			if (before)
				html_end(html);
			before = row.page.site.kind;
			begin_kind(html, table, before);
		}
		show_row(html, &row);
	}
	if (before)
		html_end(html);
}

static void show_more(struct html *html, const struct table *table)
{
	const size_t all = table->module->inventory.flag_count;
	if (table->shown == all)
		return;
	html_begin(html, "p");
	html_attribute(html, "class", "more");
	if (table->shown == 0)
		html_text(html, "None of them is listed here");
	else
		html_textf(html, "The first %zu of %zu are listed here", table->shown, all);
	html_text(html, ", so that this page opens at once. Figures, drawing, kinds and files are "
			"of all; 'dfpatch list' prints them.");
	html_end(html);
}

static void begin_scroll(struct html *html, const struct table *table)
{
	html_begin(html, "div");
	html_attribute(html, "class", "scroll");
	html_attribute(html, "role", "region");
	html_attribute(html, "tabindex", "0");
	html_attributef(html, "aria-labelledby", "m%zu-flags", table->number);
}

static void show_table(struct html *html, const struct table *table)
{
	const bool wide = width(table) > COLUMNS_THAT_FIT;
	html_begin(html, "h3");
	html_attributef(html, "id", "m%zu-flags", table->number);
	html_text(html, "Flags");
	html_begin(html, "span");
	html_attribute(html, "class", "count");
	html_textf(html, "%zu", table->module->inventory.flag_count);
	html_end(html);
	html_end(html);
	show_more(html, table);
	if (wide)
		begin_scroll(html, table);
	html_begin(html, "table");
	html_attribute(html, "class", "flags");
	html_attribute(html, "data-group", "kind");
	html_attributef(html, "data-all", "%zu", table->module->inventory.flag_count);
	html_attributef(html, "aria-labelledby", "m%zu-flags", table->number);
	show_head(html, table);
	show_rows(html, table);
	html_end(html);
	if (wide)
		html_end(html);
}

size_t page_flags(struct html *html, const struct audit_module *module, size_t number, size_t most)
{
	const size_t count = module->inventory.flag_count;
	struct table table = {
		.module = module,
		.number = number,
		.shown = count < most ? count : most,
	};
	if (count == 0)
		return 0;
	mark_records(&table);
	look_at_docs(&table);
	show_table(html, &table);
	free(table.marks);
	return table.shown;
}
