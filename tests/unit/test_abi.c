/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the bytes that the macros emit against the structures of df_abi.h. */
#include <criterion/criterion.h>
#include <string.h>

#include <df.h>

/* Symbols of the assembler text in df_abi.h. They are hidden: this module's own. */
#define HIDDEN __attribute__((visibility("hidden")))
extern const struct df_control_v1 df_module_v1 HIDDEN;
extern const struct df_note_v1 df_note_v1 HIDDEN;
extern const struct df_site_v1 __start_df_sites_v1[] HIDDEN;
extern const struct df_site_v1 __stop_df_sites_v1[] HIDDEN;
extern const char __ehdr_start[] HIDDEN __attribute__((weak));

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define FOLLOW(POINTER, MEMBER) ((const uint8_t *)&(POINTER)->MEMBER + (ptrdiff_t)(POINTER)->MEMBER)
#define TEXT(POINTER, MEMBER) ((const char *)FOLLOW(POINTER, MEMBER))

#ifdef NDEBUG
#define DEBUG_FLAGS 0
#define DEBUG_VALUE 0
#else
#define DEBUG_FLAGS DF_SITE_JUMP_BUILT
#define DEBUG_VALUE 1
#endif

/* As it stands: white space would become part of a name. */
/* clang-format off */
enum { FIRST_LINE = __LINE__ + 4 }; /* of the first flag below */
static __attribute__((noinline)) unsigned read_flags(void)
{
	unsigned value = 0;
	value |= DF_FEATURE(abi, feature) ? 1u : 0;
	value |= DF_DEFAULT(abi, on, "on as built") ? 2u : 0;
	value |= DF_DEFAULT_SLOW(abi, slow) ? 4u : 0;
	value |= DF_OPT(abi, opt) ? 8u : 0;
	value |= DF_DEBUG(trace) ? 16u : 0;
	value |= DF_FEATURE(abi x, odd.name-with:3 / "signs", "q\" 100% {a|b} \\ \xc3\xa9") ? 32u : 0;
	value |= DF_FEATURE(linux, unix) ? 64u : 0;
	return value;
}
/* clang-format on */

static const struct {
	const char *kind, *name, *doc;
	uint8_t flags, activation;
} wanted[] = {
	{"abi", "feature", "", 0, 0},
	{"abi", "on", "on as built", DF_SITE_INVERTED, 1},
	{"abi", "slow", "", DF_SITE_JUMP_BUILT, 1},
	{"abi", "opt", "", DF_SITE_JUMP_BUILT | DF_SITE_HELD, 0},
	{"debug", "trace", "", DEBUG_FLAGS, DEBUG_VALUE},
	{"abi x", "odd.name-with:3 / \"signs\"", "q\" 100% {a|b} \\ \xc3\xa9", 0, 0},
	{"linux", "unix", "", 0, 0},
};

/* The record of a flag by its name; the test that uses it fails if there is not exactly one. */
static const struct df_site_v1 *record_of(const char *name)
{
	const struct df_site_v1 *found = NULL;
	for (const struct df_site_v1 *r = __start_df_sites_v1; r < __stop_df_sites_v1; r++)
		if (strcmp(TEXT(r, name), name) == 0) {
			cr_assert_null(found, "two records of %s", name);
			found = r;
		}
	cr_assert_not_null(found, "no record of %s", name);
	return found;
}

Test(abi, flags_have_their_values_as_built)
{
	cr_expect_eq(read_flags(), 2u | 4u | 8u | DEBUG_VALUE * 16u);
}

