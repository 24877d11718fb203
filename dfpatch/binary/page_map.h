/* SPDX-License-Identifier: Apache-2.0 */
/* page_map.h - where in the text of a module its sites lie, drawn as a strip for each segment. */
#ifndef DFPATCH_PAGE_MAP_H
#define DFPATCH_PAGE_MAP_H

#include "audit.h"
#include "html.h"

/* Executable segments with sites that are drawn; and into how many parts each is divided. */
#define MAP_STRIPS 8
#define MAP_BINS 200

void page_map(struct html *html, const struct audit_module *module);

#endif
