/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - which word of the page says what in the target `calls`. */
#ifndef CALLS_H
#define CALLS_H

enum call {
	CALL_EPOLL_WAIT,
	CALL_EPOLL_WAIT_TIMEOUT,
	CALL_EPOLL_PWAIT,
	CALL_EPOLL_PWAIT2,
	CALL_SIGTIMEDWAIT,
	CALL_SIGWAITINFO,
	CALL_SEMOP,
	CALL_SEMTIMEDOP,
	CALL_ACCEPT,
	CALL_ACCEPT4,
	CALL_RECVFROM,
	CALL_RECVMSG,
	CALL_RECVMMSG,
	CALL_READ,
	CALL_READV,
	CALL_IO_GETEVENTS,
	CALL_IO_URING_ENTER,
	CALL_POLL, /* this and what follows the kernel restarts by itself */
	CALL_FUTEX,
	CALLS,
};

/* For each call, at CALLS times this, the number of the call on. */
enum call_word {
	CALL_ID,      /* of its thread; 0 if the kernel has no such call */
	CALL_EINTR,   /* times that it ended with EINTR */
	CALL_HANDLED, /* times that the thread's signal handler ran */
	CALL_ENDED,   /* times that it ended otherwise, */
	CALL_RESULT,  /* and how the last time: -errno if it failed */
	CALL_WORDS,
};

/* A call of 32-bit programs, made by 64-bit code: 1 if there is none, else 2 + times of EINTR. */
#define CALLS_INT80 (CALL_WORDS * CALLS)

#endif
