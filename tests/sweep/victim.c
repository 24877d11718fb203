/* SPDX-License-Identifier: Apache-2.0 */
/* victim.c - dfpatch, run under ptrace(2), and disturbed at one of its system calls. */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

#define TASKS 64
#define HOLD_NS UINT64_C(10000000000)

struct task {
	pid_t id;
	bool helper;
	bool held;
	bool changed; /* its call was changed: */
	bool skipped; /* it is not made, and returns `fault`, */
	long fault;
	unsigned long rdi, rdx; /* or had these arguments, which the call must leave alone */
};

struct trace {
	const struct aim *aim;
	const struct disturbance *disturb;
	struct outcome *out;
	pid_t main;
	struct task tasks[TASKS];
	size_t count;
	bool forking; /* it may have a child that nobody told us of */
	uint64_t deadline, hold_end;
};

/* ---- starting ---- */

static void become(const char *const *argv, int go, int out, int err)
{
	char byte;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
	/* A file as well, since a pipe or a terminal would be written to in other pieces. */
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (read(go, &byte, 1) == 1)
		execv(argv[0], (char *const *)argv);
	_exit(126);
}

/* `go` is where one byte starts it. */
static pid_t spawn(const char *const *argv, int *go, int *out, int *err)
{
	int ends[2];
	*out = memfd_create("out", MFD_CLOEXEC);
	*err = memfd_create("err", MFD_CLOEXEC);
	if (*out < 0 || *err < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	const pid_t pid = fork();
	if (pid == 0)
		become(argv, ends[0], *out, *err);
	close(ends[0]);
	*go = ends[1];
	return pid;
}

static void start(int go)
{
	if (write(go, "", 1) != 1)
		fprintf(stderr, "sweep: cannot start dfpatch\n");
	close(go);
}

static void take_text(int fd, char *text, size_t size)
{
	const ssize_t got = pread(fd, text, size - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	close(fd);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void on_alarm(int signal)
{
	(void)signal; /* it is there to end waitpid(2) with EINTR */
}

/* Ten times a second, or not at all. */
static void set_alarm(bool on)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct timeval slice = {.tv_usec = on ? 100000 : 0};
	const struct itimerval every = {.it_value = slice, .it_interval = slice};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

int tool_run(const char *const *argv, char err[VICTIM_TEXT])
{
	int go, out, fd, status;
	const uint64_t end = now_ns() + AIM_PATIENCE;
	const pid_t pid = spawn(argv, &go, &out, &fd);
	bool late = false;
	if (pid < 0)
		return -1000;
	start(go);
	set_alarm(true);
	while (waitpid(pid, &status, 0) != pid)
		if (!late && now_ns() > end)
			late = kill(pid, SIGKILL) == 0;
	set_alarm(false);
	take_text(fd, err, VICTIM_TEXT);
	close(out);
	return late ? -1000 : status_of(status);
}

/* ---- tasks ---- */

/* The process that a thread belongs to; 0 if it is gone. */
static pid_t process_of(pid_t id)
{
	char path[32], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/status", id);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *group = strstr(text, "\nTgid:\t");
	return group ? (pid_t)strtol(group + 7, NULL, 10) : 0;
}

static struct task *find(struct trace *t, pid_t id)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->tasks[i].id == id)
			return &t->tasks[i];
	return NULL;
}

static struct task *find_or_add(struct trace *t, pid_t id)
{
	struct task *known = find(t, id);
	if (known)
		return known;
	if (t->count == TASKS) {
		fprintf(stderr, "sweep: too many threads of dfpatch\n");
		exit(2);
	}
	const bool helper = process_of(id) != t->main;
	t->out->helpers += helper && process_of(id) == id;
	t->tasks[t->count] = (struct task){.id = id, .helper = helper};
	return &t->tasks[t->count++];
}

static void take_out(struct trace *t, pid_t id)
{
	struct task *task = find(t, id);
	if (task)
		*task = t->tasks[--t->count];
}

static void resume(const struct trace *t, const struct task *task, int signal)
{
	const bool look = !task->helper || t->disturb->helper;
	/* ESRCH: it was killed since, and that is reported next. */
	ptrace(look ? PTRACE_SYSCALL : PTRACE_CONT, task->id, NULL, (void *)(intptr_t)signal);
}

static size_t kill_helpers(const struct trace *t)
{
	size_t killed = 0;
	for (size_t i = 0; i < t->count; i++)
		killed += t->tasks[i].helper && kill(t->tasks[i].id, SIGKILL) == 0;
	return killed;
}

static void kill_all(const struct trace *t)
{
	for (size_t i = 0; i < t->count; i++)
		kill(t->tasks[i].id, SIGKILL);
}

/* ---- the disturbance ---- */

/* Nobody is interrupted for ever; nor is a target that lives on taken for gone, call after call. */
static bool may_last(long value)
{
	return value != -EINTR && value != -ESRCH && value != 0 && value != FAULT_HALF;
}

/* The call is made with half its size, or not at all. */
static bool fail(struct trace *t, struct task *task, unsigned long size)
{
	struct user_regs_struct regs;
	long value;
	if (!fault_of(t->out->call, t->disturb->way, size, &value) ||
	    (t->disturb->forever && !may_last(value)) ||
	    ptrace(PTRACE_GETREGS, task->id, NULL, &regs) != 0)
		return false;
	/* Who wakes others does not wait, so that this cannot fail as waiting can. */
	if (t->out->call == SYS_futex && (regs.rsi & (unsigned)FUTEX_CMD_MASK) == FUTEX_WAKE)
		return false;
	task->changed = true;
	task->rdi = regs.rdi;
	task->rdx = regs.rdx;
	if (value == FAULT_HALF) {
		regs.rdx = size / 2;
	} else if (value == FAULT_NOTHING) {
		regs.rdi = 0;
	} else {
		regs.orig_rax = (unsigned long)-1;
		task->skipped = true;
		task->fault = value;
	}
	t->out->fault = value;
	return ptrace(PTRACE_SETREGS, task->id, NULL, &regs) == 0;
}

static bool hold(struct trace *t, struct task *task)
{
	task->held = aim_held(t->aim) > 0 || aim_claimed(t->aim);
	t->hold_end = now_ns() + HOLD_NS;
	return task->held;
}

static bool disturb(struct trace *t, struct task *task, unsigned long size)
{
	const pid_t process = task->helper ? process_of(task->id) : t->main;
	switch (t->disturb->what) {
	case KILL:
		return kill(process, SIGKILL) == 0;
	case SIGNAL:
		return kill(process, t->disturb->signal) == 0;
	case FAIL:
		return fail(t, task, size);
	case ORPHAN:
		return kill_helpers(t) > 0;
	case HOLD:
		return hold(t, task);
	case LEAVE:
		break;
	}
	return false;
}

static void on_entry(struct trace *t, struct task *task, const struct __ptrace_syscall_info *info)
{
	struct outcome *out = t->out;
	const struct disturbance *d = t->disturb;
	const unsigned long size = info->entry.args[2];
	const long call = (long)info->entry.nr;
	const long at = task->helper ? out->helper_calls++ : out->calls++;
	if (!task->helper) {
		out->looked = out->looked || (!out->reached && call == SYS_pidfd_open);
		t->forking = call == SYS_clone || call == SYS_clone3 || call == SYS_fork ||
			     call == SYS_vfork;
	}
	if (d->what == LEAVE || task->helper != d->helper)
		return;
	if (at == d->at) {
		out->reached = true;
		out->call = call;
		out->size = size;
		out->done = disturb(t, task, size);
	} else if (d->forever && out->done && call == out->call) {
		fail(t, task, size);
	}
}

static void on_exit_of_call(struct task *task)
{
	struct user_regs_struct regs;
	if (!task->changed || ptrace(PTRACE_GETREGS, task->id, NULL, &regs) != 0)
		return;
	if (task->skipped)
		regs.rax = (unsigned long)task->fault;
	regs.rdi = task->rdi;
	regs.rdx = task->rdx;
	task->changed = task->skipped = false;
	ptrace(PTRACE_SETREGS, task->id, NULL, &regs);
}

/* ---- stops ---- */

static void on_call(struct trace *t, struct task *task)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->id, (void *)sizeof(info), &info) > 0) {
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			on_entry(t, task, &info);
		else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
			on_exit_of_call(task);
	}
	if (!task->held)
		resume(t, task, 0);
}

