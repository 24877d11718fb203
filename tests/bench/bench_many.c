/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_many.c - many flags flipped from outside in one command.
 *
 *   bench_many DFPATCH PROGRAM-OF-1000 PROGRAM-OF-100000
 *
 * The programs are bench_still.c with so many sites of the dense layout. 1,000 at once,
 * against gdb writing the same bytes in one session; and how much longer the target stands
 * still for each site when 100,000 are flipped in stop mode, by what dfpatch reports.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_outside.h"

#define ROUNDS 11
#define TIMES_GDB 60.0
#define PER_SITE_US 0.2

extern char **environ;

struct program {
	pid_t pid;
	char pid_text[16];
};

static void start(struct program *p, char *path)
{
	int ends[2];
	char ready;
	posix_spawn_file_actions_t actions;
	char *const argv[] = {path, NULL};
	if (pipe2(ends, O_CLOEXEC) != 0)
		die("pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (posix_spawn(&p->pid, path, &actions, NULL, argv, environ) != 0)
		die(path);
	close(ends[1]);
	if (read(ends[0], &ready, 1) != 1)
		die("the program did not start");
	close(ends[0]);
	snprintf(p->pid_text, sizeof(p->pid_text), "%d", p->pid);
}

static void stop(const struct program *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}

/* ---- 1,000 at once ---- */

static double by_dfpatch(char *dfpatch, const struct program *p, int on)
{
	char *const argv[] = {
		dfpatch, on ? "enable" : "disable", "--pid", (char *)p->pid_text, ".*", NULL};
	return run_timed(argv);
}

/* A gdb script that writes `opcode` to every site. */
static void write_script(char *dfpatch, const struct program *p, const char *path,
			 const char *opcode)
{
	char command[512], line[128];
	FILE *script = fopen(path, "w");
	snprintf(command, sizeof(command), "'%s' list --pid %s --noheadings -o ADDRESS", dfpatch,
		 p->pid_text);
	FILE *list = popen(command, "r");
	if (!script || !list)
		die(path);
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, " \n")] = '\0';
		fprintf(script, "set {char}%s = %s\n", line, opcode);
	}
	if (pclose(list) != 0 || fclose(script) != 0)
		die(path);
}

static bool compare_thousand(char *dfpatch, char *path)
{
	static char scripts[2][64];
	struct program p;
	struct series ours = {0}, theirs = {0};
	start(&p, path);
	for (int on = 0; on < 2; on++) {
		snprintf(scripts[on], sizeof(scripts[on]), "/tmp/bench_many.%d.%d", getpid(), on);
		write_script(dfpatch, &p, scripts[on], on ? "0xe9" : "0xa9");
	}
	for (int i = 0; i < ROUNDS; i++) {
		take(&ours, by_dfpatch(dfpatch, &p, 1));
		take(&ours, by_dfpatch(dfpatch, &p, 0));
		for (int on = 1; on >= 0 && i % 3 == 0; on--) {
			char *const argv[] = {"gdb",	"-nx", "-p",	    p.pid_text,
					      "-batch", "-x",  scripts[on], NULL};
			take(&theirs, run_timed(argv));
		}
	}
	unlink(scripts[0]);
	unlink(scripts[1]);
	stop(&p);
	const double ratio = median(&theirs) / median(&ours);
	printf("1,000 flags at once: %.2f ms, gdb %.1f ms, ratio %.0f (at least %.0f): %s\n",
	       median(&ours), median(&theirs), ratio, TIMES_GDB,
	       ratio >= TIMES_GDB ? "ok" : "MISSED");
	return ratio >= TIMES_GDB;
}

/* ---- 100,000 in stop mode ---- */

/* The pause in us that dfpatch reports. */
static double pause_of(char *dfpatch, const struct program *p, const char *op, char *pattern)
{
	char text[4096];
	const int fd = memfd_create("report", 0);
	char *const argv[] = {dfpatch,	(char *)op, "--pid", (char *)p->pid_text,
			      "--stop", pattern,    NULL};
	if (run(argv, fd) != 0)
		die("dfpatch");
	const off_t size = lseek(fd, 0, SEEK_END);
	const off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
	const ssize_t got = pread(fd, text, sizeof(text) - 1, from);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *said = strstr(text, "stood still for ");
	char unit[8] = "";
	double pause = 0;
	if (!said || sscanf(said, "stood still for %lf %7s", &pause, unit) != 2)
		die("no pause in the report of dfpatch");
	return strcmp(unit, "ms") == 0 ? pause * 1000 : pause;
}

static bool compare_all(char *dfpatch, char *path)
{
	struct program p;
	struct series one = {0}, all = {0};
	start(&p, path);
	/* The first time, every page of text is copied: a cost of the kernel's, of once. */
	pause_of(dfpatch, &p, "enable", ".*");
	pause_of(dfpatch, &p, "disable", ".*");
	for (int i = 0; i < ROUNDS; i++) {
		take(&one, pause_of(dfpatch, &p, "enable", "k0:s000000@"));
		take(&one, pause_of(dfpatch, &p, "disable", "k0:s000000@"));
		take(&all, pause_of(dfpatch, &p, "enable", ".*"));
		take(&all, pause_of(dfpatch, &p, "disable", ".*"));
	}
	stop(&p);
	const double per_site = (median(&all) - median(&one)) / 100000;
	printf("100,000 sites at once in stop mode: pause %.0f us, one site %.0f us, %.3f us per "
	       "site (at most %.1f): %s\n",
	       median(&all), median(&one), per_site, PER_SITE_US,
	       per_site <= PER_SITE_US ? "ok" : "MISSED");
	return per_site <= PER_SITE_US;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: bench_many DFPATCH PROGRAM-OF-1000 PROGRAM-OF-100000\n", stderr);
		return 2;
	}
	const bool thousand = compare_thousand(argv[1], argv[2]);
	const bool all = compare_all(argv[1], argv[3]);
	return thousand && all ? 0 : 1;
}
