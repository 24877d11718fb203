/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - one thread at a time in this copy of libdf, and no fork meanwhile. */
#include "guard.h"

#include <pthread.h>
#include <stdbool.h>

#include "draft.h"
#include "loaded.h"
#include "self_mem.h"
#include "sync.h"
#include "wishes.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool watching; /* forks */

/*
 * A fork waits for the operation under way, so that the child finds every module that
 * this copy works on at rest and unlocked.
 */
static void before_fork(void)
{
	pthread_mutex_lock(&mutex);
	loaded_before_fork();
}

static void in_parent(void)
{
	pthread_mutex_unlock(&mutex);
}

/* In the child no function of the loader is safe: another thread may have held its lock. */
static void in_child(void)
{
	pthread_mutex_init(&mutex, NULL);
	sync_forked();
	self_mem_forget();
	loaded_in_child();
}

/* If it fails, for want of memory, forks are what they are to a program without it. */
static void watch_forks(void)
{
	watching = true;
	pthread_atfork(before_fork, in_parent, in_child);
}

/*
 * When the shared object that holds this copy is unloaded, or the program ends: gives
 * back the descriptor and the memory. Threads that still run may come after that and
 * find all as at the start. If one is at work just now, the program ends with it. Last of
 * all destructors, since the others may call libdf.
 */
static __attribute__((__destructor__(101))) void at_end(void)
{
	if (pthread_mutex_trylock(&mutex) != 0)
		return;
	self_mem_forget();
	draft_forget();
	loaded_forget();
	wishes_forget();
	pthread_mutex_unlock(&mutex);
}

void guard_enter(void)
{
	pthread_mutex_lock(&mutex);
	if (!watching)
		watch_forks();
}

void guard_leave(void)
{
	pthread_mutex_unlock(&mutex);
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
