/* SPDX-License-Identifier: Apache-2.0 */
/* own_text.h - text of the test program itself, and children that lose the right to write it. */
#ifndef TEST_OWN_TEXT_H
#define TEST_OWN_TEXT_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "self_mem.h"

#define PAGE 4096u

/* Pages of a file, mapped privately as a loader maps text, and edits of them. */
struct own_text {
	uint8_t *bytes;
	size_t pages;
	struct self_edit *edits;
	size_t count;
};

/* `count` edits, `step` bytes apart, the first at `first`. */
struct own_text own_text(size_t pages, size_t first, size_t step, size_t count);
void own_text_free(struct own_text *t);

/* Whether each edited byte is as `after` says, and every other one as it was. */
bool own_text_is(const struct own_text *t, bool after);

/* Whether `pages` pages from `page` on have the protection `flags`, as "r-xp". */
bool own_text_has(const struct own_text *t, size_t page, size_t pages, const char *flags);

/* self_mem_write() of all edits. */
int own_text_write(const struct own_text *t, bool undo, struct df_err *err);

/*
 * Runs `scene` in a forked child and fails the test with what the child expected in
 * vain, or if it died. What may not be had here, it says with child_skip().
 */
void in_child(void (*scene)(void));
void child_skip(const char *why);
void child_expect(bool held, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define EXPECT(...) child_expect(__VA_ARGS__)

/* The same for a child that has no parent to tell: ends it, with 0 if nothing failed so far. */
void child_end(void) __attribute__((noreturn));

/* Waits for a child of this process; true if it ended with 0. */
bool child_succeeded(pid_t pid);

/* From now on, `call` gets `action` where argument `arg` has `value` in the bits of `mask`. */
void forbid(int call, unsigned arg, uint32_t mask, uint32_t value, uint32_t action);

/* The number under which /proc/self/mem or another process's is open, or -1. */
int mem_descriptor(void);

#endif
