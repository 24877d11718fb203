/* SPDX-License-Identifier: Apache-2.0 */
/* page_findings.c - what an audit found, on a page. */
#include "page_findings.h"

#include <inttypes.h>
#include <stdio.h>

void page_finding_id(char id[48], size_t number, enum finding_code code)
{
	snprintf(id, 48, "m%zu-%s", number, finding_name(code));
}

static void show_head(struct html *html)
{
	static const struct {
		const char *class, *title;
	} columns[] = {
		{"name", "Flag"},
		{"text", "What is wrong"},
		{"at number", "Address"},
		{"record number", "Record"},
	};
	html_begin(html, "thead");
	html_begin(html, "tr");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		html_begin(html, "th");
		html_attribute(html, "scope", "col");
		html_attribute(html, "class", columns[i].class);
		html_text(html, columns[i].title);
		html_end(html);
	}
	html_end(html);
	html_end(html);
}

static void show_flag(struct html *html, const struct finding *finding)
{
	html_begin(html, "td");
	html_attribute(html, "class", "name");
	if (finding->flag) {
		html_begin(html, "a");
		html_search(html, finding->flag);
		html_text(html, finding->flag);
		html_end(html);
	}
	html_end(html);
}

static void show_place(struct html *html, const struct finding *finding)
{
	html_begin(html, "td");
	html_attribute(html, "class", "at number");
	if (finding->address != 0)
		html_textf(html, "%#" PRIx64, finding->address);
	html_end(html);
	html_begin(html, "td");
	html_attribute(html, "class", "record number");
	if (finding->record != FINDING_NO_RECORD)
		html_textf(html, "%" PRIu32, finding->record);
	html_end(html);
}

static void show_finding(struct html *html, const struct finding *finding)
{
	html_begin(html, "tr");
	show_flag(html, finding);
	html_class(html, "td", "text", finding->text);
	show_place(html, finding);
	html_end(html);
}

static void show_more(struct html *html, size_t shown, size_t all)
{
	if (shown == all)
		return;
	html_begin(html, "p");
	html_attribute(html, "class", "more");
	html_textf(html, "The first %zu of %zu are shown.", shown, all);
	html_end(html);
}

static void show_summary(struct html *html, enum finding_code code, size_t count)
{
	html_begin(html, "summary");
	html_class(html, "code", "code", finding_name(code));
	html_begin(html, "span");
	html_attribute(html, "class", "count");
	html_textf(html, "%zu", count);
	html_end(html);
	html_text(html, finding_meaning(code));
	html_end(html);
}

/* Shows those of one code, which stand together from `first` on; returns how many are kept. */
static size_t show_code(struct html *html, const struct findings *findings, size_t first,
			size_t number)
{
	const enum finding_code code = findings->list[first].code;
	const bool note = finding_severity(code) == SEVERITY_NOTE;
	char id[48];
	size_t kept = 0;
	html_begin(html, "details");
	page_finding_id(id, number, code);
	html_attribute(html, "id", id);
	html_attribute(html, "class", note ? "note" : "finding");
	if (!note)
		html_mark(html, "open");
	show_summary(html, code, findings->counts[code]);
	html_begin(html, "table");
	html_attribute(html, "class", "findings");
	show_head(html);
	html_begin(html, "tbody");
	for (; first + kept < findings->count && findings->list[first + kept].code == code; kept++)
		if (kept < PAGE_FINDINGS_SHOWN)
			show_finding(html, &findings->list[first + kept]);
	html_end(html);
	html_end(html);
	show_more(html, kept < PAGE_FINDINGS_SHOWN ? kept : PAGE_FINDINGS_SHOWN,
		  findings->counts[code]);
	html_end(html);
	return kept;
}

static void show_severity(struct html *html, const struct findings *findings,
			  enum severity severity, size_t number)
{
	for (size_t i = 0; i < findings->count;) {
		const enum finding_code code = findings->list[i].code;
		if (finding_severity(code) == severity) {
			i += show_code(html, findings, i, number);
			continue;
		}
		while (i < findings->count && findings->list[i].code == code)
			i++;
	}
}

static void show_heading(struct html *html, const char *heading, size_t count)
{
	html_begin(html, "h3");
	html_text(html, heading);
	html_begin(html, "span");
	html_attribute(html, "class", "count");
	html_textf(html, "%zu", count);
	html_end(html);
	html_end(html);
}

void page_findings(struct html *html, const struct audit_module *module, size_t number)
{
	const struct findings *findings = &module->findings;
	const size_t wrong = findings_total(findings, SEVERITY_FINDING);
	const size_t notes = findings_total(findings, SEVERITY_NOTE);
	if (wrong > 0) {
		show_heading(html, "Findings", wrong);
		show_severity(html, findings, SEVERITY_FINDING, number);
	}
	if (notes > 0) {
		show_heading(html, "Notes", notes);
		show_severity(html, findings, SEVERITY_NOTE, number);
	}
	if (findings->no_memory)
		html_class(html, "p", "more", "Memory ran out: some are not shown.");
}
