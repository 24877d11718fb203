/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/log.c and journald.c: where records go, and what is refused. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

static char directory[] = "/tmp/test_log.XXXXXX";
static char text[24 << 20];
static struct df_err err;
static struct log out;

static void start(void)
{
	cr_assert(mkdtemp(directory) && chdir(directory) == 0);
}

static void stop(void)
{
	static const char *const names[] = {"log", "link", "pipe", "socket", "directory"};
	log_close(&out);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (remove(names[i]) != 0)
			continue;
	rmdir(directory);
}

TestSuite(log, .init = start, .fini = stop);

static void is(const char *wanted)
{
	const int fd = open("log", O_RDONLY | O_CLOEXEC);
	const ssize_t length = read(fd, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	close(fd);
	cr_assert_str_eq(text, wanted);
}

static void put(const char *content)
{
	const int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

static int record(const char *json)
{
	const struct journald_entry entry = {.json = json};
	return log_write(&out, &entry, &err);
}

Test(log, at_the_end_of_a_file)
{
	struct stat file;
	umask(0);
	cr_assert_eq(log_open(&out, "log", &err), 0, "%s", err.text);
	cr_assert_eq(record("one"), 0);
	cr_assert_eq(stat("log", &file), 0);
	cr_assert_eq(file.st_mode & 07777, 0600);
	put("other\n"); /* as if it had been rotated in place */
	cr_assert_eq(record("two"), 0);
	is("other\ntwo\n");
}

/* What a writer without room left in the middle of a line does not take the next one along. */
Test(log, behind_a_line_that_was_cut)
{
	put("{\"cut");
	cr_assert_eq(log_open(&out, "log", &err), 0);
	cr_assert_eq(record("one"), 0);
	cr_assert_eq(record("two"), 0);
	is("{\"cut\none\ntwo\n");
}

Test(log, what_may_only_be_written)
{
	if (geteuid() == 0 && (setegid(65534) != 0 || chmod(directory, 0777) != 0))
		cr_skip("cannot become another user\n");
	put("cut");
	cr_assert_eq(chmod("log", 0222), 0);
	cr_assert(geteuid() != 0 || seteuid(65534) == 0);
	cr_assert_eq(log_open(&out, "log", &err), 0, "%s", err.text);
	cr_assert_eq(record("one"), 0);
}

static void refused(const char *name, const char *why, enum df_errc code)
{
	cr_assert_eq(log_open(&out, name, &err), -(int)code, "%s: %s", name, err.text);
	cr_assert(strstr(err.text, why) && strstr(err.text, "nothing was changed"), "%s: %s", name,
		  err.text);
	log_close(&out);
}

Test(log, what_is_refused)
{
	put("");
	cr_assert(symlink("log", "link") == 0 && mkfifo("pipe", 0600) == 0 &&
		  mkdir("directory", 0700) == 0);
	refused("link", "is a symbolic link", DF_E_USAGE);
	refused("pipe", "is no regular file", DF_E_USAGE);
	refused("directory", "is no regular file", DF_E_USAGE);
	refused("/dev/null", "is no regular file", DF_E_USAGE);
	refused("/proc/self/comm", "is a part of the kernel", DF_E_USAGE);
	refused("no/such", "No such file", DF_E_SYSTEM);
	cr_assert_eq(unlink("log"), 0);
	refused("link", "is a symbolic link", DF_E_USAGE);
	cr_assert_neq(access("log", F_OK), 0);
}

Test(log, that_is_full)
{
	const struct rlimit limit = {.rlim_cur = 6, .rlim_max = 6};
	cr_assert_eq(log_open(&out, "log", &err), 0);
	cr_assert_eq(record("one"), 0);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(record("second"), -(int)DF_E_SYSTEM);
	cr_assert(strstr(err.text, "File too large"), "%s", err.text);
	is("one\nse");
}

/* ---- the journal ---- */

static int journal_fd;

static void listen_as_journal(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(journal_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

/* What comes next, be it in a datagram or a file; its size. *sealed: in a file. */
static size_t receive(bool *sealed)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr alignment;
	} control;
	struct iovec part = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int file;
	const ssize_t size = recvmsg(journal_fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	cr_assert_geq(size, 0);
	*sealed = message.msg_controllen > 0;
	if (!*sealed)
		return (size_t)size;
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(file));
	cr_assert_eq(fcntl(file, F_GET_SEALS),
		     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	const ssize_t got = pread(file, text, sizeof(text), 0);
	close(file);
	return (size_t)got;
}

/* The value of a field, each with its length; checks that all of it is fields. */
static bool has_field(size_t size, const char *name, const char *value)
{
	bool found = false;
	for (size_t at = 0; at < size;) {
		const char *end = memchr(text + at, '\n', size - at);
		uint64_t length;
		cr_assert_not_null(end);
		memcpy(&length, end + 1, sizeof(length));
		const char *content = end + 1 + sizeof(length);
		cr_assert_lt((size_t)(content - text) + length, size);
		cr_assert_eq(content[length], '\n');
		found = found || ((size_t)(end - text) - at == strlen(name) &&
				  memcmp(text + at, name, strlen(name)) == 0 &&
				  length == strlen(value) && memcmp(content, value, length) == 0);
		at = (size_t)(content - text) + length + 1;
	}
	return found;
}

Test(log, journal)
{
	const struct journald_entry entry = {.message = "two\nlines",
					     .json = "{}",
					     .record = "write",
					     .operation = "enable",
					     .flag = "a:b\nPRIORITY=0",
					     .target = 77};
	bool sealed;
	listen_as_journal();
	const int fd = journald_open("socket", &err);
	cr_assert_geq(fd, 0, "%s", err.text);
	cr_assert_eq(journald_send(fd, &entry, &err), 0, "%s", err.text);
	const size_t size = receive(&sealed);
	cr_assert(!sealed);
	cr_assert(has_field(size, "MESSAGE", "two\nlines"));
	cr_assert(has_field(size, "DFPATCH_JSON", "{}"));
	cr_assert(has_field(size, "DFPATCH_RECORD", "write"));
	cr_assert(has_field(size, "DFPATCH_OPERATION", "enable"));
	cr_assert(has_field(size, "DFPATCH_FLAG", "a:b\nPRIORITY=0"));
	cr_assert(has_field(size, "DFPATCH_TARGET", "77"));
	cr_assert(has_field(size, "SYSLOG_IDENTIFIER", "dfpatch"));
	cr_assert(has_field(size, "PRIORITY", "5"));
	close(fd);
}

Test(log, journal_of_what_fits_no_datagram)
{
	static char large[20 << 20]; /* more than any socket may hold */
	const struct journald_entry entry = {.message = "m", .json = large, .record = "begin"};
	bool sealed;
	memset(large, 'x', sizeof(large) - 1);
	listen_as_journal();
	const int fd = journald_open("socket", &err);
	cr_assert_geq(fd, 0);
	cr_assert_eq(journald_send(fd, &entry, &err), 0, "%s", err.text);
	const size_t size = receive(&sealed);
	cr_assert(sealed);
	cr_assert(has_field(size, "DFPATCH_JSON", large));
	cr_assert_not(has_field(size, "DFPATCH_FLAG", ""));
	close(fd);
}

Test(log, no_journal)
{
	cr_assert_eq(journald_open("socket", &err), -(int)DF_E_SYSTEM);
	cr_assert(strstr(err.text, "there is no journal to write to") &&
			  strstr(err.text, "nothing was changed"),
		  "%s", err.text);
}
