/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.c - how system calls fail.
 *
 * Only what the manual page of a call names, what containers and older kernels give in
 * its place (ENOSYS, EPERM), and what a failing device or a lack of memory does. An
 * answer that is no error but a lie, such as the end of a list that has not ended, is
 * not among them.
 */
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define WAYS 7

struct way {
	long call;
	const char *name;
	long values[WAYS]; /* up to one that is 1 */
};

#define CALL(NAME, ...)                                                                            \
	{                                                                                          \
		SYS_##NAME, #NAME,                                                                 \
		{                                                                                  \
			__VA_ARGS__, 1                                                             \
		}                                                                                  \
	}
/* Cannot fail, or does not return. */
#define SAFE(NAME)                                                                                 \
	{                                                                                          \
		SYS_##NAME, #NAME,                                                                 \
		{                                                                                  \
			1                                                                          \
		}                                                                                  \
	}

static const struct way ways[] = {
	CALL(read, -EIO, -EINTR, 0, FAULT_HALF),
	CALL(pread64, -EIO, -ESRCH, -EINTR, 0, FAULT_HALF),
	CALL(write, -EPIPE, -ENOSPC, -EIO, 0, FAULT_HALF),
	CALL(pwrite64, -EIO, -ENOSPC, -EINTR, 0, FAULT_HALF),
	CALL(writev, -EPIPE, -ENOSPC),
	CALL(process_vm_readv, -EFAULT, -EPERM, -ENOSYS),
	CALL(process_vm_writev, -EFAULT, -EPERM, -ENOSYS),
	CALL(open, -ENOENT, -EACCES, -EMFILE, -ENFILE, -ENOMEM),
	CALL(openat, -ENOENT, -EACCES, -EMFILE, -ENFILE, -ENOMEM),
	CALL(openat2, -ENOSYS, -ELOOP, -EACCES, -EMFILE, -ENFILE, -ENOMEM),
	CALL(close, -EIO, -EINTR),
	CALL(stat, -ENOENT, -EACCES),
	CALL(fstat, -EIO, -ENOMEM),
	CALL(newfstatat, -ENOENT, -EACCES, -ENOMEM),
	CALL(statx, -ENOENT, -EACCES, -ENOSYS),
	CALL(fstatfs, -ENOSYS, -EIO),
	CALL(statfs, -ENOENT, -EIO),
	CALL(access, -ENOENT, -EACCES),
	CALL(readlink, -ENOENT, -EACCES),
	CALL(readlinkat, -ENOENT, -EACCES),
	CALL(lseek, -EINVAL),
	CALL(getdents64, -ENOENT, -ENOMEM),
	CALL(ioctl, -ENOTTY, -ESRCH, -ENOMEM),
	CALL(fcntl, -EINVAL, -EMFILE),
	CALL(flock, -EINTR, -EWOULDBLOCK, -ENOLCK),
	CALL(dup, -EMFILE),
	CALL(dup2, -EMFILE),
	CALL(dup3, -EMFILE),
	CALL(pipe, -EMFILE, -ENFILE),
	CALL(pipe2, -EMFILE, -ENFILE),
	CALL(eventfd2, -EMFILE, -ENOMEM),
	CALL(memfd_create, -EMFILE, -ENOMEM),
	CALL(signalfd4, -EMFILE, -ENOMEM),
	CALL(timerfd_create, -EMFILE, -ENOMEM),
	CALL(timerfd_settime, -EINVAL),
	CALL(poll, -EINTR, -ENOMEM),
	CALL(ppoll, -EINTR, -ENOMEM),
	CALL(socketpair, -EMFILE, -ENFILE),
	CALL(sendto, -EPIPE, -ENOMEM),
	CALL(recvfrom, -ECONNRESET, -EINTR, 0),
	CALL(brk, FAULT_NOTHING),
	CALL(mmap, -ENOMEM),
	CALL(mremap, -ENOMEM),
	CALL(mprotect, -ENOMEM, -EACCES),
	CALL(munmap, -EINVAL, -ENOMEM),
	CALL(madvise, -EINVAL),
	CALL(mlock, -EPERM, -ENOMEM),
	CALL(mlockall, -EPERM, -ENOMEM),
	CALL(prlimit64, -EPERM),
	CALL(prctl, -EPERM, -EINVAL),
	CALL(sysinfo, -EPERM),
	CALL(getrandom, -ENOSYS, -EAGAIN),
	CALL(ptrace, -EPERM, -ESRCH, -EIO),
	CALL(wait4, -ECHILD, -EINTR),
	CALL(waitid, -ECHILD, -EINTR),
	CALL(pidfd_open, -ENOSYS, -EPERM, -ESRCH, -EMFILE, -ENFILE, -ENOMEM),
	CALL(pidfd_send_signal, -ENOSYS, -EPERM, -ESRCH),
	CALL(kill, -EPERM, -ESRCH),
	CALL(tgkill, -EPERM, -ESRCH),
	CALL(timer_create, -EAGAIN, -ENOMEM),
	CALL(timer_settime, -EINVAL),
	CALL(timer_delete, -EINVAL),
	CALL(setitimer, -EINVAL),
	CALL(nanosleep, -EINTR),
	CALL(clock_nanosleep, -EINTR),
	CALL(clock_gettime, -EINVAL),
	CALL(futex, -EINTR, -EAGAIN),
	CALL(clone, -EAGAIN, -ENOMEM, -EPERM),
	CALL(clone3, -ENOSYS, -EAGAIN, -ENOMEM),
	CALL(fork, -EAGAIN, -ENOMEM),
	CALL(vfork, -EAGAIN, -ENOMEM),
	CALL(setsid, -EPERM),
	CALL(setpgid, -EPERM),
	CALL(sched_getaffinity, -EINVAL, -EPERM),
	CALL(sched_setaffinity, -EINVAL, -EPERM),
	CALL(sched_getscheduler, -EPERM),
	CALL(sched_setscheduler, -EPERM, -EINVAL),
	CALL(sched_getparam, -EPERM),
	CALL(sched_setparam, -EPERM),
	CALL(sched_setattr, -EPERM, -EINVAL),
	CALL(sched_getattr, -EPERM, -EINVAL),
	CALL(setpriority, -EPERM, -EACCES),
	CALL(membarrier, -EPERM, -ENOSYS),
	CALL(getcpu, -ENOSYS),
	CALL(rt_sigaction, -EINVAL),
	CALL(rt_sigprocmask, -EINVAL),
	CALL(rt_sigtimedwait, -EAGAIN, -EINTR),
	CALL(unshare, -ENOMEM, -EPERM),
	CALL(close_range, -ENOSYS, -EIO),
	/* For every thread or for none; glibc ends a program where it fails for a later one. */
	SAFE(rseq),
	CALL(set_robust_list, -ENOSYS),
	SAFE(arch_prctl),
	SAFE(set_tid_address),
	SAFE(rt_sigreturn),
	SAFE(restart_syscall),
	SAFE(getpid),
	SAFE(gettid),
	SAFE(getppid),
	SAFE(getuid),
	SAFE(geteuid),
	SAFE(getgid),
	SAFE(getegid),
	SAFE(umask),
	SAFE(sched_yield),
	SAFE(sched_get_priority_min),
	SAFE(sched_get_priority_max),
	SAFE(exit),
	SAFE(exit_group),
	SAFE(execve),
};

/* A call that is not in the list: as where a filter forbids it. */
static const struct way forbidden = {-1, "?", {-EPERM, 1}};

static const struct way *way_of(long call)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].call == call)
			return &ways[i];
	return &forbidden;
}

bool fault_of(long call, size_t k, unsigned long size, long *value)
{
	const struct way *way = way_of(call);
	for (size_t i = 0; i < k; i++)
		if (way->values[i] == 1)
			return false;
	*value = way->values[k];
	/* Half of one byte is none, which is a fault of its own. */
	return *value != 1 && (*value != FAULT_HALF || size > 1);
}

const char *fault_name(long value)
{
	if (value == FAULT_HALF)
		return "half of it";
	if (value == FAULT_NOTHING)
		return "nothing done";
	return value < 0 ? strerrorname_np((int)-value) : "0";
}

const char *call_name(long call)
{
	static char text[24];
	const struct way *way = way_of(call);
	if (way != &forbidden)
		return way->name;
	snprintf(text, sizeof(text), "call %ld", call);
	return text;
}
