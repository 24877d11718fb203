/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracee.h - one thread of a target, stopped and let go: the only user of
 * ptrace(2) and waitpid(2) on tracees.
 *
 * No code runs in the target, but for a program that has not begun (tracee_call). A stopped thread
 * goes on where it was, with the signal that was on its way to it; and in its system call, if that
 * is one that the kernel would end with EINTR and restart.h allows. That takes one register.
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

/* ---- a process that is about to start a program ---- */

/* What one of these can stop at, or whether it ended. */
enum tracee_event {
	TRACEE_EVENT_ENDED,
	TRACEE_EVENT_EXEC,     /* it is another program now, which has run no instruction yet */
	TRACEE_EVENT_SIGNAL,   /* a signal is about to reach it */
	TRACEE_EVENT_JOB_STOP, /* it is stopped by job control */
	TRACEE_EVENT_CALL,     /* at the beginning or the end of a system call (tracee_call) */
	TRACEE_EVENT_OTHER, /* among them tracee_interrupt(), and the end of a job control stop */
};

struct tracee_stop {
	enum tracee_event event;
	int signal; /* of TRACEE_EVENT_SIGNAL */
};

/*
 * Makes us the tracer of a thread, which runs on, and tells of its exec; should we end, the kernel
 * kills it. Returns 0 or errno.
 */
int tracee_adopt(pid_t id);

/* From now on the kernel lets it go when we end. Only of one that stands still. False if it ended.
 */
bool tracee_spare(pid_t id);

/* Waits for the next stop, or the end, which it then reaps. */
struct tracee_stop tracee_next(pid_t id);

/* Let one go on that stands still, with a signal (0 for none): freely; for one instruction; or to
 * stay stopped by job control until it is continued. */
void tracee_continue(pid_t id, int signal);
void tracee_step(pid_t id, int signal);
void tracee_stay(pid_t id);

/* Where one that stands still goes on. False if it ended. */
bool tracee_get_place(pid_t id, uint64_t *addr);
bool tracee_set_place(pid_t id, uint64_t addr);

/* The signals that it has blocked, as the kernel numbers bits. False if it ended. */
bool tracee_get_mask(pid_t id, uint64_t *mask);
bool tracee_set_mask(pid_t id, uint64_t mask);

/* A system call, and bytes in its own memory that it is to find at the address `argument[1]`. */
struct tracee_call {
	long number;
	uint64_t argument[4];
	const void *data; /* NULL: the argument is what it says */
	size_t size;
};

/*
 * Makes a system call as if the program did, by two bytes of text at its place, which are put back.
 * Only of one that stands still outside of any call, with no signal in hand, that handles no
 * signals, and with no other thread; signals and job control reach it meanwhile. Returns what the
 * call returned, or -ESRCH if it ended.
 */
long tracee_call(pid_t id, const struct tracee_call *call);

/* The same for the call that ends it with a status; of a 32-bit program, too. */
void tracee_exit(pid_t id, int status);

#endif
