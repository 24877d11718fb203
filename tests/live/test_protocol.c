/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_protocol.c - other controllers: at work, dead half-way, and what they leave.
 *
 * The test plays the other controller by writing words and bytes of the target.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "spots.h"

static struct live live;
static struct spots spots;
static struct tool tool;
static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];

static void start(void)
{
	LIVE_START(&live, "basic", "threads=4");
	spots_open(&spots, &live);
}

static void stop(void)
{
	nobody_is_traced(&live);
	live_beat(&live);
	spots_close(&spots);
	live_stop(&live);
}

TestSuite(protocol, .init = start, .fini = stop, .timeout = 60);

static void remember(void)
{
	spots_image(&spots, before);
}

static void assert_unchanged(void)
{
	const size_t size = spots_image(&spots, after);
	cr_assert(memcmp(before, after, size) == 0, "the target's flags were changed");
}

static int enable(const char *flag)
{
	return TOOL(&tool, "enable", PID(&live), "--timeout=200ms", flag);
}

/* ---- the lock of a controller inside ---- */

Test(protocol, lock_of_a_live_thread)
{
	poke_lock(&spots, (uint32_t)live.pid);
	remember();
	cr_assert_eq(enable("basic:feature"), 3, "%s", tool.err);
	tool_one_error(&tool, "holds the lock");
	cr_assert_geq(tool.ns, 200000000u);
	assert_unchanged();
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	poke_lock(&spots, 0);
	cr_assert_eq(enable("basic:feature"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
}

Test(protocol, lock_that_is_given_back_in_time)
{
	poke_lock(&spots, (uint32_t)live.pid);
	tool_start(&tool, (const char *const[]){"enable", PID(&live), "basic:feature", NULL}, NULL);
	sleep_us(100000);
	poke_lock(&spots, 0);
	cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
}

Test(protocol, lock_of_a_dead_thread_is_free)
{
	poke_lock(&spots, (uint32_t)getpid()); /* lives, but is no thread of the target */
	cr_assert_eq(enable("basic:feature"), 0, "%s", tool.err);
	poke_lock(&spots, 0x3ffffffe);
	cr_assert_eq(enable("multi:inlined"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_INLINED, 1));
	/* dfpatch never writes the lock. */
	cr_assert_eq(peek_control(&spots).lock, 0x3ffffffe);
	poke_lock(&spots, 0);
}

/* ---- controllers outside ---- */

Test(protocol, another_tool_at_work)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", live.pid);
	/* Which of the two the tool locks depends on the kernel. */
	const int pidfd = (int)syscall(SYS_pidfd_open, live.pid, 0);
	FILE *directory = fopen(path, "re");
	cr_assert(pidfd >= 0 && directory);
	cr_assert(flock(pidfd, LOCK_EX) == 0 && flock(fileno(directory), LOCK_EX) == 0);
	remember();
	cr_assert_eq(enable("basic:feature"), 3, "%s", tool.err);
	tool_one_error(&tool, "another dfpatch is at work");
	cr_assert_geq(tool.ns, 200000000u);
	assert_unchanged();
	/* Looking needs no lock. */
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	tool_start(&tool, (const char *const[]){"enable", PID(&live), "basic:feature", NULL}, NULL);
	sleep_us(100000);
	cr_assert_eq(live.page->value[BASIC_FEATURE], 0);
	close(pidfd);
	fclose(directory);
	cr_assert_eq(tool_wait(&tool), 0, "%s", tool.err);
}

Test(protocol, tools_take_turns)
{
	enum { TOOLS = 12 };
	static struct tool tools[TOOLS];
	for (int i = 0; i < TOOLS; i++)
		tool_start(&tools[i], (const char *const[]){"activate", PID(&live), "multi:", NULL},
			   NULL);
	for (int i = 0; i < TOOLS; i++)
		cr_assert_eq(tool_wait(&tools[i]), 0, "%s", tools[i].err);
	cr_assert_eq(peek_control(&spots).generation, TOOLS);
	cr_assert_eq(peek_state(&spots, spots_find(&spots, "multi", "inlined")).current.activation,
		     TOOLS);
	spots_are_whole(&spots);
}

Test(protocol, claim_of_a_dead_tool)
{
	const uint32_t claim[2] = {4711, 42}, none[2] = {0, 0};
	const uint64_t at = spots.control + offsetof(struct df_control_v1, external);
	poke(&spots, at, claim, sizeof(claim));
	cr_assert_eq(enable("basic:feature"), 0, "%s", tool.err);
	const struct df_control_v1 control = peek_control(&spots);
	cr_assert(memcmp(&control.external, none, sizeof(none)) == 0);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
}

/* ---- controllers that died half-way ---- */

/* Counts of basic:feature as a controller leaves them that switches it on. */
static void leave(uint32_t phase, uint32_t current, uint32_t next, uint8_t opcode)
{
	const struct spot *spot = spots_find(&spots, "basic", "feature");
	const struct df_state_v1 state = {.current.activation = current, .next.activation = next};
	poke(&spots, spot->state, &state, sizeof(state));
	poke(&spots, spot->site, &opcode, 1);
	poke_phase(&spots, phase);
}

static const struct dead_controller {
	const char *label;
	uint32_t phase, current, next;
	uint8_t opcode;
	int32_t value;	  /* of the flag, once recovered */
	uint32_t commits; /* by the recovery */
} dead[] = {
	{"preparing, nothing written", 1, 0, 0, 0xa9, 0, 0},
	{"preparing, next written", 1, 0, 1, 0xa9, 0, 0},
	{"preparing to switch off", 1, 1, 0, 0xe9, 1, 0},
	{"writing, no byte written", 2, 0, 1, 0xa9, 1, 1},
	{"writing, bytes written", 2, 0, 1, 0xe9, 1, 1},
	{"writing, switching off", 2, 1, 0, 0xe9, 0, 1},
	{"closing, no count written", 3, 0, 1, 0xe9, 1, 1},
	{"closing, counts written", 3, 1, 1, 0xe9, 1, 1},
	{"undoing, byte not yet undone", 4, 0, 1, 0xe9, 0, 0},
	{"undoing, byte undone", 4, 0, 1, 0xa9, 0, 0},
	{"undoing, next undone", 4, 0, 0, 0xa9, 0, 0},
};

static void assert_recovered(const struct dead_controller *d, uint64_t generation)
{
	spots_are_whole(&spots);
	live_beat(&live);
	cr_assert_eq(live.page->value[BASIC_FEATURE], d->value, "%s", d->label);
	cr_assert_eq(peek_control(&spots).generation, generation, "%s: generation %lu", d->label,
		     (unsigned long)peek_control(&spots).generation);
}

/* The next operation is about another flag. */
Test(protocol, dead_controllers_are_recovered)
{
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		const uint64_t generation = peek_control(&spots).generation;
		leave(dead[i].phase, dead[i].current, dead[i].next, dead[i].opcode);
		cr_assert_eq(TOOL(&tool, "activate", PID(&live), "multi:"), 0, "%s: %s",
			     dead[i].label, tool.err);
		assert_recovered(&dead[i], generation + dead[i].commits + 1);
		leave(DF_PHASE_IDLE, 0, 0, 0xa9);
	}
}

