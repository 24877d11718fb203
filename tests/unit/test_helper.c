/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/helper.c. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"

TestSuite(helper, .timeout = 30);

static struct helper helper;

/* In the helper: answers what it hears with what it finds, and ends. */
static void help(void)
{
	int word;
	sigset_t mask;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	const int blocked = sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM);
	helper_say(&helper, getpid());
	helper_say(&helper, getsid(0) == getpid() && blocked);
	while (helper_hear(&helper, &word))
		helper_say(&helper, word + 1);
	_exit(5);
}

static pid_t start(void)
{
	struct df_err err;
	int pid = 0, well = 0;
	cr_assert_eq(helper_start(&helper, &err), 0, "%s", err.text);
	if (helper.us)
		help();
	cr_assert_eq(helper.client, getpid());
	cr_assert(helper_hear(&helper, &pid));
	cr_assert(helper_hear(&helper, &well));
	cr_expect(well, "no session of its own, or signals not blocked");
	return pid;
}

Test(helper, it_is_nobodys_child)
{
	sigset_t pending, chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	start();
	sigpending(&pending);
	cr_expect_not(sigismember(&pending, SIGCHLD));
	cr_expect_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	cr_expect_eq(errno, ECHILD);
	helper_hang_up(&helper);
}

Test(helper, both_can_talk)
{
	int word = 0;
	start();
	cr_expect(helper_say(&helper, 41));
	cr_expect(helper_hear(&helper, &word));
	cr_expect_eq(word, 42);
	helper_hang_up(&helper);
	cr_expect_not(helper_say(&helper, 1));
}

Test(helper, one_that_is_gone_is_not_waited_for)
{
	int word;
	kill(start(), SIGKILL);
	cr_expect_not(helper_hear(&helper, &word));
	/* Nobody is there to be told, and no SIGPIPE ends us. */
	cr_expect_not(helper_say(&helper, 1));
	helper_hang_up(&helper);
}

Test(helper, a_reaper_of_orphans_gets_none)
{
	int reaper = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	start();
	cr_expect_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	cr_expect_eq(reaper, 1, "it is one again");
	helper_hang_up(&helper);
}

Test(helper, ignored_ends_of_children_do_not_matter)
{
	signal(SIGCHLD, SIG_IGN);
	start();
	helper_hang_up(&helper);
}
