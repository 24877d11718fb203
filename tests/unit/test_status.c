/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/status.c: fields are found by their whole names, at starts of lines. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "status.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const char text[] = "Name:\tUid:\\nPid: 9\n"
			   "Umask:\t0022\n"
			   "State:\tZ (zombie)\n"
			   "Tgid:\t42\n"
			   "NSpid:\t42\t1\n"
			   "Uid:\t1000\t0\t0\t0\n"
			   "Empty:\n"
			   "Threads:\t3";

Test(status, fields)
{
	static const struct {
		const char *name;
		long number;
		const char *begins;
	} rows[] = {
		{"Name", 0, "Uid:"},	  {"State", 0, "Z (zombie)"}, {"Tgid", 42, "42\n"},
		{"NSpid", 42, "42\t1\n"}, {"Uid", 1000, "1000\t0"},   {"Threads", 3, "3"},
	};
	static const char *const none[] = {
		"Pid", "gid", "Tgi", "Tgid:", "id", "threads", "TracerPid"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *field = status_field(text, rows[i].name);
		cr_assert(field, "%s", rows[i].name);
		cr_expect(strncmp(field, rows[i].begins, strlen(rows[i].begins)) == 0, "%s: '%s'",
			  rows[i].name, field);
		cr_expect_eq(status_number(text, rows[i].name), rows[i].number, "%s", rows[i].name);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		cr_expect_null(status_field(text, none[i]), "%s", none[i]);
		cr_expect_eq(status_number(text, none[i]), 0, "%s", none[i]);
	}
	cr_expect_null(status_field("", "Name"));
	cr_expect_null(status_field("\n\n", "Name"));
}

Test(status, read_again_and_cut)
{
	char whole[STATUS_SIZE], again[STATUS_SIZE], cut[10];
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	cr_assert_gt(status_read(fd, whole, sizeof(whole)), 100);
	cr_expect_eq(status_number(whole, "Tgid"), getpid());
	cr_assert_gt(status_read(fd, again, sizeof(again)), 100);
	cr_expect_eq(status_number(again, "Tgid"), getpid());
	cr_expect_eq(status_read(fd, cut, sizeof(cut)), 9);
	cr_expect(strncmp(cut, whole, 9) == 0 && cut[9] == '\0');
	close(fd);
	cr_expect_eq(status_read(fd, cut, sizeof(cut)), -1);
}

/* Users of large directories are in thousands of groups, and the list stands in the middle. */
Test(status, many_groups)
{
	static gid_t groups[5000];
	static char whole[STATUS_SIZE];
	for (size_t i = 0; i < COUNT(groups); i++)
		groups[i] = (gid_t)(4000000000u + i);
	if (setgroups(COUNT(groups), groups) != 0)
		cr_skip("only root can join groups");
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	cr_assert_gt(status_read(fd, whole, sizeof(whole)), 0);
	close(fd);
	cr_expect(status_field(whole, "NSpid"));
	cr_expect_geq(status_number(whole, "Threads"), 1);
	cr_expect(status_field(whole, "CapEff"));
}
