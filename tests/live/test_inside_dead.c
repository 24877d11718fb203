/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inside_dead.c - controllers outside that died, and libdf, which finds what they left.
 *
 * In the first half the test leaves the words that a controller leaves; in the second,
 * dfpatch is killed itself, at each of its system calls.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

static struct live live;
static struct spots spots;
static struct tool tool;

static void start(void)
{
	LIVE_START(&live, "inside", "workers=2", "spinners=2", "rest=200");
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	talk_at_rest(&spots);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(inside_dead, .init = start, .fini = stop, .timeout = 280);

static void initialise(void)
{
	cr_assert_eq(TALK(&live, .command = INSIDE_INIT), 0, "%s", talk_error(&live, 0));
}

static int activate(const char *pattern)
{
	return TALK(&live, .command = DF_ACTIVATE, .pattern = pattern);
}

static uint32_t activation(const char *kind, const char *name)
{
	return talk_count(&spots, spots_find(&spots, kind, name)).activation;
}

static uint64_t generation(void)
{
	return peek_control(&spots).generation;
}

/* ---- phases ---- */

/* Counts of calm:feature as a controller leaves them that switches it. */
static void leave(uint32_t phase, uint32_t current, uint32_t next, bool on)
{
	const struct spot *spot = spots_find(&spots, "calm", "feature");
	const uint8_t opcode = opcode_of(spot, on);
	const struct df_state_v1 state = {.current.activation = current, .next.activation = next};
	poke(&spots, spot->state, &state, sizeof(state));
	poke(&spots, spot->site, &opcode, 1);
	poke_phase(&spots, phase);
}

static const struct dead_controller {
	const char *label;
	uint32_t phase, current, next;
	bool on;	  /* the byte that stands there */
	uint32_t count;	  /* of the flag, once recovered */
	uint32_t commits; /* by the recovery */
} dead[] = {
	{"preparing, nothing written", 1, 0, 0, false, 0, 0},
	{"preparing, next written", 1, 0, 1, false, 0, 0},
	{"preparing to switch off", 1, 1, 0, true, 1, 0},
	{"writing, no byte written", 2, 0, 1, false, 1, 1},
	{"writing, bytes written", 2, 0, 1, true, 1, 1},
	{"writing, switching off", 2, 1, 0, true, 0, 1},
	{"closing, no count written", 3, 0, 1, true, 1, 1},
	{"closing, counts written", 3, 1, 1, true, 1, 1},
	{"undoing, byte not yet undone", 4, 0, 1, true, 0, 0},
	{"undoing, byte undone", 4, 0, 1, false, 0, 0},
	{"undoing, next undone", 4, 0, 0, false, 0, 0},
};
#define DEAD (sizeof(dead) / sizeof(dead[0]))

/* What the next call does by itself, in commits and in counts of calm:feature. */
static const struct next_call {
	struct talk talk;
	uint32_t commits, adds;
} next_calls[] = {
	{{.command = DF_ACTIVATE, .pattern = "calm:feature"}, 1, 1},
	{{.command = DF_ACTIVATE, .pattern = "both:"}, 1, 0},
	{{.command = DF_DISABLE, .pattern = "tool:"}, 0, 0},
	{{.command = DF_ACTIVATE, .pattern = "nothing:"}, 0, 0},
	{{.command = INSIDE_APPLY, .pattern = "+calm:feature\n+calm:feature\n!hook:"}, 1, 2},
	{{.command = INSIDE_LIST}, 0, 0},
	{{.command = INSIDE_INIT}, 0, 0},
};

static void recovers(const struct dead_controller *d, const struct next_call *next, size_t call)
{
	const uint64_t before = generation();
	leave(d->phase, d->current, d->next, d->on);
	cr_assert_geq(talk_do(&live, &next->talk), 0, "%s, call %zu: %s", d->label, call,
		      talk_error(&live, 0));
	talk_at_rest(&spots);
	cr_assert_eq(activation("calm", "feature"), d->count + next->adds, "%s, call %zu", d->label,
		     call);
	cr_assert_eq(generation(), before + d->commits + next->commits, "%s, call %zu", d->label,
		     call);
	TALK(&live, .command = INSIDE_ASK);
	cr_assert_eq(inside_box(live.page, 0)->values[0], d->count + next->adds > 0);
	leave(DF_PHASE_IDLE, 0, 0, false);
}

Test(inside_dead, every_call_recovers_from_every_phase)
{
	initialise();
	for (size_t i = 0; i < DEAD; i++)
		for (size_t j = 0; j < sizeof(next_calls) / sizeof(next_calls[0]); j++)
			recovers(&dead[i], &next_calls[j], j);
}

/* Of dfpatch init: the intent stands in the control block, and the hold of one flag is open. */
static void leave_initialising(uint32_t phase, uint32_t current, uint32_t next, bool on)
{
	const struct spot *spot = spots_find(&spots, "still", "option");
	const uint8_t opcode = opcode_of(spot, on);
	const uint32_t initialised = DF_INITIALISING;
	const struct df_state_v1 state = {.current.unhook = current, .next.unhook = next};
	poke(&spots, spot->state, &state, sizeof(state));
	poke(&spots, spot->site, &opcode, 1);
	poke(&spots, spots.control + offsetof(struct df_control_v1, initialised), &initialised,
	     sizeof(initialised));
	poke_phase(&spots, phase);
}

/* Back: libdf initialises itself. Forward: it is done, and only what dfpatch left open. */
static void ends_initialised(uint32_t phase, uint32_t current, uint32_t next, bool on)
{
	stop();
	start();
	leave_initialising(phase, current, next, on);
	initialise();
	cr_assert_eq(peek_control(&spots).initialised, DF_INITIALISED);
	cr_assert_eq(generation(), 1);
	talk_at_rest(&spots);
	TALK(&live, .command = INSIDE_ASK);
	cr_assert_eq(inside_box(live.page, 0)->values[4], 0, "still:option is on");
}

Test(inside_dead, initialising)
{
	const uint32_t released = DF_HOLD_RELEASED;
	ends_initialised(DF_PHASE_PREPARING, 0, 0, true);
	ends_initialised(DF_PHASE_PREPARING, 0, released, true);
	ends_initialised(DF_PHASE_WRITING, 0, released, true);
	ends_initialised(DF_PHASE_WRITING, 0, released, false);
	ends_initialised(DF_PHASE_CLOSING, 0, released, false);
	ends_initialised(DF_PHASE_CLOSING, released, released, false);
	ends_initialised(DF_PHASE_UNDOING, 0, released, false);
	ends_initialised(DF_PHASE_UNDOING, 0, released, true);
}

/* The bytes of an open site are none of ours: an error, nothing changes, and later it does. */
Test(inside_dead, what_cannot_be_recovered_yet)
{
	const struct spot *spot = spots_find(&spots, "calm", "feature");
	const uint8_t breakpoint = 0xcc, own = opcode_of(spot, false);
	initialise();
	/* Only a worker runs then, and it does not ask. */
	stop();
	LIVE_START(&live, "inside", "init=1");
	spots_open(&spots, &live);
	const uint64_t before = generation();
	leave(DF_PHASE_WRITING, 0, 1, false);
	poke(&spots, spot->site, &breakpoint, 1);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(activate("both:"), DF_ERROR_BREAKPOINT * -1, "%s",
			     talk_error(&live, 0));
		cr_assert(strstr(talk_error(&live, 0), "calm:feature"), "%s", talk_error(&live, 0));
		cr_assert_eq(generation(), before);
		cr_assert_eq(peek_control(&spots).lock, 0);
	}
	poke(&spots, spot->site, &own, 1);
	cr_assert_eq(activate("both:"), 2, "%s", talk_error(&live, 0));
	cr_assert_eq(generation(), before + 2);
	cr_assert_eq(activation("calm", "feature"), 1);
}

