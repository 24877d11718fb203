/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/watchdog.c: it ends a process that holds on for too long, and no other. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watchdog.h"

TestSuite(watchdog, .timeout = 60);

static uint64_t from_now(uint64_t ms)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + ms * 1000000;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* What a child does with a watchdog of its own; its standard error comes to us. */
struct owner {
	pid_t pid;
	int said; /* its end of the pipe */
	char text[512];
};

static void start_in(struct owner *o, int namespaces, void (*body)(struct watchdog *))
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	o->pid = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (o->pid == 0) {
		struct watchdog watchdog;
		struct df_err err;
		close(ends[0]);
		dup2(ends[1], STDERR_FILENO);
		close(ends[1]);
		if (watchdog_start(&watchdog, &err) < 0)
			_exit(99);
		body(&watchdog);
		watchdog_end(&watchdog);
		_exit(7);
	}
	close(ends[1]);
	o->said = ends[0];
}

static void start(struct owner *o, void (*body)(struct watchdog *))
{
	start_in(o, 0, body);
}

/* How it ended, with all that was said until its watchdog ended too. */
static int end(struct owner *o)
{
	int status = -1;
	size_t size = 0;
	ssize_t got;
	cr_assert_eq(waitpid(o->pid, &status, 0), o->pid);
	while ((got = read(o->said, o->text + size, sizeof(o->text) - 1 - size)) > 0)
		size += (size_t)got;
	o->text[size] = '\0';
	close(o->said);
	return status;
}

static void arm(const struct watchdog *w, uint64_t ms)
{
	struct df_err err;
	if (watchdog_arm(w, from_now(ms), 4711, "for fun it had stopped", &err) < 0)
		_exit(98);
}

static void hang(struct watchdog *w)
{
	arm(w, 100);
	for (;;)
		pause();
}

Test(watchdog, ends_who_hangs)
{
	struct owner o;
	start(&o, hang);
	const int status = end(&o);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", (unsigned)status);
	cr_expect(strstr(o.text, "for fun it had stopped process 4711"), "'%s'", o.text);
	cr_expect(strchr(o.text, '\n') == o.text + strlen(o.text) - 1, "one line: '%s'", o.text);
}

/* The first process of a pid namespace takes no SIGKILL from inside. */
Test(watchdog, says_when_it_could_not_end_it)
{
	struct owner o;
	start_in(&o, CLONE_NEWPID, hang);
	if (o.pid < 0)
		cr_skip("cannot have a pid namespace\n");
	struct pollfd words = {.fd = o.said, .events = POLLIN};
	cr_expect_eq(poll(&words, 1, 20000), 1);
	cr_expect_eq(waitpid(o.pid, NULL, WNOHANG), 0, "it ended");
	kill(o.pid, SIGKILL);
	end(&o);
	cr_expect(strstr(o.text, "its watchdog could not end it"), "'%s'", o.text);
	cr_expect_not(strstr(o.text, "goes on"), "'%s'", o.text);
}

/* Those that end others end themselves. */
static void be_stopped(struct watchdog *w)
{
	arm(w, 200);
	raise(SIGSTOP);
}

Test(watchdog, ends_who_is_stopped)
{
	struct owner o;
	start(&o, be_stopped);
	const int status = end(&o);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", (unsigned)status);
}

static void be_in_time(struct watchdog *w)
{
	arm(w, 300);
	sleep_ms(20);
	watchdog_disarm(w);
	sleep_ms(600);
	arm(w, 300);
	arm(w, 60000);
	sleep_ms(600);
}

Test(watchdog, leaves_alone_who_is_in_time)
{
	struct owner o;
	start(&o, be_in_time);
	const int status = end(&o);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%#x", (unsigned)status);
	cr_expect_str_eq(o.text, "");
}

/* It is in a session of its own, and takes no signal that can be refused. */
static void be_unruly(struct watchdog *w)
{
	sleep_ms(200);
	if (getsid(w->pid) != w->pid)
		_exit(1);
	kill(w->pid, SIGTERM);
	kill(w->pid, SIGTSTP);
	kill(w->pid, SIGINT);
	arm(w, 100);
	for (;;)
		pause();
}

Test(watchdog, listens_to_nobody_else)
{
	struct owner o;
	start(&o, be_unruly);
	const int status = end(&o);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", (unsigned)status);
}

/* A dead watchdog is found out before it is needed. */
static void lose_it(struct watchdog *w)
{
	struct df_err err;
	kill(w->pid, SIGKILL);
	sleep_ms(200);
	if (watchdog_arm(w, from_now(100), 1, "x", &err) != -(int)DF_E_SYSTEM ||
	    !strstr(err.text, "was killed"))
		_exit(1);
	watchdog_disarm(w);
}

Test(watchdog, is_missed_when_it_was_killed)
{
	struct owner o;
	start(&o, lose_it);
	const int status = end(&o);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%#x", (unsigned)status);
}

/* Its end is waited for, however it is. */
static void stop_it(struct watchdog *w)
{
	kill(w->pid, SIGSTOP);
}

Test(watchdog, ends_with_its_owner)
{
	struct owner o;
	start(&o, stop_it);
	const int status = end(&o);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%#x", (unsigned)status);
}

static void die(struct watchdog *w)
{
	arm(w, 60000);
	raise(SIGKILL);
}

/* end() reads until nobody holds the pipe any more: not for a minute. */
Test(watchdog, does_not_outlive_an_owner_that_dies)
{
	struct owner o;
	start(&o, die);
	const int status = end(&o);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", (unsigned)status);
	cr_expect_str_eq(o.text, "");
}
