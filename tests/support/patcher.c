/* SPDX-License-Identifier: Apache-2.0 */
/* patcher.c - a change by a child of the test, which can be held up at any step
 * of it. */
#include "patcher.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "watchdog.h"

#define PATIENCE 30000 /* ms */
#define USUAL_BUDGET 10000000000u

/* ---- in the child ---- */

/* NULL in the test itself, whose own calls are no steps. */
static struct patcher_page *page;
static struct wish wish;
static bool under_way; /* the first write was seen */

static void wait_to_go_on(void)
{
	page->held = true;
	while (!page->go_on)
		sleep_us(100);
	page->writes_after = 0;
}

static void step(enum step_kind kind, uint64_t addr, uint64_t size)
{
	if (!page)
		return;
	under_way |= kind == STEP_WRITE;
	if (!under_way)
		return;
	const int number = page->steps + 1;
	if (number <= STEPS_MAX)
		page->list[number - 1] = (struct step){kind, addr, size};
	page->steps = number;
	if (number == wish.hold)
		wait_to_go_on();
	else if (wish.delay_us > 0)
		sleep_us(wish.delay_us);
	if (kind == STEP_WRITE)
		page->writes_after++;
}

ssize_t __real_pwrite(int fd, const void *from, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *from, size_t size, off_t at)
{
	step(STEP_WRITE, (uint64_t)at, size);
	if (page && sched_getscheduler(0) == SCHED_FIFO)
		page->was_raised = true;
	return __real_pwrite(fd, from, size, at);
}

ssize_t __real_pread(int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t at)
{
	step(STEP_READ, (uint64_t)at, size);
	return __real_pread(fd, to, size, at);
}

int __real_sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set);
int __wrap_sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set);
int __wrap_sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set)
{
	step(STEP_HOP, 0, 0);
	return __real_sched_setaffinity(thread, size, set);
}

long __real_ptrace(enum __ptrace_request request, pid_t thread, void *addr, void *data);
long __wrap_ptrace(enum __ptrace_request request, pid_t thread, void *addr, void *data);
long __wrap_ptrace(enum __ptrace_request request, pid_t thread, void *addr, void *data)
{
	if (page)
		page->traced++;
	return __real_ptrace(request, thread, addr, data);
}

int __real_watchdog_start(struct watchdog *watchdog, struct df_err *err);
int __wrap_watchdog_start(struct watchdog *watchdog, struct df_err *err);
int __wrap_watchdog_start(struct watchdog *watchdog, struct df_err *err)
{
	const int status = __real_watchdog_start(watchdog, err);
	if (!page || status < 0)
		return status;
	page->watchdog = watchdog->pid;
	if (wish.kill_watchdog) {
		kill(watchdog->pid, SIGKILL);
		waitid(P_PID, (id_t)watchdog->pid, NULL, WEXITED | WNOWAIT);
	}
	return status;
}

int __real_watchdog_arm(const struct watchdog *watchdog, uint64_t deadline, pid_t target,
			const char *what, struct df_err *err);
int __wrap_watchdog_arm(const struct watchdog *watchdog, uint64_t deadline, pid_t target,
			const char *what, struct df_err *err);
int __wrap_watchdog_arm(const struct watchdog *watchdog, uint64_t deadline, pid_t target,
			const char *what, struct df_err *err)
{
	return page && wish.without_watchdog
		       ? 0
		       : __real_watchdog_arm(watchdog, deadline, target, what, err);
}

void __real_watchdog_disarm(const struct watchdog *watchdog);
void __wrap_watchdog_disarm(const struct watchdog *watchdog);
void __wrap_watchdog_disarm(const struct watchdog *watchdog)
{
	struct stat task;
	/* A link for each thread. */
	if (page && stat("/proc/self/task", &task) == 0 && task.st_nlink > 3)
		page->early++;
	__real_watchdog_disarm(watchdog);
}

