/* SPDX-License-Identifier: Apache-2.0 */
/* What df_list() tells, in which order, and what its callback may do; and what is printed. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "flags.h"
#include "inside.h"
#include "many.h"

extern const char __executable_start[], etext[];

/* ---- order ---- */

static int compare(const struct df_flag_info *a, const struct df_flag_info *b)
{
	int order = strcmp(a->kind, b->kind);
	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(a->file, b->file);
	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	if (order == 0)
		order = (a->site > b->site) - (a->site < b->site);
	return order;
}

static void expect_order(const char *pattern, bool several)
{
	struct listing l = listing_of(pattern);
	cr_expect_eq(l.count > 1, several, "'%s' lists %zu", pattern ? pattern : "NULL", l.count);
	for (size_t i = 1; i < l.count; i++) {
		const struct df_flag_info *a = &l.entries[i - 1], *b = &l.entries[i];
		cr_expect_lt(compare(a, b), 0, "%s stands before %s", a->full_name, b->full_name);
		cr_expect_eq(b->duplicate, strcmp(a->full_name, b->full_name) == 0, "%s",
			     b->full_name);
	}
	if (l.count > 0)
		cr_expect_eq(l.entries[0].duplicate, 0);
	cr_expect_eq(l.answer, listing_flags(&l));
	listing_free(&l);
}

Test(order, is_by_kind_name_file_line_and_address)
{
	read_many();
	for (int round = 0; round < 2; round++) {
		expect_order(NULL, true);
		expect_order("http:conn_0", true);
		expect_order("many:", true);
		expect_order(".*9", true);
		expect_order("lamp:feature", false);
		expect_order("no such flag", false);
	}
}

/* The same from a process that has searched and sorted before. */
Test(order, does_not_depend_on_what_was_asked_before)
{
	df_activate("http:conn_00");
	df_activate("http:conn_01");
	df_activate_kind("db", NULL);
	expect_order(NULL, true);
	expect_order("db:row@", true);
}

Test(order, of_lines_is_that_of_numbers)
{
	static const char *const wanted[] = {"db:row@a.c:9",   "db:row@z:0",
					     "db:row@z.c:9",   "db:row@z.c:10",
					     "db:row@z.c:100", "db:row@z.c:2147483000"};
	struct listing l = listing_of("db:row@");
	cr_assert_eq(l.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++)
		cr_expect_str_eq(l.entries[i].full_name, wanted[i]);
	listing_free(&l);
}

/* ---- fields ---- */

static void expect_addresses(const struct df_flag_info *e)
{
	const struct df_site_v1 *record = record_of(e->site);
	const unsigned char *code = e->site;
	cr_expect((const char *)code > __executable_start && (const char *)code < etext, "%s",
		  e->full_name);
	if (record->style == DF_STYLE_X86_CARRY) {
		cr_expect_null(e->target);
		cr_expect(code[0] == 0xf8 || code[0] == 0xf9);
		return;
	}
	int32_t displacement;
	memcpy(&displacement, code + 1, sizeof(displacement));
	cr_expect_eq(e->target, (const void *)(code + 5 + displacement), "%s", e->full_name);
	const int jumps = e->active != ((record->flags & DF_SITE_INVERTED) != 0);
	cr_expect_eq(code[0], jumps ? 0xe9 : 0xa9, "%s holds %02x", e->full_name, code[0]);
}

static void expect_fields(const struct df_flag_info *e, const struct lamp *lamp)
{
	char full[256];
	snprintf(full, sizeof(full), "%s:%s@%s:%u", e->kind, e->name, e->file, e->line);
	cr_expect_str_eq(e->full_name, full);
	cr_expect_str_eq(e->kind, lamp->kind);
	cr_expect_str_eq(e->doc, lamp->doc);
	cr_expect_str_eq(e->module, "");
	cr_expect_eq(e->active, lamp->read(), "%s", full);
	expect_addresses(e);
}

