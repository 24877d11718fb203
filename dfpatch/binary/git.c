/* SPDX-License-Identifier: Apache-2.0 */
/* git.c - git, run on a checkout that may be hostile. */
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "confine.h"
#include "status.h"

#define ARGUMENTS_MAX 4096 /* words, NULL included */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

void git_result_free(struct git_result *result)
{
	free(result->text);
	*result = (struct git_result){0};
}

/* ---- in the child ---- */

/* All that a run needs, made before the fork: behind it nothing may be allocated. */
struct launch {
	const struct git *git;
	char *const *arguments;
	char *const *environment;
	int input, output, errors;
	pid_t parent;
};

static void child_fail(const char *what)
{
	char text[128];
	const int size = snprintf(text, sizeof(text), "dfpatch: %s: error %d\n", what, errno);
	if (write(STDERR_FILENO, text, (size_t)size) < 0)
		_exit(126);
	_exit(127);
}

static void be_git(const struct launch *launch)
{
	if (dup2(launch->errors, STDERR_FILENO) < 0 || dup2(launch->output, STDOUT_FILENO) < 0 ||
	    dup2(launch->input, STDIN_FILENO) < 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) != 0)
		child_fail("cannot arrange its files");
	/* Away from the terminal and its signals; our end is its end. */
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != launch->parent)
		child_fail("cannot set it apart");
	if (chdir(launch->git->dir.path) != 0)
		child_fail("cannot enter its directory");
	if (confine(GIT_MEMORY) != 0)
		child_fail("cannot confine it");
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(launch->git->program, launch->arguments, launch->environment);
	child_fail("cannot execute it");
}

/* ---- what comes of it ---- */

struct child {
	pid_t pid;
	int pidfd;
	int output, errors; /* our ends; -1 when at their end */
	uint64_t deadline;
	uint64_t awake; /* when it was last seen to be */
	long wakes;	/* how often it had been woken then */
	size_t room;
	size_t complaint_size;
};

static int take_output(struct child *child, struct git_result *result, struct df_err *err)
{
	if (result->size + 1 >= child->room) {
		const size_t room = child->room ? 2 * child->room : 65536;
		if (room > GIT_OUTPUT_MAX)
			return df_fail(err, DF_E_SYSTEM, "git says more than %zu MB",
				       GIT_OUTPUT_MAX >> 20);
		char *larger = realloc(result->text, room);
		if (!larger)
			return df_fail_memory(err);
		result->text = larger;
		child->room = room;
	}
	const ssize_t got =
		read(child->output, result->text + result->size, child->room - result->size - 1);
	if (got > 0) {
		result->size += (size_t)got;
	} else if (got == 0 || errno != EINTR) {
		close(child->output);
		child->output = -1;
	}
	result->text[result->size] = '\0';
	return 0;
}

/* Only the beginning is kept, but all is read, so that git does not wait. */
static void take_errors(struct child *child, struct git_result *result)
{
	char text[4096];
	const ssize_t got = read(child->errors, text, sizeof(text));
	if (got == 0 || (got < 0 && errno != EINTR)) {
		close(child->errors);
		child->errors = -1;
	}
	for (ssize_t i = 0; i < got && child->complaint_size < sizeof(result->complaint) - 1; i++)
		result->complaint[child->complaint_size++] = text[i];
}

/* But no more than a second, to see what it does. */
static int time_left(const struct child *child)
{
	const uint64_t now = monotonic_now();
	const uint64_t ms = now < child->deadline ? (child->deadline - now) / 1000000u + 1 : 0;
	return ms > 1000 ? 1000 : (int)ms;
}

/* Whether it has slept all the while; waiting for a disk is another state. */
static bool is_stuck(struct child *child)
{
	char path[64];
	CLEANUP_FREE char *status = malloc(STATUS_SIZE);
	snprintf(path, sizeof(path), "/proc/%d/status", child->pid);
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !status || status_read(fd, status, STATUS_SIZE) < 0)
		return false;
	const char *state = status_field(status, "State");
	const long wakes = status_number(status, "voluntary_ctxt_switches");
	const uint64_t now = monotonic_now();
	if (state && *state == 'S' && wakes == child->wakes)
		return now - child->awake > GIT_SLEEP_MAX;
	child->awake = now;
	child->wakes = wakes;
	return false;
}

/* Nothing has come from it for a while. */
static int look_after(const struct git *git, struct child *child, struct git_result *result,
		      struct df_err *err)
{
	if (monotonic_now() >= child->deadline)
		return df_fail(err, DF_E_TIMEOUT, "git took longer than %llu s",
			       (unsigned long long)(git->budget / 1000000000u));
	result->stuck = is_stuck(child);
	if (!result->stuck)
		return 1;
	return df_fail(err, DF_E_TIMEOUT,
		       "git waits for a pipe or device in the git directory of '%s', which has no "
		       "business there: 'find -L .git -type p' may show it",
		       git->checkout);
}

