/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.c - dfpatch while it waits to take back a change. */
#include "waiting.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS 20000000000u

static const char *read_all(int fd, char *text, size_t size)
{
	const ssize_t got = pread(fd, text, size - 1, 0);
	cr_assert(got >= 0);
	text[got] = '\0';
	return text;
}

static bool has_ended(const struct tool *tool)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)tool->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

static const char *await_text(const struct tool *tool, int fd, const char *text)
{
	static char said[TOOL_OUT], errors[TOOL_ERR];
	const uint64_t end = now_ns() + PATIENCE_NS;
	for (;;) {
		const bool last = has_ended(tool) || now_ns() > end;
		if (strstr(read_all(fd, said, sizeof(said)), text))
			return said;
		cr_assert(!last, "'%s' was not said, but: %s%s", text, said,
			  read_all(tool->err_fd, errors, sizeof(errors)));
		sleep_us(1000);
	}
}

const char *waiting_out(const struct tool *tool, const char *text)
{
	return await_text(tool, tool->out_fd, text);
}

const char *waiting_err(const struct tool *tool, const char *text)
{
	return await_text(tool, tool->err_fd, text);
}

void waiting_start(struct tool *tool, const char *const *args, void (*setup)(void))
{
	tool_start(tool, args, setup);
	waiting_out(tool, "until");
}

/* proc_pid_stat(5). */
static bool is_keeper_of(const char *entry, pid_t parent)
{
	char path[64], text[512];
	int of;
	snprintf(path, sizeof(path), "/proc/%.20s/stat", entry);
	FILE *file = isdigit((unsigned char)*entry) ? fopen(path, "re") : NULL;
	if (!file)
		return false;
	const bool got = fgets(text, sizeof(text), file) != NULL;
	fclose(file);
	const char *name = got ? strstr(text, "(df-keeper) ") : NULL;
	return name && sscanf(name, "(df-keeper) %*c %d", &of) == 1 && of == parent;
}

static pid_t find_keeper(const struct tool *tool)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;
	cr_assert(proc);
	for (struct dirent *entry; found == 0 && (entry = readdir(proc));)
		if (is_keeper_of(entry->d_name, tool->pid))
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	closedir(proc);
	return found;
}

/* One that was just started has not its name yet, and the one before it is gone. */
pid_t waiting_keeper(const struct tool *tool)
{
	const uint64_t end = now_ns() + PATIENCE_NS;
	pid_t found;
	while ((found = find_keeper(tool)) == 0 && now_ns() < end)
		sleep_us(1000);
	cr_assert(found > 0, "nobody keeps what was changed");
	return found;
}

void waiting_kill(struct tool *tool)
{
	const pid_t keeper = waiting_keeper(tool);
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, keeper, 0), .events = POLLIN};
	cr_assert(end.fd >= 0);
	kill(tool->pid, SIGKILL);
	cr_assert_eq(poll(&end, 1, PATIENCE_NS / 1000000), 1, "the keeper does not end");
	close(end.fd);
	cr_assert_eq(tool_wait(tool), -SIGKILL, "%d: %s", tool->status, tool->err);
}
