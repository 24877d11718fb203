/* SPDX-License-Identifier: Apache-2.0 */
/* flip_stress.h - what the shared objects of flip_stress give, each with its copy of libdf. */
#ifndef FLIP_STRESS_H
#define FLIP_STRESS_H

#include <df.h>

/* One copy of libdf. */
struct stress_calls {
	int (*activate)(const char *pattern);
	int (*deactivate)(const char *pattern);
	int (*enable)(const char *pattern);
	int (*disable)(const char *pattern);
	int (*unhook)(const char *pattern);
	int (*rehook)(const char *pattern);
	int (*activate_kind)(const char *kind, const char *pattern);
	int (*deactivate_kind)(const char *kind, const char *pattern);
	int (*init)(void);
	int (*apply)(const char *script);
	int (*list)(const char *pattern, df_list_callback callback, void *context);
	int (*set_write_policy)(enum df_write_policy policy);
	const char *(*error)(void);
};

#define STRESS_CALLS                                                                               \
	{                                                                                          \
		df_activate, df_deactivate, df_enable, df_disable, df_unhook, df_rehook,           \
			df_activate_kind, df_deactivate_kind, df_init, df_apply, df_list,          \
			df_set_write_policy, df_error                                              \
	}

/* Symbol `stress_guest`. */
struct stress_guest {
	struct stress_calls calls;
	int (*ask)(void);      /* its flags, one bit each, */
	int (*ask_many)(void); /* and how many of 150 others are on */
};

#endif
