/* SPDX-License-Identifier: Apache-2.0 */
/* proc_mem.c - the memory of another process, through /proc/PID/mem. */
#include "proc_mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "processors.h"

/* Whether the address space is gone, as a call said: a reading shows that it is not. */
static bool is_gone(int fd, uint64_t addr)
{
	char byte;
	const ssize_t got = pread(fd, &byte, 1, (off_t)addr);
	return got == 0 || (got < 0 && errno == ESRCH);
}

static int transfer_failed(int fd, const char *what, uint64_t addr, int reason, struct df_err *err)
{
	if (reason == ESRCH && is_gone(fd, addr))
		return df_fail(err, DF_E_NO_PROCESS,
			       "the process exited or runs another program by now");
	errno = reason;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot %s memory at %#" PRIx64, what, addr);
}

int proc_mem_read(int fd, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	for (size_t done = 0; done < size;) {
		const ssize_t got =
			pread(fd, (char *)buffer + done, size - done, (off_t)(addr + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return transfer_failed(fd, "read", addr + done, got == 0 ? ESRCH : errno,
					       err);
		done += (size_t)got;
	}
	return 0;
}

/* 0, or the reason as an errno value; *at is where it ended. */
static int write_bytes(int fd, uint64_t *at, const uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t got = pwrite(fd, bytes + done, size - done, (off_t)*at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? ESRCH : errno;
		done += (size_t)got;
		*at += (uint64_t)got;
	}
	return 0;
}

static int write_all(int fd, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	const int reason = write_bytes(fd, &addr, buffer, size);
	return reason == 0 ? 0 : transfer_failed(fd, "write", addr, reason, err);
}

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	const struct proc_mem *memory = context;
	return proc_mem_read(memory->fd, addr, buffer, size, err);
}

/* What we do after our time is up, somebody else may be doing. */
static int check_time(struct proc_mem *memory, struct df_err *err)
{
	if (memory->until == 0 || monotonic_now() < memory->until)
		return 0;
	memory->late = true;
	return df_fail(err, DF_E_TIMEOUT,
		       "the time that it may take to write was over before all was written");
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	struct proc_mem *memory = context;
	const int status = check_time(memory, err);
	return status < 0 ? status : write_all(memory->fd, addr, buffer, size, err);
}

/* ---- text ---- */

/* 1 if the kernel forbids it, 0 if it was written, or an error. */
static int try_text(const struct proc_mem *memory, uint64_t addr, const void *bytes, size_t size,
		    struct df_err *err)
{
	const int reason = write_bytes(memory->fd, &addr, bytes, size);
	if (reason == EIO)
		return 1;
	return reason == 0 ? 0 : transfer_failed(memory->fd, "write", addr, reason, err);
}

int proc_mem_probe(struct proc_mem *memory, uint64_t addr, uint8_t byte, struct df_err *err)
{
	int status = check_time(memory, err);
	if (status == 0)
		status = try_text(memory, addr, &byte, 1, err);
	if (status > 0)
		memory->denied = true;
	return status < 0 ? status : 0;
}

static const uint8_t *bytes_of(const struct df_edit *edit, bool undo)
{
	return undo ? edit->before : edit->after;
}

/* How many edits from the first on fit into one window without a gap of a page. */
static size_t edits_together(const struct df_edit *edits, size_t count)
{
	size_t n = 1;
	while (n < count && edits[n].addr - edits[n - 1].addr < 4096 &&
	       edits[n].addr + edits[n].size - edits[0].addr <= PROC_MEM_WINDOW)
		n++;
	return n;
}

/* As try_text(). */
static int patch_together(struct proc_mem *memory, const struct df_edit *edits, size_t count,
			  bool undo, struct df_err *err)
{
	const uint64_t start = edits[0].addr;
	const size_t size = (size_t)(edits[count - 1].addr + edits[count - 1].size - start);
	if (count == 1)
		return try_text(memory, start, bytes_of(edits, undo), size, err);
	const int status = proc_mem_read(memory->fd, start, memory->window, size, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < count; i++)
		memcpy(memory->window + (edits[i].addr - start), bytes_of(&edits[i], undo),
		       edits[i].size);
	return try_text(memory, start, memory->window, size, err);
}

static int poke_each(struct proc_mem *memory, const struct df_edit *edits, size_t count, bool undo,
		     struct df_err *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < count; i++)
		status = memory->poke(memory->poke_context, edits[i].addr,
				      bytes_of(&edits[i], undo), edits[i].size, err);
	return status;
}

static int patch_some(struct proc_mem *memory, const struct df_edit *edits, size_t count, bool undo,
		      struct df_err *err)
{
	int status = check_time(memory, err);
	if (status == 0)
		status = memory->denied ? 1 : patch_together(memory, edits, count, undo, err);
	if (status <= 0)
		return status;
	memory->denied = true;
	if (memory->poke)
		return poke_each(memory, edits, count, undo, err);
	return df_fail(err, DF_E_SYSTEM,
		       "cannot write memory at %#" PRIx64
		       ": the kernel forbids it (is proc_mem.force_override set?)",
		       edits[0].addr);
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	struct proc_mem *memory = context;
	for (size_t done = 0, together; done < count; done += together) {
		together = memory->together ? edits_together(edits + done, count - done) : 1;
		const int status = patch_some(memory, edits + done, together, undo, err);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Where nobody runs, nobody executes old bytes; what that leaves to do comes after (stopped.c). */
static int serialise(void *context, struct df_err *err)
{
	const struct proc_mem *memory = context;
	if (memory->together || processors_pass())
		return 0;
	return df_fail(err, DF_E_SYSTEM,
		       "cannot run on every processor, to make each of them take "
		       "up the new instructions");
}

void proc_mem_begin(struct proc_mem *memory, int fd)
{
	memory->fd = fd;
	memory->together = false;
	memory->denied = false;
	memory->until = 0;
	memory->late = false;
	memory->poke = NULL;
	memory->poke_context = NULL;
}

struct df_mem proc_mem_interface(struct proc_mem *memory)
{
	return (struct df_mem){
		.context = memory,
		.load = load,
		.store = store,
		.patch = patch,
		.serialise = serialise,
	};
}
