/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - one process, pinned. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "denial.h"
#include "proc_errno.h"
#include "status.h"

#define PID_FILE_SYSTEM 0x50494446 /* PIDFS_MAGIC, Linux 6.9 */

/* Reads a small file below `dir` into a terminated buffer. Returns its length or -1 with errno. */
static ssize_t read_small(int dir, const char *name, char *buffer, size_t size)
{
	CLEANUP_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : status_read(fd, buffer, size);
}

/* A failure that tells nothing about the process. Takes errno. */
static int cannot(const struct process *p, const char *what, struct df_err *err)
{
	char text[64];
	snprintf(text, sizeof(text), "%s process", what);
	return proc_cannot(text, p->pid, err);
}

/* 1 if a thread has exited, of which nothing but its status is left; 0 if not; -1 with errno. */
static int thread_exited(int dir, const char *tid)
{
	char path[64], status[STATUS_SIZE];
	snprintf(path, sizeof(path), "task/%.20s/status", tid);
	if (read_small(dir, path, status, sizeof(status)) < 0)
		return proc_says_gone(errno) ? 1 : -1;
	const char *state = status_field(status, "State");
	return !state || *state == 'Z' || *state == 'X';
}

/* The first thread that has not exited: 1, 0 if there is none, or -1 with errno. */
static int find_thread(DIR *task, int dir, char name[64])
{
	for (struct dirent *entry; errno = 0, (entry = readdir(task));) {
		const int exited = *entry->d_name == '.' ? 1 : thread_exited(dir, entry->d_name);
		if (exited < 0)
			return -1;
		snprintf(name, 64, "%.20s", entry->d_name);
		if (!exited)
			return 1;
	}
	return errno == 0 || proc_says_gone(errno) ? 0 : -1;
}

/*
 * The name below /proc/PID of a file that tells of the address space. That of a
 * leader which called pthread_exit(3) is empty, so another thread's serves; the
 * leader's if there is none, as it then tells of the end. 0, or -1 with errno.
 */
static int name_of_file(const struct process *p, const char *name, char path[64])
{
	char thread[64];
	snprintf(path, 64, "%.20s", name);
	if (!p->leader_exited)
		return 0;
	CLEANUP_FD int fd = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *task = fd < 0 ? NULL : fdopendir(fd);
	if (!task)
		return proc_says_gone(errno) ? 0 : -1;
	fd = -1; /* the stream's by now */
	const int found = find_thread(task, p->dir, thread);
	const int error = errno;
	closedir(task);
	if (found > 0)
		snprintf(path, 64, "task/%.20s/%.20s", thread, name);
	errno = error;
	return found < 0 ? -1 : 0;
}

static int open_file(const struct process *p, const char *name, int flags)
{
	char path[64];
	return name_of_file(p, name, path) < 0 ? -1 : openat(p->dir, path, flags | O_CLOEXEC);
}

static void read_name(int dir, char *name, size_t size)
{
	if (read_small(dir, "comm", name, size) < 0)
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

static int yama_scope(void)
{
	char text[16];
	if (read_small(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) < 0)
		return 0;
	return (int)strtol(text, NULL, 10);
}

/* Its number, from proc_ns.h: no call tells. */
#define FIRST_USER_NAMESPACE 0xeffffffdu

static bool confined_to_namespace(void)
{
	struct stat st;
	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_USER_NAMESPACE;
}

static bool take_own_credentials(struct credentials *ours)
{
	char status[STATUS_SIZE];
	if (read_small(AT_FDCWD, "/proc/self/status", status, sizeof(status)) < 0)
		return false;
	credentials_take(ours, status);
	return true;
}

static void name_of(pid_t pid, char *name, size_t size)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", pid);
	CLEANUP_FD int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	name[0] = '\0';
	if (dir >= 0)
		read_name(dir, name, size);
}

/* Reads what status tells of a process, if it is told. False with errno: trouble of our own. */
static bool read_told(const struct process *process, const char *path, char status[STATUS_SIZE])
{
	if (read_small(process->dir, path, status, STATUS_SIZE) >= 0)
		return true;
	*status = '\0';
	return proc_says_gone(errno) || proc_says_denied(errno);
}