/* ---- claims ---- */

static void claim(const struct spots *of, uint32_t external, uint32_t nonce)
{
	const uint32_t words[2] = {external, nonce};
	poke(of, of->control + offsetof(struct df_control_v1, external), words, sizeof(words));
}

static void send_activate(const char *pattern)
{
	talk_send(&live, 0, &(const struct talk){.command = DF_ACTIVATE, .pattern = pattern});
}

/* About a second, since a controller that lives would have been done long ago. */
Test(inside_dead, claim_that_stands_is_taken_over)
{
	initialise();
	for (uint32_t phase = 0; phase <= 3; phase += 3) {
		const uint64_t before = now_ns();
		claim(&spots, 4711, 42 + phase);
		leave(phase, 0, phase ? 1 : 0, phase != 0);
		cr_assert_eq(activate("calm:feature"), 1, "%s", talk_error(&live, 0));
		const uint64_t waited = now_ns() - before;
		cr_log_info("phase %u: taken over after %lu ms\n", phase,
			    (unsigned long)(waited / 1000000));
		cr_assert_gt(waited, 900000000u, "a claim that may be alive was not respected");
		cr_assert_eq(peek_control(&spots).external, 0);
		cr_assert_eq(activation("calm", "feature"), phase ? 2 : 1);
		cr_assert_eq(TALK(&live, .command = DF_DISABLE, .pattern = "calm:feature"), 1);
	}
}

