/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - an audit as one HTML page. */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "page_assets.h"
#include "page_section.h"

struct page_entry {
	char *path;	      /* owned; NULL if memory ran out */
	enum df_errc failure; /* DF_E_NONE: it was audited */
	size_t findings;
	size_t flags;
};

static const char doctype[] = "<!DOCTYPE html>";

/* A program named by mistake is not replaced by a page about it; a link is no loss. */
static int check_replaced(const char *path, struct df_err *err)
{
	char begin[sizeof(doctype) - 1];
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return 0;
	const ssize_t size = fd < 0 ? -1 : read(fd, begin, sizeof(begin));
	if (size == 0 || (size == sizeof(begin) && memcmp(begin, doctype, sizeof(begin)) == 0))
		return 0;
	return df_fail(err, DF_E_USAGE,
		       "'%s' is there already and is no page; remove it, or give another name",
		       path);
}

int page_begin(struct page *page, const char *path, struct df_err *err)
{
	*page = (struct page){.file.draft = {.directory = -1, .fd = -1}};
	if (strcmp(path, "-") == 0)
		return df_fail(err, DF_E_USAGE, "a page is a file: give its name, not '-'");
	int status = new_file_begin(&page->file, path, err);
	if (status == 0)
		status = check_replaced(path, err);
	if (status < 0)
		return status;
	page->body = tmpfile();
	return page->body ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot make a temporary file");
}

void page_free(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->entries[i].path);
	free(page->entries);
	if (page->body)
		fclose(page->body);
	new_file_end(&page->file);
	*page = (struct page){.file.draft = {.directory = -1, .fd = -1}};
}

/* NULL if memory runs out, which page_end() will tell. */
static struct page_entry *add_entry(struct page *page, const char *path)
{
	struct page_entry *entries =
		reallocarray(page->entries, page->count + 1, sizeof(*page->entries));
	char *copy = strdup(path);
	if (entries)
		page->entries = entries;
	if (!entries || !copy) {
		free(copy);
		page->no_memory = true;
		return NULL;
	}
	entries[page->count] = (struct page_entry){.path = copy};
	return &entries[page->count++];
}

static size_t most_flags(const struct page *page)
{
	const size_t left = PAGE_FLAGS_ALL - page->listed;
	return left < PAGE_FLAGS ? left : PAGE_FLAGS;
}

void page_module(struct page *page, const struct audit_module *module)
{
	struct html html = html_to(page->body);
	struct page_entry *entry = add_entry(page, module->image->path);
	if (!entry)
		return;
	entry->findings = findings_total(&module->findings, SEVERITY_FINDING);
	entry->flags = module->summary.flags;
	page->listed += page_section(&html, module, page->count, most_flags(page));
}

void page_failure(struct page *page, const char *path, const struct df_err *why)
{
	struct html html = html_to(page->body);
	struct page_entry *entry = add_entry(page, path);
	if (!entry)
		return;
	entry->failure = why->code;
	page_section_failed(&html, path, why, page->count);
}

/* ---- before the sections ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] != '\0' ? slash + 1 : path;
}

static void show_title(struct html *html, const struct page *page, const char *element)
{
	html_begin(html, element);
	if (page->count == 1)
		html_text(html, last_part(page->entries[0].path));
	else
		html_textf(html, "%zu modules", page->count);
	if (strcmp(element, "title") == 0)
		html_text(html, " \xe2\x80\x93 dfpatch audit");
	html_end(html);
}

static void meta(struct html *html, const char *name, const char *content)
{
	html_begin(html, "meta");
	html_attribute(html, "name", name);
	html_attribute(html, "content", content);
	html_end_void(html);
}

/* Nothing is loaded, sent or run but the style and the script that stand here. */
static void show_policy(struct html *html)
{
	html_begin(html, "meta");
	html_attribute(html, "http-equiv", "Content-Security-Policy");
	html_attributef(html, "content",
			"default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; "
			"form-action 'none'",
			page_style.hash, page_script.hash);
	html_end_void(html);
}

static void show_head(struct html *html, const struct page *page)
{
	html_begin(html, "head");
	html_begin(html, "meta");
	html_attribute(html, "charset", "utf-8");
	html_end_void(html);
	show_policy(html);
	meta(html, "viewport", "width=device-width, initial-scale=1");
	meta(html, "color-scheme", "light dark");
	meta(html, "referrer", "no-referrer");
	meta(html, "generator", "dfpatch " DFPATCH_VERSION);
	show_title(html, page, "title");
	html_begin(html, "style");
	html_source(html, page_style.text, page_style.size);
	html_end(html);
	html_end(html);
}

