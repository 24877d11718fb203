/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracee.h - one thread of a target, stopped and let go: the only user of
 * ptrace(2) and waitpid(2) on tracees.
 *
 * No code runs in the target. A stopped thread goes on where it was, with the
 * signal that was on its way to it; and in its system call, if that is one that
 * the kernel would end with EINTR and restart.h allows. That takes one register.
 */
#ifndef DFPATCH_TRACEE_H
#define DFPATCH_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum tracee_state {
	TRACEE_RUNS, /* traced, running */
	TRACEE_STOPPED,
	TRACEE_GONE, /* exited, or no longer ours */
};

struct tracee {
	pid_t id;
	uint8_t state;	/* enum tracee_state */
	uint8_t signal; /* to be delivered when it is let go; 0 for none */
	bool by_us;	/* we stopped it, and not job control */
};

/* Makes us the tracer of a thread, which runs on. Returns 0 or errno. */
int tracee_seize(pid_t id);

/* Asks a thread to stop, if we are its tracer; false if not, or if it exited. */
bool tracee_interrupt(pid_t id);

/* Waits for one that runs to stop or end; with WNOHANG just looks. False if broken off by a signal.
 */
bool tracee_wait(struct tracee *tracee, int options);
#define TRACEE_LOOK 1 /* WNOHANG */

/*
 * Lets a stopped one go; it is gone for us then. False if it did not stand still any
 * more: it was killed, and we have to reap it before its parent can, or its id is
 * that of another thread since an exec. What it does is then for a wait to tell.
 */
bool tracee_detach(struct tracee *tracee);

/* Lets one go that runs, which takes a stop. Should it not stop in a moment, it stays as it is. */
void tracee_dismiss(struct tracee *tracee);

/*
 * Writes through a stopped one into its address space, whatever protects the
 * memory: in whole aligned words, of which the other bytes are kept. Nobody else
 * may write to those meanwhile. Returns 0 or errno: ESRCH if it was killed.
 */
int tracee_poke(const struct tracee *tracee, uint64_t addr, const void *bytes, size_t size);

#endif
