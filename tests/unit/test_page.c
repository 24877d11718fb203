/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/page.c and of the parts that it is put together from. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fake_snapshot.h"
#include "page.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define BASE 0x400000

static char place[] = "/tmp/test_page.XXXXXX";

static void enter(void)
{
	cr_assert(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
}

static void leave(void)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", place);
	cr_expect_eq(chdir("/"), 0);
	cr_expect_eq(system(command), 0);
}

TestSuite(page, .init = enter, .fini = leave, .timeout = 120);

/* ---- audited modules ---- */

struct fixture {
	struct fake_module fake;
	struct elf_part text;
	struct image image;
	struct audit_module module;
};

/* Not a sound audit, but figures of which each is another. */
static const struct audit_summary summary = {.records = 999,
					     .sites = 998,
					     .kinds = 3,
					     .flags = 321,
					     .on = 11,
					     .off = 12,
					     .held = 13,
					     .docs = 77,
					     .functions = 55};

static void build(struct fixture *f, const struct df_site *like, size_t count)
{
	struct df_err err = {0};
	*f = (struct fixture){0};
	fake_module_build(&f->fake, BASE, like, count);
	const struct df_range *text = &f->fake.segments[FAKE_TEXT];
	f->text = (struct elf_part){
		.type = PT_LOAD, .prot = DF_READ | DF_EXEC, .addr = text->addr, .size = text->size};
	f->image = (struct image){
		.path = (char *)"/usr/bin/<server>",
		.fd = -1,
		.elf = {.parts = &f->text,
			.part_count = 1,
			.build_id = {0xab, 1},
			.build_id_size = 2},
	};
	fake_snapshot_begin(&f->image.snapshot, &f->fake);
	cr_assert_eq(df_table_find(&f->image.snapshot.view, &f->image.table, &err), 1, "%s",
		     err.text);
	f->module =
		(struct audit_module){.image = &f->image, .form = AUDIT_SHARED, .summary = summary};
	cr_assert_eq(inventory_begin(&f->module.inventory, &f->image, 1, &f->module.findings, &err),
		     0);
	cr_assert_eq(inventory_group(&f->module.inventory, &err), 0);
}

static void destroy(struct fixture *f)
{
	findings_free(&f->module.findings);
	inventory_free(&f->module.inventory);
	free(f->image.states);
	snapshot_free(&f->image.snapshot);
	fake_module_free(&f->fake);
}

static const struct df_site some[] = {
	{.kind = "http",
	 .name = "fast",
	 .file = "a.c",
	 .doc = "go <b>fast</b>",
	 .line = 10,
	 .style = DF_STYLE_X86_GOTO},
	{.kind = "http",
	 .name = "log",
	 .file = "b.c",
	 .doc = "",
	 .line = 20,
	 .activation = 1,
	 .flags = DF_SITE_INVERTED,
	 .style = DF_STYLE_X86_GOTO},
	{.kind = "cache",
	 .name = "old",
	 .file = "b.c",
	 .doc = "",
	 .line = 30,
	 .flags = DF_SITE_HELD | DF_SITE_JUMP_BUILT,
	 .style = DF_STYLE_X86_GOTO},
	{.kind = "http",
	 .name = "fast",
	 .file = "a.c",
	 .doc = "go <b>fast</b>",
	 .line = 10,
	 .style = DF_STYLE_X86_GOTO},
	{.kind = "http",
	 .name = "two",
	 .file = "a.c",
	 .doc = "",
	 .line = 40,
	 .style = DF_STYLE_X86_GOTO},
	{.kind = "http",
	 .name = "two",
	 .file = "a.c",
	 .doc = "",
	 .line = 40,
	 .activation = 1,
	 .flags = DF_SITE_INVERTED,
	 .style = DF_STYLE_X86_GOTO},
};

static void find(struct fixture *f, enum finding_code code, uint32_t record)
{
	struct df_site site;
	cr_assert(inventory_site(&f->module.inventory, record, &site));
	const struct finding_place at = {.record = record, .address = site.addr, .site = &site};
	findings_add(&f->module.findings, code, &at, "<wrong> %u", record);
	findings_sort(&f->module.findings);
}

/* ---- pages ---- */

static char *text_of(const char *name)
{
	char *text = NULL;
	size_t size = 0, length;
	char buffer[4096];
	FILE *file = fopen(name, "r");
	FILE *copy = open_memstream(&text, &size);
	cr_assert(file && copy, "%s", name);
	while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0)
		fwrite(buffer, 1, length, copy);
	fclose(file);
	fclose(copy);
	return text;
}