/* The next operation changes nothing by itself. */
Test(protocol, dead_controllers_are_recovered_by_an_idle_operation)
{
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		const uint64_t generation = peek_control(&spots).generation;
		leave(dead[i].phase, dead[i].current, dead[i].next, dead[i].opcode);
		cr_assert_eq(TOOL(&tool, "disable", PID(&live), "multi:"), 0, "%s: %s",
			     dead[i].label, tool.err);
		assert_recovered(&dead[i], generation + dead[i].commits);
		leave(DF_PHASE_IDLE, 0, 0, 0xa9);
	}
}

/* The next operation is about the same flag: it works on what recovery leaves. */
Test(protocol, activation_goes_on_from_what_was_recovered)
{
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		leave(dead[i].phase, dead[i].current, dead[i].next, dead[i].opcode);
		cr_assert_eq(TOOL(&tool, "activate", PID(&live), "basic:feature"), 0, "%s: %s",
			     dead[i].label, tool.err);
		spots_are_whole(&spots);
		const struct spot *spot = spots_find(&spots, "basic", "feature");
		cr_assert_eq(peek_state(&spots, spot).current.activation,
			     (uint32_t)dead[i].value + 1, "%s", dead[i].label);
		leave(DF_PHASE_IDLE, 0, 0, 0xa9);
	}
}

/* One open site that cannot be put right, and none is: nothing is written. */
Test(protocol, recovery_is_verified_first)
{
	const struct spot *spot = spots_find(&spots, "basic", "slow");
	const struct df_state_v1 was = peek_state(&spots, spot), open = {.next.activation = 1};
	const uint8_t own = peek_opcode(&spots, spot), breakpoint = 0xcc;
	/* Or it would run into the breakpoint. */
	kill(live.pid, SIGSTOP);
	cr_assert(all_threads_are(&live, 'T'));
	leave(DF_PHASE_WRITING, 0, 1, 0xa9);
	poke(&spots, spot->state, &open, sizeof(open));
	poke(&spots, spot->site, &breakpoint, 1);
	remember();
	cr_assert_eq(enable("multi:"), 4, "%s", tool.err);
	tool_one_error(&tool, "breakpoint");
	assert_unchanged();
	poke(&spots, spot->site, &own, 1);
	poke(&spots, spot->state, &was, sizeof(was));
	kill(live.pid, SIGCONT);
	cr_assert_eq(enable("multi:"), 0, "%s", tool.err);
	spots_are_whole(&spots);
}

