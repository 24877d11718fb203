/* SPDX-License-Identifier: Apache-2.0 */
/* Flags after fork(2): each process has its own, and nothing of the parent's threads stays locked.
 */
#include <criterion/criterion.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "load.h"

static int feature(void)
{
	return lamp_named("lamp:feature@lamps.c:100")->read();
}

static int slow(void)
{
	return lamp_named("lamp:slow@lamps.c:102")->read();
}

static int opt(void)
{
	return lamp_named("lamp:opt@lamps.c:103")->read();
}

/* What a child has to find when its parent has feature on and the rest as built. */
static void go_on(void)
{
	EXPECT(feature() == 1 && slow() == 1 && opt() == 0, "not what the parent had");
	EXPECT(df_activate("lamp:feature") == 1, "%s", df_error());
	EXPECT(df_disable("lamp:slow") == 1, "%s", df_error());
	EXPECT(df_activate(".*opt") == 3, "%s", df_error());
	EXPECT(feature() == 1 && slow() == 0 && opt() == 1, "not what was asked for");
	EXPECT(flag_of("lamp:feature").activation == 2, "not counted on");
	EXPECT(df_module_v1.changed_by == (uint32_t)getpid(), "changed by %u",
	       df_module_v1.changed_by);
	EXPECT(df_disable("lamp:feature") == 1 && feature() == 0, "%s", df_error());
}

static void expect_untouched(struct snapshot *before)
{
	cr_expect(feature() == 1 && slow() == 1 && opt() == 0, "a child changed its parent's text");
	cr_expect(snapshot_is_same(before), "a child changed its parent");
}

Test(fork, child_has_flags_of_its_own)
{
	cr_assert_eq(df_activate("lamp:feature"), 1);
	for (int i = 0; i < 5; i++) {
		struct snapshot before = snapshot_take();
		in_child(go_on);
		expect_untouched(&before);
		cr_expect_eq(df_activate("many:twin"), 1);
	}
	cr_expect_eq(flag_of("many:twin").activation, 5u);
}

/* A text of the parent's that was written by either way, or not at all yet, is the child's own. */
Test(fork, child_of_a_parent_with_any_policy)
{
	cr_assert_eq(df_set_write_policy(DF_WRITE_NEVER_WX), 0);
	cr_assert_eq(df_activate("lamp:feature"), 1);
	struct snapshot before = snapshot_take();
	in_child(go_on);
	expect_untouched(&before);
}

static void begin_anew(void)
{
	EXPECT(opt() == 1, "it was on");
	EXPECT(df_activate("lamp:feature") == 1 && feature() == 1 && opt() == 0, "%s", df_error());
}

Test(fork, child_initialises_for_itself)
{
	in_child(begin_anew);
	cr_expect_eq(opt(), 1);
	cr_expect_eq(df_module_v1.initialised, 0u);
}

/* ---- generations ---- */

static void have_children(int generations)
{
	if (generations == 0)
		return;
	const pid_t pid = fork();
	if (pid == 0) {
		EXPECT(df_activate("lamp:feature") == 1, "%s", df_error());
		EXPECT(feature() == 1, "generation %d", generations);
		have_children(generations - 1);
		EXPECT(df_disable("lamp:feature") == 1 && feature() == 0, "generation %d",
		       generations);
		_exit(0);
	}
	int status = -1;
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0, "generation %d ends with %#x",
	       generations, (unsigned)status);
	EXPECT(feature() == 1, "generation %d was changed by its child", generations);
}

static void generations(void)
{
	df_enable("lamp:feature");
	have_children(4);
}

Test(fork, children_of_children)
{
	in_child(generations);
}

/* A daemon: its parent's memory, to which a descriptor may lead, has gone. */
static void outlive_parent(void)
{
	int ends[2];
	char end;
	EXPECT(pipe(ends) == 0 && df_enable("lamp:feature") == 1, "%m");
	const pid_t parent = fork();
	if (parent == 0) {
		if (fork() != 0)
			_exit(0);
		close(ends[0]);
		while (getppid() == parent)
			usleep(1000);
		EXPECT(df_disable("lamp:feature") == 1 && feature() == 0, "%s", df_error());
		EXPECT(write(ends[1], "", 1) == 1, "%m");
		_exit(0);
	}
	close(ends[1]);
	waitpid(parent, NULL, 0);
	EXPECT(read(ends[0], &end, 1) == 1, "the daemon died");
	EXPECT(feature() == 1, "the daemon changed its grandparent");
}

Test(fork, child_outlives_its_parent)
{
	in_child(outlive_parent);
}

/* ---- without the C library ---- */

