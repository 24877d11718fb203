/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git.h - git, run on a checkout that may be hostile; the only one who starts other
 * programs.
 *
 * git sees no configuration but ours (git_dir.h), an environment of our own, and neither
 * the terminal nor any of our files but those given. A filter on system calls, which it
 * cannot take off, lets it start no process and reach no network; limits let it write no
 * file and take no more than GIT_MEMORY. So whatever the checkout makes it believe, it
 * cannot act on it. It ends when we do.
 *
 * While one is open and does not rest, signals that would end us wait; they make git_run()
 * fail, and take effect at git_rest() or git_close().
 */
#ifndef DFPATCH_GIT_H
#define DFPATCH_GIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "git_dir.h"

#define GIT_MEMORY ((size_t)4 << 30)	   /* bytes of address space */
#define GIT_OUTPUT_MAX ((size_t)256 << 20) /* bytes */

/*
 * For how long git may sleep without waking up once. What it waits for then is no disk and not us,
 * but a pipe or device where the checkout should have a file.
 */
#define GIT_SLEEP_MAX (UINT64_C(5) * 1000000000u) /* ns */

#define GIT_WORD 64

struct git {
	struct git_dir dir; /* none while it rests */
	char *checkout;	    /* owned: its top, without links or .. */
	char *program;	    /* owned */
	uint64_t budget;    /* ns for each run */
	int signals;	    /* descriptor that tells of those that wait */
	sigset_t mask;	    /* the caller's */
	bool holds_signals;
	char objects[GIT_WORD];	   /* how the checkout names objects, and keeps references: */
	char references[GIT_WORD]; /* what its configuration says, or "" */
};

struct git_result {
	char *text; /* owned: standard output, terminated; it may hold bytes 0 */
	size_t size;
	int exit;
	char complaint[200]; /* the first line on standard error; not escaped */
	bool stuck;	     /* it had to be ended as it slept */
};

/*
 * Finds git in the absolute directories of $PATH, and the checkout. Returns 0,
 * DF_E_SYSTEM, DF_E_MEMORY. git_close() ends it, also after a failure.
 */
int git_open(const char *checkout, uint64_t budget, struct git *git, struct df_err *err);

/*
 * Runs git with these arguments, the last of which is followed by NULL, and with `input`
 * as standard input (-1 for none). Returns 0 when it has ended by itself, whatever its
 * exit status; else DF_E_TIMEOUT (of its budget, or asleep for GIT_SLEEP_MAX), DF_E_MEMORY, or
 * DF_E_SYSTEM (it cannot be started or confined, was ended by a signal, said too much, or a signal
 * for us came). `result` holds text only after 0; git_result_free() frees it.
 */
int git_run(const struct git *git, const char *const *arguments, int input,
	    struct git_result *result, struct df_err *err);

/* Whether a signal waits that would have ended us. */
bool git_interrupted(const struct git *git);

/*
 * Takes the private directory away and lets signals come, until git_wake(), so that nothing stays
 * behind if one ends us meanwhile. git_wake() returns 0, DF_E_SYSTEM or DF_E_MEMORY; it runs
 * nothing.
 */
void git_rest(struct git *git);
int git_wake(struct git *git, struct df_err *err);

void git_result_free(struct git_result *result);

void git_close(struct git *git);

#endif
