/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of libdf/self_mem.c: every shape of edits and mappings, and whose memory it is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../support/own_text.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static struct df_err err;

static void no_mprotect(void)
{
	forbid(SYS_mprotect, 0, 0, 0, SECCOMP_RET_KILL_PROCESS);
}

static void no_pwrite(void)
{
	forbid(SYS_pwrite64, 0, 0, 0, SECCOMP_RET_KILL_PROCESS);
}

static const struct {
	const char *row;
	size_t pages, first, step, count;
} shapes[] = {
	{"one", 1, 17, 1, 1},
	{"the last byte of the mapping", 2, 2 * PAGE - 1, 1, 1},
	{"as many as are written singly", 1, 17, 46, 4},
	{"more than are written singly", 1, 17, 46, 5},
	{"every byte of a page", 1, 0, 1, PAGE},
	{"both sides of a page's end", 3, PAGE - 1, 1, 2},
	{"at the ends of pages", 3, PAGE - 1, PAGE, 3},
	{"just below and above the price of a window", 80, 3, PAGE, 22},
	{"dense", 300, 5, 46, 26000},
	{"spread", 300, 5, 512, 2300},
	{"every second page", 600, 5, 2 * PAGE, 300},
	{"pages too far apart for one window", 2000, 5, 20 * PAGE, 100},
	{"far from the base", 1000, 999 * PAGE + 9, 1, 40},
	{"more than a block in one page", 2, 1, 3, 1400},
};

Test(self_mem, writes_every_shape_and_undoes_it)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		struct own_text t =
			own_text(shapes[i].pages, shapes[i].first, shapes[i].step, shapes[i].count);
		const char *row = shapes[i].row;
		for (int round = 0; round < 2; round++) {
			cr_assert_eq(own_text_write(&t, false, &err), 0, "%s: %s", row, err.text);
			cr_expect(own_text_is(&t, true), "%s", row);
			cr_assert_eq(own_text_write(&t, true, &err), 0, "%s: %s", row, err.text);
			cr_expect(own_text_is(&t, false), "%s, undone", row);
		}
		cr_expect(own_text_has(&t, 0, t.pages, "r-xp"), "%s", row);
		own_text_free(&t);
	}
}

Test(self_mem, nothing_to_do)
{
	cr_expect_eq(self_mem_write(NULL, NULL, 0, false, &err), 0);
}

/* Runs of edits of very different density in one call: each goes its own way. */
Test(self_mem, mixed_density)
{
	struct own_text t = own_text(3000, 0, 1, 9000);
	for (size_t i = 0; i < t.count; i++)
		t.edits[i].offset = (uint32_t)(i < 3000	  ? i * 46
					       : i < 3050 ? 200 * PAGE + (i - 3000) * 25 * PAGE / 2
					       : i < 6000 ? 1300 * PAGE + (i - 3050) * 500
							  : 2000 * PAGE + (i - 6000) * 100);
	cr_assert_eq(own_text_write(&t, false, &err), 0, "%s", err.text);
	cr_expect(own_text_is(&t, true));
	cr_assert_eq(own_text_write(&t, true, &err), 0, "%s", err.text);
	cr_expect(own_text_is(&t, false));
	cr_expect(own_text_has(&t, 0, t.pages, "r-xp"));
	own_text_free(&t);
}

/* A function of this program, on a page of its own, that returns what stands in it. */
__asm__(".pushsection .text.own_answer,\"ax\",@progbits\n"
	".balign 4096\n"
	".globl own_code, own_answer\n"
	".type own_answer,@function\n"
	"own_code: .skip 100, 0x90\n"
	"own_answer: .byte 0xb8, 1, 0, 0, 0, 0xc3\n"
	".balign 4096\n"
	".popsection");
extern const uint8_t own_code[];
int own_answer(void);

Test(self_mem, code_of_the_program_runs_as_written)
{
	const struct self_edit edit = {.offset = 101, .before = 1, .after = 2};
	cr_assert_eq(own_answer(), 1);
	cr_assert_eq(self_mem_write(own_code, &edit, 1, false, &err), 0, "%s", err.text);
	cr_expect_eq(own_answer(), 2);
	cr_assert_eq(self_mem_write(own_code, &edit, 1, true, &err), 0, "%s", err.text);
	cr_expect_eq(own_answer(), 1);
}

/* Few edits open no window, and many do not cost a system call each. */
static void few(void)
{
	struct own_text one = own_text(3, PAGE + 7, 1, 1), some = own_text(8, 9, 512, 64);
	no_mprotect();
	EXPECT(own_text_write(&one, false, &err) == 0 && own_text_is(&one, true), "%s", err.text);
	EXPECT(own_text_write(&some, false, &err) == 0 && own_text_is(&some, true), "%s", err.text);
}

static void many(void)
{
	struct own_text dense = own_text(100, 5, 46, 8000);
	struct own_text sparse = own_text(400, 5, 2 * PAGE, 200);
	no_pwrite();
	EXPECT(own_text_write(&dense, false, &err) == 0 && own_text_is(&dense, true), "%s",
	       err.text);
	EXPECT(own_text_write(&sparse, false, &err) == 0 && own_text_is(&sparse, true), "%s",
	       err.text);
}

