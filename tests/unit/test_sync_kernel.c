/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of libdf/sync.c: what it asks of the kernel, and how it fares where
 * the kernel denies it. A denial is a seccomp filter in a forked child.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static struct df_control_v1 control;
static struct sync_patience patience;
static struct df_err err;

/* ---- children -------------------------------------------------------------------------- */

enum { GOOD, BAD, NO_FILTER };

/* What wait(2) tells of a child that `made` made and that ran `run`. */
static int status_of(pid_t (*make)(void), int (*run)(void))
{
	int status;
	const pid_t child = make();
	/* Not _exit: AddressSanitizer prepares for that with a system call of its own. */
	if (child == 0)
		syscall(SYS_exit_group, run());
	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
		cr_skip("the kernel takes no seccomp filter here");
	return status;
}

static bool is_good(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == GOOD;
}

static pid_t by_fork_call(void)
{
	return (pid_t)syscall(SYS_fork);
}

static pid_t by_clone_call(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void filter(const struct sock_filter *code, size_t count)
{
	const struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(NO_FILTER);
}

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define SKIP_UNLESS(CALL) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (CALL), 0, 1)
#define RETURN(ACTION) BPF_STMT(BPF_RET | BPF_K, (ACTION))

/* The call fails with this error from now on; without an error it does nothing, and says so. */
static void deny(long call, int error)
{
	const struct sock_filter code[] = {
		NUMBER,
		SKIP_UNLESS((uint32_t)call),
		RETURN(SECCOMP_RET_ERRNO | (uint32_t)error),
		RETURN(SECCOMP_RET_ALLOW),
	};
	filter(code, COUNT(code));
}

