/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_flip.c - one flag flipped from outside, by dfpatch and by gdb.
 *
 *   bench_flip DFPATCH TARGET ROUNDS
 *
 * For 1, 16, 64 and 256 threads, in turn and in one run: the wall time of the
 * whole command from exec to exit, and the longest gap of a spinning thread of
 * the target while it ran. gdb writes the same byte and detaches. Prints medians,
 * ratios and the ratios required; fails if one is missed, or a flip took no effect.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench_shared.h"

#define ROUNDS_MAX 101

extern char **environ;

struct bench {
	const char *dfpatch;
	pid_t pid;
	char pid_text[16];
	char address[32]; /* of the site */
	struct bench_shared *shared;
};

struct sample {
	double wall; /* ms */
	double gap;  /* ms */
};

/* How many times gdb's time has to be ours. */
struct required {
	int threads;
	double wall;
	double gap;
};

static const struct required required[] = {
	{1, 100, 100},
	{16, 100, 100},
	{64, 100, 100},
	{256, 60, 100},
};

struct series {
	struct sample list[ROUNDS_MAX];
	int count;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void nap(double ms)
{
	const struct timespec t = {.tv_nsec = (long)(ms * 1e6)};
	nanosleep(&t, NULL);
}

/* Runs a command with its output going to `out`, a descriptor. Returns its exit status. */
static int run(char *const argv[], int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		die(argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The spinning thread may have to wait for a processor, but not for a second. */
static void expect_rounds(const volatile uint64_t *rounds, const char *who)
{
	const uint64_t before = *rounds;
	for (int i = 0; i < 500; i++) {
		nap(2);
		if (*rounds != before)
			return;
	}
	fprintf(stderr, "bench_flip: the flip by %s had no effect\n", who);
	exit(1);
}

/* One command, timed; `on` is what the flag must be afterwards. */
static struct sample measure(const struct bench *b, char *const argv[], int null, int on)
{
	nap(20);
	b->shared->longest_gap = 0;
	const double start = now_ms();
	if (run(argv, null) != 0) {
		fprintf(stderr, "bench_flip: %s failed\n", argv[0]);
		exit(1);
	}
	struct sample sample = {.wall = now_ms() - start};
	sample.gap = (double)b->shared->longest_gap / 1e6;
	expect_rounds(on ? &b->shared->rounds_on : &b->shared->rounds_off, argv[0]);
	return sample;
}

static void flip_by_dfpatch(const struct bench *b, int null, int on, struct series *series)
{
	char *const argv[] = {(char *)b->dfpatch,
			      on ? "enable" : "disable",
			      "--pid",
			      (char *)b->pid_text,
			      "bench:flag",
			      NULL};
	series->list[series->count++] = measure(b, argv, null, on);
}

static void flip_by_gdb(const struct bench *b, int null, int on, struct series *series)
{
	char write[96];
	snprintf(write, sizeof(write), "set {char}%s = %s", b->address, on ? "0xe9" : "0xa9");
	char *const argv[] = {"gdb",	"-nx", "-p",  (char *)b->pid_text,
			      "-batch", "-ex", write, NULL};
	series->list[series->count++] = measure(b, argv, null, on);
}

static int by_wall(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	return (x->wall > y->wall) - (x->wall < y->wall);
}

static int by_gap(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	return (x->gap > y->gap) - (x->gap < y->gap);
}

static struct sample median(struct series *s)
{
	struct sample m;
	qsort(s->list, (size_t)s->count, sizeof(s->list[0]), by_wall);
	m.wall = s->list[s->count / 2].wall;
	qsort(s->list, (size_t)s->count, sizeof(s->list[0]), by_gap);
	m.gap = s->list[s->count / 2].gap;
	return m;
}

static void start_target(struct bench *b, const char *target, int threads)
{
	char count[16], fd_text[16];
	const int fd = memfd_create("bench", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*b->shared)) != 0)
		die("memfd");
	b->shared = mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (b->shared == MAP_FAILED)
		die("mmap");
	snprintf(count, sizeof(count), "%d", threads);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	char *const argv[] = {(char *)target, count, fd_text, NULL};
	if (posix_spawn(&b->pid, target, NULL, NULL, argv, environ) != 0)
		die(target);
	while (!b->shared->ready)
		nap(1);
	snprintf(b->pid_text, sizeof(b->pid_text), "%d", b->pid);
	close(fd);
}

static void find_site(struct bench *b)
{
	const int fd = memfd_create("list", 0);
	char *const argv[] = {(char *)b->dfpatch, "list", "--pid",   b->pid_text,
			      "--noheadings",	  "-o",	  "ADDRESS", NULL};
	if (run(argv, fd) != 0)
		die("dfpatch list");
	const ssize_t got = pread(fd, b->address, sizeof(b->address) - 1, 0);
	if (got <= 0)
		die("dfpatch list");
	b->address[got] = '\0';
	b->address[strcspn(b->address, " \n")] = '\0';
	close(fd);
}

/* Whether both ratios are as required. */
static bool show(const struct required *need, const struct sample *ours,
		 const struct sample *theirs)
{
	const double wall = theirs->wall / ours->wall, gap = theirs->gap / ours->gap;
	const bool wall_ok = wall >= need->wall, gap_ok = gap >= need->gap;
	printf("%7d  %9.2f %9.1f %8.1f %6.0f %-6s   %9.3f %9.1f %8.1f %6.0f %s\n", need->threads,
	       ours->wall, theirs->wall, wall, need->wall, wall_ok ? "ok" : "MISSED", ours->gap,
	       theirs->gap, gap, need->gap, gap_ok ? "ok" : "MISSED");
	fflush(stdout);
	return wall_ok && gap_ok;
}

static bool compare(const char *dfpatch, const char *target, const struct required *need,
		    int rounds)
{
	struct bench b = {.dfpatch = dfpatch};
	struct series ours = {0}, theirs = {0};
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	start_target(&b, target, need->threads);
	find_site(&b);
	for (int i = 0; i < rounds; i++) {
		/* gdb is slow and steady: a third of the rounds is enough for its median. */
		if (i % 3 == 0) {
			flip_by_gdb(&b, null, 1, &theirs);
			flip_by_gdb(&b, null, 0, &theirs);
		}
		flip_by_dfpatch(&b, null, 1, &ours);
		flip_by_dfpatch(&b, null, 0, &ours);
	}
	const struct sample m = median(&ours), g = median(&theirs);
	kill(b.pid, SIGKILL);
	waitpid(b.pid, NULL, 0);
	munmap(b.shared, sizeof(*b.shared));
	close(null);
	return show(need, &m, &g);
}

int main(int argc, char **argv)
{
	bool all_ok = true;
	if (argc != 4 || atoi(argv[3]) < 1 || 2 * atoi(argv[3]) > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_flip DFPATCH TARGET ROUNDS (1 to %d)\n",
			ROUNDS_MAX / 2);
		return 2;
	}
	puts("one flag flipped from outside, medians in ms, and how many times gdb's is ours\n"
	     "         wall time                                     "
	     "pause of a spinning thread\n"
	     "threads    dfpatch       gdb    ratio   need            "
	     "dfpatch       gdb    ratio   need");
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!compare(argv[1], argv[2], &required[i], atoi(argv[3])))
			all_ok = false;
	return all_ok ? 0 : 1;
}
