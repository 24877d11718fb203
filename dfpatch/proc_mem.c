/* SPDX-License-Identifier: Apache-2.0 */
/* proc_mem.c - the memory of another process, through /proc/PID/mem. */
#include "proc_mem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "processors.h"

static int transfer_failed(const char *what, uint64_t addr, ssize_t got, struct df_err *err)
{
	if (got == 0 || errno == ESRCH)
		return df_fail(err, DF_E_NO_PROCESS,
			       "the process exited or runs another program by now");
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
			return transfer_failed("read", addr + done, got, err);
		done += (size_t)got;
	}
	return 0;
}

static int write_all(int fd, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	for (size_t done = 0; done < size;) {
		const ssize_t got =
			pwrite(fd, (const char *)buffer + done, size - done, (off_t)(addr + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return transfer_failed("write", addr + done, got, err);
		done += (size_t)got;
	}
	return 0;
}

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	const struct proc_mem *memory = context;
	return proc_mem_read(memory->fd, addr, buffer, size, err);
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	const struct proc_mem *memory = context;
	return write_all(memory->fd, addr, buffer, size, err);
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

static int patch_together(struct proc_mem *memory, const struct df_edit *edits, size_t count,
			  bool undo, struct df_err *err)
{
	const uint64_t start = edits[0].addr;
	const size_t size = (size_t)(edits[count - 1].addr + edits[count - 1].size - start);
	const int status =
		count == 1 ? 0 : proc_mem_read(memory->fd, start, memory->window, size, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < count; i++)
		memcpy(memory->window + (edits[i].addr - start),
		       undo ? edits[i].before : edits[i].after, edits[i].size);
	return write_all(memory->fd, start, memory->window, size, err);
}

static int patch(void *context, const struct df_edit *edits, size_t count, bool undo,
		 struct df_err *err)
{
	struct proc_mem *memory = context;
	for (size_t done = 0, together; done < count; done += together) {
		together = edits_together(edits + done, count - done);
		const int status = patch_together(memory, edits + done, together, undo, err);
		if (status < 0)
			return status;
	}
	return 0;
}

static int serialise(void *context, struct df_err *err)
{
	(void)context;
	(void)err;
	processors_pass();
	return 0;
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