/* One after the other, for longer than one may stand. */
Test(inside_dead, claims_that_follow_one_another_are_respected)
{
	initialise();
	const uint64_t before = generation();
	claim(&spots, 4711, 1);
	send_activate("calm:feature");
	for (uint32_t nonce = 2; nonce < 12; nonce++) {
		sleep_us(250000);
		cr_assert_not(talk_answered(&live, 0), "it did not wait for claim %u", nonce - 1);
		cr_assert_eq(generation(), before);
		cr_assert_eq(peek_control(&spots).external, 4711);
		claim(&spots, 4711, nonce);
	}
	claim(&spots, 0, 0);
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(activation("calm", "feature"), 1);
	cr_assert_eq(generation(), before + 1);
}

Test(inside_dead, claims_without_end)
{
	initialise();
	const uint64_t before = generation();
	uint32_t nonce = 1;
	claim(&spots, 4711, nonce);
	send_activate("calm:feature");
	while (!talk_answered(&live, 0)) {
		sleep_us(200000);
		claim(&spots, 4711, ++nonce);
	}
	cr_assert_eq(talk_wait(&live, 0), -(int)DF_ERROR_BUSY);
	cr_assert(strstr(talk_error(&live, 0), "nothing was changed"), "%s", talk_error(&live, 0));
	cr_assert_eq(generation(), before);
	claim(&spots, 0, 0);
	cr_assert_eq(activate("calm:feature"), 1);
}

/* Whoever waits polls: it goes on at once, and not when the claim would have been too old. */
Test(inside_dead, claim_that_ends_is_not_waited_for)
{
	uint64_t longest = 0;
	initialise();
	for (uint32_t i = 0; i < 10; i++) {
		claim(&spots, 4711, i);
		send_activate("calm:feature");
		sleep_us(150000);
		cr_assert_not(talk_answered(&live, 0), "it did not wait");
		claim(&spots, 0, 0);
		const uint64_t ended = now_ns();
		cr_assert_eq(talk_wait(&live, 0), 1);
		const uint64_t waited = now_ns() - ended;
		longest = waited > longest ? waited : longest;
	}
	cr_log_info("went on after %lu us at most\n", (unsigned long)(longest / 1000));
	cr_assert_eq(activation("calm", "feature"), 10);
}

/* The nonce that a claim leaves behind is no claim. */
Test(inside_dead, nonce_without_a_claim)
{
	initialise();
	claim(&spots, 0, 42);
	cr_assert_eq(activate("calm:feature"), 1);
	cr_assert_eq(peek_control(&spots).external_nonce, 42);
}

/*
 * One module is claimed, the other not: whoever waits has changed the first already, and
 * does not do it again, whatever others do there meanwhile.
 */