static char *page_of(struct fixture *fixtures, size_t count)
{
	struct page page;
	struct df_err err = {0};
	cr_assert_eq(page_begin(&page, "page.html", &err), 0, "%s", err.text);
	for (size_t i = 0; i < count; i++)
		page_module(&page, &fixtures[i].module);
	cr_assert_eq(page_end(&page, &err), 0, "%s", err.text);
	page_free(&page);
	return text_of("page.html");
}

/* Not by strstr(3), of which a sanitizer makes a look at all of the text each time. */
static size_t times(const char *text, const char *part)
{
	const size_t length = strlen(part);
	size_t count = 0;
	for (const char *at = text; (at = strchr(at, *part)); at++)
		count += strncmp(at, part, length) == 0;
	return count;
}

static void expect_parts(const char *text, const char *const *parts)
{
	for (; *parts; parts++)
		cr_expect(strstr(text, *parts), "not there: %s", *parts);
}

/* Reads the page as a strict reader would: what is not told apart by it is told by a browser. */
static const char *const elements[] = {
	"html",	 "head",  "meta", "title",   "style",  "script",  "body",	"header",
	"h1",	 "h2",	  "h3",	  "p",	     "strong", "nav",	  "ol",		"li",
	"a",	 "div",	  "main", "section", "span",   "code",	  "dl",		"dt",
	"dd",	 "small", "svg",  "g",	     "rect",   "details", "summary",	"table",
	"thead", "tbody", "tr",	  "th",	     "td",     "figure",  "figcaption", "footer"};
static const char *const attributes[] = {"lang",       "charset",
					 "http-equiv", "content",
					 "name",       "class",
					 "id",	       "href",
					 "hidden",     "role",
					 "aria-label", "aria-labelledby",
					 "viewBox",    "preserveAspectRatio",
					 "x",	       "y",
					 "width",      "height",
					 "open",       "scope",
					 "colspan",    "data-group",
					 "data-all",   "tabindex"};

static bool is_one_of(const char *const *list, size_t count, const char *word, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == length && strncmp(list[i], word, length) == 0)
			return true;
	return false;
}

static const char *read_attributes(const char *s)
{
	while (*s == ' ') {
		const size_t length = strcspn(++s, "= >");
		cr_assert(is_one_of(attributes, COUNT(attributes), s, length), "%.40s", s);
		s += length;
		if (*s != '=')
			continue;
		cr_assert_eq(s[1], '"', "%.40s", s);
		s += 2 + strcspn(s + 2, "\"<");
		cr_assert_eq(*s++, '"', "%.40s", s);
	}
	cr_assert_eq(*s, '>', "%.40s", s);
	return s + 1;
}

struct open_elements {
	const char *names[32];
	size_t lengths[32];
	size_t depth;
};

/* What is open when another begins closes by itself only if the page says so. */
static const char *read_tag(const char *s, struct open_elements *open)
{
	const bool end = s[1] == '/';
	const char *name = s + 1 + end;
	const size_t length = strcspn(name, " >");
	cr_assert(is_one_of(elements, COUNT(elements), name, length), "%.40s", s);
	if (end) {
		cr_assert_gt(open->depth, 0);
		open->depth--;
		cr_assert(length == open->lengths[open->depth] &&
				  strncmp(name, open->names[open->depth], length) == 0,
			  "%.40s", s);
		cr_assert_eq(name[length], '>');
		return name + length + 1;
	}
	if (strncmp(name, "meta", 4) != 0) {
		cr_assert_lt(open->depth, COUNT(open->names));
		open->names[open->depth] = name;
		open->lengths[open->depth++] = length;
	}
	s = read_attributes(name + length);
	/* Of these browsers read nothing but their end. */
	if (strncmp(name, "style", length) == 0)
		return strstr(s, "</style>");
	return strncmp(name, "script", length) == 0 ? strstr(s, "</script>") : s;
}

static void expect_well_formed(const char *page)
{
	struct open_elements open = {0};
	const char *s = page + strlen("<!DOCTYPE html>\n");
	cr_assert(strncmp(page, "<!DOCTYPE html>\n", (size_t)(s - page)) == 0);
	while (*s != '\0') {
		if (*s == '<')
			s = read_tag(s, &open);
		else
			s += 1 + strcspn(s + 1, "<");
		cr_assert(s);
	}
	cr_expect_eq(open.depth, 0);
	cr_expect_eq(times(page, "<style>"), 1);
	cr_expect_eq(times(page, "<script>"), 1);
}

