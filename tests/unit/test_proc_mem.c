/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/proc_mem.c on a child that holds still and shares nothing but its birth. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc_mem.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define PAGE 4096u
#define PAGES 64u

/* A child whose pages at `area` are as ours were, and its memory. */
struct child {
	pid_t pid;
	struct proc_mem memory;
	struct df_mem mem;
	uint8_t *area;
};

static uint8_t byte_at(size_t offset)
{
	return (uint8_t)(offset * 13 + offset / PAGE);
}

static void begin(struct child *c, int prot)
{
	char path[32];
	c->area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	cr_assert(c->area != MAP_FAILED);
	for (size_t i = 0; i < PAGES * PAGE; i++)
		c->area[i] = byte_at(i);
	cr_assert_eq(mprotect(c->area, PAGES * PAGE, prot), 0);
	c->pid = fork();
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", c->pid);
	proc_mem_begin(&c->memory, open(path, O_RDWR | O_CLOEXEC));
	c->memory.together = true;
	cr_assert_geq(c->memory.fd, 0);
	c->mem = proc_mem_interface(&c->memory);
}

static void kill_child(struct child *c)
{
	if (c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

static void end(struct child *c)
{
	kill_child(c);
	close(c->memory.fd);
	munmap(c->area, PAGES * PAGE);
}

static uint64_t addr(const struct child *c, size_t offset)
{
	return (uintptr_t)c->area + offset;
}

static int load(struct child *c, size_t offset, void *to, size_t size, struct df_err *err)
{
	return c->mem.load(c->mem.context, addr(c, offset), to, size, err);
}

Test(proc_mem, load_and_store)
{
	static struct child c;
	static uint8_t bytes[3 * PAGE];
	struct df_err err = {0};
	begin(&c, PROT_READ | PROT_WRITE);
	cr_assert_eq(load(&c, 100, bytes, sizeof(bytes), &err), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(bytes); i++)
		cr_assert_eq(bytes[i], byte_at(100 + i), "%zu", i);
	cr_assert_eq(c.mem.store(c.mem.context, addr(&c, PAGE - 2), "wxyz", 4, &err), 0, "%s",
		     err.text);
	cr_assert_eq(load(&c, PAGE - 3, bytes, 6, &err), 0, "%s", err.text);
	cr_expect(memcmp(bytes + 1, "wxyz", 4) == 0);
	cr_expect(bytes[0] == byte_at(PAGE - 3) && bytes[5] == byte_at(PAGE + 2));
	cr_expect_eq(c.area[PAGE - 2], byte_at(PAGE - 2), "ours is not the child's");
	end(&c);
}

/* Text is written through its protection, and becomes a private copy of the child's. */
Test(proc_mem, patch_of_protected_pages)
{
	static struct child c;
	/* Singles, neighbours within a page and across it, gaps of pages, the ends of the area. */
	static const size_t offsets[] = {0,
					 1,
					 2,
					 500,
					 PAGE - 1,
					 PAGE,
					 2 * PAGE + 7,
					 5 * PAGE,
					 9 * PAGE + 1,
					 20 * PAGE,
					 21 * PAGE - 1,
					 PAGES * PAGE - 1};
	struct df_edit edits[COUNT(offsets)];
	static uint8_t bytes[PAGES * PAGE], want[PAGES * PAGE];
	struct df_err err = {0};
	begin(&c, PROT_READ | PROT_EXEC);
	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = byte_at(i);
	for (size_t i = 0; i < COUNT(offsets); i++) {
		edits[i] = (struct df_edit){.addr = addr(&c, offsets[i]), .size = 1};
		edits[i].before[0] = byte_at(offsets[i]);
		edits[i].after[0] = (uint8_t)(0xe0 + i);
		want[offsets[i]] = edits[i].after[0];
	}
	cr_assert_eq(c.mem.patch(c.mem.context, edits, COUNT(edits), false, &err), 0, "%s",
		     err.text);
	cr_assert_eq(load(&c, 0, bytes, sizeof(bytes), &err), 0, "%s", err.text);
	cr_expect(memcmp(bytes, want, sizeof(want)) == 0, "all edits, and nothing else");
	cr_assert_eq(c.mem.patch(c.mem.context, edits, COUNT(edits), true, &err), 0, "%s",
		     err.text);
	cr_assert_eq(load(&c, 0, bytes, sizeof(bytes), &err), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(bytes); i++)
		cr_assert_eq(bytes[i], byte_at(i), "undone at %zu", i);
	end(&c);
}

/* More neighbouring edits than the window holds, of several sizes. */
Test(proc_mem, a_long_run_of_edits)
{
	enum { EDITS = PAGES * PAGE / 64 };
	static struct child c;
	static struct df_edit edits[EDITS];
	static uint8_t bytes[PAGES * PAGE];
	struct df_err err = {0};
	_Static_assert(PAGES * PAGE > 2 * PROC_MEM_WINDOW, "several windows");
	begin(&c, PROT_READ);
	for (size_t i = 0; i < EDITS; i++) {
		edits[i] = (struct df_edit){.addr = addr(&c, i * 64 + 60),
					    .size = (uint8_t)(i % 4 + 1),
					    .after = {1, 2, 3, 4}};
	}
	cr_assert_eq(c.mem.patch(c.mem.context, edits, EDITS, false, &err), 0, "%s", err.text);
	cr_assert_eq(load(&c, 0, bytes, sizeof(bytes), &err), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		const size_t within = i % 64;
		const bool written = within >= 60 && within - 60 < i / 64 % 4 + 1;
		cr_assert_eq(bytes[i], written ? within - 59 : byte_at(i), "%zu", i);
	}
	end(&c);
}

Test(proc_mem, no_edits)
{
	static struct child c;
	struct df_err err = {0};
	begin(&c, PROT_READ);
	cr_expect_eq(c.mem.patch(c.mem.context, NULL, 0, false, &err), 0);
	cr_expect_eq(c.mem.serialise(c.mem.context, &err), 0);
	end(&c);
}

Test(proc_mem, what_is_not_mapped)
{
	static struct child c;
	uint8_t bytes[8];
	struct df_err err = {0};
	begin(&c, PROT_READ | PROT_WRITE);
	cr_expect_eq(proc_mem_read(c.memory.fd, 0, bytes, 8, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "read memory at"), "%s", err.text);
	cr_expect_eq(proc_mem_read(c.memory.fd, UINT64_MAX - 7, bytes, 8, &err), -(int)DF_E_SYSTEM);
	cr_expect_eq(c.mem.store(c.mem.context, 8, bytes, 8, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "write memory at 0x8"), "%s", err.text);
	cr_expect_eq(proc_mem_read(-1, addr(&c, 0), bytes, 8, &err), -(int)DF_E_SYSTEM);
	cr_expect_eq(proc_mem_read(c.memory.fd, addr(&c, 0), bytes, 8, NULL), 0, "no error wanted");
	end(&c);
}

Test(proc_mem, a_process_that_is_gone)
{
	static struct child c;
	const struct df_edit edit = {.size = 1};
	uint8_t bytes[8];
	struct df_err err = {0};
	begin(&c, PROT_READ | PROT_WRITE);
	kill_child(&c);
	cr_expect_eq(load(&c, 0, bytes, 8, &err), -(int)DF_E_NO_PROCESS, "%s", err.text);
	cr_expect_eq(c.mem.store(c.mem.context, addr(&c, 0), bytes, 8, &err), -(int)DF_E_NO_PROCESS,
		     "%s", err.text);
	struct df_edit there = edit;
	there.addr = addr(&c, 0);
	cr_expect_eq(c.mem.patch(c.mem.context, &there, 1, false, &err), -(int)DF_E_NO_PROCESS,
		     "%s", err.text);
	end(&c);
}

/* Writing that gives nothing, as where the address space is gone, though it can be read. */
static bool writes_give_nothing;

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return writes_give_nothing ? 0 : syscall(SYS_pwrite64, fd, bytes, size, at);
}

Test(proc_mem, a_process_that_only_seems_gone)
{
	static struct child c;
	const uint8_t byte = 1;
	struct df_err err = {0};
	begin(&c, PROT_READ | PROT_WRITE);
	writes_give_nothing = true;
	cr_expect_eq(c.mem.store(c.mem.context, addr(&c, 0), &byte, 1, &err), -(int)DF_E_SYSTEM,
		     "%s", err.text);
	writes_give_nothing = false;
	end(&c);
}

/* Memory that ends in the middle of a transfer is an error and not a short success. */
Test(proc_mem, a_transfer_that_ends_early)
{
	static struct child c;
	static uint8_t bytes[2 * PAGE];
	struct df_err err = {0};
	uint8_t *hole =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(hole != MAP_FAILED && munmap(hole + PAGE, PAGE) == 0);
	begin(&c, PROT_READ);
	/* Elsewhere may have been mapped by begin(); then there is no hole to read from. */
	if ((uintptr_t)c.area >= (uintptr_t)hole + 2 * PAGE ||
	    (uintptr_t)c.area + PAGES * PAGE <= (uintptr_t)hole + PAGE) {
		cr_expect_eq(proc_mem_read(c.memory.fd, (uintptr_t)hole, bytes, PAGE, &err), 0);
		cr_expect_eq(proc_mem_read(c.memory.fd, (uintptr_t)hole, bytes, PAGE + 1, &err),
			     -(int)DF_E_SYSTEM, "%s", err.text);
	}
	end(&c);
}

/* ---- limits, and other ways ---- */

static struct {
	uint64_t addr;
	uint8_t bytes[4];
	size_t size, calls;
} poked;

static int poke(void *context, uint64_t at, const void *bytes, size_t size, struct df_err *err)
{
	(void)err;
	cr_assert(context == &poked && size <= sizeof(poked.bytes));
	poked.addr = at;
	poked.size = size;
	memcpy(poked.bytes, bytes, size);
	poked.calls++;
	return 0;
}

/* What is not mapped gives EIO, as does text where the kernel forbids to write it. */
Test(proc_mem, what_the_kernel_forbids_is_poked)
{
	static struct child c;
	const struct df_edit edit = {.addr = 4096, .size = 2, .before = {5, 6}, .after = {7, 8}};
	struct df_edit there = edit;
	struct df_err err = {0};
	uint8_t byte = 0;
	begin(&c, PROT_READ);
	cr_expect_eq(proc_mem_probe(&c.memory, addr(&c, 9), byte_at(9), &err), 0, "%s", err.text);
	cr_expect(!c.memory.denied);
	cr_expect_eq(c.mem.patch(c.mem.context, &edit, 1, false, &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "0x1000: the kernel forbids it"), "%s", err.text);
	cr_expect(c.memory.denied, "it is remembered");
	c.memory.poke = poke;
	c.memory.poke_context = &poked;
	c.memory.denied = false;
	cr_expect_eq(proc_mem_probe(&c.memory, 4096, 1, &err), 0, "%s", err.text);
	cr_expect(c.memory.denied && poked.calls == 0, "asking writes in no other way");
	c.memory.denied = false;
	cr_expect_eq(c.mem.patch(c.mem.context, &edit, 1, false, &err), 0, "%s", err.text);
	cr_expect(poked.calls == 1 && poked.addr == 4096 && poked.size == 2);
	cr_expect(memcmp(poked.bytes, edit.after, 2) == 0);
	/* From then on nothing else is tried. */
	there.addr = addr(&c, 0);
	cr_expect_eq(c.mem.patch(c.mem.context, &there, 1, true, &err), 0, "%s", err.text);
	cr_expect(poked.calls == 2 && memcmp(poked.bytes, edit.before, 2) == 0);
	cr_assert_eq(load(&c, 0, &byte, 1, &err), 0);
	cr_expect_eq(byte, byte_at(0));
	end(&c);
}

Test(proc_mem, nothing_is_written_when_time_is_up)
{
	static struct child c;
	struct timespec now;
	struct df_edit edit = {.size = 1, .after = {7}};
	struct df_err err = {0};
	uint8_t byte = 0;
	begin(&c, PROT_READ | PROT_WRITE);
	edit.addr = addr(&c, 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	c.memory.until = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	cr_expect_eq(c.mem.store(c.mem.context, addr(&c, 0), &byte, 1, &err), -(int)DF_E_TIMEOUT);
	cr_expect_eq(c.mem.patch(c.mem.context, &edit, 1, false, &err), -(int)DF_E_TIMEOUT);
	cr_assert_eq(load(&c, 0, &byte, 1, &err), 0);
	cr_expect_eq(byte, byte_at(0));
	c.memory.until += 3600u * UINT64_C(1000000000);
	cr_expect_eq(c.mem.patch(c.mem.context, &edit, 1, false, &err), 0, "%s", err.text);
	cr_assert_eq(load(&c, 0, &byte, 1, &err), 0);
	cr_expect_eq(byte, 7);
	end(&c);
}
