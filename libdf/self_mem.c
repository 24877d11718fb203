/* SPDX-License-Identifier: Apache-2.0 */
/* self_mem.c - writing one's own text: by cost through /proc/self/mem or mprotect(2), checked. */
#include "self_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "self_maps.h"

#define PAGE 4096u /* of x86-64 */

/*
 * Costs, in the unit of one page that a window spans. Only their ratios matter.
 *
 * A write through /proc/self/mem costs as much as 8 to 12 such pages, of one byte or
 * of a whole page. Opening and closing a window costs 8 writes where no other thread
 * runs, and up to 80 where one does, since each change of protection interrupts the
 * processors that run the process, which is slow in a virtual machine. What stands
 * here lies between: at worst, a run of pages takes four times as long as it might.
 */
#define COST_WRITE 10
#define COST_WINDOW 200

/* As far apart as this, writing both pages by themselves costs less than the way between. */
#define GAP_MAX (COST_WRITE - 1)

/*
 * So many edits in a page are written byte by byte. More are one write from the
 * first to the last of them, which writes the bytes between again as they were read:
 * a breakpoint that someone sets just then would be lost, so not for a few. One such
 * write costs 1.0 to 1.4 writes of a byte.
 */
#define SINGLE_MAX 4

/* Edits that are written, then read back while they are in the first-level cache. */
#define BLOCK 256

/* The writers: what the last failure of each told about those to come. */
static struct {
	int fd;
	bool open; /* `fd` is ours unless the program closed it; see same_file() */
	dev_t device;
	ino_t inode;
	pid_t pid;
	bool denied;
} mem;

static struct {
	bool forbidden; /* by the program */
	bool denied;	/* by the system */
} window;

/* What one call is asked for, and what it found on the way. */
struct job {
	uint8_t *base;
	const struct self_edit *edits;
	bool undo;
	struct self_mapping mapping; /* the last one looked at */
};

/* Edits in pages that lie so near each other that one window over all is cheaper. */
struct cluster {
	size_t first; /* of the edits; `end` is one past the last */
	size_t end;
	uintptr_t first_page; /* address / PAGE */
	uintptr_t last_page;
	size_t writes; /* that /proc/self/mem takes */
};

static uint8_t *place(const struct job *job, size_t i)
{
	return job->base + job->edits[i].offset;
}

static uintptr_t page_of(const struct job *job, size_t i)
{
	return (uintptr_t)place(job, i) / PAGE;
}

static uint8_t wanted(const struct job *job, size_t i)
{
	return job->undo ? job->edits[i].before : job->edits[i].after;
}

static int read_back(const struct job *job, size_t first, size_t end, struct df_err *err)
{
	for (size_t i = first; i < end; i++) {
		const uint8_t found = __atomic_load_n(place(job, i), __ATOMIC_RELAXED);
		if (found != wanted(job, i))
			return df_fail(err, DF_E_WRITE,
				       "text at %p reads 0x%02x after 0x%02x was written to it",
				       (void *)place(job, i), found, wanted(job, i));
	}
	return 0;
}

/* Whether the system will say the same the next time, as far as one can know. */
static bool lasting(int error)
{
	return error == EACCES || error == EPERM || error == ENOENT || error == EIO;
}

/*
 * Whether what is read through `fd` is this very memory, and not that of a process
 * that we were forked from: a value that nobody else has is put into memory and
 * looked for there. A process id does not tell, since a child in a namespace of its
 * own may have its parent's.
 */
static bool leads_here(int fd)
{
	static uint64_t token;
	struct timespec now;
	uint64_t found = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	const uint64_t fresh = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
	__atomic_store_n(&token, fresh != token ? fresh : ~fresh, __ATOMIC_SEQ_CST);
	return pread(fd, &found, sizeof(found), (off_t)(uintptr_t)&token) == sizeof(found) &&
	       found == token;
}

/* Whether the number still stands for the file that we opened. */
static bool same_file(void)
{
	struct stat st;
	return mem.open && fstat(mem.fd, &st) == 0 && st.st_dev == mem.device &&
	       st.st_ino == mem.inode;
}

/* A number that means another file by now belongs to somebody else. */
static void forget(void)
{
	if (same_file())
		close(mem.fd);
	mem.open = false;
}

/* Where a standard descriptor is closed, ours must not become one. */
static int away_from_standard(int fd)
{
	const int higher = fd > STDERR_FILENO ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (higher < 0)
		return fd;
	close(fd);
	return higher;
}

static int open_mem(struct df_err *err)
{
	struct stat st = {0};
	const int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		mem.denied = lasting(errno);
		return df_fail(err, DF_E_PERMISSION,
			       "/proc/self/mem cannot be opened: %m (call df_init() before the "
			       "process gives up privileges or changes its root directory)");
	}
	/* Should it fail, no file is the same. */
	(void)fstat(fd, &st);
	mem.fd = away_from_standard(fd);
	mem.device = st.st_dev;
	mem.inode = st.st_ino;
	mem.pid = getpid();
	mem.open = true;
	return 0;
}

