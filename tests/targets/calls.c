/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - a thread in each of the calls that a stop can end with EINTR, which
 * says how often they ended so.
 *
 * Where `go` becomes 1, what all of them wait for happens.
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

#define AWAITED (SIGRTMIN + 1)
#define NONE (-ENOSYS)

static struct target_page *page;
static int event, epoll, semaphore, listener;
static int pair[CALLS][2]; /* the first end has a timeout */
static pthread_t thread[CALLS];
static aio_context_t aio;
static __thread enum call own;

static volatile int64_t *word(enum call_word which, enum call call)
{
	return &page->word[(int)which * CALLS + (int)call];
}

static void on_signal(int number)
{
	(void)number;
	(*word(CALL_HANDLED, own))++;
}

/* ---- one of each ---- */

static long with_socket(enum call call)
{
	char text[4];
	struct iovec part = {.iov_base = text, .iov_len = sizeof(text)};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
	const int fd = pair[call][0];
	switch ((int)call) {
	case CALL_RECVFROM:
		return recv(fd, text, sizeof(text), 0);
	case CALL_RECVMSG:
		return recvmsg(fd, &message.msg_hdr, 0);
	case CALL_RECVMMSG:
		return recvmmsg(fd, &message, 1, 0, NULL);
	case CALL_READ:
		return read(fd, text, sizeof(text));
	default:
		return readv(fd, &part, 1);
	}
}

static long wait_for_signal(const struct timespec *timeout)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, AWAITED);
	return sigtimedwait(&set, NULL, timeout);
}

static long in_aio(void)
{
	struct io_event done;
	return syscall(SYS_io_getevents, aio, 1, 1, &done, NULL);
}

static int uring(void)
{
	struct io_uring_params params = {0};
	return (int)syscall(SYS_io_uring_setup, 4, &params);
}

static long make_call(enum call call)
{
	static __thread int ring = -1;
	const struct timespec hour = {.tv_sec = 3600};
	struct sembuf down = {.sem_num = 0, .sem_op = -1};
	struct epoll_event happened;
	struct pollfd wanted = {.fd = event, .events = POLLIN};
	sigset_t mask;
	sigemptyset(&mask);
	switch (call) {
	case CALL_EPOLL_WAIT:
		return epoll_wait(epoll, &happened, 1, -1);
	case CALL_EPOLL_WAIT_TIMEOUT:
		return epoll_wait(epoll, &happened, 1, 3600000);
	case CALL_EPOLL_PWAIT:
		return epoll_pwait(epoll, &happened, 1, 3600000, &mask);
	case CALL_EPOLL_PWAIT2:
		return syscall(SYS_epoll_pwait2, epoll, &happened, 1, &hour, &mask, 8);
	case CALL_SIGTIMEDWAIT:
		return wait_for_signal(&hour);
	case CALL_SIGWAITINFO:
		return wait_for_signal(NULL);
	case CALL_SEMOP:
		return semop(semaphore, &down, 1);
	case CALL_SEMTIMEDOP:
		return semtimedop(semaphore, &down, 1, &hour);
	case CALL_ACCEPT:
		return accept(listener, NULL, NULL);
	case CALL_ACCEPT4:
		return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	case CALL_IO_GETEVENTS:
		return in_aio();
	case CALL_IO_URING_ENTER:
		ring = ring < 0 ? uring() : ring;
		return syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	case CALL_POLL:
		return poll(&wanted, 1, 3600000);
	case CALL_FUTEX:
		return syscall(SYS_futex, &page->go, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	default:
		return with_socket(call);
	}
}

static void *live_in(void *number)
{
	own = (enum call)(intptr_t)number;
	*word(CALL_ID, own) = gettid();
	__atomic_fetch_add(&page->checked, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		errno = 0;
		const long result = make_call(own);
		if (result < 0 && errno == EINTR) {
			(*word(CALL_EINTR, own))++;
			continue;
		}
		*word(CALL_RESULT, own) = result < 0 ? -errno : result;
		(*word(CALL_ENDED, own))++;
		for (;;)
			pause();
	}
	return NULL;
}

/* ---- a call of 32-bit programs ---- */

static long int80(long number, long a, long b, long c, long d, long e)
{
	long result = number;
	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static int has_int80(void)
{
	int status;
	const pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(int80(20 /* getpid */, 0, 0, 0, 0, 0) == getpid() ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

/* 441 is epoll_pwait2 in both; pointers are cut to 32 bits. */
static void *live_in_int80(void *unused)
{
	void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		abort();
	page->word[CALLS_INT80] = 2;
	__atomic_fetch_add(&page->checked, 1, __ATOMIC_SEQ_CST);
	for (;;)
		if (int80(441, epoll, (long)(intptr_t)low, 1, 0, 0) == -EINTR)
			page->word[CALLS_INT80]++;
	return unused;
}

/* ---- all of them ---- */

static void give_timeout(int fd)
{
	const struct timeval hour = {.tv_sec = 3600};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour)) != 0)
		abort();
}

/* Semaphores outlive us, so a child removes it once the kernel closes our end of a pipe. */
static int make_semaphore(void)
{
	int alive[2];
	char byte;
	const int id = semget(IPC_PRIVATE, 1, 0600);
	if (id < 0 || pipe2(alive, O_CLOEXEC) != 0)
		abort();
	const pid_t child = fork();
	if (child < 0)
		abort();
	if (child > 0)
		return id;
	close(alive[1]);
	while (read(alive[0], &byte, 1) < 0)
		;
	semctl(id, 0, IPC_RMID);
	_exit(0);
}

static void prepare(void)
{
	struct epoll_event wanted = {.events = EPOLLIN};
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;
	event = eventfd(0, 0);
	epoll = epoll_create1(0);
	semaphore = make_semaphore();
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted) != 0 || listen(listener, 8) != 0)
		abort();
	give_timeout(listener);
	for (int i = CALL_RECVFROM; i <= CALL_READV; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]) != 0)
			abort();
		give_timeout(pair[i][0]);
	}
	sigemptyset(&set);
	sigaddset(&set, AWAITED);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

