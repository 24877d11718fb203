/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_inside.c - what flags cost the program that flips them itself. Written against the
 * names of dynamic_flag.h alone, so that it builds with every library that has them.
 *
 *   bench_inside CASE     prints lines of a name and a number; times are in ns
 *
 *   start      nothing: the program starts and ends
 *   memory     rss, written: kB of the process at the start of main
 *   init       init: the library's initialisation; pages: of text, written by then
 *   one        one flag by its full name; each of several in turn
 *   all        every flag
 *   kind       every flag of one kind
 *   list       every flag handed to a callback that does nothing
 *   print      every flag printed to /dev/null
 *   active     a kind of 100 sites that is active already
 *   quiet      the same, killed by SIGSYS if it makes a system call
 *   spin       stall: see bench_spin.c
 *
 * The cases from `one` to `active` print init; first, the first call; use, both
 * together; second, the call after it, which undoes it if it can be undone; later,
 * the median of many more; and back, of those that undo.
 */
#include "bench_inside.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench_sites.h"

#define SAMPLES_MIN 7
#define SAMPLES_MAX 20000
#define LATER_NS 200000000

unsigned long bench_hits;

struct operation {
	const char *name;
	void (*act)(void);
	void (*undo)(void); /* NULL if `act` can be repeated as it is */
	bool flips;	    /* bench_site's flag among others */
};

static size_t turn; /* of the names */
static FILE *null;

void die(const char *what)
{
	fprintf(stderr, "bench_inside: %s failed\n", what);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

uint64_t median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(samples[0]), ascending);
	return samples[count / 2];
}

void expect_site(int on)
{
	const unsigned long before = bench_hits;
	bench_site();
	if ((bench_hits != before) != on) {
		fprintf(stderr, "bench_inside: the first site is %s\n", on ? "off" : "on");
		exit(1);
	}
}

static void activate(const char *pattern)
{
	if (dynamic_flag_activate(pattern) < 1)
		die(pattern);
}

static void deactivate(const char *pattern)
{
	if (dynamic_flag_deactivate(pattern) < 1)
		die(pattern);
}

static void activate_one(void)
{
	activate(bench_names[turn]);
}

static void deactivate_one(void)
{
	deactivate(bench_names[turn]);
	turn = (turn + 1) % bench_name_count;
}

static void activate_all(void)
{
	activate(".*");
}

static void deactivate_all(void)
{
	deactivate(".*");
}

static void activate_kind(void)
{
	dynamic_flag_activate_kind(k0, NULL);
}

static void deactivate_kind(void)
{
	dynamic_flag_deactivate_kind(k0, NULL);
}

static ssize_t ignore(void *context, const struct dynamic_flag_state *state)
{
	(void)context;
	(void)state;
	return 0;
}

static void list(void)
{
	if (dynamic_flag_list_state(".*", ignore, NULL) < 1)
		die("dynamic_flag_list_state");
}

static void print(void)
{
	if (dynamic_flag_list_state(".*", dynamic_flag_list_fprintf_cb, null) < 1)
		die("dynamic_flag_list_state");
}

#ifdef HAVE_HUNDRED /* the program has a kind of that name, of exactly 100 sites */
static void activate_hundred(void)
{
	dynamic_flag_activate_kind(hundred, NULL);
}
#endif

static const struct operation operations[] = {
	{"one", activate_one, deactivate_one, true},
	{"all", activate_all, deactivate_all, true},
	{"kind", activate_kind, deactivate_kind, true},
	{"list", list, NULL, false},
	{"print", print, NULL, false},
#ifdef HAVE_HUNDRED
	{"active", activate_hundred, NULL, false},
#endif
};

static uint64_t timed(void (*call)(void))
{
	const uint64_t start = now_ns();
	call();
	return now_ns() - start;
}