/* Whose tracer stands in the way is told by the status file `traced`. */
static int explain(const struct process *process, const char *traced, const char *what,
		   struct df_err *err)
{
	char status[STATUS_SIZE], name[64] = "", path[64];
	struct stat owner = {0};
	struct denial denial = {
		.what = what,
		.pid = process->pid,
		.tracer_name = name,
		.opened = process->mem >= 0,
		.confined = confined_to_namespace(),
		.yama_scope = yama_scope(),
	};
	if (!read_told(process, traced, status))
		return cannot(process, "tell why the kernel denies us", err);
	denial.tracer = (pid_t)status_number(status, "TracerPid");
	if (name_of_file(process, "status", path) < 0 || !read_told(process, path, status) ||
	    !take_own_credentials(&denial.ours))
		return cannot(process, "tell why the kernel denies us", err);
	credentials_take(&denial.theirs, status);
	/* proc(5): the files of a process that is not dumpable belong to root; its directory, which
	 * everybody may enter, does not. */
	denial.dumpable = fstatat(process->dir, path, &owner, 0) == 0 &&
			  owner.st_uid == denial.theirs.user[ID_EFFECTIVE];
	if (denial.tracer != 0)
		name_of(denial.tracer, name, sizeof(name));
	return denial_explain(&denial, err);
}

int process_explain_denial(const struct process *process, const char *what, struct df_err *err)
{
	char path[64];
	if (name_of_file(process, "status", path) < 0)
		return cannot(process, "tell why the kernel denies us", err);
	return explain(process, path, what, err);
}

int process_explain_thread_denial(const struct process *process, pid_t thread, const char *what,
				  struct df_err *err)
{
	char path[64];
	snprintf(path, sizeof(path), "task/%d/status", thread);
	return explain(process, path, what, err);
}

/*
 * Whether /proc is there, and numbers processes as the system calls do: that of
 * another pid namespace tells of other processes under the same numbers.
 */
static int check_proc(const struct process *p, struct df_err *err)
{
	char status[STATUS_SIZE];
	struct statfs fs;
	const ssize_t got = read_small(AT_FDCWD, "/proc/self/status", status, sizeof(status));
	const int error = errno;
	if (got >= 0) {
		const char *ids = status_field(status, "NSpid");
		if (!ids || strcspn(ids, "\t") >= strcspn(ids, "\n"))
			return 0;
	} else if (statfs("/proc", &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC) {
		return df_fail(err, DF_E_SYSTEM,
			       "/proc is not mounted here, and nothing else tells about processes");
	} else if (!proc_says_gone(error)) {
		errno = error;
		return cannot(p, "look for", err);
	}
	return df_fail(err, DF_E_SYSTEM,
		       "/proc shows another pid namespace than ours, in which the same ids mean "
		       "other processes; mount that of ours (mount -t proc proc /proc)");
}

static int no_such_process(pid_t pid, struct df_err *err)
{
	return df_fail(err, DF_E_NO_PROCESS, "no process has the id %d", pid);
}

/* Whether a process is there, as its descriptor says: 0, DF_E_NO_PROCESS, or DF_E_SYSTEM. */
static int check_lives(const struct process *p, struct df_err *err)
{
	/* EPERM, which another user's process gives, is a sign of life as well. */
	if (p->pidfd >= 0 &&
	    (syscall(SYS_pidfd_send_signal, p->pidfd, 0, NULL, 0) == 0 || errno == EPERM))
		return 0;
	return p->pidfd < 0 || errno == ESRCH ? no_such_process(p->pid, err)
					      : cannot(p, "ask for", err);
}

/* Of a process that /proc does not show: one that is there all the same, or none. Takes errno. */
static int not_shown(const struct process *p, struct df_err *err)
{
	if (!proc_says_gone(errno) && !proc_says_denied(errno))
		return cannot(p, "look at", err);
	const int status = check_lives(p, err);
	if (status < 0)
		return status;
	return df_fail(err, DF_E_PERMISSION,
		       "not permitted to look at process %d: /proc hides the processes of others "
		       "(mount option hidepid); run as its user or as root",
		       p->pid);
}

/* The ids of threads are found under /proc and by pidfd_open, but are no processes. */
static int check_status(struct process *p, struct df_err *err)
{
	char status[STATUS_SIZE];
	if (read_small(p->dir, "status", status, sizeof(status)) < 0)
		return not_shown(p, err);
	const char *state = status_field(status, "State");
	const long group = status_number(status, "Tgid");
	if (!state || group == 0)
		return df_fail(err, DF_E_SYSTEM, "/proc/%d/status does not tell what it is of",
			       p->pid);
	if (group != p->pid)
		return df_fail(err, DF_E_NO_PROCESS,
			       "%d is a thread of process %ld; give the id of the process", p->pid,
			       group);
	/* A leader that exited before its threads looks like a zombie, but they still have the
	 * address space, which the leader has no more. */
	p->leader_exited = *state == 'Z';
	if (p->leader_exited && status_number(status, "Threads") <= 1)
		return df_fail(err, DF_E_NO_PROCESS,
			       "process %d has exited and waits to be reaped (zombie)", p->pid);
	/* Its id in each pid namespace from ours inwards: more than one, if it sees others. */
	const char *ids = status_field(status, "NSpid");
	p->foreign_pids = ids && strcspn(ids, "\t") < strcspn(ids, "\n");
	return 0;
}

static int look(struct process *p, struct df_err *err)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", p->pid);
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? not_shown(p, err) : check_status(p, err);
}

