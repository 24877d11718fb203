/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/privileged.c. */
#include <criterion/criterion.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "privileged.h"

static char path[] = "/tmp/dfpatch-privileged-XXXXXX";

static void make_file(void)
{
	const int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void remove_file(void)
{
	unlink(path);
}

TestSuite(privileged, .init = make_file, .fini = remove_file);

static void expect(mode_t mode, const char *text)
{
	struct df_err err = {.text = ""};
	cr_assert_eq(chmod(path, mode), 0);
	cr_expect_eq(privileged_refuse(path, "it", &err), text ? -(int)DF_E_PERMISSION : 0,
		     "mode %o: %s", mode, err.text);
	cr_expect(!text || strstr(err.text, text), "mode %o: %s", mode, err.text);
}

Test(privileged, modes)
{
	expect(0755, NULL);
	expect(01755, NULL);
	expect(04755, "'it' is set-user-ID");
	expect(04111, "set-user-ID");
	expect(02755, "set-group-ID");
	/* Mandatory locking, once. */
	expect(02745, NULL);
	expect(06755, "set-user-ID");
}

Test(privileged, capabilities)
{
	const struct vfs_cap_data capability = {.magic_etc = VFS_CAP_REVISION_2};
	if (setxattr(path, "security.capability", &capability, sizeof(capability), 0) != 0)
		cr_skip_test("capabilities of files cannot be set here");
	expect(0755, "a file with capabilities");
}

/* As execvp(3) would. */
static void expect_found(const char *command, const char *wanted)
{
	char found[PATH_MAX] = "";
	cr_expect_eq(privileged_find(command, found, sizeof(found)), wanted != NULL, "%s", command);
	if (wanted)
		cr_expect_str_eq(found, wanted);
}

Test(privileged, commands_are_found)
{
	const char *const name = strrchr(path, '/') + 1;
	cr_assert_eq(chmod(path, 0755), 0);
	expect_found(path, path);
	setenv("PATH", "/nowhere:/tmp:/bin", 1);
	expect_found(name, path);
	expect_found("no-such-command-anywhere", NULL);
	expect_found("/tmp", NULL);
	cr_assert_eq(chdir("/tmp"), 0);
	setenv("PATH", "/nowhere::/bin", 1);
	expect_found(name, name);
	setenv("PATH", "", 1);
	expect_found(name, name);
	unsetenv("PATH");
	expect_found("sh", "/bin/sh");
	/* What cannot be run is passed over. */
	cr_assert_eq(chmod(path, 0644), 0);
	setenv("PATH", "/tmp", 1);
	expect_found(name, NULL);
	char few[4];
	cr_expect_not(privileged_find("/bin/sh", few, sizeof(few)));
}

Test(privileged, no_file)
{
	struct df_err err;
	cr_expect_eq(privileged_refuse("/nowhere", "it", &err), -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "cannot look at 'it': No such file"), "%s", err.text);
}
