/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c - dfpatch as a subprocess that waits for the test at its system calls. */
#include "gate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_MAX 64
#define PATIENCE 20000 /* ms */

/* What the child needs to know; tool_start() hands it nothing. */
static const int *wanted;
static int tell[2], go_on[2];
static void (*before)(void);

static int filter(unsigned flags)
{
	struct sock_filter program[CALLS_MAX + 3];
	unsigned size = 0, count = 0;
	while (wanted[count] >= 0 && count < CALLS_MAX)
		count++;
	program[size++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						       offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < count; i++)
		program[size++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)wanted[i], (uint8_t)(count - i), 0);
	program[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	const struct sock_fprog all = {.len = (unsigned short)size, .filter = program};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
}

/* In the child. The parent takes its own copy of the listener; ours is closed by exec. */
static void install(void)
{
	char byte;
	if (before)
		before();
	const int listener = filter(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (syscall(SYS_write, tell[1], &listener, sizeof(listener)) != sizeof(listener) ||
	    syscall(SYS_read, go_on[0], &byte, 1) != 1)
		_exit(124);
}

bool gate_is_there(void)
{
	/* Without a filter the kernel looks at the flags first: EFAULT if it knows them. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		       NULL) < 0 &&
	       errno == EFAULT;
}

void gate_start(struct gate *gate, struct tool *tool, const char *const *args, const int *calls)
{
	gate_start_in(gate, tool, args, calls, NULL);
}

void gate_start_in(struct gate *gate, struct tool *tool, const char *const *args, const int *calls,
		   void (*setup)(void))
{
	int theirs = -1;
	wanted = calls;
	before = setup;
	gate->tool = tool;
	cr_assert(pipe2(tell, O_CLOEXEC) == 0 && pipe2(go_on, O_CLOEXEC) == 0);
	tool_start(tool, args, install);
	cr_assert_eq(read(tell[0], &theirs, sizeof(theirs)), sizeof(theirs));
	cr_assert_geq(theirs, 0, "dfpatch got no filter");
	const int pidfd = (int)syscall(SYS_pidfd_open, tool->pid, 0);
	gate->listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	cr_assert_geq(gate->listener, 0);
	cr_assert_eq(write(go_on[1], "x", 1), 1);
	close(pidfd);
	for (int i = 0; i < 2; i++) {
		close(tell[i]);
		close(go_on[i]);
	}
}

bool gate_next(struct gate *gate, struct seccomp_notif *call)
{
	struct pollfd event = {.fd = gate->listener, .events = POLLIN};
	for (;;) {
		cr_assert_eq(poll(&event, 1, PATIENCE), 1,
			     "dfpatch makes no call and does not end");
		if (!(event.revents & POLLIN))
			return false;
		memset(call, 0, sizeof(*call));
		/* ENOENT: who called was killed meanwhile. */
		if (ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_RECV, call) == 0)
			return true;
		cr_assert(errno == ENOENT || errno == EINTR);
	}
}

static void answer(const struct gate *gate, const struct seccomp_notif *call, int error,
		   unsigned flags)
{
	struct seccomp_notif_resp response = {.id = call->id, .error = -error, .flags = flags};
	cr_assert(ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0 ||
		  errno == ENOENT);
}

void gate_pass(const struct gate *gate, const struct seccomp_notif *call)
{
	answer(gate, call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void gate_fail(const struct gate *gate, const struct seccomp_notif *call, int error)
{
	answer(gate, call, error, 0);
}

int gate_end(struct gate *gate)
{
	struct seccomp_notif call;
	while (gate_next(gate, &call))
		gate_pass(gate, &call);
	close(gate->listener);
	return tool_wait(gate->tool);
}