static void expect_lamps(void)
{
	for (size_t i = 0; i < lamp_count; i++) {
		struct listing l = listing_of(lamps[i].full_name);
		size_t sites = 0;
		for (size_t k = 0; k < l.count; k++) {
			if (strcmp(l.entries[k].full_name, lamps[i].full_name) != 0)
				continue;
			expect_fields(&l.entries[k], &lamps[i]);
			sites++;
		}
		cr_expect_geq(sites, lamps[i].sites, "%zu of %s", sites, lamps[i].full_name);
		listing_free(&l);
	}
}

Test(fields, tell_all_of_a_site)
{
	expect_lamps();
	df_activate("lamp:s|many:|http");
	df_unhook("lamp:");
	expect_lamps();
	struct listing l = listing_of("lamp:feature");
	cr_assert_eq(l.count, (size_t)1);
	cr_expect_eq(l.entries[0].activation, 0u);
	cr_expect_eq(l.entries[0].unhook, 1u);
	listing_free(&l);
}

/* Each site of the table once, whatever the pattern is made of. */
Test(fields, leave_no_site_out)
{
	extern const struct df_site_v1 __start_df_sites_v1[] __attribute__((visibility("hidden")));
	extern const struct df_site_v1 __stop_df_sites_v1[] __attribute__((visibility("hidden")));
	struct listing l = listing_of(NULL), same = listing_of(".*:[0-9]+$");
	cr_expect_eq(l.count, (size_t)(__stop_df_sites_v1 - __start_df_sites_v1));
	cr_assert_eq(l.count, same.count);
	for (size_t i = 0; i < l.count; i++)
		cr_expect_eq(l.entries[i].site, same.entries[i].site);
	listing_free(&l);
	listing_free(&same);
}

static int keep_pointer(void *context, const struct df_flag_info *flag)
{
	*(struct df_flag_info *)context = *flag;
	return 1;
}

/* As the header says of the executable's strings; other listings come and go meanwhile. */
Test(fields, of_the_executable_stay_where_they_are)
{
	struct df_flag_info first, again;
	df_list("lamp:feature", keep_pointer, &first);
	for (int i = 0; i < 3; i++) {
		struct listing l = listing_of(NULL);
		listing_free(&l);
		df_activate("http:");
	}
	df_list("lamp:feature", keep_pointer, &again);
	cr_expect_str_eq(first.full_name, "lamp:feature@lamps.c:100");
	cr_expect_str_eq(first.module, "");
	cr_expect_eq(first.full_name, again.full_name);
	cr_expect_eq(first.doc, again.doc);
}

/* ---- the callback ---- */

struct stop {
	int calls, at, answer;
};

static int stop_at(void *context, const struct df_flag_info *flag)
{
	struct stop *stop = context;
	(void)flag;
	return stop->calls++ == stop->at ? stop->answer : 0;
}

Test(callback, ends_the_listing_with_its_answer)
{
	static const int answers[] = {1, -1, 4711, INT32_MIN, -DF_ERROR_MEMORY};
	for (size_t i = 0; i < COUNT(answers); i++)
		for (int at = 0; at < 300; at += 127) {
			struct stop stop = {.at = at, .answer = answers[i]};
			cr_expect_eq(df_list("http:", stop_at, &stop), answers[i]);
			cr_expect_eq(stop.calls, at + 1);
		}
	struct stop last = {.at = (int)lamp_count * 1000};
	cr_expect_gt(df_list(NULL, stop_at, &last), 1000);
	cr_expect_str_eq(df_error(), "", "an answer is no error");
}

static int fail_within(void *context, const struct df_flag_info *flag)
{
	(void)context;
	(void)flag;
	cr_expect_eq(df_activate("("), -DF_ERROR_PATTERN);
	cr_expect_eq(df_apply("nonsense"), -DF_ERROR_USAGE);
	return 0;
}

Test(callback, may_fail_in_what_it_does)
{
	cr_expect_eq(df_list("lamp:", fail_within, NULL), 5);
	cr_expect(strstr(df_error(), "nonsense"), "'%s'", df_error());
}

static int nest(void *context, const struct df_flag_info *flag)
{
	int *depth = context;
	(void)flag;
	if (*depth == 4)
		return 0;
	++*depth;
	cr_expect_eq(df_list("lamp:", nest, depth), 5);
	--*depth;
	cr_expect_eq(df_apply("+http:conn_00\n-http:conn_00"), 2 * df_rehook("http:conn_00"));
	return 0;
}

