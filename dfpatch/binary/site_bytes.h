/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_bytes.h - what stands at each of a module's sites, on every processor.
 *
 * All addresses are of the source's space.
 */
#ifndef DFPATCH_SITE_BYTES_H
#define DFPATCH_SITE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "window.h"

/* What it takes to know of a site. */
struct place {
	uint64_t addr;
	uint64_t target; /* not looked at in the CARRY style, which has none */
	uint8_t style;	 /* DF_STYLE_* */
};

/* The sites of a module, in the order of its table. */
struct places {
	size_t count; /* at most DF_SITES_MAX */
	/* Gives one of them. Called by several threads at once. */
	void (*get)(const void *context, size_t index, struct place *place);
	const void *context;
	/*
	 * NULL, or called now and then by the thread that asked, with how many bytes of text or
	 * sites were looked at and how many there are.
	 */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *progress_context;
	unsigned threads; /* 0: as many as there are processors for us */
	bool live;	  /* the bytes are a process's: there may be breakpoints anywhere */
};

/* What may stand at a site. */
enum site_bytes {
	SITE_BYTES_STRAIGHT,   /* the instruction that goes straight on */
	SITE_BYTES_JUMP,       /* the jump, to the target */
	SITE_BYTES_BREAKPOINT, /* INT3 and, behind it, a site's own bytes */
	SITE_BYTES_OTHER,      /* neither, or not decoded as what it should be */
	SITE_BYTES_UNREADABLE, /* not in one segment, or cannot be had */
};

/*
 * Decodes what stands at each site, and gives an enum site_bytes for each in `bytes`. Returns 0,
 * DF_E_MEMORY or DF_E_SYSTEM (Capstone cannot be started).
 */
int site_bytes_find(const struct window_source *source, const struct places *places, uint8_t *bytes,
		    struct df_err *err);

#endif
