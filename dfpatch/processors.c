/* SPDX-License-Identifier: Apache-2.0 */
/* processors.c - making every processor serialise. */
#include "processors.h"

void priority_raise(struct priority *before)
{
	const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	before->policy = sched_getscheduler(0);
	before->raised = (before->policy == SCHED_OTHER || before->policy == SCHED_BATCH) &&
			 sched_getparam(0, &before->param) == 0 &&
			 sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

void priority_restore(struct priority *before)
{
	if (before->raised)
		sched_setscheduler(0, before->policy, &before->param);
	before->raised = false;
}

void processors_pass(void)
{
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	/* Whoever runs here next is switched to from our address space: that is a pass already. */
	const int here = sched_getcpu();
	for (size_t processor = 0; processor < CPU_SETSIZE; processor++) {
		if (!CPU_ISSET(processor, &allowed) || (int)processor == here)
			continue;
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(processor, &one);
		/* Returns on that processor. */
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
}