/*
 * Makes sure that mem.fd leads here. The program may have closed it, and the number
 * may be another's; after a fork it leads to the parent.
 */
static int reach_mem(struct df_err *err)
{
	if (same_file() && leads_here(mem.fd))
		return 0;
	forget();
	const int status = open_mem(err);
	if (status < 0 || leads_here(mem.fd))
		return status;
	forget();
	mem.denied = true;
	return df_fail(err, DF_E_PERMISSION,
		       "/proc/self/mem is not the memory of this process (mount procfs on /proc)");
}

static int put(const uint8_t *at, const uint8_t *bytes, size_t size, struct df_err *err)
{
	const ssize_t done = pwrite(mem.fd, bytes, size, (off_t)(uintptr_t)at);
	if (done == (ssize_t)size)
		return 0;
	if (done >= 0)
		errno = EFAULT; /* less than all, and no error: as for memory that is not there */
	mem.denied = lasting(errno);
	mem.open = errno != EBADF; /* closed just now, or somebody opened it for reading */
	return df_fail(err, DF_E_PERMISSION,
		       "writing text at %p through /proc/self/mem: %m (the kernel's parameter "
		       "proc_mem.force_override may forbid it)",
		       (const void *)at);
}

/* Edits of one page with one write, and what lies between them as it is. */
static __attribute__((__noinline__)) int put_run(const struct job *job, size_t first, size_t end,
						 struct df_err *err)
{
	uint8_t bytes[PAGE];
	const uint8_t *start = place(job, first);
	const size_t size = (size_t)(place(job, end - 1) - start) + 1;
	memcpy(bytes, start, size);
	for (size_t i = first; i < end; i++)
		bytes[place(job, i) - start] = wanted(job, i);
	return put(start, bytes, size, err);
}

/* A few on their own stay off put_run()'s stack: its page may be one that nobody touched yet. */
static int put_page(const struct job *job, size_t first, size_t end, struct df_err *err)
{
	int status = 0;
	if (end - first > SINGLE_MAX)
		return put_run(job, first, end, err);
	for (size_t i = first; status == 0 && i < end; i++) {
		const uint8_t byte = wanted(job, i);
		status = put(place(job, i), &byte, 1, err);
	}
	return status;
}

/* The first edit from `i` on whose address is not below `limit`, or `end`. */
static size_t skip_to(const struct job *job, size_t i, size_t end, uintptr_t limit)
{
	while (i < end && (uintptr_t)place(job, i) < limit)
		i++;
	return i;
}

static int write_mem(const struct job *job, const struct cluster *c, struct df_err *err)
{
	int status = reach_mem(err);
	for (size_t i = c->first, end; status == 0 && i < c->end; i = end) {
		end = skip_to(job, i, c->end, (page_of(job, i) + 1) * PAGE);
		status = put_page(job, i, end, err);
		if (status == 0)
			status = read_back(job, i, end, err);
	}
	if (status == 0)
		mem.denied = false;
	return status;
}

/*
 * The mapping of edit `first`. Where nobody tells, text is taken to be readable and
 * executable, and only pages with edits to be text.
 */
static void look_up(struct job *job, size_t first, size_t end)
{
	const uintptr_t addr = (uintptr_t)place(job, first);
	struct self_mapping *m = &job->mapping;
	if ((m->known && addr >= m->start && addr < m->end) || self_mapping_find(addr, m))
		return;
	uintptr_t last = page_of(job, first);
	for (size_t i = first + 1; i < end && page_of(job, i) <= last + 1; i++)
		last = page_of(job, i);
	*m = (struct self_mapping){
		.start = page_of(job, first) * PAGE,
		.end = (last + 1) * PAGE,
		.prot = PROT_READ | PROT_EXEC,
	};
}

static int store(const struct job *job, size_t first, size_t end, struct df_err *err)
{
	int status = 0;
	for (size_t i = first, stop; status == 0 && i < end; i = stop) {
		stop = end - i > BLOCK ? i + BLOCK : end;
		for (size_t k = i; k < stop; k++)
			__atomic_store_n(place(job, k), wanted(job, k), __ATOMIC_RELAXED);
		status = read_back(job, i, stop, err);
	}
	return status;
}

static int open_window(void *start, size_t size, const struct self_mapping *m, struct df_err *err)
{
	if (window.forbidden)
		return df_fail(err, DF_E_PERMISSION,
			       "writable and executable pages are forbidden by the program "
			       "(df_set_write_policy() allows them)");
	if (mprotect(start, size, m->prot | PROT_WRITE) == 0)
		return 0;
	const int error = errno;
	/* Over pages of which nothing is known, it may have gone some of the way. */
	if (!m->known)
		(void)!mprotect(start, size, m->prot);
	window.denied = lasting(error);
	errno = error;
	return df_fail(err, DF_E_PERMISSION,
		       "mprotect(2) cannot make %p to %p writable: %m (systemd's "
		       "MemoryDenyWriteExecute=, PR_SET_MDWE, seccomp and SELinux forbid it)",
		       start, (void *)((char *)start + size));
}