/* ---- tests ---- */

Test(page, one_module)
{
	struct fixture f;
	build(&f, some, COUNT(some));
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	expect_parts(page, (const char *const[]){
				   "<html lang=\"en\">",
				   "default-src &#39;none&#39;; style-src &#39;sha256-",
				   "base-uri &#39;none&#39;; form-action &#39;none&#39;",
				   "<title>&lt;server&gt; \342\200\223 dfpatch audit</title>",
				   "<h1>&lt;server&gt;</h1>",
				   "<h2>/usr/bin/&lt;server&gt;</h2>",
				   "<strong class=\"verdict good\">Clean</strong>",
				   "position-independent",
				   "build-id <code>ab01</code>",
				   "<dt>Flags</dt>\n<dd>321</dd>",
				   "<dt>Functions</dt>\n<dd>55</dd>",
				   "<dt>Damaged records</dt>\n<dd>1</dd>",
				   "<dd>77<small> of 321</small>",
				   "<span class=\"off\">12 off</span>",
				   "<span class=\"held\">13 held</span>",
				   "<td class=\"name\">fast</td><td class=\"doc\">go "
				   "&lt;b&gt;fast&lt;/b&gt;</td>"
				   "<td class=\"place\">a.c:10</td><td class=\"built\"><span "
				   "class=\"off\">off</span>"
				   "</td><td class=\"sites number\">2</td>",
				   "<td class=\"name\">log</td><td class=\"doc\"></td><td "
				   "class=\"place\">b.c:20</td>"
				   "<td class=\"built\"><span class=\"on\">on</span></td>",
				   "<span class=\"held\">held</span></td>",
				   "<span class=\"mixed\">mixed</span></td>",
				   "<a href=\"#q=http:\">http</a></th><td class=\"number\">3</td>"
				   "<td class=\"number\">5</td><td class=\"number\">2</td>",
				   "<a href=\"#q=b.c:\">b.c</a></th><td class=\"number\">2</td>"
				   "<td class=\"number\">2</td><td class=\"number\">2</td>",
				   NULL});
	cr_expect_eq(times(page, "<nav"), 0);
	cr_expect_eq(times(page, "<td class=\"kind\">"), 4);
	cr_expect_eq(times(page, "class=\"now\""), 0);
	cr_expect_eq(times(page, "class=\"found number\""), 0);
	cr_expect_eq(times(page, "<figure>"), 1);
	free(page);
	destroy(&f);
}

/* Only where a doc says so. */
Test(page, owners_and_days)
{
	struct df_site owned[COUNT(some)];
	struct fixture f;
	memcpy(owned, some, sizeof(some));
	owned[1].doc = "log (owner=<web>, expires=2027-03-31)";
	owned[2].doc = "permanent";
	build(&f, owned, COUNT(owned));
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	expect_parts(page, (const char *const[]){"<td class=\"owner\">&lt;web&gt;</td>"
						 "<td class=\"expires\">2027-03-31</td>",
						 "<td class=\"owner\"></td>"
						 "<td class=\"expires\">permanent</td>",
						 NULL});
	cr_expect_eq(times(page, "<td class=\"owner\">"), 4);
	free(page);
	destroy(&f);
	build(&f, some, COUNT(some));
	page = page_of(&f, 1);
	cr_expect_eq(times(page, "class=\"owner\""), 0);
	cr_expect_eq(times(page, "class=\"expires\""), 0);
	free(page);
	destroy(&f);
}

/* Flags are in the order of kind and name: cache:old, http:fast, http:log, http:two. */
Test(page, what_a_checkout_says)
{
	const struct commit commits[] = {
		{.id = "0123", .recorded = true, .time = 86400, .author = "<A> U. Thor"},
		{.recorded = false, .author = "not committed"},
	};
	struct age list[] = {
		{.place = AGE_HERE, .line = 30, .commit = &commits[0]},
		{.place = AGE_MOVED, .line = 12, .commit = &commits[1]},
		{.place = AGE_GONE},
		{.place = AGE_UNKNOWN},
	};
	struct fixture f;
	build(&f, some, COUNT(some));
	f.module.ages.list = list;
	f.module.ages.count = COUNT(list);
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	cr_expect_eq(times(page, "class=\"changed\""), 0);
	free(page);
	f.module.ages.commits.count = COUNT(commits);
	page = page_of(&f, 1);
	expect_well_formed(page);
	expect_parts(page, (const char *const[]){
				   "<td class=\"source\">there</td><td "
				   "class=\"changed\">1970-01-02</td>"
				   "<td class=\"author\">&lt;A&gt; U. Thor</td>",
				   "<td class=\"source\">line 12 now</td><td "
				   "class=\"changed\">uncommitted</td>"
				   "<td class=\"author\"></td>",
				   "<td class=\"source\">gone</td><td class=\"changed\"></td>",
				   "<td class=\"source\">not found</td>", NULL});
	free(page);
	destroy(&f);
}

