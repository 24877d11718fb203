/* SPDX-License-Identifier: Apache-2.0 */
/* restart.c - which system calls may be begun anew after a stop. */
#include "restart.h"

#include <sys/syscall.h>

#ifndef SYS_epoll_pwait2 /* Linux 5.11 */
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_io_uring_enter /* Linux 5.1 */
#define SYS_io_uring_enter 426
#endif

/*
 * Never close(2), which has closed when it gives EINTR, nor connect(2) and what may connect while
 * it sends, which give EALREADY the second time. A number of the x32 interface has a bit set that
 * none of these has.
 */
bool restart_is_safe(long call)
{
	switch (call) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_rt_sigtimedwait:
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_io_getevents:
	case SYS_io_uring_enter: /* EINTR: nothing was submitted */
	/* These where the socket has a timeout; else the kernel restarts them. */
	case SYS_accept:
	case SYS_accept4:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_recvmmsg:
	case SYS_read:
	case SYS_readv:
		return true;
	default:
		return false;
	}
}