/* Returns 1 while there is more to come. */
static int collect_some(const struct git *git, struct child *child, struct git_result *result,
			struct df_err *err)
{
	struct pollfd from[] = {
		{.fd = child->output, .events = POLLIN},
		{.fd = child->errors, .events = POLLIN},
		{.fd = git->signals, .events = POLLIN},
		/* Its end counts when it has nothing more to say. */
		{.fd = child->output < 0 && child->errors < 0 ? child->pidfd : -1,
		 .events = POLLIN},
	};
	const int ready = poll(from, sizeof(from) / sizeof(from[0]), time_left(child));
	if (ready < 0)
		return errno == EINTR ? 1 : df_fail_errno(err, DF_E_SYSTEM, "cannot wait for git");
	if (ready == 0)
		return look_after(git, child, result, err);
	if (from[2].revents)
		return df_fail(err, DF_E_SYSTEM, "interrupted while git was running");
	if (from[1].revents)
		take_errors(child, result);
	if (from[0].revents && take_output(child, result, err) < 0)
		return -(int)err->code;
	return from[3].revents ? 0 : 1;
}

static int collect(const struct git *git, struct child *child, struct git_result *result,
		   struct df_err *err)
{
	int status, wait_status = 0;
	do
		status = collect_some(git, child, result, err);
	while (status > 0);
	if (status < 0)
		syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
	while (waitpid(child->pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	result->complaint[child->complaint_size] = '\0';
	result->complaint[strcspn(result->complaint, "\n")] = '\0';
	if (status < 0)
		return status;
	if (WIFSIGNALED(wait_status))
		return df_fail(err, DF_E_SYSTEM, "git was ended by signal %d (%s)",
			       WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	result->exit = WEXITSTATUS(wait_status);
	if (result->exit == 127)
		return df_fail(err, DF_E_SYSTEM, "git cannot be run: %s", result->complaint);
	return 0;
}

/* ---- starting it ---- */

struct pipes {
	int output[2], errors[2];
	int nothing; /* for standard input */
};

static void close_pipes(const struct pipes *pipes)
{
	const int all[] = {pipes->output[0], pipes->output[1], pipes->errors[0], pipes->errors[1],
			   pipes->nothing};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
}

static int open_pipes(struct pipes *pipes, struct df_err *err)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}, -1};
	pipes->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipes->nothing >= 0 && pipe2(pipes->output, O_CLOEXEC) == 0 &&
	    pipe2(pipes->errors, O_CLOEXEC) == 0)
		return 0;
	df_fail_errno(err, DF_E_SYSTEM, "cannot start git");
	close_pipes(pipes);
	return -(int)DF_E_SYSTEM;
}

static int start(const struct launch *launch, struct child *child, struct df_err *err)
{
	child->pid = fork();
	if (child->pid == 0)
		be_git(launch);
	if (child->pid < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot start git");
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd >= 0)
		return 0;
	df_fail_errno(err, DF_E_SYSTEM, "cannot watch git");
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -(int)DF_E_SYSTEM;
}

static int run(struct launch *launch, int input, struct git_result *result, struct df_err *err)
{
	struct pipes pipes;
	struct child child = {.pidfd = -1};
	if (open_pipes(&pipes, err) < 0)
		return -(int)err->code;
	launch->input = input >= 0 ? input : pipes.nothing;
	launch->output = pipes.output[1];
	launch->errors = pipes.errors[1];
	launch->parent = getpid();
	child.awake = monotonic_now();
	child.deadline = child.awake + launch->git->budget;
	int status = start(launch, &child, err);
	/* Their ends are the child's alone, so that we see its end; what is ours it closes. */
	close(pipes.output[1]);
	close(pipes.errors[1]);
	pipes.output[1] = pipes.errors[1] = -1;
	if (status == 0) {
		child.output = pipes.output[0];
		child.errors = pipes.errors[0];
		status = collect(launch->git, &child, result, err);
		pipes.output[0] = child.output;
		pipes.errors[0] = child.errors;
		close(child.pidfd);
	}
	close_pipes(&pipes);
	if (status < 0)
		git_result_free(result);
	return status;
}

/* What holds for every run. No key here can name a program, and none is left to chance. */
static const char *const always[] = {
	"--no-pager", "--literal-pathspecs",	"-c", "core.hooksPath=/dev/null",
	"-c",	      "core.fsmonitor=false",	"-c", "core.attributesFile=/dev/null",
	"-c",	      "protocol.allow=never",	"-c", "core.preloadIndex=false",
	"-c",	      "diff.external=",		"-c", "credential.helper=",
	"-c",	      "blame.ignoreRevsFile=",	"-c", "log.showSignature=false",
	"-c",	      "submodule.recurse=false"};

