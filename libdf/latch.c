/* SPDX-License-Identifier: Apache-2.0 */
/* latch.c - one thread at a time in what this copy of libdf keeps. */
#include "latch.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void latch_lock(void)
{
	pthread_mutex_lock(&mutex);
}

bool latch_try(void)
{
	return pthread_mutex_trylock(&mutex) == 0;
}

void latch_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

void latch_reset(void)
{
	pthread_mutex_init(&mutex, NULL);
}
