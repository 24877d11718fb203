/* SPDX-License-Identifier: Apache-2.0 */
/* report_audit.c - audits as text for people. */
#include "report_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "cleanup.h"
#include "docs.h"
#include "flag_audit.h"
#include "grid.h"
#include "text.h"

/* Of each code, unless all that was kept is wanted. */
#define SHOWN 20

/* Rows of one table: a million at once would take gigabytes. */
#define ROWS_AT_ONCE 10000

static const char *form_text(const struct audit_module *module)
{
	switch (module->form) {
	case AUDIT_EXECUTABLE:
		return "executable";
	case AUDIT_SHARED:
		return "position-independent";
	case AUDIT_OBJECT:
		return "relocatable object";
	case AUDIT_LIVE:
	default:
		return "loaded module";
	}
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- the summary ---- */

static void print_defaults(const struct audit_summary *s)
{
	const struct {
		size_t count;
		const char *name;
	} defaults[] = {{s->off, "off"}, {s->on, "on"}, {s->held, "held"}, {s->mixed, "mixed"}};
	const char *before = "; as built ";
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].count == 0)
			continue;
		printf("%s%zu %s", before, defaults[i].count, defaults[i].name);
		before = ", ";
	}
}

static void print_contents(const struct audit_summary *s)
{
	printf("  %zu flag%s of %zu kind%s, %zu site%s", s->flags, plural(s->flags), s->kinds,
	       plural(s->kinds), s->sites, plural(s->sites));
	if (s->sites != s->records)
		printf(" of %zu records", s->records);
	if (s->functions > 0)
		printf(" in %zu function%s", s->functions, plural(s->functions));
	print_defaults(s);
	printf("\n  docs: %zu, missing: %zu\n", s->docs, s->flags - s->docs);
}

/* That nothing is wrong means little where nothing was proven. */
static void print_verdict(const struct audit_module *module)
{
	const size_t wrong = findings_total(&module->findings, SEVERITY_FINDING);
	const size_t notes = findings_total(&module->findings, SEVERITY_NOTE);
	printf("  %zu of %zu sites proven; ", module->summary.proven, module->summary.records);
	if (wrong == 0)
		fputs("no findings", stdout);
	else
		printf("%s%zu finding%s%s", color_begin(STDOUT_FILENO, COLOR_BAD), wrong,
		       plural(wrong), color_end(STDOUT_FILENO, COLOR_BAD));
	if (notes > 0)
		printf(", %zu note%s", notes, plural(notes));
	putchar('\n');
}

static void print_summary(const struct audit_module *module)
{
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	CLEANUP_FREE char *path = text_escaped(TEXT_FOR_TERMINAL, module->image->path);
	elf_build_id_text(&module->image->elf, build_id);
	printf("%s: x86-64 %s, ", path ? path : "?", form_text(module));
	if (build_id[0] != '\0')
		printf("build-id %s, ", build_id);
	else if (module->form != AUDIT_OBJECT)
		fputs("no build-id, ", stdout);
	printf("table version %d\n", DF_ABI_VERSION);
	if (module->image->on_disk) {
		CLEANUP_FREE char *disk = text_escaped(TEXT_FOR_TERMINAL, module->image->on_disk);
		printf("  %s\n", disk ? disk : "?");
	}
	print_contents(&module->summary);
	print_verdict(module);
}

/* ---- what was found ---- */

struct code_row {
	enum finding_code code;
	size_t count;
};

static char *cell_code(const void *cell)
{
	const struct code_row *row = cell;
	return strdup(finding_name(row->code));
}

static char *cell_severity(const void *cell)
{
	const struct code_row *row = cell;
	return strdup(finding_severity(row->code) == SEVERITY_NOTE ? "note" : "finding");
}

static enum color color_of(enum finding_code code)
{
	return finding_severity(code) == SEVERITY_FINDING ? COLOR_BAD : COLOR_PLAIN;
}

static enum color color_severity(const void *cell)
{
	const struct code_row *row = cell;
	return color_of(row->code);
}

static char *cell_count(const void *cell)
{
	const struct code_row *row = cell;
	char *text = NULL;
	return asprintf(&text, "%zu", row->count) < 0 ? NULL : text;
}

static char *cell_meaning(const void *cell)
{
	const struct code_row *row = cell;
	return strdup(finding_meaning(row->code));
}

static const struct grid_column code_columns[] = {
	{.name = "CODE", .cell = cell_code},
	{.name = "COUNT", .cell = cell_count, .right = true},
	{.name = "SEVERITY", .cell = cell_severity, .color = color_severity},
	{.name = "MEANING", .cell = cell_meaning},
};

