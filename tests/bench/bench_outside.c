/* SPDX-License-Identifier: Apache-2.0 */
/* bench_outside.c - what the measurements from outside have in common. */
#include "bench_outside.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

void die(const char *what)
{
	perror(what);
	exit(1);
}

double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void nap(double ms)
{
	const struct timespec t = {.tv_nsec = (long)(ms * 1e6)};
	nanosleep(&t, NULL);
}

int run(char *const argv[], int out)
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

double run_timed(char *const argv[])
{
	static int null = -1;
	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const double start = now_ms();
	const int status = run(argv, null);
	const double wall = now_ms() - start;
	if (status != 0) {
		fprintf(stderr, "%s %s: exit status %d\n", argv[0], argv[1], status);
		exit(1);
	}
	return wall;
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

void bench_start(struct bench *b, const char *dfpatch, const char *target, int threads)
{
	char count[16], fd_text[16];
	const int fd = memfd_create("bench", 0);
	*b = (struct bench){.dfpatch = dfpatch};
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
	while (!b->shared->ready) {
		if (waitpid(b->pid, NULL, WNOHANG) != 0)
			die("the target ended: too many threads?");
		nap(1);
	}
	snprintf(b->pid_text, sizeof(b->pid_text), "%d", b->pid);
	close(fd);
	find_site(b);
}

void bench_stop(struct bench *b)
{
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	munmap(b->shared, sizeof(*b->shared));
}

/* It may have to wait for a processor, but not for a second. */
void bench_expect(const struct bench *b, int on, const char *who)
{
	const volatile uint64_t *rounds = on ? &b->shared->rounds_on : &b->shared->rounds_off;
	const uint64_t before = *rounds;
	for (int i = 0; i < 500; i++) {
		nap(2);
		if (*rounds != before)
			return;
	}
	fprintf(stderr, "the flip by %s had no effect\n", who);
	exit(1);
}

double bench_dfpatch(const struct bench *b, int on, const char *option)
{
	char *const argv[] = {(char *)b->dfpatch,
			      on ? "enable" : "disable",
			      "--pid",
			      (char *)b->pid_text,
			      "bench:flag",
			      (char *)option,
			      NULL};
	return run_timed(argv);
}

double bench_gdb(const struct bench *b, int on)
{
	char write[96];
	snprintf(write, sizeof(write), "set {char}%s = %s", b->address, on ? "0xe9" : "0xa9");
	char *const argv[] = {"gdb",	"-nx", "-p",  (char *)b->pid_text,
			      "-batch", "-ex", write, NULL};
	return run_timed(argv);
}

void take(struct series *s, double figure)
{
	if (s->count < SERIES_MAX)
		s->list[s->count++] = figure;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double median(struct series *s)
{
	qsort(s->list, (size_t)s->count, sizeof(s->list[0]), ascending);
	return s->list[s->count / 2];
}
