/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin.c - a shared object with flags of the kind KIND. WITH_COPY gives it a copy of
 * libdf of its own; WITH_CONSTRUCTOR lets that work while the loader does, WITH_CALL the
 * program.
 */
#include "plugin.h"

#include "many.h"

extern struct df_control_v1 df_module_v1 __attribute__((visibility("hidden")));

volatile unsigned many_on __attribute__((visibility("hidden")));

/* Pasted one step down, where KIND is its value. */
#define FEATURE(K, N) DF_FEATURE(K, N, "of a plugin")
#define STANDARD(K, N) DF_DEFAULT(K, N)
#define OPT(K, N) DF_OPT(K, N)

#line 40 "plugin.c"
static int feature(void)
{
	return FEATURE(KIND, feature);
}

static int standard(void)
{
	return STANDARD(KIND, standard);
}

static int opt(void)
{
	return OPT(KIND, opt);
}

static int shared(void)
{
	return shared_flag();
}

static unsigned many(void)
{
	many_on = 0;
	SITES_100(KIND, many_0)
	SITES_100(KIND, many_1)
	SITES_100(KIND, many_2)
	return many_on;
}

#define OFFER_(K) K##_offer
#define OFFER(K) OFFER_(K)
extern const struct plugin OFFER(KIND) __attribute__((visibility("default")));
const struct plugin OFFER(KIND) = {
	.feature = feature,
	.standard = standard,
	.opt = opt,
	.shared = shared,
	.many = many,
	.control = &df_module_v1,
#ifdef WITH_COPY
	.copy =
		{
			.init = df_init,
			.activate = df_activate,
			.deactivate = df_deactivate,
			.enable = df_enable,
			.disable = df_disable,
			.apply = df_apply,
			.list = df_list,
			.set_write_policy = df_set_write_policy,
			.error = df_error,
		},
#endif
};

#ifdef WITH_CALL
/* The program's: called while it loads this. */
void while_loading(void);

static __attribute__((constructor)) void call(void)
{
	while_loading();
}
#endif

#ifdef WITH_CONSTRUCTOR
static __attribute__((constructor)) void come(void)
{
	df_enable("come:feature");
	df_activate("lamp:slow");
}

/* Changes text as well: what that needs is to be given back behind it. */
static __attribute__((destructor)) void go(void)
{
	df_activate("lamp:slow");
	df_disable("come:feature");
}
#endif
