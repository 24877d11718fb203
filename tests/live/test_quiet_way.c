/* SPDX-License-Identifier: Apache-2.0 */
/* test_quiet_way.c - where a change can be made quietly, and where not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "looks.h"
#include "patcher.h"
#include "talk.h"

TestSuite(quiet_way, .timeout = 120);

static struct live live;
static struct spots spots;
static struct patcher patcher;

static void stop(void)
{
	nobody_is_traced(&live);
	talk_at_rest(&spots);
	spots_close(&spots);
	live_stop(&live);
}

static void quietly(pid_t pid, const struct wish *wish)
{
	const int status = patcher_do(&patcher, pid, wish);
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	cr_assert(!patcher.page->stopped && patcher.page->traced == 0);
	patcher_free(&patcher);
}

static void refused(const struct wish *wish, const char *why)
{
	const uint64_t before = peek_control(&spots).generation;
	const int status = patcher_do(&patcher, live.pid, wish);
	cr_assert_eq(status, -(int)DF_E_PERMISSION, "%d: %s", status, patcher.page->error);
	cr_assert(strstr(patcher.page->error, why) && strstr(patcher.page->error, "use --stop"),
		  "%s", patcher.page->error);
	cr_assert(!patcher.page->stopped && patcher.page->steps == 0);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&spots).generation, before);
}

/* ---- modules ---- */

static const struct wish both = {.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "both:"};

Test(quiet_way, plugin_may_be_unloaded)
{
	struct spots plugin;
	LIVE_START(&live, "inside", "init=1");
	spots_open(&spots, &live);
	talk_load_plugin(&live, &plugin);
	refused(&both, "may be unloaded at any moment");
	cr_assert_eq(peek_control(&plugin).generation, 0);
	/* What does not touch the plugin is no matter of it. */
	quietly(live.pid,
		&(const struct wish){.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "own:"});
	const struct wish halt = {.mode = MODE_STOP, .op = DF_ACTIVATE, .pattern = "both:"};
	cr_assert_eq(patcher_do(&patcher, live.pid, &halt), 0, "%s", patcher.page->error);
	cr_assert(patcher.page->stopped);
	patcher_free(&patcher);
	cr_assert_eq(peek_control(&plugin).generation, 1);
	spots_close(&plugin);
	stop();
}

Test(quiet_way, library_that_the_program_needs_stays)
{
	LIVE_START(&live, "host-linked");
	const int status = patcher_do(
		&patcher, live.pid,
		&(const struct wish){.mode = MODE_QUIET, .op = DF_ACTIVATE, .pattern = "."});
	cr_assert_eq(status, 0, "%d: %s", status, patcher.page->error);
	cr_assert(!patcher.page->stopped && patcher.page->committed >= 1);
	patcher_free(&patcher);
	live_stop(&live);
}

Test(quiet_way, initialised_module_if_asked_for)
{
	LIVE_START(&live, "inside", "init=1");
	spots_open(&spots, &live);
	quietly(live.pid, &both);
	stop();
}

/* Asked for no way: it stops the target by itself, and says why. */
static void stops_by_itself(const char *pattern, const char *why)
{
	static struct tool tool;
	const uint64_t before = peek_control(&spots).generation;
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), pattern), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "stood still for ") &&
			  strstr(tool.out, ", not changed quietly: ") && strstr(tool.out, why),
		  "%s", tool.out);
	cr_assert_gt(peek_control(&spots).generation, before);
	cr_assert_eq(TOOL(&tool, "deactivate", PID(&live), pattern, "--json"), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "\"mode\":\"stop\"") && strstr(tool.out, "\"why_stopped\":") &&
			  strstr(tool.out, why),
		  "%s", tool.out);
}

Test(quiet_way, stops_by_itself_where_libdf_is_at_work)
{
	static struct tool tool;
	LIVE_START(&live, "inside");
	spots_open(&spots, &live);
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "own:"), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "changed quietly: nobody was stopped"), "%s", tool.out);
	stop();
	LIVE_START(&live, "inside", "init=1");
	spots_open(&spots, &live);
	stops_by_itself("own:", "was initialised, so that libdf may be at work inside");
	stop();
}

Test(quiet_way, stops_by_itself_where_a_module_may_go)
{
	struct spots plugin;
	LIVE_START(&live, "inside");
	spots_open(&spots, &live);
	talk_load_plugin(&live, &plugin);
	stops_by_itself("both:", "may be unloaded at any moment");
	spots_close(&plugin);
	stop();
}

Test(quiet_way, stops_by_itself_where_a_controller_died)
{
	static struct tool tool;
	LIVE_START(&live, "inside");
	spots_open(&spots, &live);
	poke_phase(&spots, DF_PHASE_PREPARING);
	cr_assert_eq(TOOL(&tool, "activate", PID(&live), "own:"), 0, "%s", tool.err);
	/* That is put right by stopping; then there is no more reason to. */
	cr_assert(strstr(tool.out, "the work of a controller that died was put right"), "%s",
		  tool.out);
	cr_assert(strstr(tool.out, "stood still for "), "%s", tool.out);
	stop();
}

