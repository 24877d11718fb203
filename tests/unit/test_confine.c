/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/confine.c: what a confined process cannot do, and what it can. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"

/* Sanitizers map more than anybody has, and end the program when they cannot. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY ((size_t)RLIM_INFINITY)
#else
#define MEMORY ((size_t)1 << 30)
#endif

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

/* A directory with a file "there" in it, which is the working directory. */
static char directory[] = "/tmp/df-confine-XXXXXX";

static void begin(void)
{
	cr_assert(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
	FILE *file = fopen("there", "w");
	cr_assert(file);
	fputs("text", file);
	fclose(file);
}

static void end(void)
{
	unlink("there");
	unlink("new");
	unlink("pipe");
	rmdir("directory");
	cr_expect_eq(rmdir(directory), 0, "something was made");
}

static int try_fork(void)
{
	return (int)syscall(SYS_fork);
}

static int try_library_fork(void)
{
	return fork();
}

static int try_vfork(void)
{
	return (int)syscall(SYS_vfork);
}

static int try_clone(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_create(void)
{
	return open("new", O_WRONLY | O_CREAT, 0600);
}

static int try_creat(void)
{
	return creat("new", 0600);
}

static int try_empty(void)
{
	return open("there", O_WRONLY | O_TRUNC);
}

static int try_truncate(void)
{
	return truncate("there", 0);
}

static int try_write(void)
{
	signal(SIGXFSZ, SIG_IGN);
	const int fd = open("there", O_WRONLY | O_APPEND);
	return fd < 0 ? 0 : (int)write(fd, "x", 1);
}

static int try_nameless(void)
{
	return open(".", O_TMPFILE | O_RDWR, 0600);
}

static int try_mkdir(void)
{
	return mkdir("directory", 0700);
}

static int try_rename(void)
{
	return rename("there", "new");
}

static int try_unlink(void)
{
	return unlink("there");
}

static int try_link(void)
{
	return link("there", "new");
}

static int try_symlink(void)
{
	return symlink("there", "new");
}

static int try_fifo(void)
{
	return mkfifo("pipe", 0600);
}

static int try_chmod(void)
{
	return chmod("there", 0777);
}

static int try_kill(void)
{
	return kill(getppid(), 0);
}

static int try_more_limits(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	return geteuid() == 0 ? -1 : setrlimit(RLIMIT_FSIZE, &all);
}

static int try_much_memory(void)
{
	return MEMORY > (size_t)1 << 40 || !malloc((size_t)2 << 30) ? -1 : 0;
}

static const struct {
	const char *what;
	int (*attempt)(void);
} forbidden[] = {
	{"fork", try_fork},
	{"fork of the library", try_library_fork},
	{"vfork", try_vfork},
	{"clone", try_clone},
	{"socket", try_socket},
	{"local socket", try_unix_socket},
	{"create a file", try_create},
	{"creat", try_creat},
	{"empty a file", try_empty},
	{"truncate", try_truncate},
	{"write to a file", try_write},
	{"make a file without a name", try_nameless},
	{"mkdir", try_mkdir},
	{"rename", try_rename},
	{"unlink", try_unlink},
	{"link", try_link},
	{"symlink", try_symlink},
	{"mkfifo", try_fifo},
	{"chmod", try_chmod},
	{"kill", try_kill},
	{"raise limits", try_more_limits},
	{"much memory", try_much_memory},
};

static int try_read(void)
{
	char text[8];
	const int fd = open("there", O_RDONLY);
	return fd >= 0 && read(fd, text, sizeof(text)) == 4 ? 0 : -1;
}

static int try_null(void)
{
	return open("/dev/null", O_RDWR);
}

static int try_pipe(void)
{
	int ends[2];
	return pipe(ends) == 0 && write(ends[1], "x", 1) == 1 ? 0 : -1;
}

static void *nothing(void *unused)
{
	return unused;
}

static int try_thread(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0
		       ? 0
		       : -1;
}

static int try_execute(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};
	return execv("/bin/true", arguments);
}

static const struct {
	const char *what;
	int (*attempt)(void);
} allowed[] = {
	{"read a file", try_read},	{"open /dev/null", try_null}, {"pipe", try_pipe},
	{"start a thread", try_thread}, {"execute", try_execute},
};

/* The exit status of a confined child that makes the attempt: 0 if it succeeds. */
static int attempt(int (*what)(void), bool confined)
{
	const pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		if (confined && confine(MEMORY) != 0)
			_exit(9);
		const int got = what();
		if (getppid() != parent)
			_exit(0); /* a child of the child */
		_exit(got < 0 ? 1 : 0);
	}
	int status = -1;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

Test(confine, forbidden, .init = begin, .fini = end)
{
	for (size_t i = 0; i < COUNT(forbidden); i++)
		cr_expect_eq(attempt(forbidden[i].attempt, true), 1, "%s", forbidden[i].what);
}

Test(confine, allowed, .init = begin, .fini = end)
{
	for (size_t i = 0; i < COUNT(allowed); i++)
		cr_expect_eq(attempt(allowed[i].attempt, true), 0, "%s", allowed[i].what);
}

/* Those that are harmless here succeed in who is free: so it is the confinement that forbids. */
Test(confine, possible_without_it, .init = begin, .fini = end)
{
	static int (*const harmless[])(void) = {try_unix_socket, try_create, try_write, try_mkdir,
						try_fifo,	 try_chmod,  try_kill};
	for (size_t i = 0; i < COUNT(harmless); i++)
		cr_expect_eq(attempt(harmless[i], false), 0, "%zu", i);
}