Test(abi, note)
{
	cr_expect_eq(df_note_v1.owner_size, DF_NOTE_OWNER_SIZE);
	cr_expect_eq(df_note_v1.desc_size, DF_NOTE_DESC_SIZE);
	cr_expect_eq(df_note_v1.type, DF_ABI_VERSION);
	cr_expect_arr_eq(df_note_v1.owner, "DF\0", 4);
	cr_expect_eq(df_note_v1.magic, DF_NOTE_MAGIC);
	cr_expect_arr_eq(&df_note_v1.magic, "DFv1", 4);
	cr_expect_eq((const void *)FOLLOW(&df_note_v1, control), (const void *)&df_module_v1);
	cr_expect_eq((const void *)FOLLOW(&df_note_v1, ehdr), (const void *)__ehdr_start);
	cr_expect_arr_eq(FOLLOW(&df_note_v1, ehdr), "\177ELF", 4);
	cr_expect_eq(df_note_v1.reserved, 0);
	cr_expect_eq((uintptr_t)&df_note_v1 % 4, 0);
}

/* A header of 12 bytes, the owner padded to 4, and the descriptor: nothing else. */
Test(abi, note_has_the_size_that_its_header_tells)
{
	cr_expect_eq(12 + (DF_NOTE_OWNER_SIZE + 3) / 4 * 4 + DF_NOTE_DESC_SIZE, DF_NOTE_SIZE);
}

Test(abi, control_block)
{
	const struct df_control_v1 *c = &df_module_v1;
	cr_expect_arr_eq(c->magic, DF_CONTROL_MAGIC, sizeof(c->magic));
	cr_expect_eq((const void *)FOLLOW(c, start), (const void *)__start_df_sites_v1);
	cr_expect_eq((const void *)FOLLOW(c, stop), (const void *)__stop_df_sites_v1);
	cr_expect_eq(c->site_size, DF_SITE_SIZE);
	cr_expect_eq(c->state_size, DF_STATE_SIZE);
	cr_expect_eq(c->control_size, DF_CONTROL_SIZE);
	cr_expect_eq(c->minor, 0);
	const uint8_t *rest = (const uint8_t *)&c->lock;
	for (size_t i = 0; i < sizeof(*c) - offsetof(struct df_control_v1, lock); i++)
		cr_expect_eq(rest[i], 0, "byte %zu behind the sizes", i);
	cr_expect_eq((uintptr_t)c % 64, 0);
}