/*
 * While a thread that calls exec takes the place of its leader there is a moment without either in
 * /proc, as if it were hidden: which has to stand when asked again.
 */
static int look_again(struct process *p, struct df_err *err)
{
	int status = look(p, err);
	for (int hidden = 1; status == -(int)DF_E_PERMISSION && hidden < 3; hidden++) {
		cleanup_fd(&p->dir);
		status = look(p, err);
	}
	return status;
}

/* Everything but the address space. The directory is opened between two proofs of life. */
static int pin(struct process *p, struct df_err *err)
{
	int status = check_proc(p, err);
	if (status < 0)
		return status;
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0 && errno != ESRCH && errno != EINVAL && errno != ENOENT)
		return cannot(p, "open", err);
	status = look_again(p, err);
	if (status == 0)
		status = check_lives(p, err);
	if (status < 0)
		return status;
	read_name(p->dir, p->name, sizeof(p->name));
	return 0;
}

static int open_memory(struct process *p, bool write, struct df_err *err)
{
	p->mem = open_file(p, "mem", write ? O_RDWR : O_RDONLY);
	if (p->mem >= 0)
		return 0;
	if (proc_says_denied(errno))
		return process_explain_denial(p, write ? "attach to" : "read the memory of", err);
	/* It was there a moment ago. */
	if (proc_says_gone(errno))
		return df_fail(err, DF_E_NO_PROCESS,
			       "process %d (%s) has no memory: it exited, or is a kernel thread",
			       p->pid, p->name);
	return cannot(p, "open the memory of", err);
}

static int ask(const struct process_check *check, const struct process *p, struct df_err *err)
{
	return check && check->ask ? check->ask(check->context, p, err) : 0;
}

/* Asked before as well, so that one which is not meant is not said to be out of our reach. */
int process_open_checked(pid_t pid, bool write, const struct process_check *check,
			 struct process *process, struct df_err *err)
{
	struct process p = {.pid = pid, .pidfd = -1, .dir = -1, .mem = -1};
	int status = pin(&p, err);
	if (status == 0)
		status = ask(check, &p, err);
	if (status == 0)
		status = open_memory(&p, write, err);
	if (status == 0)
		status = ask(check, &p, err);
	if (status < 0) {
		process_close(&p);
		return status;
	}
	*process = p;
	return 0;
}

int process_open(pid_t pid, bool write, struct process *process, struct df_err *err)
{
	return process_open_checked(pid, write, NULL, process, err);
}

/*
 * From Linux 6.9 on each process has a file of its own behind its pidfds, which
 * flock(2) can lock, across pid namespaces too. Before, all pidfds shared one,
 * and the directory in /proc serves instead.
 */
