/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.h - what a shared object with flags of KIND has to offer: its symbol KIND_offer. */
#ifndef TEST_INSIDE_PLUGIN_H
#define TEST_INSIDE_PLUGIN_H

#include <df.h>

/* More than a listing copies at a time. */
#define PLUGIN_MANY 300

/* A copy of libdf; all NULL in a plugin that has none. */
struct copy {
	int (*init)(void);
	int (*activate)(const char *pattern);
	int (*deactivate)(const char *pattern);
	int (*enable)(const char *pattern);
	int (*disable)(const char *pattern);
	int (*apply)(const char *script);
	int (*list)(const char *pattern, df_list_callback callback, void *context);
	int (*set_write_policy)(enum df_write_policy policy);
	const char *(*error)(void);
};

struct plugin {
	int (*feature)(void);
	int (*standard)(void);
	int (*opt)(void);
	int (*shared)(void);	/* a flag of plugin.h, which others have too */
	unsigned (*many)(void); /* how many of PLUGIN_MANY are on */
	struct df_control_v1 *control;
	struct copy copy;
};

/* One full name wherever it is compiled. */
static inline __attribute__((__always_inline__)) int shared_flag(void)
{
	return DF_FEATURE(shared, flag, "of a header");
}

#endif