/* However little time there is, what was put right is said, and the operation is done. */
Test(protocol, recovery_is_reported)
{
	leave(DF_PHASE_WRITING, 0, 1, 0xa9);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--dry-run", "multi:"), 0);
	cr_expect(strstr(tool.out, "would be put right in 1 module"), "%s", tool.out);
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "--timeout=0", "multi:"), 0, "%s", tool.err);
	cr_expect(strstr(tool.out, "was put right in 1 module"), "%s", tool.out);
	spots_are_whole(&spots);
}

Test(protocol, listing_shows_and_leaves_a_change_under_way)
{
	leave(DF_PHASE_WRITING, 0, 1, 0xa9);
	remember();
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 0);
	cr_assert(strstr(tool.out, "a change is under way"), "%s", tool.out);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--dry-run", "multi:"), 0);
	assert_unchanged();
	leave(DF_PHASE_IDLE, 0, 0, 0xa9);
}

Test(protocol, phase_that_is_none)
{
	poke_phase(&spots, 7);
	remember();
	cr_assert_eq(enable("multi:"), 4, "%s", tool.err);
	tool_one_error(&tool, "phase 7");
	assert_unchanged();
	poke_phase(&spots, DF_PHASE_IDLE);
}

Test(protocol, control_block_that_is_none)
{
	const uint64_t magic = 0;
	struct df_control_v1 control = peek_control(&spots);
	poke(&spots, spots.control, &magic, sizeof(magic));
	remember();
	cr_assert_eq(enable("multi:"), 4, "%d %s", tool.status, tool.err);
	assert_unchanged();
	poke(&spots, spots.control, &control, sizeof(magic));
	cr_assert_eq(enable("multi:"), 0, "%s", tool.err);
}

/* ---- bytes that are none of ours ---- */

static void poke_opcode(const char *kind, const char *name, uint8_t opcode)
{
	poke(&spots, spots_find(&spots, kind, name)->site, &opcode, 1);
}

/* basic:slow is one of three; its neighbours are fine, and left alone. */
static void refuses(const char *text)
{
	remember();
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:"), 4, "%s%s", tool.out, tool.err);
	tool_one_error(&tool, text);
	cr_assert(strstr(tool.err, "basic:slow@") && strstr(tool.err, "nothing was changed"), "%s",
		  tool.err);
	assert_unchanged();
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "--dry-run", "basic:"), 4);
	/* A flag whose sites are whole can be flipped all the same. */
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "multi:"), 0, "%s", tool.err);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "multi:"), 0, "%s", tool.err);
}

Test(protocol, bytes_that_fit_neither_encoding)
{
	const struct spot *spot = spots_find(&spots, "basic", "slow");
	uint8_t code[5], changed[5];
	char found[64];
	/* Not one thread may run through it while it is broken. */
	cr_assert_eq(kill(live.pid, SIGSTOP), 0);
	cr_assert(all_threads_are(&live, 'T'));
	peek(&spots, spot->site, code, sizeof(code));
	memcpy(changed, code, sizeof(code));
	changed[0] = 0x90;
	poke(&spots, spot->site, changed, sizeof(changed));
	snprintf(found, sizeof(found), "expected a9 %02x %02x %02x %02x or e9 ", code[1], code[2],
		 code[3], code[4]);
	refuses(found);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:"), 4);
	cr_assert(strstr(tool.err, "found 90 "), "%s", tool.err);
	/* The opcode is right, the target of the jump is not. */
	memcpy(changed, code, sizeof(code));
	changed[2] ^= 0x10;
	poke(&spots, spot->site, changed, sizeof(changed));
	refuses("found e9");
	poke(&spots, spot->site, code, sizeof(code));
	cr_assert_eq(kill(live.pid, SIGCONT), 0);
}

Test(protocol, breakpoint_at_a_site)
{
	cr_assert_eq(kill(live.pid, SIGSTOP), 0);
	cr_assert(all_threads_are(&live, 'T'));
	poke_opcode("basic", "slow", 0xcc);
	refuses("holds a breakpoint (cc)");
	poke_opcode("basic", "slow", 0xe9);
	cr_assert_eq(kill(live.pid, SIGCONT), 0);
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:"), 0, "%s", tool.err);
	cr_assert(live_value(&live, BASIC_SLOW, 0));
}

/* The byte of a site does not follow from its counts: one of ours, so it is put right. */
Test(protocol, stray_byte)
{
	poke_opcode("basic", "feature", 0xe9);
	cr_assert(live_value(&live, BASIC_FEATURE, 1));
	cr_assert_eq(TOOL(&tool, "disable", PID(&live), "basic:feature"), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "did not show what its counts say"), "%s", tool.out);
	cr_assert(live_value(&live, BASIC_FEATURE, 0));
	spots_are_whole(&spots);
}
