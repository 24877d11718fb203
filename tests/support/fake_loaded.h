/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_loaded.h - a module of this process (loaded.h) made of memory of the test's own:
 * control block, records, states, text and strings in one writable block.
 *
 * What is asked for of the loader (loaded_site(), loaded_check()) is answered here: so a
 * test links names.c, pick.c and so on without loaded.c.
 */
#ifndef FAKE_LOADED_H
#define FAKE_LOADED_H

#include <stddef.h>
#include <stdint.h>

#include "loaded.h"

struct fake_flag {
	const char *kind;
	const char *name;
	const char *file;
	uint32_t line;
	uint8_t flags; /* DF_SITE_* */
	uint8_t activation;
	uint8_t style; /* 0 for DF_STYLE_X86_GOTO */
};

/*
 * Builds a module with one site per flag, every `stride` bytes, text as the records tell.
 * Equal strings are stored once if `merged`, else each on its own, as linkers do and do
 * not. Ends the program if memory runs out.
 */
struct loaded *fake_loaded(const struct fake_flag *flags, uint32_t count, size_t stride,
			   bool merged);
void fake_loaded_free(struct loaded *module);

/* How many records loaded_site() and loaded_check() were asked for since the last call. */
size_t fake_loaded_looks(void);

#endif