static void report(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

/* What is not the first call any more: every name once, and a look whether flips flip. */
static void warm_up(const struct operation *op)
{
	const size_t rounds = op->undo == deactivate_one ? bench_name_count : 1;
	turn = 0;
	for (size_t i = 0; i < rounds; i++) {
		op->act();
		if (op->undo)
			op->undo();
	}
	if (!op->flips)
		return;
	op->act();
	expect_site(1);
	turn = 0;
	op->undo();
	expect_site(0);
}

static void measure_later(const struct operation *op)
{
	static uint64_t there[SAMPLES_MAX], back[SAMPLES_MAX];
	const uint64_t end = now_ns() + LATER_NS;
	size_t count = 0;
	while (count < SAMPLES_MIN || (count < SAMPLES_MAX && now_ns() < end)) {
		there[count] = timed(op->act);
		if (op->undo)
			back[count] = timed(op->undo);
		count++;
	}
	report("later", median(there, count));
	if (op->undo)
		report("back", median(back, count));
}

static void measure(const struct operation *op)
{
	const uint64_t init = timed(dynamic_flag_init_lib);
	turn = bench_name_count / 2;
	const uint64_t first = timed(op->act);
	const uint64_t second = timed(op->undo ? op->undo : op->act);
	report("init", init);
	report("first", first);
	report("use", init + first);
	report("second", second);
	warm_up(op);
	measure_later(op);
}

/*
 * kB of the pages of our own text that we wrote. Private_Dirty would count those as
 * well that whoever built the program has written, while they are on their way to the
 * disk.
 */
static uint64_t written_text(void)
{
	char line[4400], path[4096] = "", permissions[8];
	unsigned long long kb;
	uint64_t sum = 0;
	bool is_text = false;
	FILE *stream = fopen("/proc/self/smaps", "r");
	if (!stream || readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		die("/proc/self");
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*x-%*x %7s ", permissions) == 1)
			is_text = permissions[2] == 'x' && strstr(line, path);
		else if (is_text && sscanf(line, "Anonymous: %llu", &kb) == 1)
			sum += kb;
	}
	fclose(stream);
	return sum;
}

/* With as little done before as can be, since all that is done needs memory. */
static void measure_memory(void)
{
	static char text[4096];
	const int fd = open("/proc/self/smaps_rollup", O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die("/proc/self/smaps_rollup");
	const char *rss = strstr(text, "\nRss:"), *written = strstr(text, "\nAnonymous:");
	if (!rss || !written)
		die("/proc/self/smaps_rollup");
	report("rss", strtoull(strchr(rss, ':') + 1, NULL, 10));
	report("written", strtoull(strchr(written, ':') + 1, NULL, 10));
}

static void measure_init(void)
{
	report("init", timed(dynamic_flag_init_lib));
	report("pages", written_text() * 1024 / (uint64_t)sysconf(_SC_PAGESIZE));
}

#ifdef HAVE_HUNDRED
static void forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		die("seccomp");
}

static void measure_quiet(void)
{
	dynamic_flag_init_lib();
	activate_hundred();
	activate_hundred();
	forbid_system_calls();
	for (int i = 0; i < 1000; i++)
		activate_hundred();
	_exit(0);
}
#endif

static const struct {
	const char *name;
	void (*run)(void);
} others[] = {
	{"memory", measure_memory},
	{"init", measure_init},
	{"spin", bench_spin},
#ifdef HAVE_HUNDRED
	{"quiet", measure_quiet},
#endif
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "start") == 0)
		return 0;
	for (size_t i = 0; argc == 2 && i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(argv[1], others[i].name) == 0) {
			others[i].run();
			return 0;
		}
	}
	null = fopen("/dev/null", "w");
	if (!null)
		die("/dev/null");
	for (size_t i = 0; argc == 2 && i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(argv[1], operations[i].name) == 0) {
			measure(&operations[i]);
			return 0;
		}
	}
	fputs("usage: bench_inside CASE, one that this program has\n", stderr);
	return 2;
}
