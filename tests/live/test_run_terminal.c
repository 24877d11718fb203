/* SPDX-License-Identifier: Apache-2.0 */
/* test_run_terminal.c - a program that was started with its flags set, and its terminal. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "live.h"

TestSuite(run_terminal, .timeout = 60);

static int terminal;
static pid_t child;
static char said[8192];

/* As a shell does it: a job of its own in the foreground. */
static void be_a_job(const char *const *args)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(DFPATCH_PATH, (char *const *)args);
	_exit(96);
}

static void start(const char *argument)
{
	const char *const args[] = {
		"dfpatch", "run",    "-e", "enable begun:", DF_TARGETS_DIR "/begun",
		"facts=1", argument, NULL};
	child = forkpty(&terminal, NULL, NULL, NULL);
	cr_assert_geq(child, 0);
	if (child == 0)
		be_a_job(args);
}

/* Reads what comes from the terminal until `text` is there. */
static void await_text(const char *text)
{
	size_t size = strlen(said);
	while (!strstr(said, text)) {
		struct pollfd ready = {.fd = terminal, .events = POLLIN};
		cr_assert_gt(poll(&ready, 1, 20000), 0, "'%s' does not come: %s", text, said);
		const ssize_t got = read(terminal, said + size, sizeof(said) - 1 - size);
		cr_assert_gt(got, 0, "'%s' does not come: %s", text, said);
		size += (size_t)got;
		said[size] = '\0';
	}
}

static void press(char key)
{
	cr_assert_eq(write(terminal, &key, 1), 1);
}

static int await(int options)
{
	int status;
	cr_assert_eq(waitpid(child, &status, options), child);
	return status;
}

static void expect_foreground(void)
{
	char line[100];
	/* It is the leader of its session, and of the group that the terminal listens to. */
	snprintf(line, sizeof(line), "session %d group %d foreground %d child -1", child, child,
		 child);
	cr_expect(strstr(said, line), "'%s' is not in %s", line, said);
	cr_expect(strstr(said, "constructor on"));
}

Test(run_terminal, the_terminal_is_the_programs)
{
	start("wait=1");
	await_text("waits");
	expect_foreground();
	press('\003');
	const int status = await(0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "it ended with %#x",
		  (unsigned)status);
}

Test(run_terminal, quit_and_hang_up)
{
	start("wait=1");
	await_text("waits");
	press('\034');
	int status = await(0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
	*said = '\0';
	start("wait=1");
	await_text("waits");
	close(terminal);
	status = await(0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
}

/* A job in a session of a shell can be stopped by its key, which a leader of one cannot. */
Test(run_terminal, it_is_a_job_of_its_shell)
{
	static const char script[] =
		"set -m; " DFPATCH_PATH " run -e 'enable begun:' " DF_TARGETS_DIR
		"/begun wait=1 exit=9; echo stopped $?; kill -CONT %1; sleep 0.1; kill -TERM %1; "
		"wait %1; echo ended $?";
	child = forkpty(&terminal, NULL, NULL, NULL);
	cr_assert_geq(child, 0);
	if (child == 0) {
		execl("/bin/bash", "bash", "-c", script, (char *)NULL);
		_exit(96);
	}
	await_text("waits");
	cr_expect(strstr(said, "constructor on"));
	press('\032');
	await_text("stopped 148");
	await_text("ended 143");
	const int status = await(0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
