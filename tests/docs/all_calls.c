/* SPDX-License-Identifier: Apache-2.0 */
/*
 * all_calls.c - makes libdf make every system call that it makes, for docs.sh to look at with
 * strace(1). Three writes to no descriptor tell where df_init() begins and ends, and where all
 * ends.
 */
#include <df.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The control block of this program: see df_abi.h. */
extern struct df_control_v1 df_module_v1 __attribute__((visibility("hidden")));

/* Flags in so many pages that it pays to make them writable. */
#define PAGES 40
#define FUNCTION(N)                                                                                \
	static __attribute__((noinline, aligned(4096))) int page_##N(void)                         \
	{                                                                                          \
		return DF_FEATURE(many, flag_##N);                                                 \
	}
#define TEN(DO, N)                                                                                 \
	DO(N##0) DO(N##1) DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7) DO(N##8) DO(N##9)
#define FORTY(DO) TEN(DO, 1) TEN(DO, 2) TEN(DO, 3) TEN(DO, 4)
FORTY(FUNCTION)

#define CALL(N) +page_##N()
static int many(void)
{
	return FORTY(CALL);
}

static int lone(void)
{
	return DF_OPT(lone, flag, "all by itself");
}

enum { THREAD_READY = 1, THREAD_FLIPS, THREAD_DONE, ALL_DONE };
static _Atomic int turn;

static void expect(int held, const char *what)
{
	if (held)
		return;
	fprintf(stderr, "all_calls: %s: %s\n", what, df_error());
	exit(1);
}

/* Waits without a system call: what is counted is libdf's. */
static void wait_for(int wanted)
{
	while (atomic_load(&turn) < wanted)
		;
}

static void *flip_beside(void *unused)
{
	atomic_store(&turn, THREAD_READY);
	wait_for(THREAD_FLIPS);
	for (int i = 0; i < 300; i++)
		expect(df_activate("lone:") == 1 && df_deactivate("lone:") == 1, "a thread");
	atomic_store(&turn, THREAD_DONE);
	wait_for(ALL_DONE);
	return unused;
}

static void flip_with(enum df_write_policy policy)
{
	expect(df_set_write_policy(policy) == 0, "a policy");
	expect(df_enable("many:") == PAGES && many() == PAGES, "many flags on");
	expect(df_disable_kind("many", NULL) == PAGES && many() == 0, "many flags off");
	expect(df_apply("+lone:\n!lone:") == 2 && lone() == 1, "a script");
	expect(df_rehook("lone:") == 1 && df_deactivate("lone:") == 1 && lone() == 0, "one flag");
}

/* What dead controllers leave: a lock, a claim, half a commit. */
static void flip_after_the_dead(void)
{
	df_module_v1.lock = 0x3ffffff0;
	expect(df_enable("lone:") == 1 && lone() == 1, "a dead thread's lock");
	df_module_v1.external_nonce = 1;
	df_module_v1.external = 1;
	expect(df_disable("lone:") == 1 && lone() == 0, "a dead tool's claim");
	df_module_v1.phase = 1;
	expect(df_enable("lone:") == 1 && df_disable("lone:") == 1, "half a commit");
}

static void flip_against_each_other(void)
{
	atomic_store(&turn, THREAD_FLIPS);
	while (atomic_load(&turn) != THREAD_DONE)
		expect(df_activate("lone:") == 1 && df_deactivate("lone:") == 1, "two threads");
}

static void mark(const char *what)
{
	(void)!write(-1, what, strlen(what));
}

int main(int argc, char **argv)
{
	pthread_t thread;
	static char buffer[BUFSIZ]; /* or stdio would ask what kind of file it is */
	FILE *nowhere = fopen("/dev/null", "w");
	expect(nowhere && setvbuf(nowhere, buffer, _IOFBF, sizeof(buffer)) == 0, "/dev/null");
	expect(pthread_create(&thread, NULL, flip_beside, NULL) == 0, "a thread");
	wait_for(THREAD_READY);
	mark("begin");
	expect(df_init() == 0, "df_init");
	if (argc < 2 || strcmp(argv[1], "--no-policy") != 0)
		flip_with(DF_WRITE_NEVER_WX);
	flip_with(DF_WRITE_BY_COST);
	flip_after_the_dead();
	flip_against_each_other();
	expect(df_list(NULL, df_list_print, nowhere) == PAGES + 1, "a listing");
	mark("end");
	atomic_store(&turn, ALL_DONE);
	pthread_join(thread, NULL);
	return 0;
}
