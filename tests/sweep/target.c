/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - what the sweep has dfpatch change: 1,000 sites and 16 threads.
 *
 * Sites stand close together, but for some of each kind that have a page of their own.
 * Built with SWEEP_INSIDE, it has libdf as well: the argument `init` makes it initialise
 * before it is ready, and from then on it activates what it is asked to.
 */
#include <df.h>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "page.h"

extern struct df_control_v1 df_module_v1 __attribute__((visibility("hidden")));

static struct sweep_page *page;

#define SITE(N, ALIGN)                                                                             \
	static __attribute__((noinline, aligned(ALIGN))) int feature##N(void)                      \
	{                                                                                          \
		return DF_FEATURE(crowd, feature##N);                                              \
	}                                                                                          \
	static __attribute__((noinline)) int standard##N(void)                                     \
	{                                                                                          \
		return DF_DEFAULT(crowd, standard##N);                                             \
	}                                                                                          \
	static __attribute__((noinline)) int slow##N(void)                                         \
	{                                                                                          \
		return DF_DEFAULT_SLOW(crowd, slow##N);                                            \
	}                                                                                          \
	static __attribute__((noinline)) int option##N(void)                                       \
	{                                                                                          \
		return DF_OPT(crowd, option##N);                                                   \
	}
#define CLOSE(N) SITE(N, 16)
#define APART(N) SITE(N, 8192)

/* clang-format off */
#define TEN(DO, N) DO(N##0) DO(N##1) DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7) \
	DO(N##8) DO(N##9)
#define HUNDRED(DO, N) TEN(DO, N##0) TEN(DO, N##1) TEN(DO, N##2) TEN(DO, N##3) TEN(DO, N##4) \
	TEN(DO, N##5) TEN(DO, N##6) TEN(DO, N##7) TEN(DO, N##8) TEN(DO, N##9)
#define MOST(DO) HUNDRED(DO, 0) HUNDRED(DO, 1) \
	TEN(DO, 20) TEN(DO, 21) TEN(DO, 22) TEN(DO, 23)
#define REST(DO) TEN(DO, 24)
/* clang-format on */

MOST(CLOSE)
REST(APART)

static __attribute__((noinline)) int ask_crowd(void)
{
	int on = 0;
#define ADD(N) on += feature##N() + standard##N() + slow##N() + option##N();
	MOST(ADD)
	REST(ADD)
	return on;
}

static void *run(void *number)
{
	const struct timespec rest = {.tv_nsec = 1000000};
	for (const intptr_t i = (intptr_t)number;; page->beat[i]++) {
		const int on = ask_crowd();
		if (on < 0 || on > SWEEP_CROWD)
			__atomic_fetch_add(&page->odd, 1, __ATOMIC_RELAXED);
		page->on[i] = on;
		page->probe[i] = DF_FEATURE(probe, flag);
		nanosleep(&rest, NULL);
	}
	return NULL;
}

static void *wait_for_word(void *number)
{
	for (const intptr_t i = (intptr_t)number;; page->beat[i]++)
		for (const uint32_t seen = page->go; page->go == seen;)
			syscall(SYS_futex, &page->go, FUTEX_WAIT, seen, NULL, NULL, 0);
	return NULL;
}

static void *wait_for_byte(void *number)
{
	char byte;
	for (const intptr_t i = (intptr_t)number;; page->beat[i]++)
		while (read(SWEEP_PIPE_FD, &byte, 1) != 1)
			if (errno != EINTR)
				abort();
	return NULL;
}

static void serve(int argc, char **argv)
{
#ifdef SWEEP_INSIDE
	const struct timespec rest = {.tv_nsec = 200000};
	if (argc > 1 && strcmp(argv[1], "init") == 0 && df_init() < 0)
		abort();
	for (page->ready = 1;; nanosleep(&rest, NULL)) {
		const uint32_t asked = __atomic_load_n(&page->asked, __ATOMIC_ACQUIRE);
		if (asked == page->answered)
			continue;
		page->result = df_activate(page->pattern);
		snprintf(page->error, sizeof(page->error), "%s",
			 page->result < 0 ? df_error() : "");
		__atomic_store_n(&page->answered, asked, __ATOMIC_RELEASE);
	}
#else
	(void)argc;
	(void)argv;
	for (page->ready = 1;;)
		pause();
#endif
}

int main(int argc, char **argv)
{
	pthread_t thread;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, SWEEP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, SWEEP_PAGE_FD, 0);
	if (page == MAP_FAILED)
		abort();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (intptr_t i = 0; i < SWEEP_THREADS; i++) {
		void *(*const body)(void *) = i < SWEEP_RUNNERS			  ? run
					      : i < SWEEP_RUNNERS + SWEEP_WAITERS ? wait_for_word
										  : wait_for_byte;
		if (pthread_create(&thread, NULL, body, (void *)i) != 0)
			abort();
	}
	serve(argc, argv);
}
