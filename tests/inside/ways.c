/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ways.c - a plain program that does a little of everything, to be built in every way. With
 * ways_more.c it has flags in two files; without libdf of its own (THROUGH) it flips them
 * through a shared object's.
 */
#include <df.h>

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain.h"
#include "ways.h"

static inline __attribute__((__always_inline__)) int twin(void)
{
	return DF_FEATURE(ways, twin, "two sites, one flag");
}

/* Read where the compiler does not know what it is for. */
static int read_bits(void)
{
	volatile int bits = 0;
	if (DF_FEATURE(ways, feature, "off as built"))
		bits |= 1;
	if (DF_DEFAULT(ways, standard))
		bits |= 2;
	if (DF_DEFAULT_SLOW(ways, slow))
		bits |= 4;
	if (DF_OPT(ways, opt))
		bits |= 8;
	if (twin())
		bits |= 16;
	if (twin())
		bits |= 32;
	if (ways_more())
		bits |= 64;
	return bits;
}

static void expect_bits(int wanted, const char *when)
{
	EXPECT(read_bits() == wanted, "%s: %#x for %#x", when, (unsigned)read_bits(),
	       (unsigned)wanted);
}

struct found {
	int sites, twins, duplicates;
};

static int look(void *context, const struct df_flag_info *flag)
{
	struct found *found = context;
	found->sites++;
	found->twins += strcmp(flag->name, "twin") == 0;
	found->duplicates += flag->duplicate;
	EXPECT(flag->line > 0 && strstr(flag->file, "ways"), "%s:%u", flag->file, flag->line);
	EXPECT(flag->active == (flag->activation > 0), "%s", flag->full_name);
	EXPECT(flag->site != flag->target, "%s", flag->full_name);
	return 0;
}

static void list(void)
{
	struct found found = {0};
	EXPECT(CALL(list)("ways:", look, &found) == 5, "%s", CALL(error)());
	EXPECT(found.sites == 5 + found.duplicates, "%d sites", found.sites);
	EXPECT(found.twins >= 2, "%d twins", found.twins);
}

static void *flip_along(void *unused)
{
	for (int i = 0; i < 100; i++) {
		EXPECT(CALL(activate)("ways:twin") == 1, "%s", CALL(error)());
		EXPECT(CALL(deactivate)("ways:twin") == 1, "%s", CALL(error)());
	}
	return unused;
}

static void flip_at_once(void)
{
	pthread_t threads[3];
	for (size_t i = 0; i < 3; i++)
		EXPECT(pthread_create(&threads[i], NULL, flip_along, NULL) == 0, "no thread");
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void flip_in_child(void)
{
	int status = -1;
	const pid_t pid = fork();
	if (pid == 0) {
		EXPECT(CALL(apply)("disable .*\nenable ways:twin") > 6, "%s", CALL(error)());
		expect_bits(16 + 32, "in a child");
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0, "a child ends with %#x",
	       (unsigned)status);
}

int main(void)
{
	expect_bits(2 + 4 + 8, "as built");
	EXPECT(CALL(init)() == 0, "%s", CALL(error)());
	expect_bits(2 + 4, "initialised");
	EXPECT(CALL(activate)("ways:(feature|opt|twin)") == 3, "%s", CALL(error)());
	expect_bits(1 + 2 + 4 + 8 + 16 + 32, "activated");
	list();
	EXPECT(CALL(apply)("-ways:\n+ways_more:") == 6, "%s", CALL(error)());
	expect_bits(64, "by a script");
	flip_at_once();
	expect_bits(64, "by three threads");
	flip_in_child();
	expect_bits(64, "a child has changed it");
	EXPECT(CALL(activate)("(") == -DF_ERROR_PATTERN, "a bad pattern is taken");
	return 0;
}