static int is_there(int call)
{
	if (call == CALL_IO_GETEVENTS)
		return syscall(SYS_io_setup, 1, &aio) == 0;
	if (call == CALL_IO_URING_ENTER) {
		const int ring = uring();
		close(ring);
		return ring >= 0;
	}
	if (call == CALL_EPOLL_PWAIT2)
		return syscall(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, 8) < 0 && errno != ENOSYS;
	return 1;
}

static void finish(void)
{
	struct sembuf up = {.sem_num = 0, .sem_op = 2};
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	const uint64_t one = 1;
	(void)!write(event, &one, sizeof(one));
	semop(semaphore, &up, 1);
	getsockname(listener, (struct sockaddr *)&address, &size);
	for (int i = 0; i < 2; i++)
		connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, size);
	for (int i = CALL_RECVFROM; i <= CALL_READV; i++)
		(void)!write(pair[i][1], "abc", 3);
	pthread_kill(thread[CALL_SIGTIMEDWAIT], AWAITED);
	pthread_kill(thread[CALL_SIGWAITINFO], AWAITED);
	syscall(SYS_futex, &page->go, 1 /* FUTEX_WAKE */, 8, NULL, NULL, 0);
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	nanosleep(&pause, NULL);
}

int main(void)
{
	pthread_t other;
	uint64_t started = 0;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	page->value[0] = DF_FEATURE(calls, flag);
	prepare();
	page->word[CALLS_INT80] = 1;
	if (has_int80()) {
		started++;
		if (pthread_create(&other, NULL, live_in_int80, NULL) != 0)
			abort();
	}
	for (int i = 0; i < CALLS; i++) {
		if (!is_there(i))
			continue;
		started++;
		if (pthread_create(&thread[i], NULL, live_in, (void *)(intptr_t)i) != 0)
			abort();
	}
	while (page->checked < started)
		nap();
	page->ready = 1;
	while (!page->go)
		nap();
	finish();
	for (;;)
		pause();
}