static void allow_exit_only(void)
{
	const struct sock_filter code[] = {
		NUMBER,
		SKIP_UNLESS(SYS_exit_group),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	filter(code, COUNT(code));
}

/* ---- the lock -------------------------------------------------------------------------- */

static bool own_and_disown(void)
{
	const bool owned = sync_own(&control, &patience, &err) == 1;
	sync_disown(&control);
	return owned;
}

static int own_without_kernel(void)
{
	bool good = true;
	sync_keep_thread();
	good &= own_and_disown();
	allow_exit_only();
	for (int i = 0; i < 1000; i++)
		good &= own_and_disown();
	return good ? GOOD : BAD;
}

static int wake_without_kernel(void)
{
	sync_keep_thread();
	own_and_disown();
	allow_exit_only();
	control.lock = DF_LOCK_WAITERS;
	return own_and_disown() ? GOOD : BAD;
}

Test(sync_kernel, free_lock_needs_no_kernel)
{
	cr_assert(is_good(status_of(fork, own_without_kernel)));
	/* The filter is one that bites. */
	const int status = status_of(fork, wake_without_kernel);
	cr_assert(WIFSIGNALED(status));
	cr_assert_eq(WTERMSIG(status), SIGSYS);
}

static pthread_barrier_t held;

static void *hold(void *argument)
{
	sync_own(&control, &(struct sync_patience){0}, NULL);
	pthread_barrier_wait(&held);
	pthread_barrier_wait(&held);
	return argument;
}

/* The parent's thread has it, and lives; but here is no such thread. */
static int own_what_parent_holds(void)
{
	const bool was_held = control.lock != 0;
	return was_held && own_and_disown() ? GOOD : BAD;
}

Test(sync_kernel, lock_held_at_a_fork_that_nobody_prepared)
{
	pthread_t thread;
	cr_assert_eq(pthread_barrier_init(&held, NULL, 2), 0);
	cr_assert_eq(pthread_create(&thread, NULL, hold, NULL), 0);
	pthread_barrier_wait(&held);
	cr_assert(is_good(status_of(by_fork_call, own_what_parent_holds)));
	cr_assert_neq(control.lock, 0);
	pthread_barrier_wait(&held);
	pthread_join(thread, NULL);
}

/* ---- the number of the calling thread -------------------------------------------------- */

static int know_own_number(void)
{
	/* Often enough that it is remembered, and not asked for each time. */
	for (int i = 0; i < 200; i++)
		if (sync_thread() != (uint32_t)gettid())
			return BAD;
	return GOOD;
}

static void *know_it_in_thread(void *status)
{
	*(int *)status = know_own_number();
	return NULL;
}

static int know_it_after_new_thread(void)
{
	pthread_t thread;
	int status = BAD;
	if (pthread_create(&thread, NULL, know_it_in_thread, &status) != 0 ||
	    pthread_join(thread, NULL) != 0 || status != GOOD)
		return BAD;
	return know_own_number();
}

static int know_it_in_child(void)
{
	return know_own_number() == GOOD && is_good(status_of(by_fork_call, know_own_number)) ? GOOD
											      : BAD;
}

static int know_it_after_handler(void)
{
	sync_forked();
	return know_own_number();
}

static void check_children(void)
{
	cr_assert_eq(know_own_number(), GOOD);
	cr_assert(is_good(status_of(fork, know_own_number)));
	cr_assert(is_good(status_of(fork, know_it_after_handler)));
	cr_assert(is_good(status_of(by_fork_call, know_own_number)));
	cr_assert(is_good(status_of(by_clone_call, know_own_number)));
	cr_assert(is_good(status_of(by_clone_call, know_it_in_child)));
	/* A new thread asks first, and must not make the old thread's number a good one. */
	cr_assert(is_good(status_of(fork, know_it_after_new_thread)));
	cr_assert_eq(know_own_number(), GOOD);
}

Test(sync_kernel, number)
{
	check_children();
	cr_assert_eq(know_it_after_new_thread(), GOOD);
}

/* Before anybody has asked: the child finds nothing remembered, and remembers by itself. */
Test(sync_kernel, number_first_asked_by_child)
{
	cr_assert(is_good(status_of(by_fork_call, know_it_in_child)));
	check_children();
}

static int number_without_advice(void)
{
	deny(SYS_madvise, EINVAL);
	return know_it_in_child();
}

static int number_with_idle_advice(void)
{
	deny(SYS_madvise, 0);
	return know_it_in_child();
}

Test(sync_kernel, number_where_no_page_is_wiped)
{
	cr_assert(is_good(status_of(fork, number_without_advice)));
	cr_assert(is_good(status_of(fork, number_with_idle_advice)));
}

/* ---- serialising every processor ------------------------------------------------------- */

static int serialise(void)
{
	return sync_cores(&err) == 0 && sync_cores(NULL) == 0 ? GOOD : BAD;
}

Test(sync_kernel, cores)
{
	/* A child whose parent never asked, one whose parent did, and the parent. */
	cr_assert(is_good(status_of(fork, serialise)));
	cr_assert_eq(serialise(), GOOD, "%s", err.text);
	cr_assert(is_good(status_of(fork, serialise)));
	cr_assert(is_good(status_of(by_clone_call, serialise)));
}

/* The kernel itself, and not only what happens where it is denied. */
Test(sync_kernel, cores_by_membarrier)
{
	const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	if (commands < 0 || !(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE))
		cr_skip("the kernel has no membarrier for instructions");
	const int command = MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
	cr_assert_neq(syscall(SYS_membarrier, command, 0, 0), 0, "registered before anybody asked");
	cr_assert_eq(sync_cores(&err), 0);
	cr_assert_eq(syscall(SYS_membarrier, command, 0, 0), 0);
}

static int membarrier_error; /* what membarrier fails with */
static long denied_too;	     /* a call that is denied as well, or -1 */

static int serialise_denied(void)
{
	deny(SYS_membarrier, membarrier_error);
	if (denied_too < 0)
		return serialise();
	deny(denied_too, EACCES);
	if (sync_cores(&err) != -DF_E_SYSTEM || sync_cores(NULL) != -DF_E_SYSTEM)
		return BAD;
	return err.code == DF_E_SYSTEM && strstr(err.text, strerror(membarrier_error)) &&
			       strstr(err.text, strerror(EACCES))
		       ? GOOD
		       : BAD;
}

static void serialise_without_membarrier(long also)
{
	const int errors[] = {EPERM, ENOSYS, EINVAL};
	denied_too = also;
	for (size_t i = 0; i < COUNT(errors); i++) {
		membarrier_error = errors[i];
		cr_assert(is_good(status_of(fork, serialise_denied)), "%s", strerror(errors[i]));
	}
}

Test(sync_kernel, cores_without_membarrier)
{
	serialise_without_membarrier(-1);
}

/* A filter that denies it to a process that registered before. */
Test(sync_kernel, cores_denied_later)
{
	cr_assert_eq(serialise(), GOOD);
	serialise_without_membarrier(-1);
}

Test(sync_kernel, cores_without_any_way)
{
	serialise_without_membarrier(SYS_mmap);
	serialise_without_membarrier(SYS_munmap);
}