Test(inside_dead, claim_of_one_module_of_two)
{
	struct spots plugin;
	initialise();
	talk_load_plugin(&live, &plugin);
	initialise();
	const uint64_t before = generation();
	claim(&plugin, 4711, 1);
	send_activate("both:");
	sleep_us(150000);
	talk_send(&live, 1, &(const struct talk){.command = DF_ACTIVATE, .pattern = "own:|both:"});
	sleep_us(150000);
	cr_assert_not(talk_answered(&live, 0) || talk_answered(&live, 1));
	cr_assert_eq(peek_control(&plugin).generation, 1);
	/* Meanwhile the lock of neither is held. */
	cr_assert_eq(peek_control(&spots).lock, 0);
	claim(&plugin, 0, 0);
	cr_assert_eq(talk_wait(&live, 0), 3);
	cr_assert_eq(talk_wait(&live, 1), 4);
	cr_assert_eq(activation("both", "feature"), 2);
	cr_assert_eq(activation("own", "feature"), 1);
	cr_assert_eq(generation(), before + 2);
	cr_assert_eq(peek_control(&plugin).generation, 3);
	cr_assert_eq(talk_count(&plugin, spots_find(&plugin, "both", "extra")).activation, 3);
	talk_at_rest(&plugin);
	spots_close(&plugin);
}

/* More modules than an operation remembers without allocating. */
Test(inside_dead, claim_of_the_last_module_of_many)
{
	enum { COPIES = 40 };
	const struct inside_box *box = inside_box(live.page, 0);
	struct spots last;
	char path[LIVE_PATH], file[32];
	initialise();
	for (int i = 0; i < COPIES; i++) {
		snprintf(file, sizeof(file), "plugin-%d.so", i);
		scratch_path(path, file);
		copy_file(live_path("inside-plugin.so"), path);
		cr_assert_eq(TALK(&live, .command = INSIDE_LOAD, .pattern = path), 0);
	}
	talk_load_plugin(&live, &last);
	initialise();
	claim(&last, 4711, 1);
	send_activate("both:");
	talk_send(&live, 1, &(const struct talk){.command = DF_ACTIVATE, .pattern = "both:"});
	sleep_us(200000);
	cr_assert_not(talk_answered(&live, 0) || talk_answered(&live, 1));
	claim(&last, 0, 0);
	cr_assert_eq(talk_wait(&live, 0), 2 + COPIES + 1);
	cr_assert_eq(talk_wait(&live, 1), 2 + COPIES + 1);
	cr_assert_eq(TALK(&live, .command = INSIDE_LIST, .pattern = "both:extra"), COPIES + 1);
	cr_assert_eq(box->listed, COPIES + 1);
	for (uint32_t i = 0; i < box->listed; i++)
		cr_assert_eq(box->list[i].activation, 3, "module %u was changed %u times", i,
			     box->list[i].activation - 1);
	talk_at_rest(&last);
	spots_close(&last);
}

/* While one thread waits for a claim to end, others, who wait too, and dfpatch get their turn. */
Test(inside_dead, dfpatch_does_away_with_a_dead_claim)
{
	initialise();
	claim(&spots, 4711, 1);
	send_activate("calm:feature");
	talk_send(&live, 1, &(const struct talk){.command = DF_ACTIVATE, .pattern = "both:"});
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "calm:feature"), 0, "%s", tool.err);
	cr_assert_eq(talk_wait(&live, 0), 1);
	cr_assert_eq(talk_wait(&live, 1), 2);
	cr_assert_eq(activation("calm", "feature"), 2);
	cr_assert_eq(activation("both", "feature"), 1);
}

/* ---- dfpatch, killed at each of its system calls ---- */

/* The child that becomes dfpatch, traced by us. */
static void be_traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

