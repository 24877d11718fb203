/* SPDX-License-Identifier: Apache-2.0 */
/* page_assets.h - page/page.css and page/page.js, embedded by page/embed.cmake. */
#ifndef DFPATCH_PAGE_ASSETS_H
#define DFPATCH_PAGE_ASSETS_H

#include <stddef.h>

struct page_asset {
	const char *text;
	size_t size;
	const char *hash; /* sha256-BASE64, as a content security policy names a source */
};

extern const struct page_asset page_style;
extern const struct page_asset page_script;

#endif
