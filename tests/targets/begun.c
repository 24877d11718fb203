/* SPDX-License-Identifier: Apache-2.0 */
/*
 * begun.c - a program that asks flags as early as it can, and tells in which state it began.
 *
 *   begun [facts=1] [load=PATH] [wait=1] [raise=N] [exit=N]
 *
 * Writes a line for each flag asked in a constructor and in main(); then does what the
 * arguments say, in this order: tells all that a program inherits or has about it, loads
 * a library, writes "waits" and waits for a signal, raises one, ends with a status.
 */
#include <df.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "begun.h"
#ifdef BEGUN_LOADS
#include <dlfcn.h>
#endif

extern char **environ;

/* Before anything of the C library's is sure to be there. */
static char tracer_at_first[64];

static void copy_line(const char *file, const char *name, char *to, size_t size)
{
	char line[512];
	FILE *status = fopen(file, "re");
	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, name, strlen(name)) == 0)
			snprintf(to, size, "%s", line);
	if (status)
		fclose(status);
}

__attribute__((constructor)) static void ask(void)
{
	printf("constructor %s\n", DF_FEATURE(begun, constructor) ? "on" : "off");
	copy_line("/proc/self/status", "TracerPid:", tracer_at_first, sizeof(tracer_at_first));
	fflush(stdout);
}

static void tell_status(void)
{
	static const char *const fields[] = {
		"PPid:",   "TracerPid:", "Threads:", "SigQ:",	    "SigPnd:", "ShdPnd:",
		"SigBlk:", "SigIgn:",	 "SigCgt:",  "Umask:",	    "Uid:",    "Gid:",
		"CapEff:", "CapBnd:",	 "CapInh:",  "NoNewPrivs:", "Seccomp:"};
	char line[512];
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		*line = '\0';
		copy_line("/proc/self/status", fields[i], line, sizeof(line));
		/* Of SigQ only the limit: others of the user come and go. */
		printf("%s", strcmp(fields[i], "SigQ:") ? line : strchr(line, '/'));
	}
}

static void tell_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;
		if (getrlimit(i, &limit) == 0)
			printf("limit %d: %ju %ju\n", i, (uintmax_t)limit.rlim_cur,
			       (uintmax_t)limit.rlim_max);
	}
	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
}

static void tell_descriptors(void)
{
	for (int fd = 0; fd < 64; fd++) {
		struct stat st;
		if (fstat(fd, &st) == 0)
			printf("descriptor %d: %#x %ju %ju\n", fd, st.st_mode, (uintmax_t)st.st_dev,
			       (uintmax_t)st.st_ino);
	}
}

static void tell_family(void)
{
	int reaper = -1, death = -1;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
	errno = 0;
	const pid_t child = waitpid(-1, NULL, WNOHANG | __WALL);
	printf("session %d group %d foreground %d child %d %s reaper %d death %d dumpable %d\n",
	       getsid(0), getpgrp(), tcgetpgrp(0), child, strerror(errno), reaper, death,
	       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

static void tell_text(char **argv)
{
	char cwd[512] = "";
	for (char **arg = argv; *arg; arg++)
		printf("argument %s\n", *arg);
	for (char **variable = environ; *variable; variable++)
		printf("variable %s\n", *variable);
	printf("in %s\n", getcwd(cwd, sizeof(cwd)));
}

static void tell(char **argv)
{
	printf("at first %s", tracer_at_first);
	tell_status();
	tell_limits();
	tell_descriptors();
	tell_family();
	tell_text(argv);
}

static const char *text_of(char **argv, const char *name)
{
	const size_t length = strlen(name);
	for (char **arg = argv + 1; *arg; arg++)
		if (strncmp(*arg, name, length) == 0 && (*arg)[length] == '=')
			return *arg + length + 1;
	return NULL;
}

static int number_of(char **argv, const char *name)
{
	const char *text = text_of(argv, name);
	return text ? (int)strtol(text, NULL, 10) : 0;
}

static void load(const char *path)
{
#ifdef BEGUN_LOADS
	if (!dlopen(path, RTLD_NOW))
		puts(dlerror());
#else
	(void)path;
#endif
}

int main(int argc, char **argv)
{
	(void)argc;
#ifdef BEGUN_LINKED
	begun_library();
#endif
	printf("main %s\n", DF_FEATURE(begun, main) ? "on" : "off");
	if (number_of(argv, "facts"))
		tell(argv);
	fflush(stdout);
	if (text_of(argv, "load"))
		load(text_of(argv, "load"));
	if (number_of(argv, "wait")) {
		puts("waits");
		fflush(stdout);
		pause();
	}
	if (number_of(argv, "raise"))
		raise(number_of(argv, "raise"));
	return number_of(argv, "exit");
}
