/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - starting, watching and ending targets. */
#include "live.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 20000000000u /* ns; the processors may be busy with other tests */

void sleep_us(unsigned us)
{
	const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	nanosleep(&pause, NULL);
}

uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *live_path(const char *name)
{
	static char path[LIVE_PATH];
	snprintf(path, sizeof(path), strchr(name, '/') ? "%s%s" : "%s/%s",
		 strchr(name, '/') ? "" : DF_TARGETS_DIR, name);
	return access(path, F_OK) == 0 ? path : NULL;
}

static bool ahead;

void live_go_ahead(void)
{
	const struct sched_param realtime = {.sched_priority = 1};
	/* Who may not do that puts the targets behind instead. */
	sched_setscheduler(0, SCHED_RR, &realtime);
	ahead = true;
}

static void fall_behind(void)
{
	const struct sched_param normal = {0};
	if (sched_getscheduler(0) == SCHED_OTHER)
		setpriority(PRIO_PROCESS, 0, 10);
	else
		sched_setscheduler(0, SCHED_OTHER, &normal);
}

static void become(const char *path, const char *const *args, int page, void (*setup)(void))
{
	/* Areas of restartable sequences are written whenever a thread changes processor. */
	static char *const environment[] = {"GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL};
	const char *argv[16] = {path};
	sigset_t none;
	for (size_t i = 0; args[i] && i + 2 < sizeof(argv) / sizeof(argv[0]); i++)
		argv[i + 1] = args[i];
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (ahead)
		fall_behind();
	if (dup2(page, TARGET_FD) != TARGET_FD || dup2(open("/dev/null", O_RDWR), 0) != 0)
		_exit(127);
	if (setup)
		setup();
	/* Last, since another user's rights undo it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(path, (char *const *)argv, environment);
	_exit(127);
}

/* The child of the call itself does little but exec, as after vfork. */
static pid_t fork_into(int namespaces)
{
	if (namespaces == 0)
		return fork();
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
}

static bool spawn_in(struct live *live, const char *name, const char *const *args, int namespaces,
		     void (*setup)(void))
{
	const char *path = live_path(name);
	cr_assert(path, "target %s was not built", name);
	/* Not at TARGET_FD itself: dup2 would then leave it to be closed by exec. */
	const int made = memfd_create("target", MFD_CLOEXEC);
	const int page = fcntl(made, F_DUPFD_CLOEXEC, 10);
	cr_assert(page >= 0 && ftruncate(page, TARGET_PAGE_SIZE) == 0);
	live->page = mmap(NULL, TARGET_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
	cr_assert(live->page != MAP_FAILED);
	live->pid = fork_into(namespaces);
	if (live->pid == 0)
		become(path, args, page, setup);
	close(made);
	close(page);
	return live->pid > 0;
}

void live_spawn(struct live *live, const char *name, const char *const *args)
{
	cr_assert(spawn_in(live, name, args, 0, NULL));
}

static void become_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

/* Who is traced stops at the end of its exec; who is let go with SIGSTOP is stopped by that. */
void live_spawn_stopped(struct live *live, const char *name, const char *const *args)
{
	int status;
	cr_assert(spawn_in(live, name, args, 0, become_traced));
	cr_assert_eq(waitpid(live->pid, &status, 0), live->pid);
	cr_assert(WIFSTOPPED(status), "target %s did not start", name);
	cr_assert_eq(ptrace(PTRACE_DETACH, live->pid, NULL, SIGSTOP), 0);
	cr_assert_eq(waitpid(live->pid, &status, WUNTRACED), live->pid);
	cr_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

void live_ready(const struct live *live, const char *name)
{
	const uint64_t end = now_ns() + PATIENCE;
	while (!live->page->ready) {
		cr_assert(live_runs(live), "target %s ended at its start", name);
		cr_assert(now_ns() < end, "target %s does not get ready", name);
		sleep_us(500);
	}
}

void live_start(struct live *live, const char *name, const char *const *args)
{
	live_spawn(live, name, args);
	live_ready(live, name);
}

bool live_start_in(struct live *live, const char *name, const char *const *args, int namespaces,
		   void (*setup)(void))
{
	const bool started = spawn_in(live, name, args, namespaces, setup);
	if (started)
		live_ready(live, name);
	return started;
}

bool live_runs(const struct live *live)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)live->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

void live_stop(struct live *live)
{
	int status;
	cr_assert(live_runs(live), "the target died");
	kill(live->pid, SIGKILL);
	cr_assert_eq(waitpid(live->pid, &status, 0), live->pid);
	munmap(live->page, TARGET_PAGE_SIZE);
}

void live_beat(const struct live *live)
{
	const uint64_t end = now_ns() + PATIENCE;
	const uint64_t beat = live->page->beat;
	while (live->page->beat < beat + 2) {
		cr_assert(live_runs(live), "the target died");
		cr_assert(now_ns() < end, "the target stands still");
		sleep_us(200);
	}
}

bool live_value(const struct live *live, int index, int32_t wanted)
{
	const uint64_t end = now_ns() + 5000000000u;
	while (live->page->value[index] != wanted && now_ns() < end)
		sleep_us(200);
	return live->page->value[index] == wanted;
}

static char scratch[64];
static pid_t scratch_owner;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Children of the test leave by exit(3) too, and must not take it with them. */
static void remove_scratch(void)
{
	if (getpid() == scratch_owner)
		nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void scratch_path(char path[LIVE_PATH], const char *file)
{
	if (!*scratch) {
		snprintf(scratch, sizeof(scratch), "/tmp/dfpatch-test-XXXXXX");
		cr_assert(mkdtemp(scratch));
		scratch_owner = getpid();
		atexit(remove_scratch);
	}
	snprintf(path, LIVE_PATH, "%s/%s", scratch, file);
}

void copy_file(const char *from, const char *to)
{
	char buffer[65536];
	ssize_t got;
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	cr_assert(in >= 0 && out >= 0, "cannot copy %s to %s", from, to);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)got), got);
	close(in);
	close(out);
}

void patch_file(const char *path, off_t offset, const void *bytes, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert(fd >= 0);
	cr_assert_eq(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}
