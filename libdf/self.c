/* SPDX-License-Identifier: Apache-2.0 */
/* self.c - this very process as the core sees programs. */
#include "self.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "self_mem.h"
#include "sync.h"

/*
 * Other copies of libdf in the process look at some words without the module's lock: at
 * `lock` itself, at the generation, and df_list() at counts. So whatever lies in whole
 * words is read and written in such; the rest belongs to whoever has the lock.
 */
typedef uint64_t word __attribute__((__may_alias__));
typedef uint32_t half __attribute__((__may_alias__));

static bool is_aligned(uint64_t addr, size_t size)
{
	return addr % size == 0;
}

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	uint8_t *to = buffer;
	(void)context;
	(void)err;
	for (; size >= sizeof(word) && is_aligned(addr, sizeof(word)); size -= sizeof(word)) {
		const word value = __atomic_load_n((const word *)(uintptr_t)addr, __ATOMIC_RELAXED);
		memcpy(to, &value, sizeof(value));
		to += sizeof(value);
		addr += sizeof(value);
	}
	memcpy(to, (const void *)(uintptr_t)addr, size);
	return 0;
}

/*
 * A controller outside reads these words when every thread stands still, so only the
 * compiler could bring them out of order: x86 shows stores in the order of the program.
 */
static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	const uint8_t *from = buffer;
	(void)context;
	(void)err;
	for (; size >= sizeof(word) && is_aligned(addr, sizeof(word)); size -= sizeof(word)) {
		word value;
		memcpy(&value, from, sizeof(value));
		__atomic_store_n((word *)(uintptr_t)addr, value, __ATOMIC_RELEASE);
		from += sizeof(value);
		addr += sizeof(value);
	}
	if (size == sizeof(half) && is_aligned(addr, sizeof(half))) {
		half value;
		memcpy(&value, from, sizeof(value));
		__atomic_store_n((half *)(uintptr_t)addr, value, __ATOMIC_RELEASE);
		size = 0;
	}
	memcpy((void *)(uintptr_t)addr, from, size);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
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

/*
 * Asked for once by each thread: getpid(2) is a system call, and a commit without others
 * makes none. A child, however it was forked off, is told by the number of its thread.
 */
static _Thread_local struct {
	uint32_t thread;
	uint32_t process;
} known;

struct df_stamp self_stamp(void)
{
	struct timespec now;
	const uint32_t thread = sync_thread();
	clock_gettime(CLOCK_REALTIME, &now);
	if (known.thread != thread) {
		known.thread = thread;
		known.process = (uint32_t)getpid();
	}
	return (struct df_stamp){
		.now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.pid = known.process,
	};
}
