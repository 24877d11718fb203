/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/undo.c: what is taken back, whatever the counts have become. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_image.h"
#include "undo.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define CONTROL 0x5000u
#define BY 77 /* who made the change */

static const struct df_site sites[] = {
	{.kind = "a", .name = "first", .file = "a.c", .doc = ""},
	{.kind = "a", .name = "held", .file = "a.c", .doc = "", .flags = DF_SITE_HELD},
	{.kind = "a", .name = "other", .file = "a.c", .doc = ""},
};

static struct images images;
static struct image *image;
static struct df_plan plan;
static struct selection selection;
static struct df_err err;

static void begin(void)
{
	images = (struct images){0};
	image = fake_image_add(&images, "/bin/program", sites, COUNT(sites));
	image->table.control = CONTROL;
}

static void end(void)
{
	df_plan_free(&plan);
	selection_free(&selection);
	images_free(&images);
}

TestSuite(undo, .init = begin, .fini = end);

/* Counts of site `i` as they are when the next plan is begun. */
static void set(uint32_t i, struct df_count count)
{
	image->states[i].current = df_count_encode(&image->sites[i], &count);
	image->states[i].next = image->states[i].current;
}

static void begin_plan(void)
{
	df_plan_free(&plan);
	selection_free(&selection);
	cr_assert_eq(df_plan_begin(&plan, image->sites, image->table.count, image->states,
				   &image->control, NULL),
		     0);
	cr_assert_eq(selection_new(&selection, &images, false, NULL), 0);
}

/* A record of a change of site `i` in the module of generation 4. */
static struct undo_site site;
static struct undo_module module;
static struct undo record;

static const struct undo *of(uint32_t i, struct df_count was, struct df_count will, bool sure)
{
	site = (struct undo_site){.site = i, .was = was, .will = will};
	module = (struct undo_module){.control = CONTROL,
				      .generation = 4,
				      .table_count = COUNT(sites),
				      .sure = sure,
				      .sites = &site,
				      .count = 1};
	record = (struct undo){.by = BY, .modules = &module, .count = 1};
	return &record;
}

static void plan_it(const struct undo *undo, const struct undo *tried)
{
	const struct undo_request request = {
		.undo = undo, .tried = tried, .tried_count = tried ? 1 : 0};
	begin_plan();
	undo_plan(&request, &images, &plan, &selection);
}

#define C(ACTIVATION, UNHOOK, HELD)                                                                \
	((struct df_count){.activation = (ACTIVATION), .unhook = (UNHOOK), .held = (HELD)})

/* ---- the rules ---- */

struct rule {
	const char *what;
	struct df_count was, will; /* the change */
	struct df_count now, then; /* before and after it is taken back */
	enum df_outcome outcome;
	bool initialised;
};

