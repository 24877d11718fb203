/* SPDX-License-Identifier: Apache-2.0 */
/* site_bytes.c - what stands at each of a module's sites. */
#include "site_bytes.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "disasm.h"
#include "insn.h"
#include "parallel.h"

#define SITES_AT_ONCE 1024

struct search {
	const struct window_source *source;
	const struct places *places;
	uint8_t *bytes;
	_Atomic size_t next;
	_Atomic bool failed;
	struct df_err err; /* of the thread that failed first */
};

static enum site_bytes look_at(struct window *window, struct disasm *disasm,
			       const struct df_site *site)
{
	const size_t size = df_insn_size(site->style);
	const uint8_t *code = size > 0 ? window_at(window, site->addr, size) : NULL;
	if (!code)
		return size > 0 ? SITE_BYTES_UNREADABLE : SITE_BYTES_OTHER;
	const enum df_fit fit = df_insn_fit(site, code);
	uint8_t whole[DF_INSN_MAX];
	memcpy(whole, code, size);
	if (fit == DF_FIT_BREAKPOINT)
		whole[0] = df_insn_opcode(site->style, false);
	if (fit == DF_FIT_NEITHER ||
	    !disasm_is_site_of_many(disasm, site, whole, fit == DF_FIT_JUMP))
		return SITE_BYTES_OTHER;
	if (fit == DF_FIT_BREAKPOINT)
		return SITE_BYTES_BREAKPOINT;
	return fit == DF_FIT_JUMP ? SITE_BYTES_JUMP : SITE_BYTES_STRAIGHT;
}

static void look_at_some(struct search *search, struct window *window, struct disasm *disasm,
			 size_t first)
{
	const struct places *p = search->places;
	const size_t left = p->count - first;
	const size_t end = first + (left < SITES_AT_ONCE ? left : SITES_AT_ONCE);
	for (size_t i = first; i < end; i++) {
		struct place place;
		p->get(p->context, i, &place);
		const struct df_site site = {
			.addr = place.addr, .target = place.target, .style = place.style};
		search->bytes[i] = (uint8_t)look_at(window, disasm, &site);
	}
}

static void work(void *context, unsigned thread)
{
	struct search *search = context;
	const struct places *p = search->places;
	struct window *window = malloc(sizeof(*window));
	struct disasm *disasm = NULL;
	struct df_err err;
	const int status = window ? disasm_new(&disasm, &err) : df_fail_memory(&err);
	if (status < 0 && !atomic_exchange(&search->failed, true))
		search->err = err;
	if (status == 0)
		window_begin(window, search->source);
	while (status == 0) {
		const size_t first = atomic_fetch_add(&search->next, SITES_AT_ONCE);
		if (first >= p->count)
			break;
		look_at_some(search, window, disasm, first);
		if (thread == 0 && p->progress)
			p->progress(p->progress_context, first, p->count);
	}
	disasm_free(disasm);
	free(window);
}

int site_bytes_find(const struct window_source *source, const struct places *places, uint8_t *bytes,
		    struct df_err *err)
{
	struct search search = {.source = source, .places = places, .bytes = bytes};
	parallel_run(places->threads > 0 ? places->threads : parallel_processors(), work, &search);
	if (!search.failed)
		return 0;
	if (err)
		*err = search.err;
	return -(int)search.err.code;
}
