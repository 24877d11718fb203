/* SPDX-License-Identifier: Apache-2.0 */
/* aim.c - a target of the sweep. */
#include "aim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "insn.h"
#include "rule.h"

uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void nap_us(unsigned us)
{
	const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = (long)us % 1000000 * 1000};
	nanosleep(&time, NULL);
}

static bool peek(const struct aim *aim, uint64_t addr, void *to, size_t size)
{
	return pread(aim->mem, to, size, (off_t)addr) == (ssize_t)size;
}

static bool poke(const struct aim *aim, uint64_t addr, const void *from, size_t size)
{
	return pwrite(aim->mem, from, size, (off_t)addr) == (ssize_t)size;
}

/* ---- starting ---- */

static void become(const char *path, bool init, int page, int pipe)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Both come from far above, so that neither overwrites the other. */
	if (dup2(page, SWEEP_PAGE_FD) == SWEEP_PAGE_FD &&
	    dup2(pipe, SWEEP_PIPE_FD) == SWEEP_PIPE_FD)
		execl(path, path, init ? "init" : NULL, NULL);
	_exit(127);
}

static bool spawn(struct aim *aim, const char *path, bool init)
{
	int ends[2];
	const int made = memfd_create("sweep", MFD_CLOEXEC);
	if (made < 0 || ftruncate(made, SWEEP_PAGE_SIZE) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return false;
	const int page = fcntl(made, F_DUPFD_CLOEXEC, 20),
		  end = fcntl(ends[0], F_DUPFD_CLOEXEC, 20);
	aim->pipe = ends[1];
	aim->page = mmap(NULL, SWEEP_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
	if (page < 0 || end < 0 || aim->page == MAP_FAILED)
		return false;
	aim->pid = fork();
	if (aim->pid == 0)
		become(path, init, page, end);
	close(made);
	close(ends[0]);
	close(page);
	close(end);
	return aim->pid > 0;
}

/* A distance counts from the field that holds it. */
#define NAMED(RECORD, R, FIELD)                                                                    \
	((RECORD) + offsetof(struct df_site_v1, FIELD) + (uint64_t)(int64_t)(R).FIELD)

static bool read_site(const struct aim *aim, uint64_t record, struct df_site *site)
{
	struct df_site_v1 r;
	char kind[6] = "";
	if (!peek(aim, record, &r, sizeof(r)) ||
	    !peek(aim, NAMED(record, r, kind), kind, sizeof(kind) - 1))
		return false;
	*site = (struct df_site){
		.addr = NAMED(record, r, site),
		.target = r.style == DF_STYLE_X86_GOTO ? NAMED(record, r, target) : 0,
		.state = NAMED(record, r, state),
		.kind = strcmp(kind, "crowd") == 0 ? "crowd" : NULL,
		.style = r.style,
		.flags = r.flags,
		.activation = r.activation,
		.unhook = r.unhook,
	};
	return true;
}

static bool read_table(struct aim *aim)
{
	struct df_control_v1 control;
	aim->control = aim->page->control;
	if (!peek(aim, aim->control, &control, sizeof(control)))
		return false;
	const uint64_t start = aim->control + offsetof(struct df_control_v1, start) +
			       (uint64_t)(int64_t)control.start;
	const uint64_t stop = aim->control + offsetof(struct df_control_v1, stop) +
			      (uint64_t)(int64_t)control.stop;
	/* gcc may copy a site; the target is written so that it does not. */
	if (stop - start != (uint64_t)AIM_SITES * DF_SITE_SIZE) {
		fprintf(stderr, "sweep: the target has %lu sites\n",
			(unsigned long)(stop - start) / DF_SITE_SIZE);
		return false;
	}
	for (size_t i = 0; i < AIM_SITES; i++)
		if (!read_site(aim, start + i * DF_SITE_SIZE, &aim->sites[i]))
			return false;
	return true;
}

bool aim_start(struct aim *aim, const char *path, bool init)
{
	char mem[32];
	const uint64_t end = now_ns() + AIM_PATIENCE;
	if (!spawn(aim, path, init))
		return false;
	while (!aim->page->ready) {
		if (!aim_lives(aim) || now_ns() > end)
			return false;
		nap_us(200);
	}
	snprintf(mem, sizeof(mem), "/proc/%d/mem", aim->pid);
	aim->mem = open(mem, O_RDWR | O_CLOEXEC);
	return aim->mem >= 0 && read_table(aim);
}

void aim_end(struct aim *aim)
{
	int status;
	kill(aim->pid, SIGKILL);
	waitpid(aim->pid, &status, 0);
	close(aim->mem);
	close(aim->pipe);
	munmap(aim->page, SWEEP_PAGE_SIZE);
}

bool aim_lives(const struct aim *aim)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)aim->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

/* ---- what its memory says ---- */

bool aim_take(const struct aim *aim, struct aim_state *state, char wrong[AIM_TEXT])
{
	*wrong = '\0';
	if (!peek(aim, aim->control, &state->control, sizeof(state->control)))
		return false;
	for (size_t i = 0; i < AIM_SITES; i++) {
		const struct df_site *site = &aim->sites[i];
		uint8_t code[DF_INSN_MAX];
		if (!peek(aim, site->state, &state->states[i], sizeof(state->states[i])) ||
		    !peek(aim, site->addr, code, df_insn_size(site->style)))
			return false;
		state->opcodes[i] = code[0];
		if (df_insn_fit(site, code) > DF_FIT_JUMP)
			snprintf(wrong, AIM_TEXT,
				 "site %zu is no whole instruction: %02x %02x %02x "
				 "%02x %02x",
				 i, code[0], code[1], code[2], code[3], code[4]);
	}
	return true;
}

bool aim_put(const struct aim *aim, const struct aim_state *state)
{
	static struct aim_state now;
	char wrong[AIM_TEXT];
	/* What stands before `lock` never changes. */
	const size_t fixed = offsetof(struct df_control_v1, lock);
	if (!aim_take(aim, &now, wrong) ||
	    !poke(aim, aim->control + fixed, (const char *)&state->control + fixed,
		  sizeof(state->control) - fixed))
		return false;
	for (size_t i = 0; i < AIM_SITES; i++) {
		const struct df_site *site = &aim->sites[i];
		if (memcmp(&state->states[i], &now.states[i], DF_STATE_SIZE) != 0 &&
		    !poke(aim, site->state, &state->states[i], DF_STATE_SIZE))
			return false;
		if (state->opcodes[i] != now.opcodes[i] &&
		    !poke(aim, site->addr, &state->opcodes[i], 1))
			return false;
	}
	return true;
}

static bool byte_fits(const struct df_site *site, const struct df_state_v1 *state, uint8_t opcode)
{
	const struct df_count count = df_count_decode(site, &state->current);
	return opcode == df_insn_opcode(site->style, df_insn_jumps(site, df_count_active(&count)));
}

void aim_at_rest(const struct aim *aim, const struct aim_state *state, char wrong[AIM_TEXT])
{
	const struct df_control_v1 *c = &state->control;
	*wrong = '\0';
	if (c->phase != DF_PHASE_IDLE || c->external != 0 || c->lock != 0 ||
	    (c->initialised & DF_INITIALISING))
		snprintf(wrong, AIM_TEXT, "phase %u, claim %u, lock %u, initialised %u", c->phase,
			 c->external, c->lock, c->initialised);
	for (size_t i = 0; i < AIM_SITES && *wrong == '\0'; i++) {
		const struct df_state_v1 *s = &state->states[i];
		if (memcmp(&s->current, &s->next, sizeof(s->next)) != 0)
			snprintf(wrong, AIM_TEXT, "site %zu: next is not current", i);
		else if (!byte_fits(&aim->sites[i], s, state->opcodes[i]))
			snprintf(wrong, AIM_TEXT, "site %zu: the byte %02x is not what counts say",
				 i, state->opcodes[i]);
	}
}

bool aim_same(const struct aim_state *a, const struct aim_state *b)
{
	return a->control.phase == b->control.phase &&
	       a->control.initialised == b->control.initialised &&
	       a->control.external == b->control.external &&
	       memcmp(a->states, b->states, sizeof(a->states)) == 0 &&
	       memcmp(a->opcodes, b->opcodes, sizeof(a->opcodes)) == 0;
}

/* ---- its threads ---- */

static bool is_held(const struct aim *aim, const char *thread)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", aim->pid, thread);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	const char *state = strstr(text, "\nState:\t");
	return got > 0 && ((state && strchr("tT", state[8])) || !strstr(text, "\nTracerPid:\t0\n"));
}

