/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - who we are, and which process a number means. */
#include "identity.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "roster.h"
#include "status.h"

#define NOBODY UINT32_MAX /* in loginuid, of a process that nobody's login led to */

static void read_text(const char *path, char *text, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || status_read(fd, text, size) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* Where the kernel keeps no account of logins, there is no such file. */
static void take_login(struct own_identity *own)
{
	char text[16], *end = text;
	read_text("/proc/self/loginuid", text, sizeof(text));
	const unsigned long login = strtoul(text, &end, 10);
	own->logged_in = end != text && login != NOBODY;
	own->login = (uid_t)login;
}

void identity_own(struct own_identity *own)
{
	*own = (struct own_identity){.user = getuid(), .effective_user = geteuid()};
	take_login(own);
	read_text("/proc/sys/kernel/random/boot_id", own->boot, sizeof(own->boot));
}

void identity_of(const struct process *process, struct process_identity *identity)
{
	struct roster_entry entry;
	char *to = identity->executable;
	const ssize_t length =
		readlinkat(process->dir, "exe", to, sizeof(identity->executable) - 1);
	to[length > 0 ? length : 0] = '\0';
	identity->started = roster_look_at(process->dir, &entry, NULL) > 0 ? entry.started : 0;
}
