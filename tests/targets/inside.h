/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.h - the target `inside`, which has libdf, and its plugin, which has a copy of its
 * own: their flags, and how a test tells them what to do.
 *
 * Each worker thread of the target looks into a box of the shared page, carries out
 * what is asked there, and writes the answer beside it.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <df.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The flags that are asked for their value one by one: X(EXPRESSION, KIND, NAME).
 * `calm:` is for operations in turn, `both:` and the rest for those at the same time.
 */
#define INSIDE_FLAGS(X)                                                                            \
	X(DF_FEATURE(calm, feature, "off as built"), "calm", "feature")                            \
	X(DF_DEFAULT(calm, standard, "on as built"), "calm", "standard")                           \
	X(DF_DEFAULT_SLOW(calm, slow), "calm", "slow")                                             \
	X(DF_OPT(calm, option), "calm", "option")                                                  \
	X(DF_OPT(still, option), "still", "option")                                                \
	X(DF_FEATURE(still, feature), "still", "feature")                                          \
	X(DF_DEBUG(trace), "debug", "trace")                                                       \
	X(DF_FEATURE(both, feature), "both", "feature")                                            \
	X(DF_DEFAULT(both, standard), "both", "standard")                                          \
	X(DF_FEATURE(own, feature), "own", "feature")                                              \
	X(DF_FEATURE(tool, feature), "tool", "feature")                                            \
	X(DF_DEFAULT_SLOW(hook, slow), "hook", "slow")                                             \
	X(DF_FEATURE(able, feature), "able", "feature")                                            \
	X(inside_inlined(), "calm", "inlined")                                                     \
	X(inside_inlined(), "calm", "inlined")                                                     \
	X(inside_inlined(), "calm", "inlined")

#define INSIDE_PLUGIN_FLAGS(X)                                                                     \
	X(DF_FEATURE(calm, extra), "calm", "extra")                                                \
	X(DF_OPT(calm, plugged), "calm", "plugged")                                                \
	X(DF_DEFAULT(both, extra), "both", "extra")

#define INSIDE_ONE_(EXPRESSION, KIND, NAME) +1
enum {
	INSIDE_COUNT = 0 INSIDE_FLAGS(INSIDE_ONE_),
	INSIDE_PLUGIN_COUNT = 0 INSIDE_PLUGIN_FLAGS(INSIDE_ONE_),
	INSIDE_VALUES = INSIDE_COUNT + INSIDE_PLUGIN_COUNT
};

/* Besides them, so many sites of `crowd:many`, each on a page of its own. */
#define INSIDE_CROWD 64

/* Operations have the numbers of enum df_op; after them: */
enum inside_command {
	INSIDE_OPERATIONS = 6,
	INSIDE_INIT = 6,
	INSIDE_APPLY,  /* `pattern` is the script */
	INSIDE_LIST,   /* into `list` */
	INSIDE_ASK,    /* every flag for its value, into `values` */
	INSIDE_LOAD,   /* the plugin at the path in `pattern` */
	INSIDE_UNLOAD, /* it */
	INSIDE_TAKE,   /* the executable's lock, by this thread */
	INSIDE_GIVE,   /* it back */
	INSIDE_DIE,    /* a thread takes the lock and ends; its id is the answer */
	INSIDE_THREAD, /* this thread's id is the answer */
	INSIDE_LOOP,   /* `up` and `down` in turn, while the page's `go` is 1 */
};

#define INSIDE_LIST_MAX 96

struct inside_entry {
	char kind[12];
	char name[12];
	uint32_t activation;
	uint32_t unhook;
	int32_t active;
	int32_t duplicate;
	uint64_t site;
};

struct inside_box {
	volatile uint32_t asked;    /* counted up by the test, */
	volatile uint32_t answered; /* and by the target to the same */
	/* What to do. */
	int32_t command;
	int32_t library; /* 0 the executable's copy of libdf, 1 the plugin's */
	char kind[32];	 /* "" for any */
	char pattern[512];
	/* A loop. */
	int32_t up, down; /* two operations, the second the reverse of the first */
	int32_t matches;  /* what each must return; -1: anything but an error */
	uint32_t pause_us;
	volatile uint64_t done;	   /* operations that succeeded */
	volatile uint64_t denied;  /* that did not, */
	volatile uint64_t longest; /* the longest of all, ns */
	volatile int64_t net;	   /* ups less downs */
	/* The answer. */
	int32_t result;
	char error[512];
	int32_t values[INSIDE_VALUES]; /* -1 where there is no plugin */
	int32_t crowd;		       /* sites of crowd:many that were on */
	uint32_t listed;
	struct inside_entry list[INSIDE_LIST_MAX];
};

#define INSIDE_WORKERS 6
#define INSIDE_BOXES 8192 /* offset in the shared page; each takes as much */
#define INSIDE_BOX_SIZE 8192
_Static_assert(sizeof(struct inside_box) <= INSIDE_BOX_SIZE, "a box is too large");

static inline struct inside_box *inside_box(void *page, int worker)
{
	return (struct inside_box *)((char *)page + INSIDE_BOXES + worker * INSIDE_BOX_SIZE);
}

/* Words of the page. */
enum inside_word {
	INSIDE_PLUGIN_CONTROL, /* address of the plugin's control block; 0 if not loaded */
	INSIDE_BEATS = 8,      /* of each spinner: times through all sites, */
	INSIDE_GAPS = 16,      /* the longest time between two, ns, */
	INSIDE_SEEN = 32,      /* and what they said the last time: bit i is flag i */
};
#define INSIDE_SPINNERS 8

/* One copy of libdf. */
struct inside_calls {
	int (*plain[INSIDE_OPERATIONS])(const char *pattern);
	int (*of_kind[INSIDE_OPERATIONS])(const char *kind, const char *pattern);
	int (*init)(void);
	int (*apply)(const char *script);
	int (*list)(const char *pattern, df_list_callback callback, void *context);
	const char *(*error)(void);
};

#define INSIDE_CALLS                                                                               \
	{                                                                                          \
		{df_activate, df_deactivate, df_enable, df_disable, df_unhook, df_rehook},         \
			{df_activate_kind, df_deactivate_kind, df_enable_kind,                     \
			 df_disable_kind,  df_unhook_kind,     df_rehook_kind},                    \
			df_init, df_apply, df_list, df_error                                       \
	}

/* What the plugin gives, by dlsym(3). */
struct inside_plugin {
	struct inside_calls calls;
	void (*ask)(int32_t values[INSIDE_PLUGIN_COUNT]);
	const struct df_control_v1 *control;
};
#define INSIDE_PLUGIN_SYMBOL "inside_plugin"

#endif