Test(callback, may_list_and_change)
{
	int depth = 0;
	cr_expect_eq(df_list("lamp:", nest, &depth), 5);
}

/* What it changes behind the place where the listing is may be told either way, but not wrongly. */
static int change_what_follows(void *context, const struct df_flag_info *flag)
{
	char pattern[256];
	int *calls = context;
	if (++*calls == 1)
		df_activate("http:");
	snprintf(pattern, sizeof(pattern), "%s$", flag->full_name);
	cr_expect_eq(flag->active, flag->activation > 0);
	cr_expect_leq(flag->activation, 1u);
	df_unhook(pattern);
	return 0;
}

Test(callback, may_change_what_is_still_to_come)
{
	int calls = 0;
	const int flags = df_list("http:[^+]*$", change_what_follows, &calls);
	cr_expect_gt(flags, 200);
	cr_expect_eq(flags, calls);
	struct listing l = listing_of("http:[^+]*$");
	for (size_t i = 0; i < l.count; i++) {
		cr_expect_eq(l.entries[i].activation, 1u, "%s", l.entries[i].full_name);
		cr_expect_eq(l.entries[i].unhook, 1u, "%s", l.entries[i].full_name);
	}
	listing_free(&l);
}

static int exit_thread(void *context, const struct df_flag_info *flag)
{
	(void)context;
	(void)flag;
	pthread_exit(NULL);
}

static void *list_and_exit(void *unused)
{
	df_list(NULL, exit_thread, NULL);
	return unused;
}

/* Nothing that others need is held while the program's own code runs. */
static void leave_a_listing(void)
{
	pthread_t thread;
	EXPECT(pthread_create(&thread, NULL, list_and_exit, NULL) == 0, "no thread");
	pthread_join(thread, NULL);
	EXPECT(df_activate("lamp:") == 5, "%s", df_error());
}

Test(callback, may_end_its_thread)
{
	in_child(leave_a_listing);
}

/* ---- what is printed ---- */

static const struct {
	struct df_flag_info flag;
	const char *line;
} printed[] = {
	{{.full_name = "a:b@c.c:1", .doc = ""}, "a:b@c.c:1 (off)\n"},
	{{.full_name = "a:b@c.c:1", .doc = "why %s"}, "a:b@c.c:1 (off): why %s\n"},
	{{.full_name = "a:b@c.c:1", .doc = "", .activation = 1, .active = 1}, "a:b@c.c:1 (1)\n"},
	{{.full_name = "a:b@c.c:1", .doc = "", .activation = UINT32_MAX, .active = 1},
	 "a:b@c.c:1 (4294967295)\n"},
	{{.full_name = "a:b@c.c:1", .doc = "", .unhook = 1}, "a:b@c.c:1 (off, unhook=1)\n"},
	{{.full_name = "%n", .doc = "d", .activation = 7, .active = 1, .unhook = INT32_MAX},
	 "%n (7, unhook=2147483647): d\n"},
	{{.full_name = "a:b@c.c:1", .doc = "second", .duplicate = 1}, ""},
};

Test(print, one_line_for_each_full_name)
{
	for (size_t i = 0; i < COUNT(printed); i++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);
		cr_assert(stream);
		cr_expect_eq(df_list_print(stream, &printed[i].flag), 0);
		fclose(stream);
		cr_expect_str_eq(text, printed[i].line);
		free(text);
	}
}

static void print_to_stderr(void)
{
	char text[256] = "";
	const int fd = memfd_create("stderr", MFD_CLOEXEC);
	EXPECT(fd >= 0 && dup2(fd, 2) == 2, "%m");
	df_activate("many:twin");
	EXPECT(df_list("many:twin", df_list_print, NULL) == 1, "%s", df_error());
	fflush(stderr);
	EXPECT(pread(fd, text, sizeof(text) - 1, 0) > 0, "nothing is printed");
	EXPECT(strcmp(text, "many:twin@twins.c:200 (1): three sites, one flag\n") == 0, "'%s'",
	       text);
}

Test(print, to_stderr_without_a_stream)
{
	in_child(print_to_stderr);
}
