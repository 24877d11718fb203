/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/html.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static char *output;
static size_t output_size;

static struct html begin(void)
{
	FILE *to = open_memstream(&output, &output_size);
	cr_assert(to);
	return html_to(to);
}

static void finish(struct html *html, const char *expected)
{
	cr_assert_eq(fclose(html->to), 0);
	cr_expect_str_eq(output, expected);
	free(output);
}

static const struct {
	const char *text, *shown;
} texts[] = {
	{"", ""},
	{"fast_path", "fast_path"},
	{"<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"},
	{"</script><script>", "&lt;/script&gt;&lt;script&gt;"},
	{"a\" onfocus=\"b' autofocus", "a&quot; onfocus=&quot;b&#39; autofocus"},
	{"<!--", "&lt;!--"},
	{"&lt;&amp;", "&amp;lt;&amp;amp;"},
	{"caf\303\251", "caf\303\251"},
	{"\327\220\327\221", "\327\220\327\221"},
	/* overlong, surrogate, beyond the last, alone, cut short */
	{"\300\274", "\\xc0\\xbc"},
	{"\355\240\200", "\\xed\\xa0\\x80"},
	{"\364\220\200\200", "\\xf4\\x90\\x80\\x80"},
	{"\200", "\\x80"},
	{"\303", "\\xc3"},
	{"\342\200<", "\\xe2\\x80&lt;"},
	/* what turns the direction of text, isolates and marks included; line separators */
	{"a\342\200\256b", "a\\xe2\\x80\\xaeb"},
	{"\342\201\246\342\201\251", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
	{"\342\200\217\330\234", "\\xe2\\x80\\x8f\\xd8\\x9c"},
	{"\342\200\250", "\\xe2\\x80\\xa8"},
	{"\302\205", "\\xc2\\x85"},
};

Test(html, texts)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		char expected[200];
		struct html html = begin();
		html_element(&html, "td", texts[i].text);
		snprintf(expected, sizeof(expected), "<td>%s</td>", texts[i].shown);
		finish(&html, expected);
	}
}

Test(html, values)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		char expected[200];
		struct html html = begin();
		html_begin(&html, "td");
		html_attribute(&html, "title", texts[i].text);
		html_end(&html);
		snprintf(expected, sizeof(expected), "<td title=\"%s\"></td>", texts[i].shown);
		finish(&html, expected);
	}
}

/* What each byte alone may become: itself, an entity, or \xNN. */
static void expected_of(unsigned byte, char text[16])
{
	static const struct {
		char byte;
		const char *text;
	} special[] = {{'&', "&amp;"},	{'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"},
		       {'\'', "&#39;"}, {'\n', "\\n"}, {'\t', "\\t"}};
	snprintf(text, 16, byte >= 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
	for (size_t i = 0; i < COUNT(special); i++)
		if (byte == (unsigned char)special[i].byte)
			snprintf(text, 16, "%s", special[i].text);
}

Test(html, every_byte)
{
	for (unsigned byte = 1; byte < 256; byte++) {
		const char text[] = {(char)byte, '\0'};
		char one[16], expected[64];
		struct html html = begin();
		html_begin(&html, "b");
		html_attribute(&html, "a", text);
		html_text(&html, text);
		html_end(&html);
		expected_of(byte, one);
		snprintf(expected, sizeof(expected), "<b a=\"%s\">%s</b>", one, one);
		finish(&html, expected);
	}
}

Test(html, nothing_follows_the_end)
{
	struct html html = begin();
	html_element(&html, "td", "a\0<b>");
	finish(&html, "<td>a</td>");
}

Test(html, elements)
{
	struct html html = begin();
	html_doctype(&html);
	html_begin(&html, "p");
	html_mark(&html, "hidden");
	html_textf(&html, "%s of %d", "<1>", 2);
	html_class(&html, "span", "on", "x");
	html_begin(&html, "input");
	html_attributef(&html, "id", "m%d\"", 7);
	html_end_void(&html);
	html_end(&html);
	finish(&html, "<!DOCTYPE html>\n<p hidden>&lt;1&gt; of 2<span class=\"on\">x</span>"
		      "<input id=\"m7&quot;\">\n</p>\n");
}

Test(html, searches)
{
	struct html html = begin();
	html_begin(&html, "a");
	html_search(&html, "http:a@b.c:1 &=#+%\"'<\303\251\377");
	html_end(&html);
	finish(&html, "<a href=\"#q=http:a@b.c:1%20%26%3D%23%2B%25%22%27%3C%C3%A9%5Cxff\"></a>");
}

/* Texts of `length` bytes that end with `last`, printed both ways. */
static size_t written(size_t length, const char *last, bool formatted)
{
	char *text = malloc(length + 1);
	cr_assert(text);
	memset(text, 'a', length);
	memcpy(text + length - strlen(last), last, strlen(last) + 1);
	struct html html = begin();
	if (formatted)
		html_textf(&html, "%s", text);
	else
		html_text(&html, text);
	cr_assert_eq(fclose(html.to), 0);
	free(text);
	return output_size;
}

static bool is_cut(void)
{
	const bool cut = output_size >= 3 && strcmp(output + output_size - 3, "\342\200\246") == 0;
	free(output);
	return cut;
}

Test(html, long_texts)
{
	for (int formatted = 0; formatted < 2; formatted++) {
		cr_expect_eq(written(HTML_TEXT_MAX, "b", formatted), HTML_TEXT_MAX);
		cr_expect(!is_cut());
		cr_expect_eq(written(HTML_TEXT_MAX + 1, "b", formatted), HTML_TEXT_MAX + 3);
		cr_expect(is_cut());
		cr_expect_eq(written(1000000, "b", formatted), HTML_TEXT_MAX + 3);
		cr_expect(is_cut());
		/* A character is left out as a whole. */
		cr_expect_eq(written(HTML_TEXT_MAX + 1, "\303\251", formatted), HTML_TEXT_MAX + 2);
		cr_expect(is_cut());
		cr_expect_eq(written(HTML_TEXT_MAX + 1, "\360\237\230\200", formatted),
			     HTML_TEXT_MAX);
		cr_expect(is_cut());
	}
}

Test(html, errors_stay_with_the_stream)
{
	FILE *full = fopen("/dev/full", "w");
	cr_assert(full);
	struct html html = html_to(full);
	for (int i = 0; i < 10000; i++)
		html_element(&html, "td", "text");
	cr_expect(ferror(full));
	fclose(full);
}
