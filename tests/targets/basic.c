/* SPDX-License-Identifier: Apache-2.0 */
/*
 * basic.c - one flag of each kind, asked over and over.
 *
 *   basic [threads=N] [maps=N] [zero=1]
 *
 * `threads` more than one ask along; `maps` makes that many mappings first;
 * `zero` makes one at address 0, if the kernel allows it: then word[0] is 1. What the sites
 * said before anything else of the program ran is in the words from BASIC_FIRST on.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "basic.h"
#include "target.h"

static struct target_page *page;

static inline __attribute__((always_inline)) int inlined(void)
{
	return DF_FEATURE(multi, inlined, "one full name, several sites");
}

/* Not inlined: each flag but one has a single site. */
static __attribute__((noinline)) void ask(int32_t *value)
{
	value[BASIC_FEATURE] = DF_FEATURE(basic, feature, "off as built");
	value[BASIC_STANDARD] = DF_DEFAULT(basic, standard, "on as built");
	value[BASIC_SLOW] = DF_DEFAULT_SLOW(basic, slow);
	value[BASIC_OPT_FIRST] = DF_OPT(opt, first);
	value[BASIC_OPT_SECOND] = DF_OPT(opt, second);
	value[BASIC_TRACE] = DF_DEBUG(trace);
	value[BASIC_INLINED] = inlined();
	value[BASIC_INLINED + 1] = inlined();
	value[BASIC_INLINED + 2] = inlined();
}

static int32_t first[BASIC_COUNT];

static void ask_first(void)
{
	ask(first);
}

/* Called by the loader before any constructor. */
__attribute__((section(".preinit_array"), used)) static void (*before_all)(void) = ask_first;

static void *ask_along(void *unused)
{
	int32_t value[BASIC_COUNT];
	const struct timespec pause = {.tv_nsec = 1000000};
	(void)unused;
	for (;;) {
		ask(value);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Neighbours of different protection do not merge. */
static void make_maps(long count)
{
	for (long i = 0; i < count; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			abort();
}

/* Where a stray write lands that was meant for a file at its start. */
static void make_zero(void)
{
	page->word[0] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 200000};
	(void)argc;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (int i = 0; i < BASIC_COUNT; i++)
		page->word[BASIC_FIRST + i] = first[i];
	if (target_option(argv, "zero", 0))
		make_zero();
	make_maps(target_option(argv, "maps", 0));
	for (long i = target_option(argv, "threads", 1); i > 1; i--) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, ask_along, NULL) != 0)
			abort();
	}
	for (;;) {
		int32_t value[BASIC_COUNT];
		ask(value);
		for (int i = 0; i < BASIC_COUNT; i++)
			page->value[i] = value[i];
		page->beat++;
		page->ready = 1;
		nanosleep(&pause, NULL);
	}
}
