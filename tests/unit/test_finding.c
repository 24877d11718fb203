/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/finding.c: stable codes, and findings in bounded memory. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"

static const struct df_site site = {
	.kind = "http", .name = "log", .file = "src/a.c", .line = 7, .doc = ""};

Test(finding, codes_are_words_and_no_two_are_the_same)
{
	for (int i = 0; i < FINDING_CODES; i++) {
		const char *name = finding_name((enum finding_code)i);
		cr_expect_gt(strlen(finding_meaning((enum finding_code)i)), 0);
		for (const char *at = name; *at != '\0'; at++)
			cr_expect(islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
					  *at == '-',
				  "%s", name);
		for (int j = 0; j < i; j++)
			cr_expect_str_neq(name, finding_name((enum finding_code)j));
	}
}

Test(finding, keeps_what_it_is_told)
{
	struct findings findings = {0};
	const struct finding_place place = {.record = 3, .address = 0x1234, .site = &site};
	findings_add(&findings, FINDING_PAGE, FINDING_AT(0x1000), "%s", "at the end");
	findings_add(&findings, FINDING_SITE_BYTES, &place, "found %02x", 0x90);
	findings_add(&findings, FINDING_TABLE, FINDING_AT(0), "none");
	findings_sort(&findings);
	cr_assert_eq(findings.count, 3);
	cr_expect_eq(findings.list[0].code, FINDING_TABLE);
	cr_expect_eq(findings.list[0].record, FINDING_NO_RECORD);
	cr_expect_null(findings.list[0].flag);
	cr_expect_eq(findings.list[1].code, FINDING_SITE_BYTES);
	cr_expect_eq(findings.list[1].record, 3);
	cr_expect_eq(findings.list[1].address, 0x1234);
	cr_expect_str_eq(findings.list[1].flag, "http:log@src/a.c:7");
	cr_expect_str_eq(findings.list[1].text, "found 90");
	cr_expect_str_eq(findings.list[2].text, "at the end");
	cr_expect_eq(findings_total(&findings, SEVERITY_FINDING), 2);
	cr_expect_eq(findings_total(&findings, SEVERITY_NOTE), 1);
	findings_free(&findings);
	cr_expect_eq(findings.count, 0);
}

Test(finding, order_within_a_code_is_that_of_finding)
{
	struct findings findings = {0};
	for (uint64_t i = 0; i < 100; i++)
		findings_add(&findings, i % 3 ? FINDING_TABLE : FINDING_CONTROL, FINDING_AT(i),
			     "x");
	findings_sort(&findings);
	for (size_t i = 1; i < findings.count; i++) {
		const struct finding *a = &findings.list[i - 1], *b = &findings.list[i];
		cr_expect(a->code < b->code || (a->code == b->code && a->address < b->address));
	}
	findings_free(&findings);
}

Test(finding, a_million_are_counted_and_a_thousand_kept)
{
	struct findings findings = {0};
	for (uint32_t i = 0; i < 1000000; i++)
		findings_add(&findings, FINDING_SITE_BYTES, FINDING_AT(i), "%u", i);
	findings_add(&findings, FINDING_PAGE, FINDING_AT(0), "another has room of its own");
	cr_expect_eq(findings.counts[FINDING_SITE_BYTES], 1000000);
	cr_expect_eq(findings.kept[FINDING_SITE_BYTES], FINDINGS_KEPT);
	cr_expect_eq(findings.count, FINDINGS_KEPT + 1);
	cr_expect_eq(findings_total(&findings, SEVERITY_FINDING), 1000000);
	findings_free(&findings);
}

Test(finding, long_names_are_not_kept_for_ever)
{
	struct findings findings = {0};
	char *name = malloc(65536);
	cr_assert_not_null(name);
	memset(name, 'n', 65535);
	name[65535] = '\0';
	struct df_site longest = site;
	longest.name = name;
	const struct finding_place place = {.site = &longest};
	for (int i = 0; i < 500; i++)
		findings_add(&findings, FINDING_SITE_BYTES, &place, "x");
	cr_expect_eq(findings.counts[FINDING_SITE_BYTES], 500);
	cr_expect_gt(findings.count, 100);
	cr_expect_leq(findings.bytes, FINDINGS_BYTES);
	findings_free(&findings);
	free(name);
}
