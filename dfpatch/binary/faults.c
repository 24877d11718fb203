/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c - what a proof finds, with its places. */
#include "faults.h"

#include <stdlib.h>

#define ROOM_MAX (2 * (size_t)FAULTS_MAX)

void faults_begin(struct faults *faults)
{
	*faults = (struct faults){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static int in_order(const void *a, const void *b)
{
	const struct fault *left = a, *right = b;
	if (left->site != right->site)
		return left->site < right->site ? -1 : 1;
	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return (left->where > right->where) - (left->where < right->where);
}

/* What is dropped comes behind FAULTS_MAX others, and so would at the end. */
static void compact(struct faults *f)
{
	size_t count = 0;
	if (f->count > 0)
		qsort(f->list, f->count, sizeof(*f->list), in_order);
	for (size_t i = 0; i < f->count && count < FAULTS_MAX; i++)
		if (count == 0 || f->list[count - 1].site != f->list[i].site ||
		    f->list[count - 1].kind != f->list[i].kind)
			f->list[count++] = f->list[i];
	f->count = count;
}

static bool make_room(struct faults *f)
{
	if (f->count < f->room)
		return true;
	if (f->room == ROOM_MAX) {
		compact(f);
		return true;
	}
	const size_t room = f->room ? 2 * f->room : 64;
	struct fault *larger = realloc(f->list, room * sizeof(*larger));
	if (!larger) {
		f->no_memory = true;
		return false;
	}
	f->list = larger;
	f->room = room;
	return true;
}

void faults_add(struct faults *faults, const struct fault *fault)
{
	pthread_mutex_lock(&faults->lock);
	if (make_room(faults))
		faults->list[faults->count++] = *fault;
	pthread_mutex_unlock(&faults->lock);
}

bool faults_settle(struct faults *faults)
{
	compact(faults);
	return !faults->no_memory;
}

void faults_free(struct faults *faults)
{
	free(faults->list);
	faults->list = NULL;
	faults->count = faults->room = 0;
}
