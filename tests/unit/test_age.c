/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/age.c: flags of a made-up module in a checkout of a real git. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "age.h"
#include "fake_snapshot.h"
#include "repository.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define DAYS (INT64_C(24) * 60 * 60)
#define NOON_2026_11_26 1795694400

struct fixture {
	struct fake_module module;
	struct image image;
	struct inventory inventory;
	struct findings findings;
	struct ages ages;
	struct checkout checkout;
	bool is_open;
	struct df_err err;
};

/* Leaves the flags in the order of their names. */
static void begin(struct fixture *f, const struct df_site *sites, size_t count)
{
	*f = (struct fixture){0};
	fake_module_build(&f->module, 0x400000, sites, count);
	fake_snapshot_begin(&f->image.snapshot, &f->module);
	cr_assert_eq(df_table_find(&f->image.snapshot.view, &f->image.table, &f->err), 1, "%s",
		     f->err.text);
	cr_assert_eq(inventory_begin(&f->inventory, &f->image, 1, &f->findings, &f->err), 0);
	cr_assert_eq(inventory_group(&f->inventory, &f->err), 0);
	cr_assert_eq(f->inventory.flag_count, count);
}

static void end(struct fixture *f)
{
	ages_free(&f->ages);
	if (f->is_open)
		checkout_close(&f->checkout);
	findings_free(&f->findings);
	inventory_free(&f->inventory);
	snapshot_free(&f->image.snapshot);
	fake_module_free(&f->module);
}

/* "FLAG CODE: TEXT" for each finding, a line each. */
static void expect_findings(struct fixture *f, const char *want)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	findings_sort(&f->findings);
	for (size_t i = 0; i < f->findings.count; i++)
		fprintf(to, "%s %s: %s\n",
			f->findings.list[i].flag ? f->findings.list[i].flag : "-",
			finding_name(f->findings.list[i].code), f->findings.list[i].text);
	fclose(to);
	cr_expect_str_eq(text, want, "%s\n--- is not\n%s", text, want);
	free(text);
}

/* ---- docs ---- */

#define DOC(NAME, TEXT)                                                                            \
	{                                                                                          \
		.kind = "k", .name = (NAME), .file = "a.c", .line = 1, .doc = (TEXT), .style = 1   \
	}

Test(age, docs)
{
	static const struct df_site sites[] = {
		DOC("a", "nothing"),
		DOC("b", "expires=2026-11-25 owner=web"),
		DOC("c", "expires=2026-11-26"),
		DOC("d", "expires=1999-01-01"),
		DOC("e", "expires=soon"),
		DOC("f", "expires=2020-01-01 permanent"),
		DOC("g", "owner="),
	};
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	ages_check_docs(&f.inventory, NOON_2026_11_26, &f.findings);
	expect_findings(&f, "k:e@a.c:1 doc-attribute: its doc: expires=soon is no day, which would "
			    "be YYYY-MM-DD\n"
			    "k:f@a.c:1 doc-attribute: its doc: permanent contradicts expires=\n"
			    "k:g@a.c:1 doc-attribute: its doc: owner= names nobody\n"
			    "k:b@a.c:1 expired: expired after 2026-11-25; its owner is web\n"
			    "k:d@a.c:1 expired: expired after 1999-01-01\n"
			    "k:f@a.c:1 expired: expired after 2020-01-01\n");
	end(&f);
}

/* ---- checkouts ---- */

TestSuite(source, .init = repository_begin, .fini = repository_end);

#define AT(NAME, FILE, LINE)                                                                       \
	{                                                                                          \
		.kind = "k", .name = (NAME), .file = (FILE), .line = (LINE), .doc = "", .style = 1 \
	}

static const struct df_site sites[] = {
	AT("ambiguous", "twice.c", 1),
	AT("fresh", "/build/src/a.c", 4),
	AT("gone", "/build/src/a.c", 1),
	AT("here", "/build/src/a.c", 2),
	AT("link", "link.c", 1),
	AT("moved", "/build/src/a.c", 5),
	AT("nowhere", "/build/none.c", 1),
	{.kind = "k",
	 .name = "stays",
	 .file = "/build/src/a.c",
	 .line = 3,
	 .doc = "permanent",
	 .style = 1},
	AT("unsure", "/build/src/a.c", 6),
	AT("young", "b.c", 1),
};
enum { AMBIGUOUS, FRESH, GONE, HERE, LINK, MOVED, NOWHERE, STAYS, UNSURE, YOUNG };

