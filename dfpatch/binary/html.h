/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.h - writing HTML: whatever text is given becomes harmless, wherever it goes.
 *
 * Elements and names of attributes are literals of ours; texts and values are as
 * untrusted as the module that they come from. They go through text.h first, so that
 * what must not be shown looks as it does on a terminal, and then lose all that means
 * something in HTML. Nothing is kept but the elements that are open. Whether all could
 * be written, ferror(3) of the stream tells.
 */
#ifndef DFPATCH_HTML_H
#define DFPATCH_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Of each text or value so many bytes are shown, and an ellipsis stands for the others. */
#define HTML_TEXT_MAX 1000

#define HTML_DEPTH 32

struct html {
	FILE *to;		      /* borrowed */
	const char *open[HTML_DEPTH]; /* elements, the innermost last */
	size_t depth;
	bool in_tag; /* the innermost may still get attributes */
};

struct html html_to(FILE *to);

/* The declaration that begins a document. */
void html_doctype(struct html *html);

/* Opens an element inside the innermost. */
void html_begin(struct html *html, const char *element);

/* An attribute of the element that was just opened. */
void html_attribute(struct html *html, const char *name, const char *value);
void html_attributef(struct html *html, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One without a value. */
void html_mark(struct html *html, const char *name);

/* "href" of a link to this page as `text` searched for, which page.js reads. */
void html_search(struct html *html, const char *text);

void html_text(struct html *html, const char *text);
void html_textf(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * What a style or script element holds, as it is: ours, and without anything that looks
 * like its end.
 */
void html_source(struct html *html, const char *source, size_t size);

/* Closes the innermost element. */
void html_end(struct html *html);

/* Closes one that cannot hold anything, like meta. */
void html_end_void(struct html *html);

/* A whole element: with a text, and with a class too. */
void html_element(struct html *html, const char *element, const char *text);
void html_class(struct html *html, const char *element, const char *class, const char *text);

#endif
