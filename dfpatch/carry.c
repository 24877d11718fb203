/* SPDX-License-Identifier: Apache-2.0 */
/* carry.c - the plans of all modules, carried out. */
#include "carry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "plans.h"

struct df_stamp carry_stamp(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (struct df_stamp){
		.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.pid = (uint32_t)getpid(),
	};
}

int carry_recheck(struct work *w, struct df_err *err)
{
	for (size_t i = 0; i < w->result->images.count; i++) {
		const struct df_module module = plans_module(w, i);
		if (df_plan_empty(&w->result->plans[i]))
			continue;
		if (df_plan_recheck(&w->mem, &module, &w->result->plans[i], err) < 0)
			return df_err_prefix(err, w->result->images.list[i]->path);
	}
	return 0;
}

/* Names the module, and those before it that were changed already and stay so. */
static int apply_failed(const struct work *w, size_t failed, struct df_err *err)
{
	char done[DF_ERR_TEXT / 2] = "";
	df_err_prefix(err, w->result->images.list[failed]->path);
	for (size_t i = 0; i < failed; i++) {
		const size_t used = strlen(done);
		if (!df_plan_empty(&w->result->plans[i]))
			snprintf(done + used, sizeof(done) - used, " %s",
				 w->result->images.list[i]->path);
	}
	if (w->result->committed == 0)
		return -(int)err->code;
	char text[DF_ERR_TEXT];
	memcpy(text, err->text, sizeof(text));
	return df_fail(err, err->code, "%.500s; the flags of these modules were changed:%.480s",
		       text, done);
}

int carry_out(struct work *w, const struct df_stamp *stamp, struct df_err *err)
{
	for (size_t i = 0; i < w->result->images.count; i++) {
		const struct df_module module = plans_module(w, i);
		if (df_plan_empty(&w->result->plans[i]))
			continue;
		if (df_plan_apply(&w->mem, &module, &w->result->plans[i], stamp, err) < 0)
			return apply_failed(w, i, err);
		w->result->committed++;
	}
	return 0;
}