static const char repository[] =
	"git init -q it; cd it; mkdir src one two; echo x >one/twice.c; echo x >two/twice.c\n"
	"printf '%s\\n' 'first' 'DF_FEATURE(k, here)' 'DF_FEATURE(k, stays)' 'fourth' "
	"'fifth' 'if (FLAG(x))' 'DF_FEATURE(k, moved)' >src/a.c\n"
	"echo x >link.c; ln -sf ../one link.c; git add link.c\n"
	"commit 2020-01-02T03:04:05Z 'Ann Other' .\n"
	"echo 'DF_FEATURE(k, young)' >b.c; commit 2026-10-01T00:00:00Z Bob b.c\n"
	"sed -i 's/fourth/DF_FEATURE(k, fresh)/' src/a.c\n";

/* Between two of these nothing of ours is there, and no signal is held. */
static int find_again(struct fixture *f, int64_t stale)
{
	const struct age_request request = {
		.checkout = &f->checkout,
		.stale = stale,
		.now = NOON_2026_11_26,
	};
	sigset_t held;
	const int status = ages_find(&f->inventory, &request, &f->ages, &f->findings, &f->err);
	cr_expect(repository_is_tidy());
	cr_assert_eq(sigprocmask(SIG_SETMASK, NULL, &held), 0);
	cr_expect_eq(sigismember(&held, SIGINT), 0);
	return status;
}

static int find(struct fixture *f, int64_t stale)
{
	const int status = checkout_open("it", &f->checkout, &f->err);
	f->is_open = true;
	checkout_rest(&f->checkout);
	return status < 0 ? status : find_again(f, stale);
}

#define PLACES                                                                                     \
	"k:gone@/build/src/a.c:1 source-moved: line 1 of 'src/a.c' does not hold it, nor does "    \
	"another\n"                                                                                \
	"k:moved@/build/src/a.c:5 source-moved: line 5 of 'src/a.c' does not hold it; line 7 "     \
	"does\n"
#define UNKNOWN                                                                                    \
	"- source-unknown: '/build/none.c' is no file of the checkout (1 flag)\n"                  \
	"k:unsure@/build/src/a.c:6 source-unknown: line 6 of 'src/a.c' does not name it, unless "  \
	"by a macro of another file\n"                                                             \
	"- source-unknown: cannot open 'link.c': Too many levels of symbolic links (1 flag)\n"     \
	"- source-unknown: 'twice.c' may be one of several files of the checkout, such as "        \
	"'one/twice.c' (1 flag)\n"

Test(source, places)
{
	static const enum age_place want[] = {AGE_UNKNOWN, AGE_HERE,  AGE_GONE,	   AGE_HERE,
					      AGE_UNKNOWN, AGE_MOVED, AGE_UNKNOWN, AGE_HERE,
					      AGE_UNSURE,  AGE_HERE};
	struct fixture f;
	repository_make(repository);
	begin(&f, sites, COUNT(sites));
	cr_assert_eq(find(&f, AGE_NEVER_STALE), 0, "%s", f.err.text);
	cr_assert_eq(f.ages.count, COUNT(sites));
	for (size_t i = 0; i < COUNT(sites); i++) {
		cr_expect_eq(f.ages.list[i].place, want[i], "%s", sites[i].name);
		cr_expect_null(f.ages.list[i].commit);
		cr_expect_eq(f.ages.list[i].path == NULL, want[i] == AGE_UNKNOWN, "%s",
			     sites[i].name);
	}
	cr_expect_eq(f.ages.list[MOVED].line, 7);
	cr_expect_eq(f.ages.list[HERE].line, 2);
	cr_expect_eq(f.ages.list[GONE].line, 0);
	cr_expect_str_eq(f.ages.list[YOUNG].path, "b.c");
	expect_findings(&f, PLACES UNKNOWN);
	end(&f);
}

