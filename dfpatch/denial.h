/* SPDX-License-Identifier: Apache-2.0 */
/*
 * denial.h - why the kernel does not let us touch a process, from the facts that
 * tell. The rules are those of ptrace(2), "Ptrace access mode checking", and of
 * the Yama module (Documentation/admin-guide/LSM/Yama.rst).
 */
#ifndef DFPATCH_DENIAL_H
#define DFPATCH_DENIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "credentials.h"
#include "err.h"

struct denial {
	const char *what; /* as in "attach to" */
	pid_t pid;
	pid_t tracer;		 /* 0 if it has none that we can see */
	const char *tracer_name; /* not escaped; "" if it is not known */
	bool opened;		 /* we have its memory, which the same right is asked for */
	bool dumpable;		 /* /proc/PID belongs to its user */
	bool confined;		 /* our user namespace is not the first one */
	struct credentials theirs, ours;
	int yama_scope; /* kernel.yama.ptrace_scope, 0 where there is none */
};

/* DF_E_TRACED or DF_E_PERMISSION, with the first cause that holds and what to do about it. */
int denial_explain(const struct denial *denial, struct df_err *err);

#endif
