/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/namespace.c: a process two pid namespaces further in, and its threads. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespace.h"

#define THREADS 3
#define NOBODY 65534

/* What the processes inside tell, each by its own numbers. */
struct shared {
	volatile pid_t thread[THREADS]; /* of the innermost process */
	volatile int threads;
	volatile bool denied;
};

static struct shared *shared;
static pid_t middle, innermost; /* as we see them */
static struct df_err err;

static void *thread(void *number)
{
	shared->thread[(intptr_t)number] = gettid();
	__atomic_add_fetch(&shared->threads, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void be_innermost(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (intptr_t i = 1; i < THREADS; i++) {
		pthread_t made;
		pthread_create(&made, NULL, thread, (void *)i);
	}
	thread(NULL);
}

/* The next child is process 1 of a new namespace. */
static void go_further_in(void)
{
	if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
		shared->denied = true;
		_exit(0);
	}
}

static pid_t only_child(pid_t of)
{
	char path[64], text[32] = "";
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", of, of);
	FILE *file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		text[strcspn(text, " ")] = '\0';
	if (file)
		fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

static void start(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(shared, MAP_FAILED);
	const pid_t outer = fork();
	if (outer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		go_further_in();
		if (fork() != 0)
			pause();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		go_further_in();
		if (fork() == 0)
			be_innermost();
		for (;;)
			pause();
	}
	cr_assert_gt(outer, 0);
	for (int i = 0; i < 10000 && shared->threads < THREADS && !shared->denied; i++)
		usleep(1000);
	if (shared->denied)
		cr_skip("the kernel allows us no pid namespace\n");
	cr_assert_eq(shared->threads, THREADS);
	middle = only_child(outer);
	innermost = only_child(middle);
	cr_assert(middle > 0 && innermost > 0);
}

static void stop(void)
{
	kill(middle, SIGKILL); /* and with it all in its namespace */
}

Test(namespace, threads_by_their_inner_ids)
{
	struct process p;
	start();
	cr_assert_eq(process_open(innermost, false, &p, &err), 0, "%s", err.text);
	cr_expect(p.foreign_pids);
	cr_expect_eq(shared->thread[0], 1, "the first one is process 1 of its namespace");
	for (int i = 0; i < THREADS; i++) {
		char path[64];
		const pid_t found = namespace_thread(&p, shared->thread[i]);
		snprintf(path, sizeof(path), "/proc/%d/task/%d", innermost, found);
		cr_expect(found > 0 && access(path, F_OK) == 0, "%d -> %d", (int)shared->thread[i],
			  found);
		cr_expect(i > 0 || found == innermost, "%d", found);
	}
	cr_expect_eq(namespace_thread(&p, THREADS + 1000), 0, "no such thread");
	cr_expect_eq(namespace_thread(&p, 0), 0);
	cr_expect_eq(namespace_thread(&p, innermost), 0, "its id is ours, not its own");
	stop();
	process_close(&p);
}

/* What is not there is none; what cannot be read is not known. */
Test(namespace, threads_of_nobody)
{
	struct process p;
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	cr_assert_eq(process_open(child, false, &p, &err), 0, "%s", err.text);
	cr_expect_eq(namespace_thread(&p, child), child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cr_expect_leq(namespace_thread(&p, child), 0);
	process_close(&p);
	p.dir = -1;
	cr_expect_eq(namespace_thread(&p, child), -1, "no directory to look at");
}

Test(namespace, processes_by_their_inner_ids)
{
	start();
	cr_expect_eq(namespace_process(1, innermost, &err), innermost, "%s", err.text);
	cr_expect_eq(namespace_process(1, middle, &err), middle, "%s", err.text);
	/* The innermost one has an id in the namespace in the middle as well. */
	cr_expect_eq(namespace_process(2, middle, &err), innermost, "%s", err.text);
	cr_expect_eq(namespace_process(getpid(), getpid(), &err), getpid(), "%s", err.text);
	cr_expect_eq(namespace_process(innermost, getpid(), &err), innermost, "%s", err.text);
	stop();
}

/* Its own trouble is not taken for an answer. */
Test(namespace, without_descriptors)
{
	struct rlimit all;
	int found = -1;
	start();
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	const int lowest = dup(0);
	close(lowest);
	for (int count = 0; count < 10 && found < 0; count++) {
		const struct rlimit few = {(rlim_t)(lowest + count), all.rlim_max};
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		found = namespace_process(2, middle, &err);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
		if (found >= 0)
			break;
		cr_expect_eq(found, -(int)DF_E_SYSTEM, "%d: %s", count, err.text);
		cr_expect(strstr(err.text, "ulimit -n") && strstr(err.text, "Too many open files"),
			  "%d: %s", count, err.text);
	}
	cr_expect_eq(found, innermost, "%s", err.text);
	stop();
}

static void be_nobody(void)
{
	/* A process that changed its user is not dumpable, and nobody's to look at. */
	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1) != 0)
		_exit(3);
}

/* Somebody else's process in that namespace, and then asks by it for that of root. */
static void ask_as_nobody(pid_t in)
{
	char path[64];
	int ready[2], status;
	char byte;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", in);
	const int space = open(path, O_RDONLY | O_CLOEXEC);
	if (pipe(ready) != 0 || setns(space, CLONE_NEWPID) != 0)
		_exit(4);
	const pid_t member = fork();
	if (member == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_nobody();
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		_exit(5);
	be_nobody();
	const int found = namespace_process(1, member, &err);
	kill(member, SIGKILL);
	waitpid(member, &status, 0);
	snprintf(path, sizeof(path), "pid namespace of process %d;", in);
	if (found == -(int)DF_E_PERMISSION && strstr(err.text, path))
		_exit(0);
	fprintf(stderr, "%d: %s\n", found, err.text);
	_exit(1);
}

Test(namespace, processes_of_others)
{
	int status;
	if (geteuid() != 0)
		cr_skip("only root can become another user");
	start();
	const pid_t tool = fork();
	if (tool == 0)
		ask_as_nobody(innermost);
	cr_assert_eq(waitpid(tool, &status, 0), tool);
	cr_expect_eq(status, 0, "%#x", (unsigned)status);
	stop();
}

Test(namespace, processes_that_are_not_there)
{
	start();
	cr_expect_eq(namespace_process(77777, innermost, &err), -(int)DF_E_NO_PROCESS);
	cr_expect(strstr(err.text, "has the id 77777 in the pid namespace of process"), "%s",
		  err.text);
	cr_expect_eq(namespace_process(1, 0x3ffffffe, &err), -(int)DF_E_NO_PROCESS);
	cr_expect(strstr(err.text, "no process has the id 1073741822"), "%s", err.text);
	cr_expect_eq(namespace_process(0, innermost, &err), -(int)DF_E_NO_PROCESS);
	cr_expect_eq(namespace_process(-1, innermost, &err), -(int)DF_E_NO_PROCESS);
	stop();
}
