/* SPDX-License-Identifier: Apache-2.0 */
/* processors.c - making every processor serialise. */
#include "processors.h"

#include <stdio.h>
#include <string.h>

/* 8,192 processors: no kernel for this architecture is built for more (NR_CPUS). */
#define SETS (8192 / CPU_SETSIZE)

/* A set of processors, as large as that. */
struct mask {
	cpu_set_t sets[SETS];
};

void priority_look(struct priority *before)
{
	before->policy = sched_getscheduler(0);
	before->lowest.sched_priority = sched_get_priority_min(SCHED_FIFO);
	before->known = (before->policy == SCHED_OTHER || before->policy == SCHED_BATCH) &&
			sched_getparam(0, &before->param) == 0;
}

void priority_raise(struct priority *before)
{
	before->raised = before->known && sched_setscheduler(0, SCHED_FIFO, &before->lowest) == 0;
}

void priority_restore(struct priority *before)
{
	if (before->raised)
		sched_setscheduler(0, before->policy, &before->param);
	before->raised = false;
}

static bool get_mask(pid_t thread, struct mask *mask)
{
	return sched_getaffinity(thread, sizeof(*mask), mask->sets) == 0;
}

static bool set_mask(const struct mask *mask)
{
	return sched_setaffinity(0, sizeof(*mask), mask->sets) == 0;
}

/* Every processor that the calling thread can be given, which it is. False with nothing done. */
static bool widen(struct mask *before, struct mask *all)
{
	if (!get_mask(0, before))
		return false;
	memset(all, 0xff, sizeof(*all));
	if (!set_mask(all))
		return false;
	if (get_mask(0, all))
		return true;
	set_mask(before);
	return false;
}

static bool go_to(int processor)
{
	struct mask one = {0};
	CPU_SET_S((size_t)processor, sizeof(one), one.sets);
	/* Returns on that processor. */
	return set_mask(&one);
}

/* Comes back at last: where we were, we had a processor, and whoever we met has the others. */
static bool visit(const struct mask *all)
{
	/* Whoever runs here next is switched to from our address space: that is a pass already. */
	const int here = sched_getcpu();
	int left = CPU_COUNT_S(sizeof(*all), all->sets);
	bool visited = true;
	for (int processor = 0; left > 0; processor++) {
		if (!CPU_ISSET_S((size_t)processor, sizeof(*all), all->sets))
			continue;
		left--;
		if (processor != here)
			visited = go_to(processor) && visited;
	}
	go_to(here);
	return visited;
}

/*
 * Above all others for the moment that it takes: a busy real-time thread would keep us from its
 * processor, once we are to run there and nowhere else, for as long as it likes; and nobody could
 * end us either.
 */
static bool visit_first(const struct mask *all)
{
	const struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	struct sched_param before;
	const int policy = sched_getscheduler(0);
	const bool raised = policy >= 0 && sched_getparam(0, &before) == 0 &&
			    sched_setscheduler(0, SCHED_FIFO, &highest) == 0;
	const bool visited = visit(all);
	if (raised)
		sched_setscheduler(0, policy, &before);
	return visited;
}

bool processors_pass(void)
{
	struct mask before, all;
	if (!widen(&before, &all))
		return false;
	const bool visited = visit_first(&all);
	set_mask(&before);
	return visited;
}

/* How many processors run, by the list in sysfs ("0-3,8"); 0 if it cannot be read. */
static int count_online(void)
{
	FILE *list = fopen("/sys/devices/system/cpu/online", "re");
	int count = 0, from, to;
	char behind = ',';
	while (list && behind == ',' && fscanf(list, "%d", &from) == 1) {
		to = from;
		behind = (char)fgetc(list);
		if (behind == '-' && fscanf(list, "%d", &to) == 1)
			behind = (char)fgetc(list);
		count += to - from + 1;
	}
	if (list)
		fclose(list);
	return count;
}

void processors_fetch(pid_t thread)
{
	struct mask one = {0};
	CPU_SET_S((size_t)sched_getcpu(), sizeof(one), one.sets);
	(void)sched_setaffinity(thread, sizeof(one), one.sets);
}

bool processors_reach_all(void)
{
	struct mask before, all;
	if (!widen(&before, &all))
		return false;
	set_mask(&before);
	return CPU_COUNT_S(sizeof(all), all.sets) == count_online();
}

bool processors_reach(pid_t thread)
{
	struct mask before, all, its, both;
	if (!get_mask(thread, &its))
		return true; /* it is gone */
	if (!widen(&before, &all))
		return false;
	set_mask(&before);
	CPU_AND_S(sizeof(both), both.sets, its.sets, all.sets);
	return CPU_EQUAL_S(sizeof(both), both.sets, its.sets);
}
