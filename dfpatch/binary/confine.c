/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - what a process gives up for good before it runs a program on foreign input. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define LOAD(FIELD) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, FIELD))
#define REFUSE(ERROR) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (ERROR))
/* Refuses the call whose number is loaded, and goes on with any other. */
#define REFUSE_CALL(CALL, ERROR) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (CALL), 0, 1), REFUSE(ERROR)

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* The same for a call that has some of these bits in an argument; without, it is allowed. */
#define REFUSE_BITS(CALL, ARGUMENT, BITS)                                                          \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (CALL), 0, 4), LOAD(args[ARGUMENT]),                   \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (BITS), 0, 1), REFUSE(EPERM), ALLOW
#define REFUSE_WITHOUT_BITS(CALL, ARGUMENT, BITS)                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (CALL), 0, 4), LOAD(args[ARGUMENT]),                   \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (BITS), 1, 0), REFUSE(EPERM), ALLOW

#define MAKES_FILE (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* Numbers from here on are of the x32 interface. */
#define X32_CALLS 0x40000000

/* seccomp(2); a filter of ours for foreign programs, so what is not named is allowed. */
static struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
	REFUSE(EPERM),
	LOAD(nr),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
	REFUSE(EPERM),
	REFUSE_CALL(SYS_fork, EPERM),
	REFUSE_CALL(SYS_vfork, EPERM),
	/* Its flags lie in memory, where a filter cannot look; without it, clone(2) is tried. */
	REFUSE_CALL(SYS_clone3, ENOSYS),
	REFUSE_CALL(SYS_execveat, EPERM),
	REFUSE_CALL(SYS_ptrace, EPERM),
	REFUSE_CALL(SYS_process_vm_writev, EPERM),
	REFUSE_CALL(SYS_kill, EPERM),
	REFUSE_CALL(SYS_tkill, EPERM),
	REFUSE_CALL(SYS_socket, EPERM),
	REFUSE_CALL(SYS_io_uring_setup, EPERM),
	REFUSE_CALL(SYS_rename, EPERM),
	REFUSE_CALL(SYS_renameat, EPERM),
	REFUSE_CALL(SYS_renameat2, EPERM),
	REFUSE_CALL(SYS_unlink, EPERM),
	REFUSE_CALL(SYS_unlinkat, EPERM),
	REFUSE_CALL(SYS_rmdir, EPERM),
	REFUSE_CALL(SYS_mkdir, EPERM),
	REFUSE_CALL(SYS_mkdirat, EPERM),
	REFUSE_CALL(SYS_mknod, EPERM),
	REFUSE_CALL(SYS_mknodat, EPERM),
	REFUSE_CALL(SYS_link, EPERM),
	REFUSE_CALL(SYS_linkat, EPERM),
	REFUSE_CALL(SYS_symlink, EPERM),
	REFUSE_CALL(SYS_symlinkat, EPERM),
	REFUSE_CALL(SYS_truncate, EPERM),
	REFUSE_CALL(SYS_chmod, EPERM),
	REFUSE_CALL(SYS_fchmodat, EPERM),
	REFUSE_CALL(SYS_chown, EPERM),
	REFUSE_CALL(SYS_fchownat, EPERM),
	REFUSE_CALL(SYS_creat, EPERM),
	REFUSE_CALL(SYS_openat2, EPERM),
	REFUSE_BITS(SYS_open, 1, MAKES_FILE),
	REFUSE_BITS(SYS_openat, 2, MAKES_FILE),
	REFUSE_WITHOUT_BITS(SYS_clone, 0, CLONE_THREAD),
	ALLOW,
};

static int limit(int resource, rlim_t most)
{
	const struct rlimit both = {.rlim_cur = most, .rlim_max = most};
	return setrlimit((__rlimit_resource_t)resource, &both);
}

int confine(size_t memory)
{
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};
	if (limit(RLIMIT_FSIZE, 0) != 0 || limit(RLIMIT_CORE, 0) != 0 ||
	    limit(RLIMIT_AS, memory) != 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
