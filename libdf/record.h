/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - a site record of this very process, read where it lies.
 *
 * Without a check: whoever reads a record that was not looked at before asks
 * loaded_holds() or df_table_site() first.
 */
#ifndef DF_RECORD_H
#define DF_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "../include/df_abi.h"
#include "site.h"

static inline uintptr_t record_follow(const int32_t *field)
{
	return (uintptr_t)field + (uintptr_t)(intptr_t)*field;
}

static inline const char *record_text(const int32_t *field)
{
	return (const char *)record_follow(field);
}

static inline struct df_site record_site(const struct df_site_v1 *r)
{
	return (struct df_site){
		.addr = record_follow(&r->site),
		.target = r->style == DF_STYLE_X86_GOTO ? record_follow(&r->target) : 0,
		.state = record_follow(&r->state),
		.kind = record_text(&r->kind),
		.name = record_text(&r->name),
		.file = record_text(&r->file),
		.doc = record_text(&r->doc),
		.line = r->line,
		.style = r->style,
		.flags = r->flags,
		.activation = r->activation,
		.unhook = r->unhook,
	};
}

/*
 * Where to remember something about a string among `slots`, a power of two: strings
 * that follow each other get slots of their own.
 */
static inline size_t record_slot(const char *text, size_t slots)
{
	return (size_t)(((uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (slots - 1);
}

#endif
