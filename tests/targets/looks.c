/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looks.c - threads that run through many sites without pause, and know what
 * they must see.
 *
 *   looks [threads=N] [pin=1]
 *
 * All sites are one flag, `looks:many`. `go` is the epoch: odd while a change
 * is under way, and each look is either value; even, with the value in the next
 * bit, once a change is over: then a thread that begins a round sees that value
 * at every site. word[i] counts the rounds of thread i, word[LOOKS_SURE + i]
 * those in which the epoch was even. With pin=1 threads take the processors in
 * turn. Built with LOOKS_SITES 100, 1000 or 10010.
 */
#include "looks.h"

#include <pthread.h>
#include <sched.h>

#include "target.h"

static struct target_page *page;
static int pinned;

struct counts {
	long on, off;
};

#define LOOK                                                                                       \
	if (DF_FEATURE(looks, many))                                                               \
		seen->on++;                                                                        \
	else                                                                                       \
		seen->off++;
#define TEN(X) X X X X X X X X X X
#define PART(N)                                                                                    \
	static __attribute__((noinline)) void part_##N(struct counts *seen)                        \
	{                                                                                          \
		TEN(LOOK)                                                                          \
	}
#define CALL(N) part_##N(&seen);

/* Parts of ten sites each, since a compiler takes long for functions of
 * thousands. */
#define TEN_OF(DO, N)                                                                              \
	DO(N##0)                                                                                   \
	DO(N##1)                                                                                   \
	DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7) DO(N##8) DO(N##9)
#define HUNDRED_OF(DO, N)                                                                          \
	TEN_OF(DO, N##0)                                                                           \
	TEN_OF(DO, N##1)                                                                           \
	TEN_OF(DO, N##2)                                                                           \
	TEN_OF(DO, N##3)                                                                           \
	TEN_OF(DO, N##4)                                                                           \
	TEN_OF(DO, N##5)                                                                           \
	TEN_OF(DO, N##6)                                                                           \
	TEN_OF(DO, N##7)                                                                           \
	TEN_OF(DO, N##8)                                                                           \
	TEN_OF(DO, N##9)
#define THOUSAND_OF(DO, N)                                                                         \
	HUNDRED_OF(DO, N##0)                                                                       \
	HUNDRED_OF(DO, N##1)                                                                       \
	HUNDRED_OF(DO, N##2)                                                                       \
	HUNDRED_OF(DO, N##3)                                                                       \
	HUNDRED_OF(DO, N##4)                                                                       \
	HUNDRED_OF(DO, N##5)                                                                       \
	HUNDRED_OF(DO, N##6)                                                                       \
	HUNDRED_OF(DO, N##7)                                                                       \
	HUNDRED_OF(DO, N##8)                                                                       \
	HUNDRED_OF(DO, N##9)

#if LOOKS_SITES == 100
#define PARTS(DO) TEN_OF(DO, 1)
#elif LOOKS_SITES == 1000
#define PARTS(DO) HUNDRED_OF(DO, 1)
#else
#define PARTS(DO) THOUSAND_OF(DO, 1) DO(20000)
#endif
PARTS(PART)

static struct counts run_through(void)
{
	struct counts seen = {0, 0};
	PARTS(CALL)
	return seen;
}

static void take_processor(long number)
{
	cpu_set_t all, one;
	if (!pinned || sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	number %= CPU_COUNT(&all);
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all) || number-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (sched_setaffinity(0, sizeof(one), &one) != 0)
			abort();
		return;
	}
}

static void *look(void *number)
{
	const long i = (long)(intptr_t)number;
	take_processor(i);
	for (;;) {
		const uint32_t before = __atomic_load_n(&page->go, __ATOMIC_SEQ_CST);
		const struct counts seen = run_through();
		const uint32_t after = __atomic_load_n(&page->go, __ATOMIC_SEQ_CST);
		const int sure = before == after && before % 2 == 0;
		if (seen.on + seen.off != LOOKS_SITES ||
		    (sure && seen.on != (before & 2 ? LOOKS_SITES : 0)))
			__atomic_fetch_add(&page->broken, 1, __ATOMIC_RELAXED);
		page->word[LOOKS_SURE + i] += sure;
		page->word[i]++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const long threads = target_option(argv, "threads", 2);
	(void)argc;
	pinned = (int)target_option(argv, "pin", 0);
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (long i = 1; i < threads && i < LOOKS_THREADS; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, look, (void *)(intptr_t)i) != 0)
			abort();
	}
	page->ready = 1;
	look(NULL);
}
