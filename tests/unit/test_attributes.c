/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/attributes.c, on the file system of /var/tmp. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attributes.h"

#define ACCESS "system.posix_acl_access"

/* acl(5) as the kernel stores it: version 2; tag, permissions and id of each entry. */
#define ACL_OF(USER_PERM)                                                                          \
	"\2\0\0\0"                                                                                 \
	"\1\0\6\0\377\377\377\377"                                                                 \
	"\2\0" USER_PERM "\0\71\60\0\0"                                                            \
	"\4\0\4\0\377\377\377\377"                                                                 \
	"\20\0\6\0\377\377\377\377"                                                                \
	"\40\0\0\0\377\377\377\377"
static const char acl[] = ACL_OF("\6"), other_acl[] = ACL_OF("\4");

/* cap_net_bind_service=ep, as capabilities(7) has it in revision 2. */
static const char capability[] = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0";

static int from, to;
static struct notes notes;

static int new_file(void)
{
	char path[] = "/var/tmp/test_attributes.XXXXXX";
	const int fd = mkostemp(path, 02000000);
	cr_assert_geq(fd, 0);
	unlink(path);
	return fd;
}

static void begin(void)
{
	from = new_file();
	to = new_file();
	notes = (struct notes){0};
}

TestSuite(attributes, .init = begin);

/* Gives `fd` an attribute; the test is skipped where that cannot be. */
static void give(int fd, const char *name, const char *value, size_t size)
{
	if (fsetxattr(fd, name, value, size, 0) == 0)
		return;
	cr_assert(errno == EOPNOTSUPP || errno == EPERM || errno == EACCES, "%s: %s", name,
		  strerror(errno));
	cr_skip("%s cannot be given to a file here: %s\n", name, strerror(errno));
}

static void has(const char *name, const char *value, size_t size)
{
	char found[1024];
	const ssize_t got = fgetxattr(to, name, found, sizeof(found));
	cr_expect_eq(got, (ssize_t)size, "%s: %zd", name, got);
	cr_expect(got < 0 || memcmp(found, value, (size_t)got) == 0, "%s", name);
}

Test(attributes, none)
{
	attributes_copy(from, to, &notes);
	cr_expect_eq(notes.count, 0, "%s", notes.list[0]);
}

Test(attributes, those_of_users_are_copied)
{
	give(from, "user.origin", "here", 4);
	give(from, "user.empty", "", 0);
	attributes_copy(from, to, &notes);
	has("user.origin", "here", 4);
	has("user.empty", "", 0);
	cr_expect_eq(notes.count, 0, "%s", notes.list[0]);
}

Test(attributes, the_access_control_list_follows)
{
	give(from, ACCESS, acl, sizeof(acl) - 1);
	attributes_copy(from, to, &notes);
	has(ACCESS, acl, sizeof(acl) - 1);
	cr_expect_eq(notes.count, 0, "%s", notes.list[0]);
}

/* A directory may give its files a list that lets in whom the file that was read kept out. */
Test(attributes, a_list_from_the_directory_goes)
{
	struct stat st;
	give(to, ACCESS, other_acl, sizeof(other_acl) - 1);
	cr_assert_eq(fchmod(to, 0640), 0);
	attributes_copy(from, to, &notes);
	cr_expect_lt(fgetxattr(to, ACCESS, NULL, 0), 0);
	cr_expect(fstat(to, &st) == 0 && (st.st_mode & 07777) == 0640, "%o", st.st_mode);
	cr_expect_eq(notes.count, 0);
}

static void told(const char *text)
{
	for (size_t i = 0; i < notes.count; i++)
		if (strstr(notes.list[i], text))
			return;
	cr_expect(false, "'%s' is in none of %zu notes, the first '%s'", text, notes.count,
		  notes.list[0]);
}

Test(attributes, rights_and_signatures_are_not_copied)
{
	give(from, "security.capability", capability, sizeof(capability));
	give(from, "security.ima", "\1\2\3", 3);
	attributes_copy(from, to, &notes);
	cr_expect_lt(fgetxattr(to, "security.capability", NULL, 0), 0);
	cr_expect_lt(fgetxattr(to, "security.ima", NULL, 0), 0);
	cr_expect_eq(notes.count, 2);
	told("file capabilities were not copied");
	told("security.ima was not copied");
}

Test(attributes, others_are_told_by_name)
{
	give(from, "trusted.one", "1", 1);
	give(from, "trusted.two", "2", 1);
	attributes_copy(from, to, &notes);
	cr_expect_eq(notes.count, 1);
	told("extended attributes were not copied: trusted.one, trusted.two");
	cr_expect_lt(fgetxattr(to, "trusted.one", NULL, 0), 0);
}

Test(attributes, what_is_the_same_is_not_told)
{
	give(from, "trusted.one", "1", 1);
	give(to, "trusted.one", "1", 1);
	give(from, "security.selinux", "label", 5);
	give(to, "security.selinux", "label", 5);
	attributes_copy(from, to, &notes);
	cr_expect_eq(notes.count, 0, "%s", notes.list[0]);
	give(to, "security.selinux", "other", 5);
	attributes_copy(from, to, &notes);
	told("the SELinux label was not copied");
}

Test(attributes, more_than_a_note_holds)
{
	for (int i = 0; i < 40; i++) {
		char name[64];
		snprintf(name, sizeof(name), "trusted.%02d-of-a-long-series-of-attributes", i);
		give(from, name, "", 0);
	}
	attributes_copy(from, to, &notes);
	cr_expect_eq(notes.count, 1);
	told("trusted.00");
}
