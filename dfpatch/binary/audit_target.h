/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_target.h - the modules of a file, an archive or a process, audited one
 * after the other, so that any number takes the memory of the largest.
 */
#ifndef DFPATCH_AUDIT_TARGET_H
#define DFPATCH_AUDIT_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "audit.h"
#include "err.h"
#include "process.h"

/* A target that could not be audited. */
struct audit_failure {
	const char *path; /* as the command line has it */
	struct df_err err;
};

/* A member of an archive that was not looked at. */
struct audit_skipped {
	char *path;	  /* owned: PATH(MEMBER) */
	const char *what; /* it is */
};

/* Of how many the names are kept. */
#define AUDIT_SKIPPED_KEPT 1000

/* What came of all targets. */
struct audit_totals {
	size_t targets;
	size_t modules; /* with flags */
	size_t flags;
	size_t sites;
	size_t proven; /* of them */
	size_t findings;
	size_t notes;
	size_t without_flags;		/* targets */
	struct audit_failure *failures; /* owned; room for one of each target */
	size_t failure_count;
	struct audit_skipped *skipped; /* owned: the first of them */
	size_t skipped_kept;
	size_t skipped_count;
	struct df_err page; /* why there is no page, if there should be one */
	bool printed;	    /* the JSON document, so that no second one may follow */
};

/* Shown each module that carries flags. What it returns, if negative, ends the rest. */
typedef int (*audit_take)(void *context, const struct audit_module *module, struct df_err *err);

/*
 * Audits a program, a shared object, a relocatable object, or the objects of a static
 * archive. Returns 0, DF_E_NO_FLAGS, DF_E_SYSTEM (cannot be opened), DF_E_NOT_ELF, DF_E_ARCH,
 * DF_E_TABLE (of an object, whose records lead elsewhere), DF_E_MEMORY, or what `take` returns.
 */
int audit_file(const char *path, const struct audit_options *options, audit_take take,
	       void *context, struct df_err *err);

/*
 * Audits the modules of a process by its memory. What is wrong is told only if it is found
 * twice in a row, since the program and its controllers go on meanwhile. Returns 0, what
 * images_from_process() returns, DF_E_SYSTEM (Capstone cannot be started), or what `take`
 * returns.
 */
int audit_process(const struct process *process, const struct audit_options *options,
		  audit_take take, void *context, struct df_err *err);

#endif