/* Every offset of the format's reference, so that no two fields can change places. */
Test(abi, offsets)
{
	const struct {
		const char *field;
		size_t offset, wanted;
	} rows[] = {
#define AT(STRUCT, MEMBER, WANTED) {#STRUCT "." #MEMBER, offsetof(struct STRUCT, MEMBER), WANTED}
		AT(df_note_v1, owner_size, 0),
		AT(df_note_v1, desc_size, 4),
		AT(df_note_v1, type, 8),
		AT(df_note_v1, owner, 12),
		AT(df_note_v1, magic, 16),
		AT(df_note_v1, control, 20),
		AT(df_note_v1, ehdr, 24),
		AT(df_note_v1, reserved, 28),
		AT(df_control_v1, magic, 0),
		AT(df_control_v1, start, 8),
		AT(df_control_v1, stop, 12),
		AT(df_control_v1, site_size, 16),
		AT(df_control_v1, state_size, 18),
		AT(df_control_v1, control_size, 20),
		AT(df_control_v1, minor, 22),
		AT(df_control_v1, lock, 24),
		AT(df_control_v1, lock_reserved, 28),
		AT(df_control_v1, external, 32),
		AT(df_control_v1, external_nonce, 36),
		AT(df_control_v1, phase, 40),
		AT(df_control_v1, initialised, 44),
		AT(df_control_v1, generation, 48),
		AT(df_control_v1, changed_at, 56),
		AT(df_control_v1, changed_by, 64),
		AT(df_control_v1, reserved, 68),
		AT(df_site_v1, site, 0),
		AT(df_site_v1, target, 4),
		AT(df_site_v1, kind, 8),
		AT(df_site_v1, name, 12),
		AT(df_site_v1, file, 16),
		AT(df_site_v1, doc, 20),
		AT(df_site_v1, state, 24),
		AT(df_site_v1, line, 28),
		AT(df_site_v1, style, 32),
		AT(df_site_v1, flags, 33),
		AT(df_site_v1, activation, 34),
		AT(df_site_v1, unhook, 35),
		AT(df_count_v1, activation, 0),
		AT(df_count_v1, unhook, 4),
		AT(df_state_v1, current, 0),
		AT(df_state_v1, next, 8),
#undef AT
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_eq(rows[i].offset, rows[i].wanted, "%s", rows[i].field);
	cr_expect_eq(sizeof(struct df_site_v1), 36);
	cr_expect_eq(sizeof(struct df_state_v1), 16);
	cr_expect_eq(sizeof(struct df_control_v1), 128);
	cr_expect_eq(sizeof(struct df_note_v1), 32);
}

Test(abi, the_table_holds_all_flags_and_no_more)
{
	const size_t bytes =
		(size_t)((const char *)__stop_df_sites_v1 - (const char *)__start_df_sites_v1);
	cr_expect_eq(bytes, COUNT(wanted) * DF_SITE_SIZE);
}

Test(abi, records)
{
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct df_site_v1 *r = record_of(wanted[i].name);
		cr_expect_str_eq(TEXT(r, kind), wanted[i].kind);
		cr_expect_str_eq(TEXT(r, doc), wanted[i].doc, "%s", wanted[i].name);
		cr_expect_str_eq(TEXT(r, file), __FILE__);
		cr_expect_eq(r->line, (uint32_t)(FIRST_LINE + (int)i), "%s: line %u",
			     wanted[i].name, r->line);
		cr_expect_eq(r->style, DF_STYLE_);
		cr_expect_eq(r->flags, wanted[i].flags, "%s", wanted[i].name);
		cr_expect_eq(r->activation, wanted[i].activation, "%s", wanted[i].name);
		cr_expect_eq(r->unhook, 0);
	}
}

Test(abi, instructions)
{
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct df_site_v1 *r = record_of(wanted[i].name);
		const uint8_t *code = FOLLOW(r, site);
		const bool jump = (wanted[i].flags & DF_SITE_JUMP_BUILT) != 0;
		if (r->style == DF_STYLE_X86_CARRY) {
			cr_expect_eq(code[0], jump ? 0xf9 : 0xf8, "%s", wanted[i].name);
			cr_expect_eq(r->target, 0);
			continue;
		}
		int32_t distance;
		memcpy(&distance, code + 1, sizeof(distance));
		cr_expect_eq(code[0], jump ? 0xe9 : 0xa9, "%s", wanted[i].name);
		cr_expect_eq((const void *)(code + 5 + distance), (const void *)FOLLOW(r, target),
			     "%s", wanted[i].name);
	}
}

/* The record tells the truth about itself: active as built is jump as built, or inverted. */
Test(abi, counts_as_built_agree_with_the_instruction)
{
	for (const struct df_site_v1 *r = __start_df_sites_v1; r < __stop_df_sites_v1; r++) {
		const bool active = r->activation > 0 || (r->flags & DF_SITE_HELD);
		const bool jump = active != ((r->flags & DF_SITE_INVERTED) != 0);
		cr_expect_eq(jump, (r->flags & DF_SITE_JUMP_BUILT) != 0, "%s", TEXT(r, name));
	}
}

Test(abi, states_are_zero_aligned_and_apart)
{
	static const uint8_t zero[DF_STATE_SIZE];
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const uint8_t *state = FOLLOW(record_of(wanted[i].name), state);
		cr_expect_arr_eq(state, zero, sizeof(zero), "%s", wanted[i].name);
		cr_expect_eq((uintptr_t)state % DF_STATE_SIZE, 0, "%s", wanted[i].name);
		for (size_t k = 0; k < i; k++)
			cr_expect_neq((const void *)state,
				      (const void *)FOLLOW(record_of(wanted[k].name), state));
	}
}
