/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_module.h - a module with flags, built byte by byte in arrays.
 *
 * Three segments, far apart: read-only (ELF header, notes, table, strings),
 * text, and data (control block, states). The builder also fills `sites` with
 * what a reader must decode, and leaves everything open to be damaged.
 *
 * The view hands out copies of exactly the size that was asked for, so that a
 * sanitizer sees each byte read beyond it.
 */
#ifndef FAKE_MODULE_H
#define FAKE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "site.h"

enum fake_part { FAKE_RODATA, FAKE_TEXT, FAKE_DATA, FAKE_PARTS };

/* Where things stand in their segments. */
#define FAKE_NOTES 0x100
#define FAKE_NOTES_SIZE 0x100
#define FAKE_TABLE 0x200
#define FAKE_CONTROL 0x40
#define FAKE_STATES 0x100
#define FAKE_PART_STEP 0x1000000

/* Bytes without a terminator that end the read-only segment. */
#define FAKE_TAIL 100

struct fake_module {
	struct df_view view;
	struct df_range segments[FAKE_PARTS];
	struct df_range notes[2];
	uint8_t *bytes[FAKE_PARTS];
	size_t present[FAKE_PARTS]; /* bytes that `at` can give; the others are not in the file */
	struct df_site *sites;	    /* what is to be decoded; strings are the caller's */
	size_t count;
	unsigned breaches; /* calls of `at` that its contract forbids */
	void *copies;
};

/*
 * Builds a module with its ELF header at `base`. In `like`, `addr` and `state`
 * are offsets in text and data; where `addr` is 0, site and state have the place of
 * their index, 16 bytes each. Targets are made up, the opcodes stand as
 * the flags tell, and each state is zero. Ends the program if memory runs out.
 */
void fake_module_build(struct fake_module *m, uint64_t base, const struct df_site *like,
		       size_t count);
void fake_module_free(struct fake_module *m);

/* Frees what `at` has handed out so far. */
void fake_module_forget(struct fake_module *m);

/* The `size` bytes at `addr`, or NULL if no segment has all of them. */
uint8_t *fake_module_bytes(struct fake_module *m, uint64_t addr, size_t size);

struct df_note_v1 *fake_module_note(struct fake_module *m);
struct df_control_v1 *fake_module_control(struct fake_module *m);
struct df_site_v1 *fake_module_record(struct fake_module *m, size_t index);
struct df_state_v1 *fake_module_state(struct fake_module *m, size_t index);

/* The address of an offset in a part; negative offsets count from the part's end. */
uint64_t fake_module_addr(const struct fake_module *m, enum fake_part part, int64_t offset);

/* Makes the field that lies `offset` bytes in the part lead to `addr`. */
void fake_module_point(struct fake_module *m, enum fake_part part, size_t offset, uint64_t addr);

/* Writes a note at `offset` in the read-only part that leads to a control block at `control`. */
void fake_module_put_note(struct fake_module *m, size_t offset, uint64_t control);

#endif