static bool stops_process(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void on_stop(struct trace *t, struct task *task, int status)
{
	const int event = status >> 16, signal = WSTOPSIG(status);
	unsigned long born;
	if (signal == (SIGTRAP | 0x80)) {
		on_call(t, task);
		return;
	}
	if (event == PTRACE_EVENT_STOP && stops_process(signal)) {
		ptrace(PTRACE_LISTEN, task->id, NULL, NULL);
		return;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	    event == PTRACE_EVENT_CLONE) {
		t->forking = false;
		const pid_t id = task->id;
		if (ptrace(PTRACE_GETEVENTMSG, id, NULL, &born) == 0)
			find_or_add(t, (pid_t)born);
		task = find(t, id);
	}
	resume(t, task, event == 0 ? signal : 0);
}

static void on_status(struct trace *t, pid_t id, int status)
{
	if (id == t->aim->pid) {
		t->out->target_died = true;
		return;
	}
	if (WIFSTOPPED(status)) {
		on_stop(t, find_or_add(t, id), status);
		return;
	}
	take_out(t, id);
	if (id == t->main)
		t->out->status = status_of(status);
}

static void look_at_clock(struct trace *t)
{
	const uint64_t now = now_ns();
	for (size_t i = 0; i < t->count; i++) {
		struct task *task = &t->tasks[i];
		if (!task->held || now < t->hold_end)
			continue;
		task->held = false;
		t->out->held_on = true;
		resume(t, task, 0);
	}
	if (now < t->deadline)
		return;
	t->out->late = true;
	kill_all(t);
}

/* A child that was born as its parent was killed comes to us by itself. */
static bool nobody_left(struct trace *t)
{
	for (int i = 0; t->forking && t->count == 0 && i < 20; i++) {
		int status;
		nap_us(1000);
		const pid_t id = waitpid(-1, &status, __WALL | WNOHANG);
		if (id > 0)
			on_status(t, id, status);
	}
	return t->count == 0;
}

static void follow(struct trace *t)
{
	while (!nobody_left(t)) {
		int status;
		const pid_t id = waitpid(-1, &status, __WALL);
		if (id > 0)
			on_status(t, id, status);
		/* Also where calls come without end. */
		if (id < 0 || now_ns() > t->deadline)
			look_at_clock(t);
	}
}

bool victim_run(const struct aim *aim, const char *const *argv, const struct disturbance *disturb,
		struct outcome *outcome)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	struct trace t = {.aim = aim, .disturb = disturb, .out = outcome};
	int go, out, err;
	*outcome = (struct outcome){.status = -1000};
	t.main = spawn(argv, &go, &out, &err);
	t.deadline = now_ns() + AIM_PATIENCE;
	if (t.main < 0 || ptrace(PTRACE_SEIZE, t.main, NULL, (void *)options) != 0)
		return false;
	t.tasks[t.count++] = (struct task){.id = t.main};
	start(go);
	set_alarm(true);
	follow(&t);
	set_alarm(false);
	take_text(err, outcome->err, VICTIM_TEXT);
	take_text(out, outcome->out, VICTIM_OUT);
	return true;
}