/* Its threads are seen, too, since one of them is who writes; its watchdog is not. */
static pid_t next_stop(pid_t pid, int *signal, bool *ended)
{
	int status;
	for (;;) {
		const pid_t who = waitpid(-1, &status, __WALL);
		cr_assert_gt(who, 0);
		*ended = who == pid && !WIFSTOPPED(status);
		if (!*ended && !WIFSTOPPED(status))
			continue; /* a thread's end */
		*signal = *ended ? 0 : WSTOPSIG(status);
		/* SIGSTOP is how a thread begins. */
		if (*signal == SIGTRAP || *signal == SIGSTOP)
			*signal = 0;
		return who;
	}
}

/*
 * Lets it come to its system call number `calls`, counting entries and exits, and kills it
 * there. False if it ended before.
 */
static bool kill_at(pid_t pid, int calls)
{
	bool ended;
	int signal;
	for (int i = 0;; i++) {
		const pid_t who = next_stop(pid, &signal, &ended);
		if (ended)
			return false;
		if (i == 0)
			cr_assert_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACECLONE), 0);
		if (i == calls)
			break;
		cr_assert_eq(ptrace(PTRACE_SYSCALL, who, NULL, (void *)(intptr_t)signal), 0);
	}
	kill(pid, SIGKILL);
	while (!ended)
		next_stop(pid, &signal, &ended);
	return true;
}

static bool run_and_kill(const char *command, const char *pattern, int calls)
{
	tool_start(&tool, (const char *const[]){command, PID(&live), pattern, NULL}, be_traced);
	const bool killed = kill_at(tool.pid, calls);
	close(tool.out_fd);
	close(tool.err_fd);
	return killed;
}

/* All sites of the crowd have one count; what dfpatch did and libdf recovered is in it. */
static uint32_t crowd(void)
{
	const uint32_t count = activation("crowd", "many");
	for (size_t i = 0; i < spots.count; i++)
		if (strcmp(spots.list[i].kind, "crowd") == 0)
			cr_assert_eq(talk_count(&spots, &spots.list[i]).activation, count);
	return count;
}

struct sweep {
	uint32_t phases[5]; /* how often each was found */
	uint32_t wished;    /* activations of crowd: less deactivations that took effect */
	uint64_t commits;
};

static void one_death(struct sweep *s, bool up, int calls)
{
	const struct df_control_v1 found = peek_control(&spots);
	const uint64_t before = now_ns();
	s->phases[found.phase % 5]++;
	/* Counted, but not closed: recovery counts it once more. */
	if (found.phase == DF_PHASE_CLOSING && found.generation > s->commits)
		s->commits++;
	cr_assert_eq(activate("own:"), 1, "%s", talk_error(&live, 0));
	cr_assert_lt(now_ns() - before, 20000000000u, "libdf waited for the dead");
	s->commits++;
	talk_at_rest(&spots);
	const uint32_t now = crowd();
	cr_assert(now == s->wished || now == s->wished + (up ? 1 : -1u),
		  "call %d: crowd:many has count %u after %u", calls, now, s->wished);
	s->commits += now != s->wished;
	s->wished = now;
	cr_assert_eq(generation(), s->commits, "call %d: generation %lu, not %lu", calls,
		     (unsigned long)generation(), (unsigned long)s->commits);
	TALK(&live, .command = INSIDE_ASK);
	cr_assert_eq(inside_box(live.page, 0)->crowd, now > 0 ? INSIDE_CROWD : 0);
	nobody_is_traced(&live);
}

Test(inside_dead, dfpatch_killed_at_each_system_call)
{
	struct sweep s = {.commits = 1};
	int calls = 0;
	initialise();
	for (bool up = true, killed = true; killed; calls++) {
		killed = run_and_kill(up ? "activate" : "deactivate", "crowd:", calls);
		one_death(&s, up, calls);
		up = s.wished == 0;
	}
	cr_log_info("%d stops; found phases 0 to 4: %u %u %u %u %u\n", calls, s.phases[0],
		    s.phases[1], s.phases[2], s.phases[3], s.phases[4]);
	/* Or it died somewhere else than where it counts. */
	cr_assert(s.phases[1] > 0 && s.phases[2] > 0 && s.phases[3] > 0);
	cr_assert_eq(live.page->broken, 0);
}
