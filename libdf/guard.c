/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - no fork while this copy of libdf is at work. */
#include "guard.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "draft.h"
#include "latch.h"
#include "loaded.h"
#include "self_mem.h"
#include "sync.h"
#include "wishes.h"

/*
 * In pauses of 100 us: how long a fork waits for work, work for forks that wait and for
 * one that is under way, and a copy that is unloaded for threads in its handlers. None
 * waits for ever: glibc may call a handler once more when its object has gone and another
 * one lies there, and then never the one that belongs to it.
 */
#define FORK_PATIENCE 20000
#define WORK_PATIENCE 100
#define CLOSED_PATIENCE 20000
#define END_PATIENCE 2000
#define LAST_MOMENT 10

/* So many threads at work are known by name; a fork waits for more of them just the same. */
#define NAMED 64

static pthread_t named[NAMED]; /* threads at work, each as often as it entered; 0 for nobody */
static unsigned unnamed;       /* those for whom there was no room */
static unsigned begun;	       /* forks, those that still wait too, */
static unsigned ended;	       /* and those of them that are over */
static unsigned handlers;      /* threads in a handler just now */
static pthread_t closer;       /* whose fork is past that: nobody begins to work; else 0 */
static unsigned within;	       /* forks that the closer's own handlers make meanwhile */
static bool watching;	       /* handlers are registered; the latch's */

/*
 * No thread-local storage: the handlers may run while this copy is being unloaded, and
 * glibc cannot look up such storage then.
 */
_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "a pthread_t is a word here");

