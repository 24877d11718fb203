/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flip_stress_exact - whether a flip is everywhere when the call that made it returns.
 *
 *     flip_stress_exact cost|mem|window FLIPS
 *
 * Eight threads run through one site, then through 100 in one function, then through
 * 100 on pages of their own, and hold what they see against the number of the last flip
 * that has returned. A thread that saw the same even number before and after its look
 * must have seen that flip, at every site: an old instruction that still runs is a wrong
 * value. The first argument says how text is written: as it costs least, through
 * /proc/self/mem only, or through mprotect(2) only. Exit status 1, and a line, if
 * anything is wrong.
 *
 * It cannot show that the barrier behind the bytes is needed: left out, it made no
 * difference on the processors this was tried on.
 */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <df.h>

#define THREADS 8
#define BATCH 100
#define LEAST 20 /* flips that each thread must have seen */

static uint64_t number; /* of the flip: twice, and odd while it is under way */
static bool over;
static int failures;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "flip_stress_exact: %s: %s\n", what, why);
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

/* ---- the sites ---- */

#define TEN(DO, N)                                                                                 \
	DO(N##0) DO(N##1) DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7) DO(N##8) DO(N##9)
#define FIFTY(DO, A, B, C, D, E) TEN(DO, A) TEN(DO, B) TEN(DO, C) TEN(DO, D) TEN(DO, E)
#define HUNDRED(DO) FIFTY(DO, 0, 1, 2, 3, 4) FIFTY(DO, 5, 6, 7, 8, 9)

static __attribute__((noinline)) int ask_one(void)
{
	return DF_FEATURE(one, only);
}

static __attribute__((noinline)) int ask_dense(void)
{
	int on = 0;
#define ASK(N) on += DF_FEATURE(dense, site##N);
	HUNDRED(ASK)
	return on;
}

#define OWN_PAGE(N)                                                                                \
	static __attribute__((noinline, aligned(4096))) int sparse_##N(void)                       \
	{                                                                                          \
		return DF_DEFAULT_SLOW(sparse, site##N);                                           \
	}
HUNDRED(OWN_PAGE)

static __attribute__((noinline)) int ask_sparse(void)
{
	int on = 0;
#define ASK_SPARSE(N) on += sparse_##N();
	HUNDRED(ASK_SPARSE)
	return on;
}

/* ---- looking ---- */

struct looker {
	pthread_t thread;
	int (*ask)(void);
	int all;	/* sites */
	uint64_t looks; /* that had a flip to be held against, */
	uint64_t flips; /* different ones, */
	uint64_t last;	/* the last of them, */
	uint64_t wrong; /* and those that saw another */
};

static void look(struct looker *l)
{
	const uint64_t before = __atomic_load_n(&number, __ATOMIC_ACQUIRE);
	const int on = l->ask();
	if (before % 2 != 0 || __atomic_load_n(&number, __ATOMIC_ACQUIRE) != before)
		return;
	l->looks++;
	if (before != l->last)
		__atomic_store_n(&l->flips, l->flips + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&l->last, before, __ATOMIC_RELAXED);
	l->wrong += on != (before / 2 % 2 ? l->all : 0);
}

static void *keep_looking(void *looker)
{
	/* So that whoever flips gets a processor to itself, and one of us the other. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 5);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		look(looker);
	return NULL;
}

/* ---- flipping ---- */

static void flip(const char *kind, int (*ask)(void), int all)
{
	const bool up = number / 2 % 2 == 0;
	__atomic_add_fetch(&number, 1, __ATOMIC_SEQ_CST);
	const int flags = up ? df_activate_kind(kind, NULL) : df_deactivate_kind(kind, NULL);
	if (flags != all)
		fail(kind, flags < 0 ? df_error() : "not all flags were found");
	__atomic_add_fetch(&number, 1, __ATOMIC_SEQ_CST);
	if (ask() != (up ? all : 0))
		fail(kind, "the thread that flipped sees an old value");
}

static int is_zero(void *context, const struct df_flag_info *flag)
{
	(void)context;
	return flag->activation != 0;
}

static void check_end(const char *kind, const struct looker *lookers)
{
	uint64_t looks = 0, wrong = 0, least = UINT64_MAX;
	char pattern[32];
	for (int i = 0; i < THREADS; i++) {
		looks += lookers[i].looks;
		wrong += lookers[i].wrong;
		least = lookers[i].flips < least ? lookers[i].flips : least;
	}
	printf("%s: %lu flips, %lu looks, each thread saw %lu flips or more, %lu wrong\n", kind,
	       (unsigned long)number / 2, (unsigned long)looks, (unsigned long)least,
	       (unsigned long)wrong);
	if (wrong > 0)
		fail(kind, "a thread ran old instructions after the call had returned");
	snprintf(pattern, sizeof(pattern), "%s:", kind);
	if (df_list(pattern, is_zero, NULL) != lookers[0].all)
		fail(kind, "counts are not back where they were");
}

/* Whether every thread saw some flips: with few processors one may not run for a while. */
static bool all_saw(const struct looker *lookers)
{
	for (int i = 0; i < THREADS; i++)
		if (__atomic_load_n(&lookers[i].flips, __ATOMIC_RELAXED) < LEAST)
			return false;
	return true;
}

static void flip_all(const char *kind, int (*ask)(void), int all, long flips)
{
	struct looker lookers[THREADS] = {{0}};
	number = 0;
	over = false;
	for (int i = 0; i < THREADS; i++) {
		lookers[i].ask = ask;
		lookers[i].all = all;
		if (pthread_create(&lookers[i].thread, NULL, keep_looking, &lookers[i]) != 0)
			exit(1);
	}
	/* An even number, so that all are off at the end. */
	for (long i = 0; i < flips || i % 2 != 0 || !all_saw(lookers); i++) {
		flip(kind, ask, all);
		/* Most of the time a flip is under way; now and then, time to look at one. */
		if (i % 16 == 0)
			usleep(50);
	}
	/* Everybody had a look at the last one, at least. */
	for (int i = 0; i < THREADS; i++)
		while (__atomic_load_n(&lookers[i].last, __ATOMIC_RELAXED) != number)
			usleep(1000);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(lookers[i].thread, NULL);
	check_end(kind, lookers);
}

/* ---- how text is written ---- */

/* Whether libdf has /proc/self/mem open. */
static bool has_mem(void)
{
	char path[300], file[PATH_MAX];
	bool found = false;
	DIR *directory = opendir("/proc/self/fd");
	for (const struct dirent *entry; directory && (entry = readdir(directory));) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		const ssize_t size = readlink(path, file, sizeof(file) - 1);
		file[size > 0 ? size : 0] = '\0';
		found = found || (strncmp(file, "/proc/", 6) == 0 && strstr(file, "/mem"));
	}
	if (directory)
		closedir(directory);
	return found;
}

static void allow_files(rlim_t files)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = files < limit.rlim_max ? files : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		fail("setrlimit", "denied");
}

/* With no descriptor to be had, /proc/self/mem cannot be opened. */
static void choose_writer(const char *writer)
{
	if (strcmp(writer, "window") == 0)
		allow_files(0);
	if (strcmp(writer, "mem") == 0 && df_set_write_policy(DF_WRITE_NEVER_WX) < 0)
		fail("policy", df_error());
}

static void check_writer(const char *writer)
{
	allow_files(256);
	if (has_mem() == (strcmp(writer, "window") == 0))
		fail(writer, "text was written the other way");
}

int main(int argc, char **argv)
{
	const long flips = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	if (flips <= 0) {
		fprintf(stderr, "usage: flip_stress_exact cost|mem|window FLIPS\n");
		return 2;
	}
	choose_writer(argv[1]);
	if (df_disable_kind("sparse", NULL) != BATCH)
		fail("disable", df_error());
	flip_all("one", ask_one, 1, flips);
	flip_all("dense", ask_dense, BATCH, flips / 4);
	flip_all("sparse", ask_sparse, BATCH, flips / 20);
	check_writer(argv[1]);
	return failures != 0;
}
