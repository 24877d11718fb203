/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaver.c - a program that leaves when it is told to.
 *
 *   leaver [threads=N] [last=1] [weight=BYTES]
 *
 * With N threads besides two; the one that obeys is the second, or the last. An exec takes the
 * longer, before it ends the other threads, the more arguments it is given.
 *
 * What `go` says, one of the threads does: see leaver.h. word[LEAVER_LIVES] counts
 * programs, word[LEAVER_SEEN] becomes 1 when the order was seen. beat is as in
 * other targets.
 */
#include "leaver.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static struct target_page *page;
static char **arguments;
static long weight;
static char *heavy[64];

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 50000};
	nanosleep(&pause, NULL);
}

/* PR_SET_PDEATHSIG would be forgotten when another thread than the first does an exec. */
static void ask(void)
{
	if (getppid() != page->word[LEAVER_PARENT])
		_exit(LEAVER_STATUS);
	page->value[0] = DF_FEATURE(leaver, first);
	page->value[1] = DF_FEATURE(leaver, second);
	page->beat++;
	nap();
}

/* What one argument may weigh is limited, too. */
static void add_weight(void)
{
	enum { PIECE = 100000 };
	int count = 0;
	while (arguments[count] && count < 8) {
		heavy[count] = arguments[count];
		count++;
	}
	for (long left = weight; left > 0 && count < 63; left -= PIECE) {
		char *piece = malloc(PIECE);
		if (!piece)
			abort();
		memset(piece, 'x', PIECE - 1);
		piece[PIECE - 1] = '\0';
		heavy[count++] = piece;
	}
}

/* Once: the next program stays until it is told to leave, too. */
static void become_again(void)
{
	page->go = LEAVE_NOT;
	execv("/proc/self/exe", weight ? heavy : arguments);
	abort();
}

static void *idle(void *unused)
{
	for (;;)
		ask();
	return unused;
}

static void make_threads(int count)
{
	pthread_t thread;
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, NULL, idle, NULL) != 0)
			abort();
}

static void *obey(void *unused)
{
	for (;;) {
		const uint32_t order = page->go;
		ask();
		if (order != LEAVE_BY_EXEC_OF_ANOTHER && order != LEAVE_MAKING)
			continue;
		page->word[LEAVER_SEEN] = 1;
		if (order == LEAVE_BY_EXEC_OF_ANOTHER)
			become_again();
		page->go = LEAVE_NOT;
		make_threads(20);
	}
	return unused;
}

static void make_all_threads(void)
{
	pthread_t thread;
	const int others = (int)target_option(arguments, "threads", 0);
	const bool last = target_option(arguments, "last", 0) != 0;
	make_threads(last ? others : 0);
	if (pthread_create(&thread, NULL, obey, NULL) != 0)
		abort();
	make_threads(last ? 0 : others);
}

int main(int argc, char **argv)
{
	uint32_t order;
	(void)argc;
	arguments = argv;
	weight = target_option(argv, "weight", 0);
	if (weight)
		add_weight();
	page = target_page();
	if (page->word[LEAVER_LIVES] == 0)
		page->word[LEAVER_PARENT] = getppid();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	make_all_threads();
	page->word[LEAVER_LIVES]++;
	page->ready = 1;
	do {
		ask();
		order = page->go;
	} while (order != LEAVE_BY_EXEC && order != LEAVE_BY_EXIT && order != LEAVE_THE_OTHERS);
	page->word[LEAVER_SEEN] = 1;
	if (order == LEAVE_BY_EXEC)
		become_again();
	if (order == LEAVE_THE_OTHERS)
		pthread_exit(NULL);
	_exit(LEAVER_STATUS);
}
