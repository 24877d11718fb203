/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate.h - one operation on every module of the process: own it, put right what a
 * dead controller left, initialise it, and then do what was asked.
 */
#ifndef DF_OPERATE_H
#define DF_OPERATE_H

#include <stdint.h>

#include "err.h"
#include "match.h"
#include "rule.h"
#include "script.h"

/* What is asked of each module. DF_INIT alone asks for no more than every request does. */
struct request {
	enum df_op op;
	const char *kind;		  /* NULL for any */
	const struct df_pattern *pattern; /* NULL for any */
	const struct df_script *script;	  /* if not NULL, instead of the three */
	uint64_t flags;			  /* out: how many matched, in all modules */
};

/*
 * Carries it out; enters the guard itself. Returns 0, or the first error of a module;
 * the others are changed all the same.
 */
int operate(struct request *request, struct df_err *err);

#endif
