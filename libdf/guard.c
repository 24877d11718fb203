/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - one thread at a time in this copy of libdf, and no fork meanwhile. */
#include "guard.h"

#include <pthread.h>

#include "loaded.h"
#include "self.h"
#include "self_mem.h"
#include "sync.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

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
	self_mem_forked();
	self_forked();
	loaded_in_child();
}

/* If it fails, for want of memory, forks are what they are to a program without it. */
static void watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

void guard_enter(void)
{
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&mutex);
}

void guard_leave(void)
{
	pthread_mutex_unlock(&mutex);
}