static void pause_briefly(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static unsigned count(const unsigned *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* ---- who is at work ---- */

static pthread_t name_at(size_t place)
{
	return __atomic_load_n(&named[place], __ATOMIC_SEQ_CST);
}

static bool works(void)
{
	for (size_t i = 0; i < NAMED; i++)
		if (name_at(i) == pthread_self())
			return true;
	return false;
}

static bool nobody_works(void)
{
	for (size_t i = 0; i < NAMED; i++)
		if (name_at(i) != 0)
			return false;
	return count(&unnamed) == 0;
}

static void sign_in(void)
{
	for (size_t i = 0; i < NAMED; i++) {
		pthread_t nobody = 0;
		if (name_at(i) == nobody &&
		    __atomic_compare_exchange_n(&named[i], &nobody, pthread_self(), false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
	}
	__atomic_fetch_add(&unnamed, 1, __ATOMIC_SEQ_CST);
}

/* In a child of a signal handler that found no room for its thread, `unnamed` is 0. */
static void sign_out(void)
{
	for (size_t i = 0; i < NAMED; i++)
		if (name_at(i) == pthread_self()) {
			__atomic_store_n(&named[i], 0, __ATOMIC_SEQ_CST);
			return;
		}
	if (count(&unnamed) > 0)
		__atomic_fetch_sub(&unnamed, 1, __ATOMIC_SEQ_CST);
}

/* In a forked child: of all threads there is but this one. */
static void sign_others_out(void)
{
	for (size_t i = 0; i < NAMED; i++)
		if (named[i] != pthread_self())
			named[i] = 0;
	unnamed = 0;
}

/* ---- forks ---- */

/* Waits for the forks that have begun, and not for those to come, for so many pauses. */
static void await_forks(int pauses)
{
	const unsigned all = count(&begun);
	while ((int)(count(&ended) - all) < 0 && pauses-- > 0)
		pause_briefly();
}

static bool is_closed(void)
{
	return __atomic_load_n(&closer, __ATOMIC_SEQ_CST) != 0;
}

static bool closed_by_us(void)
{
	return __atomic_load_n(&closer, __ATOMIC_SEQ_CST) == pthread_self();
}

static void open_guard(void)
{
	__atomic_store_n(&closer, 0, __ATOMIC_SEQ_CST);
}

/* Each side writes its own word and then reads the other's: never do both go on. */
static bool close_guard(void)
{
	pthread_t nobody = 0;
	if (!__atomic_compare_exchange_n(&closer, &nobody, pthread_self(), false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	if (nobody_works())
		return true;
	open_guard();
	return false;
}

/*
 * A signal handler that forks in the middle of our own work cannot wait for it; the child
 * had better not flip flags. Nor is anything of the loader's asked for here: it may be
 * unloading this very copy.
 */
static void await_work(void)
{
	bool waited = false;
	for (int i = 0; !works() && !waited && i < FORK_PATIENCE; i++) {
		waited = close_guard();
		if (!waited)
			pause_briefly();
	}
	if (waited)
		loaded_before_fork();
}

static void before_fork(void)
{
	__atomic_fetch_add(&handlers, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&begun, 1, __ATOMIC_SEQ_CST);
	if (closed_by_us())
		within++;
	else
		await_work();
	__atomic_fetch_sub(&handlers, 1, __ATOMIC_SEQ_CST);
}

static void in_parent(void)
{
	__atomic_fetch_add(&handlers, 1, __ATOMIC_SEQ_CST);
	if (closed_by_us() && within > 0)
		within--;
	else if (closed_by_us())
		open_guard();
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&handlers, 1, __ATOMIC_SEQ_CST);
}

/* In the child no function of the loader is safe: another thread may have held its lock. */
static void in_child(void)
{
	if (!works())
		latch_reset();
	sync_forked();
	self_mem_forget();
	loaded_in_child();
	sign_others_out();
	ended = begun;
	handlers = 0;
	within = 0;
	open_guard();
}

/*
 * When this copy is unloaded: glibc runs this first, then forgets the handlers, then calls
 * the destructors. A fork that is under way is still to be told of its end.
 */
static void before_end(void *unused)
{
	(void)unused;
	await_forks(END_PATIENCE);
}

/* What atexit(3) is made of (Itanium C++ ABI, 3.3.6); that does not know of unloading everywhere.
 */
int __cxa_atexit(void (*function)(void *), void *argument, void *object);
extern void *__dso_handle __attribute__((__visibility__("hidden")));

/* If it fails, for want of memory, forks are what they are to a program without it. */
static void watch_forks(void)
{
	latch_lock();
	if (!watching) {
		pthread_atfork(before_fork, in_parent, in_child);
		__cxa_atexit(before_end, NULL, &__dso_handle);
	}
	__atomic_store_n(&watching, true, __ATOMIC_RELEASE);
	latch_unlock();
}

/*
 * As early as can be: so that handlers of the program's are younger, and wait for locks of
 * its own before nobody begins to work any more, and not the other way round; and that no
 * fork is under way that knows of no handler when the first thread comes to work.
 */
static __attribute__((__constructor__(101))) void at_start(void)
{
	watch_forks();
}

/* ---- work ---- */

static bool open_to_work(void)
{
	sign_in();
	if (!is_closed())
		return true;
	sign_out();
	return false;
}

static void begin_work(void)
{
	for (int i = 0; i < CLOSED_PATIENCE; i++) {
		if (open_to_work())
			return;
		pause_briefly();
	}
	sign_in();
}

void guard_enter(void)
{
	if (!__atomic_load_n(&watching, __ATOMIC_ACQUIRE))
		watch_forks();
	if (closed_by_us()) {
		sign_in();
		return;
	}
	/* Threads that flip without a pause would let no fork by. */
	await_forks(WORK_PATIENCE);
	begin_work();
}

void guard_leave(void)
{
	sign_out();
}

int guard_enter_shielded(void)
{
	int state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	guard_enter();
	return state;
}

void guard_leave_shielded(int state)
{
	guard_leave();
	pthread_setcancelstate(state, NULL);
}

/* ---- the end ---- */

/*
 * When the shared object that holds this copy is unloaded, or the program ends: gives
 * back the descriptor and the memory. Threads that still run may come after that and
 * find all as at the start. If one is at work just now, the program ends with it. Last of
 * all destructors, since the others may call libdf. A thread that is in a handler above all
 * the same is waited for, before it is unmapped.
 */
static __attribute__((__destructor__(101))) void at_end(void)
{
	await_forks(LAST_MOMENT);
	for (int i = 0; count(&handlers) > 0 && i < END_PATIENCE; i++)
		pause_briefly();
	if (!latch_try())
		return;
	self_mem_forget();
	draft_forget();
	loaded_forget();
	wishes_forget();
	latch_unlock();
}
