/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/binary/prove.c: each fault is found in code that has it, and none in sound
 * code.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_places.h"
#include "fake_text.h"
#include "prove.h"
#include "site.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ADDR UINT64_C(0x401000)
#define GOTO DF_STYLE_X86_GOTO
#define CARRY DF_STYLE_X86_CARRY
#define BIT(FAULT) (1u << PROVE_##FAULT)
#define NO_PLACE UINT64_MAX

/* A few bytes of code with one site; all places count from the beginning of the code. */
struct row {
	const char *row;
	const char *code;
	size_t size;
	struct function functions[3];
	uint64_t site;
	uint64_t target;
	uint8_t style;
	bool live;
	unsigned faults;
	uint64_t where; /* of the first fault; NO_PLACE if none is expected */
};

#define CODE(TEXT) TEXT, sizeof(TEXT) - 1
#define NOP4 "\x90\x90\x90\x90"

/*
 * SOUND is nop; the site; ret; and, at 7, its target: nop; ret.
 */
#define SOUND "\x90\xa9\x01\0\0\0\xc3\x90\xc3"

static const struct row rows[] = {
	{"sound", CODE(SOUND), {{0, 9, 0}}, 1, 7, GOTO, false, 0, NO_PLACE},
	{"sound, jump",
	 CODE("\x90\xe9\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, endbr64 at the target",
	 CODE("\x90\xa9\x01\0\0\0\xc3\xf3\x0f\x1e\xfa\xc3"),
	 {{0, 12, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, cold part elsewhere",
	 CODE(SOUND),
	 {{0, 7, 0}, {7, 2, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, site at the start",
	 CODE("\xa9\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 8, 0}},
	 0,
	 6,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, carry",
	 CODE("\xf8\x72\x01\xc3\x90\xc3"),
	 {{0, 6, 0}},
	 0,
	 0,
	 CARRY,
	 false,
	 0,
	 NO_PLACE},
	{"sound, carry set",
	 CODE("\x90\xf9\x0f\x92\xc0\xc3"),
	 {{0, 6, 0}},
	 1,
	 0,
	 CARRY,
	 false,
	 0,
	 NO_PLACE},
	{"sound, breakpoint at the site",
	 CODE("\x90\xcc\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 true,
	 0,
	 NO_PLACE},
	{"sound, breakpoint at a carry",
	 CODE("\xcc\x72\x01\xc3\x90\xc3"),
	 {{0, 6, 0}},
	 0,
	 0,
	 CARRY,
	 true,
	 0,
	 NO_PLACE},
	{"sound, breakpoint of the program's own",
	 CODE("\xcc\xa9\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 true,
	 0,
	 NO_PLACE},
	{"sound, nothing left of the cold path",
	 CODE("\x90\xa9\x01\0\0\0\xc3"),
	 {{0, 7, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, padding and another function behind",
	 CODE(SOUND "\0\0\0\x06\x06"),
	 {{0, 9, 0}, {12, 2, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, branches around the site",
	 CODE("\xeb\x05\xa9\x02\0\0\0\xeb\xf9\xc3"),
	 {{0, 10, 0}},
	 2,
	 9,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, an instruction of AVX-512 in front",
	 CODE("\x62\xf2\xf5\x78\xa8\xe2" SOUND),
	 {{0, 15, 0}},
	 7,
	 13,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"sound, nobody knows where it ends",
	 CODE(SOUND "\x06"),
	 {{0, 10, 1}},
	 1,
	 7,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},

	{"site in another instruction",
	 CODE("\x48\xb8\xa9\x01\0\0\0\0\0\0\xc3\xc3"),
	 {{0, 12, 0}},
	 2,
	 11,
	 GOTO,
	 false,
	 BIT(SITE_INSIDE),
	 0},
	{"carry in another instruction",
	 CODE("\xb0\xf8\xc3"),
	 {{0, 3, 0}},
	 1,
	 0,
	 CARRY,
	 false,
	 BIT(SITE_INSIDE),
	 0},
	{"target in another instruction",
	 CODE("\x90\xa9\x02\0\0\0\xc3\xb0\xc3\xc3"),
	 {{0, 10, 0}},
	 1,
	 8,
	 GOTO,
	 false,
	 BIT(TARGET_INSIDE),
	 7},
	{"target in an instruction of the cold part",
	 CODE("\x90\xa9\x02\0\0\0\xc3\xb0\xc3\xc3"),
	 {{0, 7, 0}, {7, 3, 0}},
	 1,
	 8,
	 GOTO,
	 false,
	 BIT(TARGET_INSIDE),
	 7},
	{"target in the site itself",
	 CODE("\x90\xa9\xfe\xff\xff\xff\xc3"),
	 {{0, 7, 0}},
	 1,
	 4,
	 GOTO,
	 false,
	 BIT(TARGET_INSIDE),
	 1},
	{"another length",
	 CODE("\x90\xeb\x05\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(LENGTH),
	 1},
	{"another length, carry",
	 CODE("\xeb\x00\xc3"),
	 {{0, 3, 0}},
	 0,
	 0,
	 CARRY,
	 false,
	 BIT(LENGTH),
	 0},
	{"jump into the site",
	 CODE("\xeb\x01\xa9\x03\0\0\0\xc3\x90\x90\xc3"),
	 {{0, 11, 0}},
	 2,
	 10,
	 GOTO,
	 false,
	 BIT(BRANCH_INTO),
	 0},
	{"jump to its last byte",
	 CODE("\xeb\x04\xa9\x01\0\0\0\xc3\xc3"),
	 {{0, 9, 0}},
	 2,
	 8,
	 GOTO,
	 false,
	 BIT(BRANCH_INTO),
	 0},
	{"jump back into it",
	 CODE("\xa9\x02\0\0\0\x74\xfa\xc3"),
	 {{0, 8, 0}},
	 0,
	 7,
	 GOTO,
	 false,
	 BIT(BRANCH_INTO),
	 5},
	{"call into it",
	 CODE("\xe8\x01\0\0\0\xa9\x01\0\0\0\xc3\xc3"),
	 {{0, 12, 0}},
	 5,
	 11,
	 GOTO,
	 false,
	 BIT(BRANCH_INTO),
	 0},
	{"jump into it, of the cold part",
	 CODE("\xa9\x01\0\0\0\xc3\xeb\xfa"),
	 {{0, 6, 0}, {6, 2, 0}},
	 0,
	 6,
	 GOTO,
	 false,
	 BIT(BRANCH_INTO),
	 6},
	{"bytes that are no instruction behind",
	 CODE(SOUND "\x06"),
	 {{0, 10, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED),
	 9},
	{"in front of the target",
	 CODE("\x90\xa9\x02\0\0\0\xc3\x06\x90\xc3"),
	 {{0, 10, 0}},
	 1,
	 8,
	 GOTO,
	 false,
	 BIT(UNDECODED) | BIT(UNREACHED),
	 7},
	{"in front of the site",
	 CODE("\x06\xa9\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED) | BIT(UNREACHED),
	 0},
	{"in front of a site whose function may have ended",
	 CODE("\x06\xa9\x01\0\0\0\xc3\x90\xc3"),
	 {{0, 9, 1}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNREACHED),
	 0},
	{"in the cold part",
	 CODE("\x90\xa9\x01\0\0\0\xc3\x90\x06"),
	 {{0, 7, 0}, {7, 2, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED),
	 8},
	{"the last instruction is cut",
	 CODE("\x90\xa9\x01\0\0\0\xc3\x90\xe9"),
	 {{0, 9, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED),
	 8},
	{"an instruction that is not known, behind",
	 CODE(SOUND "\x0f\x04\x90\xc3"),
	 {{0, 13, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNKNOWN),
	 9},
	{"an instruction that is not known, in front",
	 CODE("\x48\xd5\x90" SOUND),
	 {{0, 12, 0}},
	 4,
	 10,
	 GOTO,
	 false,
	 BIT(UNKNOWN) | BIT(UNREACHED),
	 0},
	{"one of APX in front",
	 CODE("\x62\xf4\xec\x10\x81\xc7\x01\0\0\0" SOUND),
	 {{0, 19, 0}},
	 11,
	 17,
	 GOTO,
	 false,
	 0,
	 NO_PLACE},
	{"an instruction that goes on behind the end",
	 CODE(SOUND "\x62\xf1\x7c\x48\x10\x05\x01\x02\x03\x04"),
	 {{0, 17, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED),
	 9},
	{"the site is cut",
	 CODE("\x90\xa9\x01\0\0"),
	 {{0, 4, 0}},
	 1,
	 0,
	 GOTO,
	 false,
	 BIT(UNDECODED) | BIT(UNREACHED),
	 1},
	{"the end of a function that does not reach it",
	 CODE("\x90\xa9\x01\0\0\0\x06"),
	 {{0, 7, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(UNDECODED) | BIT(UNREACHED),
	 6},
	{"no functions", CODE(SOUND), {{0}}, 1, 7, GOTO, false, BIT(NO_FUNCTION), 1},
	{"no function there",
	 CODE(SOUND NOP4),
	 {{9, 4, 0}},
	 1,
	 7,
	 GOTO,
	 false,
	 BIT(NO_FUNCTION),
	 1},
	{"none behind the last",
	 CODE(NOP4 SOUND),
	 {{0, 4, 0}},
	 5,
	 11,
	 GOTO,
	 false,
	 BIT(NO_FUNCTION),
	 5},
	{"none for the target", CODE(SOUND), {{0, 6, 0}}, 1, 7, GOTO, false, BIT(NO_FUNCTION), 7},
	{"none in reach",
	 CODE(SOUND),
	 {{0, 9, 0}},
	 1,
	 UINT64_C(1) << 32,
	 GOTO,
	 false,
	 BIT(NO_FUNCTION),
	 UINT64_C(1) << 32},
	{"a breakpoint hides what stands there",
	 CODE("\xcc\xb8\xa9\x01\0\0\0\xc3\xc3"),
	 {{0, 9, 0}},
	 2,
	 8,
	 GOTO,
	 true,
	 BIT(UNREACHED),
	 0},
	{"what is one in a file is an instruction",
	 CODE("\xcc\xb8\xa9\x01\0\0\0\xc3\xc3"),
	 {{0, 9, 0}},
	 2,
	 8,
	 GOTO,
	 false,
	 BIT(SITE_INSIDE),
	 1},
};

static size_t count_of(const struct function *functions)
{
	size_t count = 0;
	while (count < 3 && functions[count].size > 0)
		count++;
	return count;
}

static void prove_row(const struct row *row)
{
	struct function list[3];
	const size_t count = count_of(row->functions);
	const struct functions functions = {.base = ADDR, .list = list, .count = count};
	const struct place place = {ADDR + row->site, ADDR + row->target, row->style};
	struct places places = fake_places(&place, 1, 1);
	struct fake_text text;
	struct proof proof;
	struct df_err err = {0};
	memcpy(list, row->functions, sizeof(list));
	places.live = row->live;
	fake_text_begin(&text);
	memcpy(fake_text_add(&text, ADDR, row->size, DF_READ | DF_EXEC), row->code, row->size);
	cr_assert_eq(prove(&text.source, &functions, &places, &proof, &err), 0, "%s", err.text);
	cr_expect_eq(proof.masks[0], row->faults, "%s: %#x, not %#x", row->row, proof.masks[0],
		     row->faults);
	for (unsigned i = 0; i < PROVE_FAULTS; i++)
		cr_expect_eq(proof.counts[i], row->faults >> i & 1, "%s: %u", row->row, i);
	cr_expect_eq(proof.faults.count, (size_t)__builtin_popcount(row->faults), "%s", row->row);
	if (proof.faults.count > 0 && row->where != NO_PLACE)
		cr_expect_eq(proof.faults.list[0].where, ADDR + row->where, "%s: %#lx", row->row,
			     (unsigned long)proof.faults.list[0].where);
	proof_free(&proof);
	fake_text_free(&text);
}

Test(prove, faults)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		prove_row(&rows[i]);
}

/* ---- many ---- */

enum { MANY = 5000, STRIDE = 32 };

struct program {
	struct fake_text text;
	struct functions functions;
	struct place *places;
};

/* Some functions lie beyond the end of what can be read, and some have faults. */
static void make_program(struct program *p)
{
	p->functions = (struct functions){.base = ADDR, .count = MANY};
	p->functions.list = calloc(MANY, sizeof(*p->functions.list));
	p->places = calloc(MANY, sizeof(*p->places));
	fake_text_begin(&p->text);
	uint8_t *code = fake_text_add(&p->text, ADDR, MANY * STRIDE, DF_READ | DF_EXEC);
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t *here = code + i * STRIDE;
		memcpy(here, SOUND, sizeof(SOUND) - 1);
		if (i % 1000 == 1)
			here[7] = 0x06;
		if (i % 1000 == 2)
			here[0] = 0xb0;
		if (i % 1000 == 3) /* into the site of the function before it */
			memcpy(here + 7, "\xeb\xda", 2);
		p->functions.list[i] = (struct function){.start = i * STRIDE, .size = 9};
		/* In descending order: they are to be sorted. */
		p->places[MANY - 1 - i] =
			(struct place){ADDR + i * STRIDE + 1, ADDR + i * STRIDE + 7, GOTO};
	}
}

static void free_program(struct program *p)
{
	fake_text_free(&p->text);
	free(p->functions.list);
	free(p->places);
}

static void prove_program(struct program *p, unsigned threads, struct proof *proof)
{
	const struct places places = fake_places(p->places, MANY, threads);
	struct df_err err = {0};
	cr_assert_eq(prove(&p->text.source, &p->functions, &places, proof, &err), 0, "%s",
		     err.text);
}

Test(prove, as_many_threads_as_one_likes)
{
	struct program program;
	struct proof one, other;
	make_program(&program);
	prove_program(&program, 1, &one);
	cr_expect_eq(one.functions, MANY);
	cr_expect_eq(one.bytes, 9 * MANY);
	cr_expect_eq(one.counts[PROVE_UNDECODED], 5);
	cr_expect_eq(one.counts[PROVE_UNREACHED], 5);
	cr_expect_eq(one.counts[PROVE_SITE_INSIDE], 5);
	cr_expect_eq(one.counts[PROVE_BRANCH_INTO], 5);
	for (unsigned threads = 0; threads < 5; threads++) {
		prove_program(&program, threads, &other);
		cr_expect_arr_eq(other.masks, one.masks, MANY);
		cr_expect_arr_eq(other.counts, one.counts, sizeof(one.counts));
		cr_assert_eq(other.faults.count, one.faults.count);
		for (size_t i = 0; i < one.faults.count; i++) {
			const struct fault *a = &one.faults.list[i], *b = &other.faults.list[i];
			cr_expect(a->site == b->site && a->kind == b->kind &&
				  a->where == b->where && a->function == b->function);
		}
		proof_free(&other);
	}
	proof_free(&one);
	free_program(&program);
}

/* As many branches lead into as many sites of one place: not each is held against each. */
Test(prove, sites_in_one_place, .timeout = 60)
{
	enum { SITES = 200000, JUMP = 5 };
	struct function function = {.size = 5 + SITES * JUMP};
	const struct functions functions = {.base = ADDR, .list = &function, .count = 1};
	struct place *list = calloc(SITES, sizeof(*list));
	struct fake_text text;
	struct proof proof;
	struct df_err err = {0};
	fake_text_begin(&text);
	uint8_t *code = fake_text_add(&text, ADDR, function.size, DF_READ | DF_EXEC);
	memcpy(code, "\xa9\0\0\0\0", 5);
	for (int32_t i = 0; i < SITES; i++) {
		const int32_t back = 1 - (5 + (i + 1) * JUMP);
		code[5 + i * JUMP] = 0xe9;
		memcpy(code + 6 + i * JUMP, &back, sizeof(back));
		list[i] = (struct place){ADDR, ADDR + 5, GOTO};
	}
	const struct places places = fake_places(list, SITES, 1);
	cr_assert_eq(prove(&text.source, &functions, &places, &proof, &err), 0, "%s", err.text);
	cr_expect_eq(proof.counts[PROVE_BRANCH_INTO], 1);
	cr_expect_eq(proof.faults.count, 1);
	proof_free(&proof);
	fake_text_free(&text);
	free(list);
}

/* Text that is not there is undecoded, and no more than that. */
Test(prove, text_that_ends)
{
	struct program program;
	struct proof proof;
	make_program(&program);
	program.text.present[0] = (size_t)STRIDE * (MANY - 1000) + 3;
	prove_program(&program, 2, &proof);
	cr_expect_eq(proof.counts[PROVE_UNREACHED], 1000 + 4);
	proof_free(&proof);
	free_program(&program);
}

/* Functions without sites are not looked at. */
Test(prove, what_holds_no_site)
{
	struct program program;
	struct proof proof;
	struct df_err err = {0};
	make_program(&program);
	const struct places places = fake_places(program.places + 1500, 1, 1);
	cr_assert_eq(prove(&program.text.source, &program.functions, &places, &proof, &err), 0);
	cr_expect_eq(proof.functions, 1);
	cr_expect_eq(proof.bytes, 9);
	cr_expect_eq(proof.faults.count, 0);
	cr_expect_eq(program.text.pulls, 1);
	proof_free(&proof);
	free_program(&program);
}

struct progress {
	uint64_t done;
	uint64_t all;
};

static void take_progress(void *context, uint64_t done, uint64_t all)
{
	struct progress *progress = context;
	cr_expect(done > progress->done && done <= all);
	*progress = (struct progress){done, all};
}

Test(prove, progress)
{
	struct program program;
	struct proof proof;
	struct progress progress = {0};
	struct df_err err = {0};
	make_program(&program);
	struct places places = fake_places(program.places, MANY, 1);
	places.progress = take_progress;
	places.progress_context = &progress;
	cr_assert_eq(prove(&program.text.source, &program.functions, &places, &proof, &err), 0);
	cr_expect_eq(progress.done, 9 * MANY);
	cr_expect_eq(progress.all, 9 * MANY);
	proof_free(&proof);
	free_program(&program);
}