static const struct rule rules[] = {
	{"activate", {0, 0, 0}, {1, 0, 0}, {1, 0, 0}, {0, 0, 0}, DF_CHANGED, 0},
	{"activate, and others twice", {0, 0, 0}, {1, 0, 0}, {3, 0, 0}, {2, 0, 0}, DF_CHANGED, 0},
	{"activate by 2, others -1", {0, 0, 0}, {2, 0, 0}, {1, 0, 0}, {0, 0, 0}, DF_CHANGED, 0},
	{"activate, others took it", {0, 0, 0}, {1, 0, 0}, {0, 0, 0}, {0, 0, 0}, DF_SAME, 0},
	{"activate, unhooked since", {0, 0, 0}, {1, 0, 0}, {1, 2, 0}, {0, 2, 0}, DF_CHANGED, 0},
	{"activate to the top",
	 {UINT32_MAX - 1, 0, 0},
	 {UINT32_MAX, 0, 0},
	 {UINT32_MAX, 0, 0},
	 {UINT32_MAX - 1, 0, 0},
	 DF_CHANGED,
	 0},
	{"deactivate", {2, 0, 0}, {1, 0, 0}, {1, 0, 0}, {2, 0, 0}, DF_CHANGED, 0},
	{"deactivate, others too", {2, 0, 0}, {1, 0, 0}, {0, 0, 0}, {1, 0, 0}, DF_CHANGED, 0},
	{"deactivate, unhooked since", {1, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 1, 0}, DF_UNHOOKED, 0},
	{"deactivate, at the top since",
	 {5, 0, 0},
	 {3, 0, 0},
	 {UINT32_MAX - 1, 0, 0},
	 {UINT32_MAX, 0, 0},
	 DF_CHANGED,
	 0},
	{"disable of 3", {3, 0, 0}, {0, 0, 0}, {1, 0, 0}, {4, 0, 0}, DF_CHANGED, 0},
	{"unhook", {1, 0, 0}, {1, 1, 0}, {1, 1, 0}, {1, 0, 0}, DF_CHANGED, 0},
	{"unhook, and others", {1, 0, 0}, {1, 1, 0}, {0, 3, 0}, {0, 2, 0}, DF_CHANGED, 0},
	{"unhook, others rehooked", {1, 0, 0}, {1, 1, 0}, {1, 0, 0}, {1, 0, 0}, DF_SAME, 0},
	{"rehook", {1, 2, 0}, {1, 1, 0}, {1, 1, 0}, {1, 2, 0}, DF_CHANGED, 0},
	{"disable and unhook", {1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {1, 0, 0}, DF_CHANGED, 0},
	{"the same, and others unhook", {1, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 1, 0}, DF_UNHOOKED, 0},
	{"rehook and enable", {0, 1, 0}, {1, 0, 0}, {1, 0, 0}, {0, 1, 0}, DF_CHANGED, 0},
	{"rehook and disable", {1, 1, 0}, {0, 0, 0}, {0, 0, 0}, {1, 1, 0}, DF_CHANGED, 0},
	{"a hold", {0, 0, 1}, {0, 0, 0}, {0, 0, 0}, {0, 0, 1}, DF_CHANGED, 0},
	{"a hold, initialised since", {0, 0, 1}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}, DF_SAME, 1},
	{"a hold, unhooked since", {0, 0, 1}, {0, 0, 0}, {0, 1, 0}, {0, 1, 0}, DF_UNHOOKED, 0},
	{"a hold and a count", {2, 0, 1}, {0, 0, 0}, {0, 0, 0}, {2, 0, 1}, DF_CHANGED, 0},
};

Test(undo, rules)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct rule *r = &rules[i];
		const bool held = r->was.held || r->now.held;
		const uint32_t at = held ? 1 : 0;
		image->control.generation = 9;
		image->control.initialised = r->initialised ? DF_INITIALISED : 0;
		set(0, C(0, 0, false));
		set(1, C(0, 0, true));
		set(at, r->now);
		plan_it(of(at, r->was, r->will, true), NULL);
		const struct df_count *then = &plan.will[at];
		cr_expect(then->activation == r->then.activation &&
				  then->unhook == r->then.unhook && then->held == r->then.held,
			  "%s: %u/%u/%d", r->what, then->activation, then->unhook, then->held);
		cr_expect_eq(plan.outcome[at], r->outcome, "%s: %d", r->what, plan.outcome[at]);
		cr_expect(selection.selected[0][at] && !selection.selected[0][2], "%s", r->what);
	}
}

/* ---- which module ---- */

static bool taken_back(void)
{
	return plan.will[0].activation == 0;
}

static const struct undo *of_first(bool sure)
{
	return of(0, C(0, 0, 0), C(1, 0, 0), sure);
}

Test(undo, another_module_at_its_place)
{
	set(0, C(1, 0, 0));
	image->control.generation = 5;
	plan_it(of_first(true), NULL);
	cr_expect(taken_back());
	image->control.generation = 3; /* loaded anew */
	plan_it(of_first(true), NULL);
	cr_expect_not(taken_back());
	image->control.generation = 5;
	of_first(true);
	module.table_count++;
	plan_it(&record, NULL);
	cr_expect_not(taken_back());
	of_first(true);
	module.control++;
	plan_it(&record, NULL);
	cr_expect_not(taken_back());
	cr_expect_not(selection.selected[0][0]);
}