Test(self_mem, few_without_mprotect_many_without_pwrite)
{
	in_child(few);
	in_child(many);
}

static void no_mprotect_of(size_t pages)
{
	forbid(SYS_mprotect, 1, UINT32_MAX, (uint32_t)(pages * PAGE), SECCOMP_RET_KILL_PROCESS);
}

/* Two runs of 60 pages, 100 pages apart: the way between costs less than a second window. */
static void near_runs(void)
{
	struct own_text t = own_text(220, 5, 2 * PAGE / 100, 6000);
	for (size_t i = t.count / 2; i < t.count; i++)
		t.edits[i].offset += 100 * PAGE;
	no_mprotect_of(60);
	EXPECT(own_text_write(&t, false, &err) == 0 && own_text_is(&t, true), "%s", err.text);
}

/* A page 50 pages behind such a run is cheaper to write than to reach, and so is one before. */
static void stray_pages(void)
{
	struct own_text t = own_text(200, 55 * PAGE, 2 * PAGE / 100, 3002);
	t.edits[0].offset = 5;
	t.edits[t.count - 1].offset = 170 * PAGE;
	no_mprotect_of(171);
	no_mprotect_of(171 - 55);
	no_mprotect_of(116);
	EXPECT(own_text_write(&t, false, &err) == 0 && own_text_is(&t, true), "%s", err.text);
	no_pwrite();
	t.edits++;
	t.count -= 2;
	EXPECT(own_text_write(&t, true, &err) == 0, "%s", err.text);
}

Test(self_mem, windows_go_as_far_as_they_are_cheap)
{
	in_child(near_runs);
	in_child(stray_pages);
}

