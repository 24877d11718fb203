/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - for tests with real processes: targets, and dfpatch as a subprocess.
 *
 * A test that fails ends its process; the kernel then kills its targets.
 * Whatever takes too long fails the test instead of holding it up.
 */
#ifndef LIVE_H
#define LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target.h"

#define LIVE_PATH 512

/* ---- targets ---- */

struct live {
	pid_t pid;
	struct target_page *page;
};

/* The path of a target as built; NULL if it was not. */
const char *live_path(const char *name);

/* Starts a target (a name, or a path with a slash) with arguments up to NULL, waits until ready. */
void live_start(struct live *live, const char *name, const char *const *args);
#define LIVE_START(LIVE, NAME, ...)                                                                \
	live_start((LIVE), (NAME), (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* The same, but without waiting. */
void live_spawn(struct live *live, const char *name, const char *const *args);

/* The same, but stopped before its loader does anything. SIGCONT lets it go on. */
void live_spawn_stopped(struct live *live, const char *name, const char *const *args);

/* Waits until it is ready, as live_start() does. */
void live_ready(const struct live *live, const char *name);

/* Kills and reaps it. Fails the test if it is dead already, by whatever. */
void live_stop(struct live *live);

/*
 * Starts it in namespaces of its own (CLONE_NEW..., clone(2)), and calls `setup`,
 * if any, in the child before it becomes the target. False if the kernel gives us
 * no such namespace.
 */
bool live_start_in(struct live *live, const char *name, const char *const *args, int namespaces,
		   void (*setup)(void));

/*
 * Puts this test and its dfpatch ahead of the targets that it starts from now
 * on. Without it a new process waits for its turn behind all their threads:
 * the test takes long, and sees no more.
 */
void live_go_ahead(void);

/* Whether it still runs (or is stopped), as far as its parent can tell. */
bool live_runs(const struct live *live);

/* Waits until it has gone twice through all its sites: then `value` is of now. */
void live_beat(const struct live *live);

/* Waits until a value is as wanted; false if it is not within five seconds. */
bool live_value(const struct live *live, int index, int32_t wanted);

void sleep_us(unsigned us);
uint64_t now_ns(void);

/* ---- dfpatch ---- */

#define TOOL_OUT 262144
#define TOOL_ERR 8192

struct tool {
	pid_t pid;
	int status; /* exit status, or minus the signal that ended it */
	char out[TOOL_OUT];
	char err[TOOL_ERR];
	uint64_t ns; /* from start to end */
	int out_fd, err_fd;
	uint64_t started;
};

/* Runs dfpatch with arguments up to NULL; longer than 20 seconds fails the test. */
int tool_run(struct tool *tool, const char *const *args);
#define TOOL(T, ...) tool_run((T), (const char *const[]){__VA_ARGS__, NULL})

/* In two steps. `setup`, if any, is called in the child before it becomes dfpatch. */
void tool_start(struct tool *tool, const char *const *args, void (*setup)(void));
int tool_wait(struct tool *tool);

/* "--pid=N", in a buffer that the next 8 calls leave alone. */
const char *pid_option(pid_t pid);
#define PID(LIVE) pid_option((LIVE)->pid)

/* Fail the test unless it ended so; printed that; said that on standard error. */
void tool_ended(const struct tool *tool, int status);
void tool_said(const struct tool *tool, const char *text);
void tool_told(const struct tool *tool, const char *text);

/* Fails the test unless stderr is one line that holds `text` (and nothing but notes besides). */
void tool_one_error(const struct tool *tool, const char *text);

/* ---- files ---- */

/* A new directory of this test; `file` below it in *path. */
void scratch_path(char path[LIVE_PATH], const char *file);
void copy_file(const char *from, const char *to);
void patch_file(const char *path, off_t offset, const void *bytes, size_t size);

#endif