struct sums {
	size_t findings;
	size_t audited;
	size_t failed;
};

static struct sums sums_of(const struct page *page)
{
	struct sums sums = {0};
	for (size_t i = 0; i < page->count; i++) {
		const struct page_entry *entry = &page->entries[i];
		sums.findings += entry->findings;
		sums.audited += entry->failure == DF_E_NONE;
		sums.failed += entry->failure != DF_E_NONE && entry->failure != DF_E_NO_FLAGS;
	}
	return sums;
}

/* "Clean" is said of what was audited, if all that should have been was. */
static void show_verdicts(struct html *html, const struct sums *sums)
{
	html_begin(html, "p");
	if (sums->findings > 0 || (sums->audited > 0 && sums->failed == 0))
		page_verdict(html, sums->findings);
	if (sums->failed > 0) {
		html_begin(html, "strong");
		html_attribute(html, "class", "verdict bad");
		html_textf(html, "%zu not audited", sums->failed);
		html_end(html);
	} else if (sums->audited == 0) {
		page_verdict_failed(html, DF_E_NO_FLAGS);
	}
	html_end(html);
}

static void show_header(struct html *html, const struct page *page)
{
	const struct sums sums = sums_of(page);
	html_begin(html, "header");
	html_class(html, "p", "maker", "dfpatch audit");
	show_title(html, page, "h1");
	show_verdicts(html, &sums);
	html_end(html);
}

static void show_entry(struct html *html, const struct page_entry *entry, size_t number)
{
	char id[24];
	page_section_id(id, number);
	html_begin(html, "li");
	html_begin(html, "a");
	html_attributef(html, "href", "#%s", id);
	html_text(html, entry->path);
	html_end(html);
	if (entry->failure != DF_E_NONE) {
		page_verdict_failed(html, entry->failure);
	} else {
		page_verdict(html, entry->findings);
		html_begin(html, "span");
		html_textf(html, entry->flags == 1 ? "%zu flag" : "%zu flags", entry->flags);
		html_end(html);
	}
	html_end(html);
}

static void show_contents(struct html *html, const struct page *page)
{
	if (page->count < 2)
		return;
	html_begin(html, "nav");
	html_attribute(html, "aria-label", "Modules");
	html_begin(html, "ol");
	for (size_t i = 0; i < page->count; i++)
		show_entry(html, &page->entries[i], i + 1);
	html_end(html);
	html_end(html);
}

/* What page.js fills and shows. Without scripts there is nothing to use it with. */
static void show_tools(struct html *html)
{
	html_begin(html, "div");
	html_attribute(html, "id", "tools");
	html_attribute(html, "role", "search");
	html_mark(html, "hidden");
	html_end(html);
}

/* ---- all of it ---- */

static void copy_body(FILE *from, FILE *to)
{
	char buffer[65536];
	size_t size;
	rewind(from);
	while ((size = fread(buffer, 1, sizeof(buffer), from)) > 0)
		if (fwrite(buffer, 1, size, to) != size)
			return;
}

static void show_end(struct html *html)
{
	html_class(html, "footer", "maker", "Made by dfpatch " DFPATCH_VERSION);
	html_begin(html, "script");
	html_source(html, page_script.text, page_script.size);
	html_end(html);
}

static void put_together(const struct page *page)
{
	struct html html = html_to(page->file.stream);
	html_doctype(&html);
	html_begin(&html, "html");
	html_attribute(&html, "lang", "en");
	show_head(&html, page);
	html_begin(&html, "body");
	show_header(&html, page);
	show_contents(&html, page);
	show_tools(&html);
	html_begin(&html, "main");
	html_text(&html, ""); /* its tag is complete */
	copy_body(page->body, page->file.stream);
	html_end(&html);
	show_end(&html);
	html_end(&html);
	html_end(&html);
}

int page_end(struct page *page, struct df_err *err)
{
	if (page->no_memory)
		return df_fail_memory(err);
	if (fflush(page->body) != 0 || ferror(page->body))
		return df_fail_errno(err, DF_E_WRITE, "cannot write '%s': temporary file",
				     page->file.draft.path);
	put_together(page);
	if (ferror(page->body))
		return df_fail(err, DF_E_WRITE,
			       "cannot write '%s': the temporary file cannot be "
			       "read again",
			       page->file.draft.path);
	return new_file_publish(&page->file, err);
}