/* Text that was writable stays so, and needs neither way. */
static void writable_text(void)
{
	struct own_text t = own_text(60, 5, 46, 5000);
	EXPECT(mprotect(t.bytes, 60 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0, "%m");
	no_mprotect();
	no_pwrite();
	EXPECT(own_text_write(&t, false, &err) == 0 && own_text_is(&t, true), "%s", err.text);
	EXPECT(own_text_has(&t, 0, 60, "rwxp"), "no longer writable");
}

/* One cluster over four mappings, each of which keeps what it had. */
static void mappings(void)
{
	struct own_text t = own_text(80, 5, 46, 7000);
	EXPECT(mprotect(t.bytes + 20 * PAGE, 20 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0 &&
		       mprotect(t.bytes + 40 * PAGE, 20 * PAGE, PROT_READ) == 0,
	       "%m");
	no_pwrite();
	for (int undo = 0; undo < 2; undo++) {
		EXPECT(own_text_write(&t, undo, &err) == 0, "%s", err.text);
		EXPECT(own_text_is(&t, !undo), "wrong bytes");
		EXPECT(own_text_has(&t, 0, 20, "r-xp"), "first");
		EXPECT(own_text_has(&t, 20, 20, "rwxp"), "second");
		EXPECT(own_text_has(&t, 40, 20, "r--p"), "third");
		EXPECT(own_text_has(&t, 60, 20, "r-xp"), "fourth");
	}
}

/* Kernels before 6.11 do not answer questions about one mapping. */
static void mappings_from_text(void)
{
	forbid(SYS_ioctl, 1, 0xff00, 'f' << 8, SECCOMP_RET_ERRNO | ENOTTY);
	mappings();
}

/* Others need not be read. */
static void mappings_without_text(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;
	if (uname(&kernel) != 0 || sscanf(kernel.release, "%d.%d", &major, &minor) != 2 ||
	    major * 100 + minor < 611)
		child_skip("the kernel has no PROCMAP_QUERY, which came with Linux 6.11");
	forbid(SYS_read, 0, 0, 0, SECCOMP_RET_KILL_PROCESS);
	mappings();
}

Test(self_mem, each_mapping_keeps_its_protection)
{
	in_child(writable_text);
	in_child(mappings);
	in_child(mappings_from_text);
}

Test(self_mem, the_kernel_is_asked_for_one_mapping)
{
	in_child(mappings_without_text);
}

/* Two edits of one byte cannot both be what it reads. */
static void expect_mismatch(struct own_text *t)
{
	char place[32];
	const size_t twice = t->count / 2;
	t->edits[twice].offset = t->edits[twice + 1].offset;
	snprintf(place, sizeof(place), "%p", (void *)(t->bytes + t->edits[twice].offset));
	cr_expect_eq(own_text_write(t, false, &err), -DF_E_WRITE);
	cr_expect_eq(err.code, DF_E_WRITE);
	cr_expect(strstr(err.text, place), "'%s' names not %s", err.text, place);
	cr_expect(strstr(err.text, "reads 0x") && strstr(err.text, "after 0x"), "'%s'", err.text);
	cr_expect(own_text_has(t, 0, t->pages, "r-xp"));
	own_text_free(t);
}

Test(self_mem, a_byte_that_reads_otherwise_is_an_error)
{
	struct own_text run = own_text(2, 5, 46, 9), dense = own_text(60, 5, 46, 5000);
	expect_mismatch(&run);
	expect_mismatch(&dense);
}

/* Shared with a parent, whose text nobody may write in its stead. */
static struct own_text text;

static void write_through_mem(void)
{
	self_mem_allow_wx(false);
	EXPECT(own_text_is(&text, false), "written by somebody else");
	EXPECT(own_text_write(&text, false, &err) == 0, "%s", err.text);
	EXPECT(own_text_is(&text, true), "not written");
}

static void write_after_handler(void)
{
	const int inherited = mem_descriptor();
	self_mem_forget();
	EXPECT(inherited >= 0 && fcntl(inherited, F_GETFD) < 0, "the parent's memory stays open");
	write_through_mem();
}

static pid_t raw_clone(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void clone_and_write(void)
{
	self_mem_prepare();
	const pid_t pid = raw_clone(0);
	if (pid == 0) {
		write_through_mem();
		child_end();
	}
	EXPECT(child_succeeded(pid), "no clone");
	EXPECT(own_text_is(&text, false), "the clone wrote its parent's text");
	write_through_mem();
}

/* Both are process 1 of their namespaces. */
static void clone_with_the_same_id(void)
{
	const pid_t outer = raw_clone(CLONE_NEWPID);
	if (outer < 0)
		child_skip("only root can make a namespace of process ids");
	if (outer == 0) {
		self_mem_prepare();
		const pid_t inner = raw_clone(CLONE_NEWPID);
		if (inner == 0) {
			EXPECT(getpid() == 1, "no namespace");
			write_through_mem();
			child_end();
		}
		EXPECT(getpid() == 1 && child_succeeded(inner), "no clone");
		EXPECT(own_text_is(&text, false), "the clone wrote its parent's text");
		child_end();
	}
	EXPECT(child_succeeded(outer), "no namespace");
}

static void run_all(void (*const *scenes)(void), size_t count)
{
	for (size_t i = 0; i < count; i++) {
		in_child(scenes[i]);
		cr_assert(own_text_is(&text, false), "scene %zu wrote its parent's text", i);
	}
}

Test(self_mem, a_child_writes_its_own_text_and_not_its_parents)
{
	static void (*const scenes[])(void) = {write_through_mem, write_after_handler,
					       clone_and_write};
	text = own_text(4, 9, 512, 32);
	self_mem_prepare();
	cr_assert(mem_descriptor() >= 0);
	run_all(scenes, COUNT(scenes));
	self_mem_allow_wx(false);
	cr_assert_eq(own_text_write(&text, false, &err), 0, "%s", err.text);
	cr_expect(own_text_is(&text, true));
}

Test(self_mem, a_child_with_its_parents_id_writes_its_own_text)
{
	text = own_text(4, 9, 512, 32);
	in_child(clone_with_the_same_id);
}

static int prepared(void)
{
	self_mem_prepare();
	const int fd = mem_descriptor();
	EXPECT(fd >= 0, "nothing was opened");
	EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC, "left open over exec");
	return fd;
}

static void closed(void)
{
	close(prepared());
	write_through_mem();
}

/* `number` is another file's from now on. */
static void give(int number, int file)
{
	EXPECT(file >= 0 && dup2(file, number) == number, "%m");
}

static void expect_untouched(int number, int file)
{
	struct stat st, now;
	EXPECT(fstat(file, &st) == 0 && fstat(number, &now) == 0 && now.st_ino == st.st_ino,
	       "closed");
	EXPECT(now.st_size == 0, "written");
}

static void taken_by_a_file(void)
{
	const int fd = prepared(), file = memfd_create("other", MFD_CLOEXEC);
	give(fd, file);
	write_through_mem();
	expect_untouched(fd, file);
}

static void taken_then_forked(void)
{
	const int fd = prepared(), file = memfd_create("other", MFD_CLOEXEC);
	give(fd, file);
	self_mem_forget();
	expect_untouched(fd, file);
}

static void taken_by_the_parents_memory(void)
{
	char path[32];
	const int fd = prepared();
	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	const int file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		child_skip("a child may not open the memory of its parent here");
	give(fd, file);
	write_through_mem();
	expect_untouched(fd, file);
}

/* The same file, opened by somebody for reading: it is no use, but no harm either. */
static void taken_by_the_same_file(void)
{
	const int fd = prepared(), file = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	give(fd, file);
	EXPECT(own_text_write(&text, false, &err) == 0 && own_text_is(&text, true), "%s", err.text);
	EXPECT(own_text_write(&text, true, &err) == 0 && own_text_is(&text, false), "%s", err.text);
	write_through_mem();
	expect_untouched(fd, file);
}

Test(self_mem, a_number_that_is_another_files_is_left_alone)
{
	static void (*const scenes[])(void) = {closed, taken_by_a_file, taken_then_forked,
					       taken_by_the_same_file, taken_by_the_parents_memory};
	text = own_text(4, 9, 512, 32);
	run_all(scenes, COUNT(scenes));
}