static int lock_file(const struct process *process)
{
	struct statfs fs;
	if (fstatfs(process->pidfd, &fs) == 0 && fs.f_type == PID_FILE_SYSTEM)
		return process->pidfd;
	return process->dir;
}

/* Who has the lock on a file, from /proc/locks (proc(5)); 0 if it does not tell. */
static pid_t lock_holder(int fd)
{
	struct stat st;
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	pid_t holder = 0;
	if (!locks || fstat(fd, &st) != 0)
		st.st_ino = 0;
	while (locks && holder == 0 && fgets(line, sizeof(line), locks)) {
		unsigned major, minor;
		unsigned long inode;
		int pid;
		/* NOLINTNEXTLINE(cert-err34-c): the numbers are the kernel's, and fit */
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) ==
			    4 &&
		    inode == st.st_ino && makedev(major, minor) == st.st_dev)
			holder = pid;
	}
	if (locks)
		fclose(locks);
	return holder;
}

/* Anybody may lock a pidfd: naming who did tells a dfpatch at work from mischief. */
static int locked_by(const struct process *process, struct df_err *err)
{
	char name[64] = "";
	const pid_t holder = lock_holder(lock_file(process));
	if (holder <= 0)
		return df_fail(err, DF_E_BUSY,
			       "another dfpatch is at work in process %d; try again later",
			       process->pid);
	name_of(holder, name, sizeof(name));
	return df_fail(
		err, DF_E_BUSY,
		"another dfpatch is at work in process %d: process %d (%s) has the lock; try "
		"again later",
		process->pid, holder, name);
}

int process_lock(const struct process *process, uint64_t deadline, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	while (flock(lock_file(process), LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot lock process %d",
					     process->pid);
		if (monotonic_now() >= deadline)
			return locked_by(process, err);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int process_file(const struct process *process, const char *name, struct df_err *err)
{
	const int fd = open_file(process, name, O_RDONLY);
	if (fd >= 0)
		return fd;
	if (proc_says_denied(errno))
		return process_explain_denial(process, "read the mappings of", err);
	if (proc_says_gone(errno))
		return df_fail_errno(err, DF_E_NO_PROCESS, "cannot open /proc/%d/%s", process->pid,
				     name);
	return cannot(process, "open a file of", err);
}

int process_root(const struct process *process)
{
	return open_file(process, "root", O_PATH | O_DIRECTORY);
}

int process_explain_end(const struct process *process, struct df_err *err)
{
	char status[STATUS_SIZE] = "", link[1];
	if (read_small(process->dir, "status", status, sizeof(status)) < 0 &&
	    !proc_says_gone(errno))
		return cannot(process, "tell what became of", err);
	const char *state = status_field(status, "State");
	if (!state && check_lives(process, NULL) == 0)
		return df_fail(err, DF_E_SYSTEM, "/proc/%d/status does not tell what became of it",
			       process->pid);
	if (!state || *state == 'Z' || *state == 'X')
		return df_fail(err, DF_E_NO_PROCESS, "process %d (%s) exited meanwhile",
			       process->pid, process->name);
	if (readlinkat(process->dir, "exe", link, sizeof(link)) < 0 && errno == ENOENT)
		return df_fail(err, DF_E_NO_PROCESS, "process %d (%s) is a kernel thread",
			       process->pid, process->name);
	return df_fail(err, DF_E_EXEC,
		       "process %d (%s) started another program (exec) meanwhile, which was not "
		       "touched",
		       process->pid, process->name);
}

bool process_may_be_loading(const struct process *process)
{
	char status[STATUS_SIZE];
	if (read_small(process->dir, "status", status, sizeof(status)) < 0)
		return false;
	const char *state = status_field(status, "State");
	return state && strchr("RDTt", *state) && status_number(status, "Threads") == 1;
}

void process_close(struct process *process)
{
	cleanup_fd(&process->pidfd);
	cleanup_fd(&process->dir);
	cleanup_fd(&process->mem);
	*process = (struct process){.pidfd = -1, .dir = -1, .mem = -1};
}
