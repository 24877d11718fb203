/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - who we are, and which process a number means. */
#include "identity.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "status.h"

#define NOBODY UINT32_MAX /* in loginuid, of a process that nobody's login led to */
#define FIELD_START 22	  /* of stat, from 1 */

static void read_text(int directory, const char *name, char *text, size_t size)
{
	CLEANUP_FD int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || status_read(fd, text, size) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* Where the kernel keeps no account of logins, there is no such file. */
static void take_login(struct own_identity *own)
{
	char text[16], *end = text;
	read_text(AT_FDCWD, "/proc/self/loginuid", text, sizeof(text));
	const unsigned long login = strtoul(text, &end, 10);
	own->logged_in = end != text && login != NOBODY;
	own->login = (uid_t)login;
}

void identity_own(struct own_identity *own)
{
	*own = (struct own_identity){.user = getuid(), .effective_user = geteuid()};
	take_login(own);
	read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", own->boot, sizeof(own->boot));
}

/* The name of the program, in brackets, may hold brackets and blanks. */
uint64_t identity_start_time(const char *stat)
{
	const char *at = strrchr(stat, ')');
	for (int field = 2; at && field < FIELD_START; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

void identity_of(const struct process *process, struct process_identity *identity)
{
	char stat[1024];
	char *to = identity->executable;
	const ssize_t length =
		readlinkat(process->dir, "exe", to, sizeof(identity->executable) - 1);
	to[length > 0 ? length : 0] = '\0';
	read_text(process->dir, "stat", stat, sizeof(stat));
	identity->started = identity_start_time(stat);
}
