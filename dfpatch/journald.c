/* SPDX-License-Identifier: Apache-2.0 */
/* journald.c - entries for systemd's journal. */
#include "journald.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

#define ROOM (8 << 20) /* of the socket, as systemd's own clients ask for */
#define PATIENCE 5     /* seconds, for a journal that is at work on something else */

int journald_open(const char *path, struct df_err *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	const int room = ROOM;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0)
		return df_fail_errno(err, DF_E_SYSTEM, "nothing was changed: cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return df_fail_errno(err, DF_E_SYSTEM,
				     "nothing was changed: there is no journal to write to, as "
				     "systemd has it (%s); give --log a file",
				     path);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	const int kept = fd;
	fd = -1;
	return kept;
}

/* ---- fields ---- */

/* With its length in front, since a name of a target's may hold a newline. */
static void put(FILE *to, const char *name, const char *value)
{
	if (!value)
		return;
	const uint64_t length = strlen(value);
	fwrite(name, 1, strlen(name), to);
	fwrite("\n", 1, 1, to);
	fwrite(&length, sizeof(length), 1, to);
	fwrite(value, 1, length, to);
	fwrite("\n", 1, 1, to);
}

/* For the caller to free; NULL if there is no memory. */
static char *fields_of(const struct journald_entry *entry, size_t *size)
{
	char *text = NULL, target[16];
	FILE *to = open_memstream(&text, size);
	if (!to)
		return NULL;
	snprintf(target, sizeof(target), "%d", entry->target);
	put(to, "MESSAGE", entry->message);
	put(to, "PRIORITY", "5");
	put(to, "SYSLOG_IDENTIFIER", "dfpatch");
	put(to, "DFPATCH_RECORD", entry->record);
	put(to, "DFPATCH_OPERATION", entry->operation);
	put(to, "DFPATCH_TARGET", entry->target ? target : NULL);
	put(to, "DFPATCH_FLAG", entry->flag);
	put(to, "DFPATCH_JSON", entry->json);
	return fclose(to) == 0 ? text : NULL;
}

/* ---- sending ---- */

static bool send_datagram(int fd, char *fields, size_t size)
{
	struct iovec part = {.iov_base = fields, .iov_len = size};
	const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

static bool fill(int file, const char *fields, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t written = write(file, fields + done, size - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		done += (size_t)written;
	}
	return fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
	       0;
}

static bool send_file(int fd, const char *fields, size_t size)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr alignment;
	} control = {.bytes = ""};
	const struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	CLEANUP_FD int file = memfd_create("dfpatch-record", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (file < 0 || !fill(file, fields, size))
		return false;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

int journald_send(int fd, const struct journald_entry *entry, struct df_err *err)
{
	size_t size;
	CLEANUP_FREE char *fields = fields_of(entry, &size);
	if (!fields)
		return df_fail_memory(err);
	if (send_datagram(fd, fields, size) ||
	    ((errno == EMSGSIZE || errno == ENOBUFS) && send_file(fd, fields, size)))
		return 0;
	return df_fail_errno(err, DF_E_SYSTEM, "cannot write to the journal");
}