static int print_codes(const struct findings *findings, struct df_err *err)
{
	static const struct grid_columns columns = {code_columns,
						    sizeof(code_columns) / sizeof(code_columns[0])};
	struct grid *grid = NULL;
	int status = grid_new(&columns, "CODE,COUNT,SEVERITY,MEANING", NULL, true, &grid, err);
	for (int code = 0; status == 0 && code < FINDING_CODES; code++) {
		const struct code_row row = {.code = (enum finding_code)code,
					     .count = findings->counts[code]};
		if (row.count > 0)
			status = grid_add(grid, &row, err);
	}
	if (status == 0)
		status = grid_print(grid, err);
	grid_free(grid);
	return status;
}

static char *cell_finding(const void *cell)
{
	const struct finding *finding = cell;
	return strdup(finding_name(finding->code));
}

static enum color color_finding(const void *cell)
{
	const struct finding *finding = cell;
	return color_of(finding->code);
}

static char *cell_address(const void *cell)
{
	const struct finding *finding = cell;
	char *text = NULL;
	if (finding->address == 0)
		return strdup("");
	return asprintf(&text, "%#" PRIx64, finding->address) < 0 ? NULL : text;
}

static char *cell_flag(const void *cell)
{
	const struct finding *finding = cell;
	return text_escaped(TEXT_FOR_TERMINAL, finding->flag ? finding->flag : "");
}

static char *cell_what(const void *cell)
{
	const struct finding *finding = cell;
	return text_escaped(TEXT_FOR_TERMINAL, finding->text);
}

static const struct grid_column finding_columns[] = {
	{.name = "CODE", .cell = cell_finding, .color = color_finding},
	{.name = "ADDRESS", .cell = cell_address},
	{.name = "FLAG", .cell = cell_flag},
	{.name = "WHAT", .cell = cell_what},
};

static bool is_shown(const struct finding *finding, size_t shown, bool verbose)
{
	return verbose || (shown < SHOWN && finding_severity(finding->code) == SEVERITY_FINDING);
}

static int add_findings(struct grid *grid, const struct findings *findings, bool verbose,
			size_t shown[FINDING_CODES], struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (!is_shown(finding, shown[finding->code], verbose))
			continue;
		shown[finding->code]++;
		status = grid_add(grid, finding, err);
	}
	return status;
}

static void print_rest(const struct findings *findings, const size_t shown[FINDING_CODES],
		       bool verbose)
{
	for (int code = 0; code < FINDING_CODES; code++) {
		const size_t rest = findings->counts[code] - shown[code];
		if (rest > 0 && (verbose || shown[code] > 0))
			printf("and %zu more of %s%s\n", rest,
			       finding_name((enum finding_code)code),
			       !verbose && findings->kept[code] > shown[code] ? " (-v shows more)"
									      : "");
	}
}

static int print_findings(const struct findings *findings, bool verbose, struct df_err *err)
{
	static const struct grid_columns columns = {
		finding_columns, sizeof(finding_columns) / sizeof(finding_columns[0])};
	size_t shown[FINDING_CODES] = {0};
	struct grid *grid = NULL;
	if (!verbose && findings_total(findings, SEVERITY_FINDING) == 0)
		return 0;
	putchar('\n');
	int status = grid_new(&columns, "CODE,ADDRESS,FLAG,WHAT", NULL, true, &grid, err);
	if (status == 0)
		status = add_findings(grid, findings, verbose, shown, err);
	if (status == 0)
		status = grid_print(grid, err);
	if (status == 0)
		print_rest(findings, shown, verbose);
	grid_free(grid);
	return status;
}

/* ---- flags ---- */

struct flag_row {
	const struct audit_module *module;
	const struct df_flag *flag;
	const struct age *age; /* NULL without a checkout */
	struct df_site site;   /* the first */
};

static char *cell_name(const void *cell)
{
	const struct flag_row *row = cell;
	return cells_name(&row->site);
}

static char *cell_built(const void *cell)
{
	const struct flag_row *row = cell;
	return strdup(flag_default_name(flag_default_of(&row->module->inventory, row->flag)));
}

static char *cell_sites(const void *cell)
{
	const struct flag_row *row = cell;
	return cells_range(row->flag->count, row->flag->count);
}

static char *cell_location(const void *cell)
{
	const struct flag_row *row = cell;
	return cells_location(&row->site);
}

static char *cell_addresses(const void *cell)
{
	const struct flag_row *row = cell;
	const struct inventory *inventory = &row->module->inventory;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	if (!stream)
		return NULL;
	for (size_t i = 0; i < row->flag->count; i++) {
		struct inventory_place place;
		inventory_place(inventory, inventory->order[row->flag->first + i], &place);
		fprintf(stream, "%s%#" PRIx64, i ? "," : "", place.addr);
	}
	return fclose(stream) == 0 ? text : NULL;
}

static char *cell_doc(const void *cell)
{
	const struct flag_row *row = cell;
	return text_escaped(TEXT_FOR_TERMINAL, row->site.doc);
}

static char *cell_owner(const void *cell)
{
	const struct flag_row *row = cell;
	return cells_owner(&row->site);
}