static int change(pid_t target, enum df_op op)
{
	struct change_result result;
	struct df_err err = {0};
	const struct change_request request = {
		.op = op,
		.pid = target,
		.patterns = &wish.pattern,
		.pattern_count = 1,
		.mode = wish.mode,
		.timeout = wish.timeout ? wish.timeout : USUAL_BUDGET,
		.max_stop = wish.max_stop ? wish.max_stop : USUAL_BUDGET,
	};
	const uint64_t before = now_ns();
	const int status = run_change(&request, &result, &err);
	const uint64_t took = now_ns() - before;
	page->longest = took > page->longest ? took : page->longest;
	snprintf(page->error, sizeof(page->error), "%s", status < 0 ? err.text : "");
	snprintf(page->why_stopped, sizeof(page->why_stopped), "%s", result.why_stopped);
	page->stopped = result.stopped;
	page->committed = result.committed;
	page->recovered = result.recovered;
	page->pause = result.pause;
	change_free(&result);
	return status;
}

static void be_the_child(const struct patcher *patcher, pid_t target)
{
	const int times = wish.times > 0 ? wish.times : 1;
	int status = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(patcher->stderr_fd, STDERR_FILENO);
	if (wish.setup)
		wish.setup();
	page = patcher->page;
	for (int i = 0; status == 0 && i < times; i++) {
		under_way = false;
		status = wish.instead ? wish.instead(target)
				      : change(target, i % 2 ? wish.back : wish.op);
		page->done += status == 0;
	}
	_exit(-status);
}

/* ---- in the test ---- */

void patcher_start(struct patcher *patcher, pid_t target, const struct wish *asked)
{
	*patcher = (struct patcher){.started = now_ns()};
	patcher->page = mmap(NULL, sizeof(*patcher->page), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	patcher->stderr_fd = memfd_create("stderr", MFD_CLOEXEC);
	cr_assert(patcher->page != MAP_FAILED && patcher->stderr_fd >= 0);
	wish = *asked;
	patcher->pid = fork();
	cr_assert_geq(patcher->pid, 0);
	if (patcher->pid == 0)
		be_the_child(patcher, target);
}

static bool has_ended(const struct patcher *patcher)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)patcher->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

bool patcher_held(const struct patcher *patcher)
{
	const uint64_t end = now_ns() + PATIENCE * UINT64_C(1000000);
	while (!patcher->page->held) {
		if (has_ended(patcher))
			return false;
		cr_assert(now_ns() < end, "the change does not come to its step");
		sleep_us(100);
	}
	return true;
}

void patcher_go_on(const struct patcher *patcher)
{
	patcher->page->go_on = true;
}

int patcher_end(struct patcher *patcher)
{
	int status = 0;
	struct pollfd done = {.fd = (int)syscall(SYS_pidfd_open, patcher->pid, 0),
			      .events = POLLIN};
	const bool late = poll(&done, 1, PATIENCE) == 0;
	if (late)
		kill(patcher->pid, SIGKILL);
	cr_assert_eq(waitpid(patcher->pid, &status, 0), patcher->pid);
	patcher->ns = now_ns() - patcher->started;
	close(done.fd);
	cr_assert(!late, "the change does not end");
	return WIFEXITED(status) ? -WEXITSTATUS(status) : WTERMSIG(status);
}

void patcher_free(struct patcher *patcher)
{
	munmap(patcher->page, sizeof(*patcher->page));
	close(patcher->stderr_fd);
}

int patcher_do(struct patcher *last, pid_t target, const struct wish *asked)
{
	patcher_start(last, target, asked);
	return patcher_end(last);
}

int patcher_find(const struct patcher *patcher, enum step_kind kind, uint64_t addr)
{
	for (int i = 0; i < patcher->page->steps && i < STEPS_MAX; i++) {
		const struct step *s = &patcher->page->list[i];
		if (s->kind == kind && addr - s->addr < s->size)
			return i + 1;
	}
	return 0;
}