size_t aim_held(const struct aim *aim)
{
	char path[32];
	size_t held = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", aim->pid);
	DIR *directory = opendir(path);
	for (struct dirent *entry; directory && (entry = readdir(directory));)
		held += *entry->d_name != '.' && is_held(aim, entry->d_name);
	if (directory)
		closedir(directory);
	return held;
}

bool aim_claimed(const struct aim *aim)
{
	struct df_control_v1 control;
	return peek(aim, aim->control, &control, sizeof(control)) && control.external != 0;
}

static void wake_waiters(const struct aim *aim)
{
	aim->page->go++;
	syscall(SYS_futex, &aim->page->go, FUTEX_WAKE, SWEEP_WAITERS, NULL, NULL, 0);
}

/* A byte is for any reader, also for one that has had its own: so they come until all have. */
static void feed_reader(const struct aim *aim)
{
	if (write(aim->pipe, "", 1) != 1)
		fprintf(stderr, "sweep: cannot write to the pipe\n");
}

/* A runner that was in the middle of a pass has to end that and another. */
static bool has_gone_on(const struct aim *aim, const uint64_t *before, size_t thread)
{
	const uint64_t times = thread < SWEEP_RUNNERS ? 2 : 1;
	return aim->page->beat[thread] >= before[thread] + times;
}

