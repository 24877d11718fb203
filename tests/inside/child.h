/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - scenes in forked children, which say what they expected in vain. */
#ifndef TEST_INSIDE_CHILD_H
#define TEST_INSIDE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Runs `scene` in a forked child, and fails the test with what it expected in vain, or
 * if it died or hung. What may not be had here, it says with child_skip().
 */
void in_child(void (*scene)(void));

/* In a child: ends it at the first thing that does not hold. */
#define EXPECT(HELD, ...) ((HELD) ? (void)0 : child_fail(__LINE__, __VA_ARGS__))
void child_fail(int line, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
void child_skip(const char *why) __attribute__((noreturn));

/*
 * The same for children that are made in other ways: child_ready() before, child_began()
 * first of all in the child and _exit(0) at its end, child_expect() to wait for it.
 */
void child_ready(void);
void child_began(void);
void child_expect(pid_t pid);

/* Whether the sanitizers' run-time library is there, which makes system calls of its own. */
bool sanitized(void);

/* From now on, `call` gets `action` where argument `arg` has `value` in the bits of `mask`. */
void forbid(int call, unsigned arg, uint32_t mask, uint32_t value, uint32_t action);

#endif