/* Edits of one mapping, in one window. */
static int write_part(const struct job *job, size_t first, size_t end, struct df_err *err)
{
	const struct self_mapping *m = &job->mapping;
	if (m->prot & PROT_WRITE)
		return store(job, first, end, err);
	uint8_t *start = place(job, first) - (uintptr_t)place(job, first) % PAGE;
	const size_t size = (page_of(job, end - 1) - page_of(job, first) + 1) * PAGE;
	int status = open_window(start, size, m, err);
	if (status < 0)
		return status;
	status = store(job, first, end, err);
	if (mprotect(start, size, m->prot) != 0)
		return df_fail_errno(err, DF_E_WRITE,
				     "text from %p to %p stays writable: mprotect(2)",
				     (void *)start, (void *)(start + size));
	return status;
}

/* Never by way of pages that are not executable: the way back may be denied. */
static int write_window(struct job *job, const struct cluster *c, struct df_err *err)
{
	for (size_t i = c->first, end; i < c->end; i = end) {
		look_up(job, i, c->end);
		end = (uintptr_t)place(job, c->end - 1) < job->mapping.end
			      ? c->end
			      : skip_to(job, i, c->end, job->mapping.end);
		const int status = write_part(job, i, end, err);
		if (status < 0)
			return status;
	}
	window.denied = false;
	return 0;
}

/* By cost, unless one way was denied the last time and the other was not. */
static bool by_window(const struct cluster *c)
{
	if (window.forbidden)
		return false;
	if (window.denied != mem.denied)
		return mem.denied;
	return COST_WINDOW + (c->last_page - c->first_page) < COST_WRITE * c->writes;
}

/* What the first writer could not do the other may; it writes all of it again. */
static int write_cluster(struct job *job, const struct cluster *c, struct df_err *err)
{
	struct df_err reason[2];
	const bool window_first = by_window(c);
	int status = 0;
	for (int i = 0; i < 2; i++) {
		status = window_first == (i == 0) ? write_window(job, c, &reason[i])
						  : write_mem(job, c, &reason[i]);
		if (status == 0)
			return 0;
		if (status != -DF_E_PERMISSION)
			return df_fail(err, reason[i].code, "%s", reason[i].text);
	}
	return df_fail(err, DF_E_PERMISSION,
		       "nothing is left to write text with: %.400s; and %.400s", reason[0].text,
		       reason[1].text);
}

static struct cluster next_cluster(const struct job *job, size_t first, size_t count)
{
	const uintptr_t page = page_of(job, first);
	struct cluster c = {.first = first, .first_page = page, .last_page = page};
	for (size_t i = first, end; i < count; i = end) {
		if (page_of(job, i) - c.last_page > GAP_MAX + 1)
			break;
		end = skip_to(job, i, count, (page_of(job, i) + 1) * PAGE);
		c.last_page = page_of(job, i);
		c.writes += end - i > SINGLE_MAX ? 1 : end - i;
		c.end = end;
	}
	return c;
}

/* Two windows become one where the way between them costs less than a window. */
static bool join(struct cluster *c, const struct cluster *next)
{
	if (!by_window(c) || !by_window(next) || next->first_page - c->last_page > COST_WINDOW)
		return false;
	c->end = next->end;
	c->last_page = next->last_page;
	c->writes += next->writes;
	return true;
}

int self_mem_write(const uint8_t *base, const struct self_edit *edits, size_t count, bool undo,
		   struct df_err *err)
{
	struct job job = {.base = (uint8_t *)base, .edits = edits, .undo = undo};
	if (count == 0)
		return 0;
	struct cluster c = next_cluster(&job, 0, count);
	while (c.end < count) {
		const struct cluster next = next_cluster(&job, c.end, count);
		if (join(&c, &next))
			continue;
		const int status = write_cluster(&job, &c, err);
		if (status < 0)
			return status;
		c = next;
	}
	return write_cluster(&job, &c, err);
}

void self_mem_prepare(void)
{
	/* Where it leads is looked at before it is used: a program may never use it. */
	if (same_file() && mem.pid == getpid())
		return;
	forget();
	(void)open_mem(NULL);
}

bool self_mem_peek(const void *from, void *to, size_t size)
{
	return same_file() && mem.pid == getpid() &&
	       pread(mem.fd, to, size, (off_t)(uintptr_t)from) == (ssize_t)size;
}

void self_mem_allow_wx(bool allowed)
{
	window.forbidden = !allowed;
	window.denied = false;
}

void self_mem_forget(void)
{
	forget();
}
