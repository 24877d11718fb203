/* SPDX-License-Identifier: Apache-2.0 */
/* page_section.c - all that a page says of one audited module. */
#include "page_section.h"

#include <stdio.h>

#include "page_findings.h"
#include "page_flags.h"
#include "page_groups.h"
#include "page_map.h"
#include "page_row.h"

static const char *const forms[] = {
	[AUDIT_EXECUTABLE] = "executable of fixed addresses",
	[AUDIT_SHARED] = "position-independent",
	[AUDIT_OBJECT] = "relocatable object",
	[AUDIT_LIVE] = "module of a running process",
};

void page_section_id(char id[24], size_t number)
{
	snprintf(id, 24, "m%zu", number);
}

void page_verdict(struct html *html, size_t findings)
{
	html_begin(html, "strong");
	html_attribute(html, "class", findings > 0 ? "verdict bad" : "verdict good");
	if (findings == 0)
		html_text(html, "Clean");
	else
		html_textf(html, findings == 1 ? "%zu finding" : "%zu findings", findings);
	html_end(html);
}

void page_verdict_failed(struct html *html, enum df_errc failure)
{
	if (failure == DF_E_NO_FLAGS)
		html_class(html, "strong", "verdict none", "No flags");
	else
		html_class(html, "strong", "verdict bad", "Not audited");
}

static void begin_section(struct html *html, const char *path, size_t number)
{
	char id[24];
	page_section_id(id, number);
	html_begin(html, "section");
	html_attribute(html, "id", id);
	html_begin(html, "h2");
	html_text(html, path);
	html_end(html);
}

static void show_identity(struct html *html, const struct audit_module *module)
{
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	elf_build_id_text(&module->image->elf, build_id);
	html_begin(html, "p");
	html_attribute(html, "class", "identity");
	page_verdict(html, findings_total(&module->findings, SEVERITY_FINDING));
	html_class(html, "span", "form", forms[module->form]);
	html_begin(html, "span");
	html_text(html, build_id[0] != '\0' ? "build-id " : "no build-id");
	html_element(html, "code", build_id);
	html_end(html);
	html_end(html);
}

static void begin_figure(struct html *html, const char *name)
{
	html_begin(html, "div");
	html_element(html, "dt", name);
	html_begin(html, "dd");
}

static void end_figure(struct html *html)
{
	html_end(html);
	html_end(html);
}

static void figure(struct html *html, const char *name, size_t number)
{
	begin_figure(html, name);
	html_textf(html, "%zu", number);
	end_figure(html);
}

static void figure_of(struct html *html, const char *name, size_t number, size_t all)
{
	begin_figure(html, name);
	html_textf(html, "%zu", number);
	html_begin(html, "small");
	html_textf(html, " of %zu", all);
	html_end(html);
	end_figure(html);
}

/* How the flags are as built, in words and as a bar. */
static void figure_states(struct html *html, const struct audit_summary *summary)
{
	const size_t states[PAGE_STATES] = {
		[PAGE_OFF] = summary->off,
		[PAGE_ON] = summary->on,
		[PAGE_HELD] = summary->held,
		[PAGE_MIXED] = summary->mixed,
	};
	html_begin(html, "div");
	html_attribute(html, "class", "states");
	html_element(html, "dt", "Flags as built");
	html_begin(html, "dd");
	for (int s = 0; s < PAGE_STATES; s++) {
		if (states[s] == 0 && s != PAGE_OFF && s != PAGE_ON)
			continue;
		const char *name = page_state_name((enum page_state)s);
		html_begin(html, "span");
		html_attribute(html, "class", name);
		html_textf(html, "%zu %s", states[s], name);
		html_end(html);
	}
	page_bar(html, states);
	end_figure(html);
}

static void show_figures(struct html *html, const struct audit_summary *summary)
{
	html_begin(html, "dl");
	html_attribute(html, "class", "figures");
	figure(html, "Flags", summary->flags);
	figure(html, "Kinds", summary->kinds);
	figure(html, "Sites", summary->sites);
	figure_of(html, "Proven", summary->proven, summary->records);
	if (summary->functions > 0)
		figure(html, "Functions", summary->functions);
	if (summary->records > summary->sites)
		figure(html, "Damaged records", summary->records - summary->sites);
	figure_of(html, "With doc", summary->docs, summary->flags);
	figure_states(html, summary);
	html_end(html);
}

static void show_groups(struct html *html, const struct audit_module *module)
{
	struct groups kinds, files;
	groups_count(module, &kinds, &files);
	html_begin(html, "div");
	html_attribute(html, "class", "overview");
	groups_show(html, &kinds, "Kinds", "Kind", ":");
	groups_show(html, &files, "Files", "File", ":");
	html_end(html);
	groups_free(&kinds);
	groups_free(&files);
}

size_t page_section(struct html *html, const struct audit_module *module, size_t number,
		    size_t most)
{
	begin_section(html, module->image->path, number);
	show_identity(html, module);
	show_figures(html, &module->summary);
	page_findings(html, module, number);
	if (module->inventory.flag_count > 0) {
		page_map(html, module);
		show_groups(html, module);
	}
	const size_t listed = page_flags(html, module, number, most);
	html_end(html);
	return listed;
}

void page_section_failed(struct html *html, const char *path, const struct df_err *why,
			 size_t number)
{
	begin_section(html, path, number);
	html_begin(html, "p");
	html_attribute(html, "class", "identity");
	page_verdict_failed(html, why->code);
	html_element(html, "span", why->text);
	html_end(html);
	html_end(html);
}