/* ---- whether it was changed at all ---- */

struct finding {
	const char *what;
	uint32_t generation, by, activation, phase;
	bool wanted;
};

Test(undo, whether_it_was_made)
{
	static const struct finding cases[] = {
		{"nobody did anything", 4, 1, 1, DF_PHASE_IDLE, false},
		{"it was made", 5, BY, 1, DF_PHASE_IDLE, true},
		{"it was made, and the count is another by now", 5, BY, 7, DF_PHASE_IDLE, true},
		{"others finished it", 5, 1, 1, DF_PHASE_IDLE, true},
		{"others were faster", 5, 1, 0, DF_PHASE_IDLE, false},
		{"it was made, and others went on", 8, 1, 1, DF_PHASE_IDLE, true},
		{"it was not, and others went on", 8, 1, 0, DF_PHASE_IDLE, false},
		{"it is under way", 4, BY, 1, DF_PHASE_WRITING, false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct finding *c = &cases[i];
		image->control.generation = c->generation;
		image->control.changed_by = c->by;
		image->control.phase = c->phase;
		set(0, C(c->activation, 0, 0));
		plan_it(of_first(false), NULL);
		cr_expect_eq(plan.outcome[0] == DF_CHANGED, c->wanted, "%s", c->what);
	}
	/* Where it is known, what others do does not matter. */
	image->control = (struct df_control_v1){.generation = 8};
	set(0, C(5, 0, 0));
	plan_it(of_first(true), NULL);
	cr_expect_eq(plan.will[0].activation, 4);
}

/* We put it right ourselves. */
Test(undo, finished_by_us)
{
	image->control = (struct df_control_v1){.generation = 5, .changed_by = (uint32_t)getpid()};
	set(0, C(9, 0, 0));
	plan_it(of_first(false), NULL);
	cr_expect_eq(plan.will[0].activation, 8);
}

/* What was under way when somebody was killed was the undo. */
Test(undo, not_twice)
{
	struct undo_site back = {.site = 0, .was = C(3, 0, 0), .will = C(2, 0, 0)};
	struct undo_module at = {.control = CONTROL,
				 .generation = 6,
				 .table_count = COUNT(sites),
				 .sites = &back,
				 .count = 1};
	const struct undo tried = {.by = BY, .modules = &at, .count = 1};
	image->control = (struct df_control_v1){.generation = 7, .changed_by = BY};
	set(0, C(2, 0, 0));
	plan_it(of_first(true), &tried);
	cr_expect_eq(plan.will[0].activation, 2);
	cr_expect_eq(plan.outcome[0], DF_NOT_SELECTED);
	image->control.generation = 6;
	set(0, C(3, 0, 0));
	plan_it(of_first(true), &tried);
	cr_expect_eq(plan.will[0].activation, 2);
	image->control.phase = DF_PHASE_CLOSING;
	plan_it(of_first(true), &tried);
	cr_expect_eq(plan.outcome[0], DF_NOT_SELECTED, "it was not looked what becomes of it");
}

/* ---- the record ---- */

static struct change_result result;
static uint8_t opcodes[COUNT(sites)] = {0xa9, 0xe9, 0xa9};

static void begin_result(void)
{
	const bool first[COUNT(sites)] = {true};
	image->control.generation = 4;
	begin_plan();
	df_plan_do(&plan, DF_ACTIVATE, first);
	cr_assert_eq(df_plan_close(&plan, opcodes, &err), 0);
	result = (struct change_result){.images = images, .plans = &plan};
	cr_assert_eq(process_open(getpid(), true, &result.process, &err), 0, "%s", err.text);
}

Test(undo, a_record_of_a_change)
{
	struct undo undo;
	begin_result();
	cr_assert_eq(undo_begin(&undo, &result, &err), 0, "%s", err.text);
	cr_expect_eq(undo.pid, getpid());
	cr_expect_eq(undo.by, getpid());
	cr_assert_eq(undo.count, 1);
	cr_expect_eq(undo.modules[0].generation, 4);
	cr_expect_eq(undo.modules[0].control, CONTROL);
	cr_assert_eq(undo.modules[0].count, 1);
	cr_expect_eq(undo.modules[0].sites[0].was.activation, 0);
	cr_expect_eq(undo.modules[0].sites[0].will.activation, 1);
	cr_expect_not(undo.modules[0].sure);
	undo_settle(&undo, 1, false);
	cr_expect(undo.count == 1 && undo.modules[0].sure);
	undo_settle(&undo, 0, true);
	cr_expect_eq(undo.count, 1);
	undo_settle(&undo, 0, false);
	cr_expect_eq(undo.count, 0);
	process_close(&result.process);
	undo_free(&undo);
}

/* Whoever comes next must not find the process locked. */
Test(undo, a_record_keeps_no_lock)
{
	struct undo undo;
	struct process again;
	begin_result();
	cr_assert_eq(process_lock(&result.process, 0, &err), 0, "%s", err.text);
	cr_assert_eq(undo_begin(&undo, &result, &err), 0, "%s", err.text);
	process_close(&result.process);
	cr_assert_eq(process_open(getpid(), true, &again, &err), 0, "%s", err.text);
	cr_expect_eq(process_lock(&again, 0, &err), 0, "%s", err.text);
	process_close(&again);
	undo_free(&undo);
}

/* ---- the process ---- */

static pid_t start_sleeper(bool exec)
{
	const pid_t pid = fork();
	if (pid != 0)
		return pid;
	if (exec)
		execl("/bin/sleep", "sleep", "60", NULL);
	for (;;)
		pause();
}

Test(undo, a_process_that_ended)
{
	struct process process;
	struct undo undo = {.mem = -1};
	const pid_t pid = start_sleeper(false);
	cr_assert_eq(process_open(pid, true, &process, &err), 0, "%s", err.text);
	undo.pid = pid;
	undo.pidfd = process.pidfd;
	cr_expect_eq(undo_check(&undo, &process, &err), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(undo_check(&undo, &process, &err), -(int)DF_E_NO_PROCESS);
	process_close(&process);
}

static int ask(const struct undo *undo, pid_t pid)
{
	const struct process_check check = {.ask = undo_check, .context = undo};
	struct process process;
	const int status = process_open_checked(pid, true, &check, &process, &err);
	if (status == 0)
		process_close(&process);
	return status;
}

Test(undo, a_process_that_runs_another_program)
{
	int ends[2];
	char byte = 0;
	struct process process;
	cr_assert_eq(pipe(ends), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		if (read(ends[0], &byte, 1) == 1)
			execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	cr_assert_eq(process_open(pid, true, &process, &err), 0, "%s", err.text);
	begin_plan();
	module.control = (uint64_t)(uintptr_t)&byte;
	const struct undo undo = {.pid = pid,
				  .pidfd = process.pidfd,
				  .mem = process.mem,
				  .modules = &module,
				  .count = 1};
	cr_expect_eq(ask(&undo, pid), 0, "%s", err.text);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	int status = 0;
	for (int i = 0; i < 2000 && status == 0; i++) {
		status = ask(&undo, pid);
		usleep(1000);
	}
	cr_expect_eq(status, -(int)DF_E_EXEC, "%d: %s", status, err.text);
	/* And what is written goes to the program that is gone. */
	struct process again;
	cr_assert_eq(process_open(pid, true, &again, &err), 0);
	cr_assert_eq(undo_take_memory(&undo, &again, &err), 0, "%s", err.text);
	cr_expect_eq(pwrite(again.mem, "x", 1, (off_t)module.control), 0);
	process_close(&again);
	process_close(&process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
