/* SPDX-License-Identifier: Apache-2.0 */
/* test_poke.c - writing text through a stopped thread, where /proc/PID/mem will not do. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live.h"
#include "process.h"
#include "spots.h"
#include "threads.h"

TestSuite(poke, .timeout = 60);

#define BUDGET 10000000000u /* ns */

static struct live live;
static struct spots spots;
static struct process process;
static struct threads threads;
static struct df_err err;

static void start(const char *name)
{
	LIVE_START(&live, name, "threads=4");
	cr_assert_eq(process_open(live.pid, true, &process, &err), 0, "%s", err.text);
	cr_assert_eq(threads_begin(&threads, &process, &err), 0, "%s", err.text);
	spots_open(&spots, &live);
}

static void halt(void)
{
	cr_assert_eq(threads_stop(&threads, BUDGET, &err), 0, "%s", err.text);
}

static void end(void)
{
	threads_end(&threads);
	process_close(&process);
	nobody_is_traced(&live);
	live_stop(&live);
}

static int put(uint64_t addr, const void *bytes, size_t size)
{
	return threads_poke(&threads, addr, bytes, size, &err);
}

Test(poke, flips_sites)
{
	start("basic");
	for (int round = 0; round < 20; round++) {
		halt();
		for (size_t i = 0; i < spots.count; i++) {
			const uint8_t opcode = opcode_of(&spots.list[i], round % 2 == 0);
			cr_assert_eq(put(spots.list[i].site, &opcode, 1), 0, "%s", err.text);
			cr_assert_eq(peek_opcode(&spots, &spots.list[i]), opcode);
		}
		threads_resume(&threads);
		live_beat(&live);
		for (int i = 0; i < 9; i++)
			cr_assert_eq(live.page->value[i], live.page->value[0]);
	}
	end();
}

/* Every length at every offset in a word; what lies around stays. */
Test(poke, nothing_but_the_bytes)
{
	enum { AROUND = 64 };
	static uint8_t before[AROUND], after[AROUND];
	start("basic");
	const uint64_t place = (spots.list[0].site & ~7ull) - 16;
	halt();
	peek(&spots, place, before, AROUND);
	for (unsigned offset = 8; offset < 24; offset++)
		for (unsigned size = 0; size <= 24; size++) {
			uint8_t bytes[24], wanted[AROUND];
			memcpy(wanted, before, AROUND);
			for (unsigned i = 0; i < size; i++)
				wanted[offset + i] = bytes[i] = (uint8_t)~before[offset + i];
			cr_assert_eq(put(place + offset, bytes, size), 0, "%s", err.text);
			peek(&spots, place, after, AROUND);
			cr_assert_eq(memcmp(after, wanted, AROUND), 0, "%u bytes at %u", size,
				     offset);
			cr_assert_eq(put(place + offset, before + offset, size), 0);
		}
	peek(&spots, place, after, AROUND);
	cr_assert_eq(memcmp(after, before, AROUND), 0);
	threads_resume(&threads);
	live_beat(&live);
	end();
}

/* The end of the mapping that `addr` lies in. */
static uint64_t mapping_end(uint64_t addr)
{
	char path[32], line[512];
	unsigned long first, last;
	snprintf(path, sizeof(path), "/proc/%d/maps", live.pid);
	FILE *maps = fopen(path, "re");
	cr_assert(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &first, &last) == 2 && first <= addr && addr < last) {
			fclose(maps);
			return last;
		}
	cr_assert(false, "%#lx is not mapped", (unsigned long)addr);
	return 0;
}

Test(poke, up_to_the_end_of_what_is_mapped)
{
	start("basic");
	uint64_t last = mapping_end(spots.control);
	halt();
	/* The heap, the stack, or a library: whatever comes, a gap follows at last. */
	for (uint8_t byte; pread(spots.mem, &byte, 1, (off_t)last) == 1;)
		last = mapping_end(last);
	for (unsigned size = 1; size < 20; size++) {
		uint8_t bytes[20], after[20];
		memset(bytes, (int)(0x40 + size), sizeof(bytes));
		cr_assert_eq(put(last - size, bytes, size), 0, "%u bytes: %s", size, err.text);
		peek(&spots, last - size, after, size);
		cr_assert_eq(memcmp(bytes, after, size), 0);
		cr_assert_eq(put(last - size, bytes, size + 1), -DF_E_SYSTEM);
	}
	end();
}

Test(poke, nobody_stands_still)
{
	uint8_t byte;
	start("basic");
	peek(&spots, spots.list[0].site, &byte, 1);
	cr_assert_eq(put(spots.list[0].site, &byte, 1), -DF_E_NO_PROCESS);
	halt();
	threads_resume(&threads);
	cr_assert_eq(put(spots.list[0].site, &byte, 1), -DF_E_NO_PROCESS);
	end();
}

Test(poke, a_process_that_was_killed)
{
	const uint8_t byte = 0x90;
	start("basic");
	halt();
	kill(live.pid, SIGKILL);
	/* It dies in its own time. */
	for (int i = 0; i < 5000 && put(spots.list[0].site, &byte, 1) == 0; i++)
		sleep_us(1000);
	cr_assert_eq(put(spots.list[0].site, &byte, 1), -DF_E_NO_PROCESS, "%s", err.text);
	threads_end(&threads);
	process_close(&process);
}

/* The same program again, at the same addresses: but not the one that was opened. */
Test(poke, another_program)
{
	static uint8_t before[SPOTS_IMAGE], after[SPOTS_IMAGE];
	start("execer-nopie");
	const uint64_t site = spots.list[0].site;
	const int64_t lives = live.page->word[0];
	spots_close(&spots);
	while (live.page->word[0] < lives + 4)
		sleep_us(200);
	halt();
	spots_open(&spots, &live);
	const size_t size = spots_image(&spots, before);
	cr_assert_eq(spots.list[0].site, site);
	cr_assert_eq(put(site, "x", 1), -DF_E_NO_PROCESS);
	spots_image(&spots, after);
	cr_assert_eq(memcmp(before, after, size), 0, "the new program was written to");
	end();
}
