/* SPDX-License-Identifier: Apache-2.0 */
/* self.c - this very process as the core sees programs. */
#include "self.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "self_mem.h"
#include "sync.h"

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	(void)err;
	memcpy(buffer, (const void *)(uintptr_t)addr, size);
	return 0;
}

/*
 * A controller outside reads these words when every thread stands still, so only the
 * compiler could bring them out of order: x86 shows stores in the order of the program.
 */
static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	(void)err;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (size == sizeof(uint32_t))
		__atomic_store_n((uint32_t *)(uintptr_t)addr, *(const uint32_t *)buffer,
				 __ATOMIC_RELEASE);
	else
		memcpy((void *)(uintptr_t)addr, buffer, size);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return 0;
}

/* Few at a time, for recovery: each edit has its own base. */
static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		const struct self_edit edit = {.before = edits[i].before[0],
					       .after = edits[i].after[0]};
		const int status = self_mem_write((const uint8_t *)(uintptr_t)edits[i].addr, &edit,
						  1, undo, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int serialise(void *context, struct df_err *err)
{
	(void)context;
	return sync_cores(err);
}

const struct df_mem self_memory = {
	.load = load,
	.store = store,
	.patch = patch,
	.serialise = serialise,
};

/* Asked for once: getpid(2) is a system call, and a commit without others makes none. */
static uint32_t process;

struct df_stamp self_stamp(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (process == 0)
		process = (uint32_t)getpid();
	return (struct df_stamp){
		.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.pid = process,
	};
}

void self_forked(void)
{
	process = 0;
}