/* ---- processors ---- */

static void keep_to_the_first(void)
{
	cpu_set_t all, one;
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all)) {
			CPU_SET(i, &one);
			break;
		}
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		_exit(100);
}

/* What dfpatch was told itself, it can take back; it still passes every processor. */
Test(quiet_way, own_affinity_is_no_hindrance)
{
	struct wish wish = both;
	int hops = 0;
	cpu_set_t all;
	LIVE_START(&live, "inside");
	spots_open(&spots, &live);
	cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	wish.setup = keep_to_the_first;
	cr_assert_eq(patcher_do(&patcher, live.pid, &wish), 0, "%s", patcher.page->error);
	cr_assert_not(patcher.page->stopped);
	for (int i = 0; i < patcher.page->steps; i++)
		hops += patcher.page->list[i].kind == STEP_HOP;
	/* To every processor but the one it is on, wider before, and back. */
	cr_assert_geq(hops, CPU_COUNT(&all) - 1 + 2);
	patcher_free(&patcher);
	stop();
}

#define CPUSETS "/sys/fs/cgroup/cpuset"
static char cpuset[128];

static bool tell(const char *file, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", cpuset, file);
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const bool told = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return told;
}

static bool make_cpuset(void)
{
	snprintf(cpuset, sizeof(cpuset), CPUSETS "/dfpatch-test-%d", getpid());
	return mkdir(cpuset, 0755) == 0 && tell("cpuset.mems", "0") && tell("cpuset.cpus", "0");
}

static void enter_cpuset(void)
{
	if (!tell("cgroup.procs", "0"))
		_exit(101);
}

static void leave_no_cpuset(void)
{
	/* Who was in it may not be gone yet. */
	for (int i = 0; i < 1000 && rmdir(cpuset) != 0 && errno == EBUSY; i++)
		sleep_us(1000);
}

Test(quiet_way, processor_that_dfpatch_may_not_use)
{
	struct wish wish = both;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || !make_cpuset()) {
		leave_no_cpuset();
		cr_skip("there is no second processor, or we may not make a cpuset\n");
	}
	/* Initialised, which alone would be no reason against it. */
	LIVE_START(&live, "inside", "init=1");
	spots_open(&spots, &live);
	wish.setup = enter_cpuset;
	refused(&wish, "may run on processors that dfpatch may not use");
	/* One that may use no others is no matter of it. */
	char pid[16];
	snprintf(pid, sizeof(pid), "%d", live.pid);
	cr_assert(tell("cgroup.procs", pid));
	quietly(live.pid, &wish);
	stop();
	leave_no_cpuset();
}

/* ---- priority ---- */

static void drop_priority(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const struct sched_param lowest = {.sched_priority = 1};
	if (syscall(SYS_capget, &header, data) != 0)
		_exit(102);
	data[0].effective &= ~(1u << CAP_SYS_NICE);
	data[0].permitted &= ~(1u << CAP_SYS_NICE);
	if (syscall(SYS_capset, &header, data) != 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &lowest) == 0)
		_exit(103);
}

Test(quiet_way, without_the_right_to_a_higher_priority)
{
	struct wish wish = both;
	LIVE_START(&live, "inside", "spinners=2");
	spots_open(&spots, &live);
	wish.setup = drop_priority;
	wish.back = DF_DEACTIVATE;
	wish.times = 20;
	quietly(live.pid, &wish);
	cr_assert_eq(peek_control(&spots).generation, 20);
	stop();
}

/* ---- many bytes ---- */

/* More than might be written while a claim holds: a stop by itself, or a refusal. */
Test(quiet_way, more_bytes_than_a_claim_has_time_for)
{
	static const char why[] = "10010 sites are more than can be written in the time of a claim";
	struct wish wish = {.mode = MODE_QUIET, .op = DF_ENABLE, .pattern = "looks:"};
	static struct tool tool;
	LIVE_START(&live, "looks-10010", "threads=2");
	const int status = patcher_do(&patcher, live.pid, &wish);
	cr_assert_eq(status, -(int)DF_E_PERMISSION, "%d: %s", status, patcher.page->error);
	cr_assert(strstr(patcher.page->error, why), "%s", patcher.page->error);
	cr_assert_eq(patcher.page->steps, 0);
	patcher_free(&patcher);
	live.page->go = 1;
	cr_assert_eq(TOOL(&tool, "enable", PID(&live), "looks:"), 0, "%s", tool.err);
	cr_assert(strstr(tool.out, "2 threads stood still for "), "%s", tool.out);
	cr_assert(strstr(tool.out, why), "%s", tool.out);
	live.page->go = 2; /* over, and on */
	const int64_t sure = live.page->word[LOOKS_SURE];
	for (int i = 0; i < 20000 && live.page->word[LOOKS_SURE] < sure + 2; i++)
		sleep_us(1000);
	cr_assert_geq(live.page->word[LOOKS_SURE], sure + 2);
	cr_assert_eq(live.page->broken, 0, "a thread saw something else");
	nobody_is_traced(&live);
	live_stop(&live);
}
