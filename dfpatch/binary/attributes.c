/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.c - extended attributes of a file, and what becomes of them in a copy. */
#include "attributes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "cleanup.h"

#define ACL "system.posix_acl_access"
#define SIZE_MAX_XATTR 65536 /* of a value, and of all names: XATTR_SIZE_MAX, XATTR_LIST_MAX */

struct copying {
	int from, to;
	struct notes *notes;
	char *value; /* SIZE_MAX_XATTR bytes */
	char others[200];
};

static bool copy_one(struct copying *c, const char *name)
{
	const ssize_t size = fgetxattr(c->from, name, c->value, SIZE_MAX_XATTR);
	return size >= 0 && fsetxattr(c->to, name, c->value, (size_t)size, 0) == 0;
}

/* Whether the copy has the same value by itself. */
static bool has_same(struct copying *c, const char *name)
{
	char own[1024];
	const ssize_t size = fgetxattr(c->from, name, c->value, SIZE_MAX_XATTR);
	const ssize_t own_size = fgetxattr(c->to, name, own, sizeof(own));
	return size >= 0 && size == own_size && memcmp(own, c->value, (size_t)size) == 0;
}

static void add_other(struct copying *c, const char *name)
{
	const size_t length = strlen(c->others);
	snprintf(c->others + length, sizeof(c->others) - length, "%s%s", length > 0 ? ", " : "",
		 name);
}

static void take(struct copying *c, const char *name)
{
	if (strncmp(name, "user.", 5) == 0 || strcmp(name, ACL) == 0) {
		if (!copy_one(c, name))
			add_other(c, name);
	} else if (strcmp(name, "security.capability") == 0) {
		notes_add(c->notes, "file capabilities were not copied; setcap(8) gives them");
	} else if (strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0) {
		notes_add(c->notes, "%s was not copied: it is of the file that was read", name);
	} else if (strcmp(name, "security.selinux") == 0) {
		if (!has_same(c, name))
			notes_add(c->notes,
				  "the SELinux label was not copied; restorecon(8) gives one");
	} else if (!has_same(c, name)) {
		add_other(c, name);
	}
}

void attributes_copy(int from, int to, struct notes *notes)
{
	CLEANUP_FREE char *names = malloc(SIZE_MAX_XATTR);
	CLEANUP_FREE char *value = malloc(SIZE_MAX_XATTR);
	if (!names || !value) {
		notes_add(notes, "extended attributes were not copied: out of memory");
		return;
	}
	struct copying c = {.from = from, .to = to, .notes = notes, .value = value};
	const ssize_t size = flistxattr(from, names, SIZE_MAX_XATTR);
	if (size < 0 && errno != EOPNOTSUPP)
		notes_add(notes, "extended attributes were not copied: %s", strerror(errno));
	if (fgetxattr(from, ACL, NULL, 0) < 0)
		fremovexattr(to, ACL);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		take(&c, names + at);
	if (c.others[0] != '\0')
		notes_add(notes, "extended attributes were not copied: %s", c.others);
}
