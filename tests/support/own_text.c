/* SPDX-License-Identifier: Apache-2.0 */
/* own_text.c - text of the test program itself, and children that lose the right to write it. */
#include "own_text.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEFORE 0x90
#define AFTER 0xc8 /* and the seven that follow */

struct own_text own_text(size_t pages, size_t first, size_t step, size_t count)
{
	struct own_text t = {.pages = pages, .count = count};
	const int fd = memfd_create("text", MFD_CLOEXEC);
	uint8_t *file = MAP_FAILED;
	if (fd >= 0 && ftruncate(fd, (off_t)(pages * PAGE)) == 0)
		file = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert(file != MAP_FAILED, "no file for text: %m");
	memset(file, BEFORE, pages * PAGE);
	munmap(file, pages * PAGE);
	t.bytes = mmap(NULL, pages * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	cr_assert(t.bytes != MAP_FAILED, "no text: %m");
	close(fd);
	t.edits = calloc(count, sizeof(*t.edits));
	cr_assert(t.edits);
	for (size_t i = 0; i < count; i++)
		t.edits[i] = (struct self_edit){.offset = (uint32_t)(first + i * step),
						.before = BEFORE,
						.after = (uint8_t)(AFTER + i % 8)};
	return t;
}

void own_text_free(struct own_text *t)
{
	munmap(t->bytes, t->pages * PAGE);
	free(t->edits);
}

bool own_text_is(const struct own_text *t, bool after)
{
	size_t edit = 0;
	for (size_t i = 0; i < t->pages * PAGE; i++) {
		uint8_t wanted = BEFORE;
		if (edit < t->count && t->edits[edit].offset == i)
			wanted = after ? t->edits[edit++].after : BEFORE;
		if (t->bytes[i] != wanted)
			return false;
	}
	return !after || edit == t->count;
}

/* Opened before a child goes where it could not be opened any more. */
static struct {
	int fd;
	pid_t pid;
} maps;

static void watch_maps(void)
{
	if (maps.pid == getpid())
		return;
	maps.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	maps.pid = getpid();
}

/* All of it, to be freed. */
static char *read_maps(void)
{
	size_t used = 0, room = 1 << 20;
	char *text = malloc(room);
	ssize_t size = 0;
	watch_maps();
	while (text && used < room - 1 &&
	       (size = pread(maps.fd, text + used, room - 1 - used, (off_t)used)) > 0)
		used += (size_t)size;
	if (text)
		text[used] = '\0';
	return text;
}

bool own_text_has(const struct own_text *t, size_t page, size_t pages, const char *flags)
{
	const uintptr_t from = (uintptr_t)t->bytes + page * PAGE, to = from + pages * PAGE;
	char *text = read_maps();
	size_t seen = 0;
	for (char *line = text; line && *line; line = strchr(line, '\n') + 1) {
		uintptr_t start, end;
		char found[5];
		if (sscanf(line, "%lx-%lx %4s", &start, &end, found) != 3)
			break;
		if (end <= from || start >= to || strcmp(found, flags) != 0)
			continue;
		seen += (end < to ? end : to) - (start > from ? start : from);
	}
	free(text);
	return seen == pages * PAGE;
}

int own_text_write(const struct own_text *t, bool undo, struct df_err *err)
{
	return self_mem_write(t->bytes, t->edits, t->count, undo, err);
}

/* What a child has to say; shared with its parent. */
static struct {
	bool failed;
	bool skipped;
	char text[2048];
} * said;

void child_expect(bool held, const char *format, ...)
{
	if (held || said->failed)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(said->text, sizeof(said->text), format, args);
	va_end(args);
	said->failed = true;
}

void child_skip(const char *why)
{
	if (!said->failed)
		snprintf(said->text, sizeof(said->text), "%s", why);
	said->skipped = true;
	child_end();
}

void child_end(void)
{
	_exit(said->failed);
}

bool child_succeeded(pid_t pid)
{
	int status = -1;
	return pid > 0 && waitpid(pid, &status, __WALL) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

void in_child(void (*scene)(void))
{
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert(said != MAP_FAILED);
	const pid_t pid = fork();
	if (pid == 0) {
		watch_maps();
		scene();
		child_end();
	}
	const bool ended = child_succeeded(pid);
	cr_assert_not(said->failed, "%s", said->text);
	cr_assert(ended, "the child was killed");
	if (said->skipped)
		cr_skip("%s", said->text);
	munmap(said, sizeof(*said));
}

void forbid(int call, unsigned arg, uint32_t mask, uint32_t value, uint32_t action)
{
	const uint32_t at = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		child_skip("seccomp filters are not permitted here");
}

int mem_descriptor(void)
{
	char path[64], target[64];
	for (int fd = 3; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		const ssize_t size = readlink(path, target, sizeof(target) - 1);
		if (size <= 4)
			continue;
		target[size] = '\0';
		if (strncmp(target, "/proc/", 6) == 0 && strcmp(target + size - 4, "/mem") == 0)
			return fd;
	}
	return -1;
}