Test(source, ages)
{
	struct fixture f;
	repository_make(repository);
	begin(&f, sites, COUNT(sites));
	cr_assert_eq(find(&f, 180 * DAYS), 0, "%s", f.err.text);
	const struct age *list = f.ages.list;
	cr_assert(list[HERE].commit && list[STAYS].commit && list[MOVED].commit);
	cr_expect_eq(list[HERE].commit->time, 1577934245);
	cr_expect_str_eq(list[HERE].commit->author, "Ann Other");
	cr_expect(list[HERE].stale && list[MOVED].stale);
	cr_expect(!list[STAYS].stale, "its doc says permanent");
	cr_expect(list[FRESH].commit && !list[FRESH].commit->recorded && !list[FRESH].stale);
	cr_expect(list[YOUNG].commit && !list[YOUNG].stale);
	cr_expect_null(list[GONE].commit);
	char want[2000];
	snprintf(want, sizeof(want),
		 PLACES "k:here@/build/src/a.c:2 stale: line 2 of 'src/a.c' is from 2020-01-02, "
			"2520 days ago: commit %.12s by Ann Other\n"
			"k:moved@/build/src/a.c:5 stale: line 7 of 'src/a.c' is from 2020-01-02, "
			"2520 days ago: commit %.12s by Ann Other\n" UNKNOWN,
		 list[HERE].commit->id, list[HERE].commit->id);
	expect_findings(&f, want);
	end(&f);
}

/* What was read of a checkout once is not read again: git is not needed any more. */
Test(source, opened_once)
{
	struct fixture f;
	repository_make(repository);
	begin(&f, sites, COUNT(sites));
	cr_assert_eq(find(&f, AGE_NEVER_STALE), 0, "%s", f.err.text);
	free(f.checkout.git.program);
	f.checkout.git.program = strdup("/nowhere/git");
	for (int i = 0; i < 3; i++) {
		ages_free(&f.ages);
		findings_free(&f.findings);
		cr_assert_eq(find_again(&f, AGE_NEVER_STALE), 0, "%s", f.err.text);
		expect_findings(&f, PLACES UNKNOWN);
	}
	end(&f);
}

/* Older than the time is stale, as old is not. */
Test(source, to_the_second)
{
	struct fixture f;
	const int64_t age = NOON_2026_11_26 - 1577934245;
	repository_make(repository);
	for (int64_t stale = age - 1; stale <= age + 1; stale++) {
		begin(&f, sites, COUNT(sites));
		cr_assert_eq(find(&f, stale), 0, "%s", f.err.text);
		cr_expect_eq(f.ages.list[HERE].stale, stale < age);
		end(&f);
	}
}

Test(source, times_that_cannot_be)
{
	struct fixture f;
	repository_make("git init -q it; cd it; echo 'DF_FEATURE(k, young)' >b.c\n"
			"commit '@9000000000 +0000' Future b.c");
	begin(&f, sites, COUNT(sites));
	cr_assert_eq(find(&f, 1), 0, "%s", f.err.text);
	cr_assert(f.ages.list[YOUNG].commit);
	cr_expect(!f.ages.list[YOUNG].stale);
	end(&f);
}

Test(source, shallow)
{
	struct fixture f;
	repository_make(repository);
	repository_make("mv it whole; git clone -q --depth 1 file://$PWD/whole it");
	begin(&f, sites, COUNT(sites));
	cr_assert_eq(find(&f, 180 * DAYS), 0, "%s", f.err.text);
	cr_expect(!f.ages.list[HERE].stale);
	cr_expect_eq(f.ages.list[HERE].commit->time, 1790812800);
	findings_sort(&f.findings);
	bool told = false;
	for (size_t i = 0; i < f.findings.count; i++)
		told = told || strstr(f.findings.list[i].text, "only the last part of its history");
	cr_expect(told);
	end(&f);
}

Test(source, no_checkout)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	cr_expect_eq(find(&f, 1), -(int)DF_E_SYSTEM);
	cr_expect(strstr(f.err.text, "cannot open 'it'"), "%s", f.err.text);
	end(&f);
}