static char *cell_expires(const void *cell)
{
	const struct flag_row *row = cell;
	return cells_expires(&row->site);
}

/* Where it is in the checkout. */
static char *cell_source(const void *cell)
{
	const struct flag_row *row = cell;
	const struct age *age = row->age;
	CLEANUP_FREE char *path = text_escaped(TEXT_FOR_TERMINAL, age->path ? age->path : "");
	char *text = NULL;
	if (!path)
		return NULL;
	if (age->line == 0)
		return strdup(age_place_name(age->place));
	if (asprintf(&text, "%s:%" PRIu32, path, age->line) < 0)
		return NULL;
	return text;
}

static char *cell_changed(const void *cell)
{
	const struct flag_row *row = cell;
	char day[DOCS_DAY_TEXT] = "";
	if (row->age->commit && row->age->commit->recorded)
		docs_day_text(docs_day_of(row->age->commit->time), day);
	return strdup(row->age->commit && !row->age->commit->recorded ? "uncommitted" : day);
}

static char *cell_author(const void *cell)
{
	const struct flag_row *row = cell;
	const struct commit *commit = row->age->commit;
	return text_escaped(TEXT_FOR_TERMINAL, commit && commit->recorded ? commit->author : "");
}

static const struct grid_column flag_columns[] = {
	{.name = "NAME", .cell = cell_name},
	{.name = "BUILT", .cell = cell_built},
	{.name = "SITES", .cell = cell_sites, .right = true},
	{.name = "LOCATION", .cell = cell_location},
	{.name = "ADDRESS", .cell = cell_addresses},
	{.name = "OWNER", .cell = cell_owner},
	{.name = "EXPIRES", .cell = cell_expires},
	{.name = "SOURCE", .cell = cell_source},
	{.name = "CHANGED", .cell = cell_changed},
	{.name = "AUTHOR", .cell = cell_author},
	{.name = "DOC", .cell = cell_doc, .cut = true},
};

/* Those that have something to show. */
static void choose_columns(const struct audit_module *module, char chosen[128])
{
	const bool dated = module->ages.commits.count > 0;
	snprintf(chosen, 128, "NAME,BUILT,SITES,LOCATION,ADDRESS%s%s%s%s,DOC",
		 module->summary.owned > 0 ? ",OWNER" : "",
		 module->summary.ending > 0 ? ",EXPIRES" : "", module->ages.list ? ",SOURCE" : "",
		 dated ? ",CHANGED,AUTHOR" : "");
}

static int print_some_flags(const struct audit_module *module, size_t first, size_t end,
			    struct df_err *err)
{
	static const struct grid_columns columns = {flag_columns,
						    sizeof(flag_columns) / sizeof(flag_columns[0])};
	struct grid *grid = NULL;
	char chosen[128];
	choose_columns(module, chosen);
	int status = grid_new(&columns, chosen, NULL, first == 0, &grid, err);
	for (size_t i = first; status == 0 && i < end; i++) {
		struct flag_row row = {.module = module,
				       .flag = &module->inventory.flags[i],
				       .age = audit_age(module, i)};
		audit_flag(module, i, &row.site);
		status = grid_add(grid, &row, err);
	}
	if (status == 0)
		status = grid_print(grid, err);
	grid_free(grid);
	return status;
}

static int print_flags(const struct audit_module *module, struct df_err *err)
{
	const size_t count = module->inventory.flag_count;
	int status = 0;
	if (count > 0)
		putchar('\n');
	for (size_t at = 0; status == 0 && at < count; at += ROWS_AT_ONCE)
		status = print_some_flags(
			module, at, count - at > ROWS_AT_ONCE ? at + ROWS_AT_ONCE : count, err);
	return status;
}

int report_audit_module(const struct audit_module *module, bool verbose, bool first,
			struct df_err *err)
{
	int status = 0;
	if (!first)
		putchar('\n');
	print_summary(module);
	if (module->findings.count > 0)
		status = print_codes(&module->findings, err);
	if (status == 0 && module->findings.count > 0)
		status = print_findings(&module->findings, verbose, err);
	return status == 0 && verbose ? print_flags(module, err) : status;
}

void report_audit_totals(const struct audit_totals *t)
{
	if (t->targets < 2 && t->modules < 2)
		return;
	if (t->modules > 0)
		putchar('\n');
	printf("%zu module%s with %zu flag%s and %zu site%s, %zu proven: %zu finding%s, %zu note%s",
	       t->modules, plural(t->modules), t->flags, plural(t->flags), t->sites,
	       plural(t->sites), t->proven, t->findings, plural(t->findings), t->notes,
	       plural(t->notes));
	if (t->without_flags > 0)
		printf("; %zu file%s without flags", t->without_flags, plural(t->without_flags));
	if (t->failure_count > 0)
		printf("; %zu failed", t->failure_count);
	putchar('\n');
}