static void count_on(const struct aim *aim, const struct aim_state *state, int *crowd, int *probe)
{
	*crowd = *probe = 0;
	for (size_t i = 0; i < AIM_SITES; i++) {
		const struct df_count count =
			df_count_decode(&aim->sites[i], &state->states[i].current);
		*(aim->sites[i].kind ? crowd : probe) += df_count_active(&count);
	}
}

void aim_goes_on(const struct aim *aim, const struct aim_state *state, char wrong[AIM_TEXT])
{
	uint64_t before[SWEEP_THREADS];
	int crowd, probe;
	const uint64_t end = now_ns() + AIM_PATIENCE;
	for (size_t i = 0; i < SWEEP_THREADS; i++)
		before[i] = aim->page->beat[i];
	*wrong = '\0';
	wake_waiters(aim);
	for (size_t i = 0; i < SWEEP_THREADS;) {
		if (has_gone_on(aim, before, i)) {
			i++;
		} else if (!aim_lives(aim) || now_ns() > end) {
			snprintf(wrong, AIM_TEXT, "thread %zu does not go on", i);
			return;
		} else {
			if (i >= SWEEP_RUNNERS + SWEEP_WAITERS)
				feed_reader(aim);
			nap_us(200);
		}
	}
	count_on(aim, state, &crowd, &probe);
	for (size_t i = 0; i < SWEEP_RUNNERS; i++)
		if (aim->page->on[i] != crowd || aim->page->probe[i] != probe)
			snprintf(wrong, AIM_TEXT,
				 "thread %zu sees %d and %d sites on, not %d and %d", i,
				 aim->page->on[i], aim->page->probe[i], crowd, probe);
	if (aim->page->odd > 0)
		snprintf(wrong, AIM_TEXT, "a site had an impossible value");
}

int aim_ask(const struct aim *aim, const char *pattern)
{
	const uint64_t end = now_ns() + AIM_PATIENCE;
	const uint32_t asked = aim->page->asked + 1;
	snprintf(aim->page->pattern, sizeof(aim->page->pattern), "%s", pattern);
	__atomic_store_n(&aim->page->asked, asked, __ATOMIC_RELEASE);
	while (__atomic_load_n(&aim->page->answered, __ATOMIC_ACQUIRE) != asked) {
		if (!aim_lives(aim) || now_ns() > end)
			return -1000;
		nap_us(100);
	}
	return aim->page->result;
}