Test(page, live_modules_tell_what_is_now)
{
	struct fixture f;
	build(&f, some, COUNT(some));
	f.module.form = AUDIT_LIVE;
	f.image.states = calloc(COUNT(some), sizeof(*f.image.states));
	cr_assert(f.image.states);
	f.image.states[1].current.activation = 1; /* stored XOR 1: off */
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	expect_parts(page,
		     (const char *const[]){"module of a running process",
					   "<td class=\"built\"><span class=\"on\">on</span></td>"
					   "<td class=\"now\"><span class=\"off\">off</span></td>",
					   NULL});
	cr_expect_eq(times(page, "<td class=\"now\">"), 4);
	free(page);
	destroy(&f);
}

Test(page, findings)
{
	struct fixture f;
	build(&f, some, COUNT(some));
	find(&f, FINDING_CACHE_LINE, 0);
	find(&f, FINDING_SITE_BYTES, 3);
	find(&f, FINDING_SITE_OVERLAP, 3);
	findings_add(&f.module.findings, FINDING_TABLE, FINDING_AT(0), "no place");
	findings_sort(&f.module.findings);
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	expect_parts(page,
		     (const char *const[]){
			     "<strong class=\"verdict bad\">3 findings</strong>",
			     "<details id=\"m1-site-bytes\" class=\"finding\" open>",
			     "<details id=\"m1-cache-line\" class=\"note\">",
			     "<code class=\"code\">site-bytes</code><span class=\"count\">1</span>"
			     "the site holds neither of its two instructions",
			     "<a href=\"#q=http:fast@a.c:10\">http:fast@a.c:10</a></td>"
			     "<td class=\"text\">&lt;wrong&gt; 3</td>",
			     "<td class=\"name\"></td><td class=\"text\">no place</td>"
			     "<td class=\"at number\"></td><td class=\"record number\"></td>",
			     "<td class=\"found number\"><a href=\"#m1-site-overlap\">2</a></td>",
			     NULL});
	cr_expect_eq(times(page, "<tr class=\"finding\">"), 1);
	/* In the drawing: a mark beside the legend's. */
	cr_expect_eq(times(page, "; 2 findings</title>"), 1);
	cr_expect_eq(times(page, "<rect class=\"finding\""), 1);
	free(page);
	destroy(&f);
}

Test(page, findings_beyond_those_shown)
{
	struct fixture f;
	build(&f, some, COUNT(some));
	for (int i = 0; i < 1200; i++)
		find(&f, FINDING_SITE_BYTES, 0);
	char *page = page_of(&f, 1);
	cr_expect_eq(times(page, "&lt;wrong&gt;"), 200);
	cr_expect(strstr(page, "The first 200 of 1200 are shown."));
	cr_expect(strstr(page, "<strong class=\"verdict bad\">1200 findings</strong>"));
	free(page);
	destroy(&f);
}

static const char *const hostile[] = {
	"<img src=x onerror=alert(1)>",
	"</td></table></section><script>alert(1)</script>",
	"\"' onmouseover=alert(1) x=\"",
	"</title></style></script>",
	"<!--",
	"]]>",
	"&lt;b&gt; &amp; &#60;",
	"\342\200\256\342\201\246\377\300\274",
	"\033[31m\r\n\t\001",
	"__proto__",
};

