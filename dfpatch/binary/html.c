/* SPDX-License-Identifier: Apache-2.0 */
/* html.c - writing HTML. */
#include "html.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

#define ELLIPSIS "\xe2\x80\xa6"

struct html html_to(FILE *to)
{
	return (struct html){.to = to};
}

void html_doctype(struct html *html)
{
	fputs("<!DOCTYPE html>\n", html->to);
}

static void end_tag_start(struct html *html)
{
	if (html->in_tag)
		fputc('>', html->to);
	html->in_tag = false;
}

void html_begin(struct html *html, const char *element)
{
	end_tag_start(html);
	fprintf(html->to, "<%s", element);
	/* What is too deep is a mistake of ours, and is told by a tag that does not end. */
	if (html->depth < HTML_DEPTH)
		html->open[html->depth++] = element;
	html->in_tag = true;
}

/* ---- texts ---- */

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The text made safe to show, and what of it was too long. */
struct shown {
	char text[6 * HTML_TEXT_MAX + 1]; /* a byte becomes \xNN at most */
	bool cut;
};

static void show(const char *text, struct shown *shown)
{
	char piece[HTML_TEXT_MAX + 1];
	size_t length = strnlen(text, HTML_TEXT_MAX + 1);
	shown->cut = length > HTML_TEXT_MAX;
	if (shown->cut) {
		/* A character is four bytes at most: more are none, and cut as they come. */
		length = HTML_TEXT_MAX;
		while (length > HTML_TEXT_MAX - 3 && is_continuation(text[length]))
			length--;
	}
	memcpy(piece, text, length);
	piece[length] = '\0';
	text_escape(TEXT_FOR_TERMINAL, piece, shown->text, sizeof(shown->text));
}

/* For text and for values in double quotes alike. */
static const char *entity(char byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_escaped(struct html *html, const char *text)
{
	struct shown shown;
	show(text, &shown);
	for (const char *s = shown.text; *s != '\0'; s++) {
		const char *instead = entity(*s);
		if (instead)
			fputs(instead, html->to);
		else
			fputc(*s, html->to);
	}
	if (shown.cut)
		fputs(ELLIPSIS, html->to);
}

/* Cut, if it is longer than what is shown of it; then it is longer than that here, too. */
static void format_text(char text[HTML_TEXT_MAX + 8], const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

static void format_text(char text[HTML_TEXT_MAX + 8], const char *format, va_list arguments)
{
	if (vsnprintf(text, HTML_TEXT_MAX + 8, format, arguments) < 0)
		text[0] = '\0';
}

/* ---- attributes ---- */

void html_attribute(struct html *html, const char *name, const char *value)
{
	fprintf(html->to, " %s=\"", name);
	put_escaped(html, value);
	fputc('"', html->to);
}

void html_attributef(struct html *html, const char *name, const char *format, ...)
{
	char text[HTML_TEXT_MAX + 8];
	va_list arguments;
	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	html_attribute(html, name, text);
}

void html_mark(struct html *html, const char *name)
{
	fprintf(html->to, " %s", name);
}

static bool is_unreserved(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-._~:@/", byte));
}

void html_search(struct html *html, const char *text)
{
	struct shown shown;
	show(text, &shown); /* what a search meets is what is shown */
	fputs(" href=\"#q=", html->to);
	for (const char *s = shown.text; *s != '\0'; s++)
		fprintf(html->to, is_unreserved(*s) ? "%c" : "%%%02X", (unsigned char)*s);
	fputc('"', html->to);
}

/* ---- content ---- */

void html_text(struct html *html, const char *text)
{
	end_tag_start(html);
	put_escaped(html, text);
}

void html_textf(struct html *html, const char *format, ...)
{
	char text[HTML_TEXT_MAX + 8];
	va_list arguments;
	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	html_text(html, text);
}

void html_source(struct html *html, const char *source, size_t size)
{
	end_tag_start(html);
	fwrite(source, 1, size, html->to);
}

/* A line for each element that is no part of a line, so that the source can be read too. */
static bool ends_line(const char *element)
{
	static const char *const inside[] = {"a",    "b",  "code", "small", "strong",
					     "span", "td", "th",   "title"};
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (strcmp(element, inside[i]) == 0)
			return false;
	return true;
}

void html_end(struct html *html)
{
	end_tag_start(html);
	if (html->depth == 0)
		return;
	const char *element = html->open[--html->depth];
	fprintf(html->to, ends_line(element) ? "</%s>\n" : "</%s>", element);
}

void html_end_void(struct html *html)
{
	end_tag_start(html);
	if (html->depth > 0)
		html->depth--;
	fputc('\n', html->to);
}

void html_element(struct html *html, const char *element, const char *text)
{
	html_begin(html, element);
	html_text(html, text);
	html_end(html);
}

void html_class(struct html *html, const char *element, const char *class, const char *text)
{
	html_begin(html, element);
	html_attribute(html, "class", class);
	html_text(html, text);
	html_end(html);
}
