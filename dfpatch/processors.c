/* SPDX-License-Identifier: Apache-2.0 */
/* processors.c - making every processor serialise. */
#include "processors.h"

#include <sched.h>
#include <stdbool.h>

void processors_pass(void)
{
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	const struct sched_param realtime = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	const int policy = sched_getscheduler(0);
	struct sched_param before;
	const bool raised = policy >= 0 && sched_getparam(0, &before) == 0 &&
			    sched_setscheduler(0, SCHED_FIFO, &realtime) == 0;
	for (size_t processor = 0; processor < CPU_SETSIZE; processor++) {
		if (!CPU_ISSET(processor, &allowed))
			continue;
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(processor, &one);
		/* Returns on that processor. */
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
	if (raised)
		sched_setscheduler(0, policy, &before);
}
