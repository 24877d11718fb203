/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of the run tests. Which there are stands in flags.c, with files and lines of its own.
 */
#ifndef TESTS_COMPAT_FLAGS_H
#define TESTS_COMPAT_FLAGS_H

/* Kind lamp, one of each macro. */
struct lamps {
	int feature;
	int normal;
	int slow;
	int opt;
};
struct lamps read_lamps(void);

/* The values of anchor:foo, anchor:bar and xanchor:bar as the digits of a number. */
int read_anchors(void);

/* Kind order; twin is inlined twice. */
int read_order(void);
int read_twins(void);

/* Kind linux, which gnu17 defines as a macro, name unix; and a kind without any but a dummy. */
int read_predefined(void);
void hold_dummy(void);

/* Kind text. */
int read_texts(void);

/* debug_flag.c, compiled without and with NDEBUG. */
int read_debug_on(void);
int read_debug_off(void);

/* hook_flags.c */
int read_hook(void);

#endif