static const char *const settings[] = {
	"LC_ALL=C",
	"HOME=/dev/null",
	"XDG_CONFIG_HOME=/dev/null",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_SYSTEM=/dev/null",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_LAZY_FETCH=1",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_PAGER=cat",
};

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static char *setting(const char *name, const char *value)
{
	char *text = NULL;
	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

int git_run(const struct git *git, const char *const *arguments, int input,
	    struct git_result *result, struct df_err *err)
{
	static const char *words[ARGUMENTS_MAX];
	const char *environment[COUNT(settings) + 3];
	size_t count = 0;
	*result = (struct git_result){0};
	CLEANUP_FREE char *directory = setting("GIT_DIR", git->dir.path);
	CLEANUP_FREE char *tree = setting("GIT_WORK_TREE", git->dir.work_tree);
	if (!directory || !tree)
		return df_fail_memory(err);
	memcpy(environment, settings, sizeof(settings));
	environment[COUNT(settings)] = directory;
	environment[COUNT(settings) + 1] = tree;
	environment[COUNT(settings) + 2] = NULL;
	words[count++] = "git";
	for (size_t i = 0; i < COUNT(always); i++)
		words[count++] = always[i];
	for (; *arguments && count < ARGUMENTS_MAX - 1; arguments++)
		words[count++] = *arguments;
	words[count] = NULL;
	if (*arguments)
		return df_fail(err, DF_E_SYSTEM, "too many arguments for git");
	struct launch launch = {
		.git = git,
		.arguments = (char *const *)words,
		.environment = (char *const *)environment,
	};
	return run(&launch, input, result, err);
}

/* ---- opening ---- */

/* A relative directory in $PATH may be the checkout, which must not give us its git. */
static char *find_program(void)
{
	const char *path = getenv("PATH");
	struct stat st;
	for (const char *at = path ? path : DEFAULT_PATH; *at != '\0';) {
		const size_t length = strcspn(at, ":");
		char *program = NULL;
		if (*at == '/' && asprintf(&program, "%.*s/git", (int)length, at) >= 0) {
			if (stat(program, &st) == 0 && S_ISREG(st.st_mode) &&
			    access(program, X_OK) == 0)
				return program;
			free(program);
		}
		at += length + (at[length] == ':');
	}
	return NULL;
}

static int hold_signals(struct git *git, struct df_err *err)
{
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGQUIT);
	sigprocmask(SIG_BLOCK, &ours, &git->mask);
	git->holds_signals = true;
	git->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return git->signals >= 0 ? 0 : df_fail_errno(err, DF_E_SYSTEM, "cannot wait for signals");
}

bool git_interrupted(const struct git *git)
{
	struct pollfd from = {.fd = git->signals, .events = POLLIN};
	return poll(&from, 1, 0) > 0;
}

/* A value of the checkout's configuration; "" if it has none. */
static int theirs(const struct git *git, const char *key, char value[GIT_WORD], struct df_err *err)
{
	const char *const arguments[] = {"config", "--file", git->dir.their_config,
					 "--get",  key,	     NULL};
	struct git_result result;
	const int status = git_run(git, arguments, -1, &result, err);
	if (status < 0)
		return status;
	snprintf(value, GIT_WORD, "%s", result.exit == 0 ? result.text : "");
	value[strcspn(value, "\n")] = '\0';
	if (result.exit > 1) /* 1: no such key */
		df_fail(err, DF_E_SYSTEM, "'%s': git cannot read its configuration: %s",
			git->dir.work_tree, result.complaint);
	const bool broken = result.exit > 1;
	git_result_free(&result);
	return broken ? -(int)DF_E_SYSTEM : 0;
}

/* How its objects are named and its references kept is all that we believe of it. */
static int configure(const struct git *git, struct df_err *err)
{
	return git_dir_configure(&git->dir, *git->objects ? git->objects : NULL,
				 *git->references ? git->references : NULL, err);
}

static int adopt_formats(struct git *git, struct df_err *err)
{
	int status = theirs(git, "extensions.objectFormat", git->objects, err);
	if (status == 0)
		status = theirs(git, "extensions.refStorage", git->references, err);
	return status == 0 ? configure(git, err) : status;
}

int git_open(const char *checkout, uint64_t budget, struct git *git, struct df_err *err)
{
	*git = (struct git){.dir = {.fd = -1}, .budget = budget, .signals = -1};
	git->program = find_program();
	if (!git->program)
		return df_fail(err, DF_E_SYSTEM,
			       "git is needed to look at '%s', and there is none in $PATH",
			       checkout);
	int status = hold_signals(git, err);
	if (status == 0)
		status = git_dir_make(checkout, &git->dir, err);
	if (status < 0)
		return status;
	git->checkout = strdup(git->dir.work_tree);
	return git->checkout ? adopt_formats(git, err) : df_fail_memory(err);
}

void git_rest(struct git *git)
{
	git_dir_remove(&git->dir);
	if (git->signals >= 0)
		close(git->signals);
	git->signals = -1;
	if (git->holds_signals)
		sigprocmask(SIG_SETMASK, &git->mask, NULL);
	git->holds_signals = false;
}

int git_wake(struct git *git, struct df_err *err)
{
	int status = hold_signals(git, err);
	if (status == 0)
		status = git_dir_make(git->checkout, &git->dir, err);
	return status == 0 ? configure(git, err) : status;
}

void git_close(struct git *git)
{
	git_rest(git);
	free(git->program);
	free(git->checkout);
	*git = (struct git){.dir = {.fd = -1}, .signals = -1};
}