static void raw_clone(void)
{
	struct snapshot before = snapshot_take();
	child_ready();
	const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		child_began();
		go_on();
		_exit(0);
	}
	child_expect(pid);
	expect_untouched(&before);
}

Test(fork, by_a_raw_system_call)
{
	cr_assert_eq(df_activate("lamp:feature"), 1);
	raw_clone();
	cr_assert_eq(df_set_write_policy(DF_WRITE_NEVER_WX), 0);
	raw_clone();
}

/* ---- in the middle of everything ---- */

static volatile bool enough;

static void *flip(void *context)
{
	const struct copy *copy = context;
	while (!enough) {
		if (copy) {
			copy->activate("lamp:feature");
			copy->deactivate("lamp:feature");
		} else {
			df_activate("many:");
			df_deactivate("many:");
		}
	}
	return NULL;
}

static int ignore(void *context, const struct df_flag_info *flag)
{
	(void)context;
	return flag->full_name[0] == '\0';
}

static void *list(void *unused)
{
	while (!enough)
		df_list(NULL, ignore, NULL);
	return unused;
}

static const struct plugin *other;

static void use_both_copies(void)
{
	EXPECT(df_module_v1.lock == 0 && df_module_v1.external == 0, "a lock was inherited");
	EXPECT(df_module_v1.phase == DF_PHASE_IDLE, "phase %u was inherited", df_module_v1.phase);
	EXPECT(df_enable("lamp:feature") == 1 && feature() == 1, "%s", df_error());
	EXPECT(other->copy.disable("lamp:feature") == 1 && feature() == 0, "%s",
	       other->copy.error());
	EXPECT(df_activate("copy:feature") == 1 && other->feature() == 1, "%s", df_error());
	EXPECT(df_list(NULL, ignore, NULL) > (int)lamp_count, "%s", df_error());
}

Test(fork, while_threads_of_the_parent_are_at_work)
{
	pthread_t threads[4];
	struct opened o = load("copy");
	other = o.p;
	df_init();
	other->copy.init();
	pthread_create(&threads[0], NULL, flip, NULL);
	pthread_create(&threads[1], NULL, flip, (void *)(uintptr_t)&other->copy);
	pthread_create(&threads[2], NULL, list, NULL);
	pthread_create(&threads[3], NULL, flip, NULL);
	for (int i = sanitized() ? 60 : 200; i > 0; i--)
		in_child(use_both_copies);
	enough = true;
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(flag_of("many:twin").activation, 0u);
	cr_expect_eq(flag_of("lamp:feature").activation, 0u);
}

/* ---- claims of controllers outside ---- */

#define CLAIM 4711

static void claim(uint32_t nonce)
{
	const struct {
		uint32_t external, nonce;
	} words = {nonce ? CLAIM : 0, nonce};
	uint64_t word;
	memcpy(&word, &words, sizeof(word));
	__atomic_store_n((uint64_t *)(void *)&df_module_v1.external, word, __ATOMIC_SEQ_CST);
}

/* To wait for a claim is to sleep. */
static void forbid_sleep(void)
{
	forbid(SYS_nanosleep, 0, 0, 0, SECCOMP_RET_KILL_PROCESS);
	forbid(SYS_clock_nanosleep, 0, 0, 0, SECCOMP_RET_KILL_PROCESS);
}

static void drop_claim(void)
{
	forbid_sleep();
	EXPECT(df_enable("lamp:feature") == 1 && feature() == 1, "%s", df_error());
	EXPECT(df_module_v1.external == 0, "the claim stands");
}

/* The controller has to do with the parent: the child need not wait for it. */
Test(fork, a_claim_on_the_parent_is_none_on_the_child)
{
	cr_assert_eq(df_init(), 0);
	claim(1);
	in_child(drop_claim);
	cr_expect_eq(df_module_v1.external, (uint32_t)CLAIM, "the parent's has gone");
	claim(0);
}

static int seen = -1;

static void *release(void *unused)
{
	usleep(20000);
	seen = feature();
	claim(0);
	return unused;
}

static void respect_claim(void)
{
	pthread_t thread;
	claim(2);
	EXPECT(pthread_create(&thread, NULL, release, NULL) == 0, "no thread");
	EXPECT(df_enable("lamp:feature") == 1 && feature() == 1, "%s", df_error());
	pthread_join(thread, NULL);
	EXPECT(seen == 0, "it was switched on under a claim");
}

Test(fork, a_claim_on_the_child_is_respected)
{
	cr_assert_eq(df_init(), 0);
	in_child(respect_claim);
	claim(1);
	in_child(respect_claim);
	claim(0);
}