/* Each in each place that a module's own words have on the page. */
Test(page, hostile_names)
{
	struct df_site sites[COUNT(hostile)];
	struct fixture f;
	for (size_t i = 0; i < COUNT(hostile); i++)
		sites[i] = (struct df_site){.kind = hostile[i],
					    .name = hostile[(i + 1) % COUNT(hostile)],
					    .file = hostile[(i + 2) % COUNT(hostile)],
					    .style = DF_STYLE_X86_GOTO,
					    .doc = hostile[(i + 3) % COUNT(hostile)],
					    .line = 1};
	build(&f, sites, COUNT(sites));
	for (uint32_t i = 0; i < COUNT(hostile); i++) {
		find(&f, FINDING_SITE_BYTES, i);
		findings_add(&f.module.findings, FINDING_TABLE, FINDING_AT(1), "%s", hostile[i]);
	}
	findings_sort(&f.module.findings);
	for (size_t i = 0; i < COUNT(hostile); i++) {
		f.image.path = (char *)hostile[i];
		char *page = page_of(&f, 1);
		expect_well_formed(page);
		/* kind: a row, a group and a name each in findings; and so on */
		cr_expect_geq(times(page, "&lt;img src=x onerror=alert(1)&gt;"), 8);
		cr_expect_eq(times(page, "\342\200\256"), 0);
		cr_expect_geq(times(page, "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xff\\xc0\\xbc"), 8);
		free(page);
	}
	destroy(&f);
}

/* Flags by the thousand, with the names of `room`. */
static void build_many(struct fixture *f, size_t count, char (*room)[16])
{
	struct df_site *sites = calloc(count, sizeof(*sites));
	cr_assert(sites);
	for (size_t i = 0; i < count; i++) {
		snprintf(room[i], sizeof(room[i]), "n%05zu", i % 100000);
		sites[i] = (struct df_site){.kind = i < count - 7 ? "kind" : "last",
					    .name = room[i],
					    .file = room[i],
					    .doc = "",
					    .line = 1,
					    .style = DF_STYLE_X86_GOTO};
	}
	build(f, sites, count);
	free(sites);
}

Test(page, more_flags_than_are_listed)
{
	static char names[6000][16];
	struct fixture f, all[6];
	build_many(&f, COUNT(names), names);
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	cr_expect_eq(times(page, "<td class=\"kind\">"), PAGE_FLAGS);
	cr_expect_eq(times(page, "The first 5000 of 6000 are listed here"), 1);
	cr_expect_eq(times(page, "<a href=\"#q=last:\">last</a></th><td class=\"number\">7</td>"),
		     1);
	cr_expect_eq(times(page, "These are the 100 of 6000 with the most flags."), 1);
	cr_expect_lt(strlen(page), (size_t)2 << 20);
	free(page);
	for (size_t i = 0; i < COUNT(all); i++)
		all[i] = f;
	page = page_of(all, COUNT(all));
	expect_well_formed(page);
	cr_expect_eq(times(page, "<td class=\"kind\">"), PAGE_FLAGS_ALL);
	cr_expect_eq(times(page, "None of them is listed here"), 4);
	free(page);
	destroy(&f);
}

/* All sites and findings are drawn, wherever they lie; how many there are does not matter. */
Test(page, drawing)
{
	static char names[6000][16];
	struct fixture f;
	build_many(&f, COUNT(names), names);
	char *page = page_of(&f, 1);
	size_t sites = 0, columns = 0;
	const char *at = strstr(page, "<svg class=\"strip\"");
	for (; (at = strstr(at, "<g>")); at += 3) {
		const char *text = strstr(at, ": ");
		sites += strtoul(text + 2, NULL, 10);
		columns++;
	}
	cr_expect_eq(sites, COUNT(names));
	cr_expect_leq(columns, 200);
	cr_expect_gt(columns, 100);
	free(page);
	/* A segment that none of them lies in, and one of a size that no file has. */
	f.text.addr += 0x10000000;
	page = page_of(&f, 1);
	expect_well_formed(page);
	cr_expect(strstr(page, "6000 sites lie in none of these segments."));
	cr_expect_eq(times(page, "<svg class=\"strip\""), 0);
	free(page);
	f.text.addr = 1;
	f.text.size = UINT64_MAX;
	page = page_of(&f, 1);
	expect_well_formed(page);
	cr_expect_eq(times(page, ": 6000 sites (6000 off, 0 on, 0 held)"), 1);
	free(page);
	destroy(&f);
}

Test(page, no_flags_at_all)
{
	struct fixture f;
	build(&f, NULL, 0);
	findings_add(&f.module.findings, FINDING_VERSION, FINDING_AT(0), "of tomorrow");
	f.module.summary = (struct audit_summary){0};
	char *page = page_of(&f, 1);
	expect_well_formed(page);
	cr_expect(strstr(page, "of tomorrow"));
	cr_expect_eq(times(page, "class=\"flags\""), 0);
	cr_expect_eq(times(page, "<svg"), 0);
	free(page);
	destroy(&f);
}

