/* SPDX-License-Identifier: Apache-2.0 */
/* follower.c - dfpatch watch as a subprocess. */
#include "follower.h"

#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECONDS 10

#define FORBID(NAME)                                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##NAME, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void (*also)(void);

/* In the child: whatever could be felt by another process ends it. */
static void only_look(void)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		FORBID(ptrace),
		FORBID(pwrite64),
		FORBID(pwritev),
		FORBID(pwritev2),
		FORBID(process_vm_writev),
		FORBID(kill),
		FORBID(tkill),
		FORBID(tgkill),
		FORBID(fork),
		FORBID(vfork),
		FORBID(clone),
		FORBID(clone3),
		FORBID(flock),
		/* Signal 0 asks whether a process is there, and is none. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
					   .filter = (struct sock_filter *)filter};
	if (also)
		also();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(124);
}

void follower_spawn(struct follower *follower, const char *const *args, void (*setup)(void))
{
	follower->heard = 0;
	also = setup;
	tool_start(&follower->tool, args, only_look);
}

void follower_start(struct follower *follower, const char *const *args)
{
	follower_spawn(follower, args, NULL);
	follower_says(follower, "start");
}

/* What it has printed so far. */
static const char *output(struct follower *f)
{
	const ssize_t got = pread(f->tool.out_fd, f->tool.out, sizeof(f->tool.out) - 1, 0);
	cr_assert(got >= 0);
	f->tool.out[got] = '\0';
	return f->tool.out;
}

const char *follower_says(struct follower *f, const char *text)
{
	static char line[4096];
	for (int i = 0; i < SECONDS * 1000; i++) {
		const char *found = strstr(output(f) + f->heard, text);
		const char *end = found ? strchr(found, '\n') : NULL;
		if (end) {
			const char *begin = found;
			while (begin > f->tool.out && begin[-1] != '\n')
				begin--;
			snprintf(line, sizeof(line), "%.*s", (int)(end - begin), begin);
			f->heard = (size_t)(end + 1 - f->tool.out);
			return line;
		}
		sleep_us(1000);
	}
	cr_assert_fail("no line with '%s' in:\n%s\nbehind:\n%s", text, f->tool.out,
		       f->tool.out + f->heard);
	return "";
}

void follower_is_silent(struct follower *f, unsigned ms)
{
	sleep_us(ms * 1000);
	cr_assert_str_empty(output(f) + f->heard, "it said more:\n%s", f->tool.out + f->heard);
}

int follower_end(struct follower *f, int signal)
{
	if (signal)
		kill(f->tool.pid, signal);
	return tool_wait(&f->tool);
}
