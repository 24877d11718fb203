/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin.c - threads that run through sites without pause and check them.
 *
 *   spin [threads=N]
 *
 * The test flips all of `pair:` by turns, one operation each time, from off.
 * So while the control block's generation stands still, every flag's value is
 * whether the generation is odd. A thread that was off the processor between
 * two flags may have missed flips; a generation that is the same before and
 * after says that it did not.
 *
 * word[i] is how often thread i found them so.
 */
#include <pthread.h>

#include "target.h"

static struct target_page *page;
static volatile const struct df_control_v1 *control = &df_module_v1;

/* Sites on pages of their own, so that one operation writes several. */
#define OWN_PAGE __attribute__((noinline, aligned(4096)))

OWN_PAGE static int ask_second(void)
{
	return DF_FEATURE(pair, second);
}

OWN_PAGE static int ask_third(void)
{
	return DF_FEATURE(pair, third);
}

static __attribute__((noinline)) void *run(void *word)
{
	volatile int64_t *count = word;
	for (;;) {
		const uint64_t before = control->generation;
		const int first = DF_FEATURE(pair, first);
		const int second = ask_second();
		const int third = ask_third();
		const int again = DF_FEATURE(pair, again);
		const uint64_t after = control->generation;
		if (before != after)
			continue;
		const int odd = before & 1;
		if (first != odd || second != odd || third != odd || again != odd)
			__atomic_fetch_add(&page->broken, 1, __ATOMIC_RELAXED);
		page->value[0] = first;
		(*count)++;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const long threads = target_option(argv, "threads", 64);
	(void)argc;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	for (long i = 1; i < threads; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, run, (void *)&page->word[i]) != 0)
			abort();
	}
	page->ready = 1;
	run((void *)&page->word[0]);
	return 0;
}