Test(page, several_modules_and_failures)
{
	struct fixture f;
	struct page page;
	struct df_err err = {0}, why = {DF_E_NOT_ELF, "'<x>' is no ELF file"};
	const struct df_err none = {DF_E_NO_FLAGS, "carries no flags"};
	build(&f, some, COUNT(some));
	cr_assert_eq(page_begin(&page, "page.html", &err), 0);
	page_module(&page, &f.module);
	page_failure(&page, "<x>", &why);
	find(&f, FINDING_SITE_BYTES, 3);
	page_module(&page, &f.module);
	page_failure(&page, "plain", &none);
	cr_assert_eq(page_end(&page, &err), 0, "%s", err.text);
	page_free(&page);
	char *text = text_of("page.html");
	expect_well_formed(text);
	expect_parts(
		text,
		(const char *const[]){
			"<h1>4 modules</h1>",
			"<strong class=\"verdict bad\">1 finding</strong><strong class=\"verdict "
			"bad\">1 not audited",
			"<a href=\"#m1\">/usr/bin/&lt;server&gt;</a><strong class=\"verdict "
			"good\">Clean",
			"<a href=\"#m2\">&lt;x&gt;</a><strong class=\"verdict bad\">Not audited",
			"<a href=\"#m3\">/usr/bin/&lt;server&gt;</a><strong class=\"verdict "
			"bad\">1 finding",
			"<a href=\"#m4\">plain</a><strong class=\"verdict none\">No flags",
			"<section id=\"m2\"><h2>&lt;x&gt;</h2>",
			"<span>&#39;&lt;x&gt;&#39; is no ELF file</span>",
			"<details id=\"m3-site-bytes\"", NULL});
	free(text);
	destroy(&f);
}

Test(page, appears_at_the_end_only)
{
	struct fixture f;
	struct page page;
	struct df_err err;
	build(&f, some, COUNT(some));
	cr_assert_eq(page_begin(&page, "page.html", &err), 0);
	page_module(&page, &f.module);
	page_free(&page);
	cr_expect_neq(access("page.html", F_OK), 0);
	destroy(&f);
}

Test(page, no_room)
{
	const struct rlimit limit = {1000, RLIM_INFINITY};
	struct fixture f;
	struct page page;
	struct df_err err = {0};
	build(&f, some, COUNT(some));
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(page_begin(&page, "page.html", &err), 0);
	page_module(&page, &f.module);
	cr_expect_eq(page_end(&page, &err), -(int)DF_E_WRITE);
	cr_expect(strstr(err.text, "cannot write 'page.html'"), "%s", err.text);
	page_free(&page);
	cr_expect_neq(access("page.html", F_OK), 0);
	destroy(&f);
}

static void expect_refused(const char *path, const char *part)
{
	struct page page;
	struct df_err err = {0};
	cr_expect_eq(page_begin(&page, path, &err), -(int)DF_E_USAGE, "%s", path);
	cr_expect(strstr(err.text, part), "%s", err.text);
	page_free(&page);
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	cr_assert(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

Test(page, replaces_pages_only)
{
	struct fixture f;
	build(&f, some, COUNT(some));
	put("program", "\177ELF and so on, at length");
	put("short", "<!DOCTYPE");
	expect_refused("program", "'program' is there already and is no page");
	expect_refused("short", "is no page");
	expect_refused("/tmp", "is a directory");
	expect_refused("-", "give its name");
	put("page.html", "");
	for (int i = 0; i < 2; i++) {
		char *page = page_of(&f, 1); /* an empty file, and then the page itself */
		expect_well_formed(page);
		free(page);
	}
	cr_assert_eq(unlink("page.html"), 0);
	cr_assert_eq(symlink("program", "page.html"), 0);
	free(page_of(&f, 1));
	char *program = text_of("program");
	cr_expect_eq(strncmp(program, "\177ELF", 4), 0);
	free(program);
	destroy(&f);
}

/* Nothing was wrong, but nothing was looked at either. */
Test(page, nothing_audited)
{
	struct page page;
	struct df_err err = {0};
	const struct df_err none = {DF_E_NO_FLAGS, "carries no flags"};
	cr_assert_eq(page_begin(&page, "page.html", &err), 0);
	page_failure(&page, "plain", &none);
	cr_assert_eq(page_end(&page, &err), 0);
	page_free(&page);
	char *text = text_of("page.html");
	expect_well_formed(text);
	cr_expect_eq(times(text, "Clean</strong>"), 0);
	cr_expect_eq(times(text, "No flags</strong>"), 2);
	free(text);
}
