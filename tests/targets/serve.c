/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - for targets that serve what others write to: a pipe, or a file of a FUSE mount. */
#include "serve.h"

#include <errno.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SINK_ID 2
#define PROGRAM_ID 3
#define WRITE_MAX 4096
#define READ_MAX 131072
#define REQUEST_MAX (WRITE_MAX + FUSE_MIN_READ_BUFFER)

struct service {
	int fd;
	int file; /* of SERVE_PROGRAM, or -1 */
	volatile int64_t *bytes;
};

static void start(void *(*serve)(void *), int fd, int file, volatile int64_t *bytes)
{
	struct service *service = malloc(sizeof(*service));
	pthread_t thread;
	if (!service)
		abort();
	*service = (struct service){.fd = fd, .file = file, .bytes = bytes};
	if (pthread_create(&thread, NULL, serve, service) != 0)
		abort();
}

/* ---- a pipe ---- */

static void *read_pipe(void *context)
{
	static char text[65536];
	const struct service *s = context;
	ssize_t got;
	while ((got = read(s->fd, text, sizeof(text))) > 0)
		*s->bytes += got;
	return NULL;
}

void serve_pipe(int fd, volatile int64_t *bytes)
{
	start(read_pipe, fd, -1, bytes);
}

/* ---- a file ---- */

static struct fuse_attr attributes(const struct service *s, uint64_t id)
{
	struct stat file = {0};
	if (id == PROGRAM_ID && fstat(s->file, &file) != 0)
		abort();
	return (struct fuse_attr){
		.ino = id,
		.mode = id == FUSE_ROOT_ID ? S_IFDIR | 0755
			: id == PROGRAM_ID ? S_IFREG | 0755
					   : S_IFREG | 0666,
		.nlink = 1,
		.size = (uint64_t)file.st_size,
	};
}

/* `error` is 0 or a negative errno value, and then nothing else is sent. */
static void answer(const struct service *s, uint64_t unique, int error, const void *data,
		   size_t size)
{
	if (error != 0)
		size = 0;
	const struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size), .error = error, .unique = unique};
	const struct iovec parts[] = {
		{.iov_base = (void *)&header, .iov_len = sizeof(header)},
		{.iov_base = (void *)data, .iov_len = size},
	};
	/* Whoever asked may have gone meanwhile. */
	(void)!writev(s->fd, parts, size > 0 ? 2 : 1);
}
#define ANSWER(S, IN, OUT) answer((S), (IN)->unique, 0, &(OUT), sizeof(OUT))

static void greet(const struct service *s, const struct fuse_in_header *in)
{
	const struct fuse_init_in *init = (const void *)(in + 1);
	const struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor
								 : FUSE_KERNEL_MINOR_VERSION,
		.max_write = WRITE_MAX,
		.max_readahead = 0,
	};
	ANSWER(s, in, out);
}

static void look_up(const struct service *s, const struct fuse_in_header *in)
{
	const char *name = (const char *)(in + 1);
	const bool program = s->file >= 0 && strcmp(name, SERVE_PROGRAM) == 0;
	const uint64_t id = program ? PROGRAM_ID : SINK_ID;
	const struct fuse_entry_out out = {
		.nodeid = id,
		.entry_valid = 3600,
		.attr_valid = 3600,
		.attr = attributes(s, id),
	};
	const bool known = program || strcmp(name, SERVE_FILE) == 0;
	answer(s, in->unique, known ? 0 : -ENOENT, &out, sizeof(out));
}

static void describe(const struct service *s, const struct fuse_in_header *in)
{
	const struct fuse_attr_out out = {.attr_valid = 3600, .attr = attributes(s, in->nodeid)};
	ANSWER(s, in, out);
}

static void take(const struct service *s, const struct fuse_in_header *in)
{
	const struct fuse_write_in *write = (const void *)(in + 1);
	const struct fuse_write_out out = {.size = write->size};
	*s->bytes += write->size;
	ANSWER(s, in, out);
}

static void give(const struct service *s, const struct fuse_in_header *in)
{
	static char text[READ_MAX];
	const struct fuse_read_in *wanted = (const void *)(in + 1);
	const size_t size = wanted->size < READ_MAX ? wanted->size : READ_MAX;
	const ssize_t got = pread(s->file, text, size, (off_t)wanted->offset);
	answer(s, in->unique, got < 0 ? -EIO : 0, text, got > 0 ? (size_t)got : 0);
}

static void serve(const struct service *s, const struct fuse_in_header *in)
{
	/* Each write is a question of its own, and waits for its answer. What was read of the
	 * program is forgotten when it is opened anew. */
	const struct fuse_open_out opened = {
		.open_flags = in->nodeid == PROGRAM_ID ? 0 : FOPEN_DIRECT_IO};
	switch (in->opcode) {
	case FUSE_INIT:
		greet(s, in);
		return;
	case FUSE_LOOKUP:
		look_up(s, in);
		return;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		describe(s, in);
		return;
	case FUSE_OPEN:
		ANSWER(s, in, opened);
		return;
	case FUSE_READ:
		give(s, in);
		return;
	case FUSE_WRITE:
		take(s, in);
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FSYNC:
		answer(s, in->unique, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return; /* nobody waits for these */
	default:
		answer(s, in->unique, -ENOSYS, NULL, 0);
	}
}

static void *serve_mount(void *context)
{
	static char request[REQUEST_MAX] __attribute__((aligned(8)));
	const struct service *s = context;
	for (;;) {
		const ssize_t got = read(s->fd, request, sizeof(request) - 1);
		if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
			continue;
		if (got < (ssize_t)sizeof(struct fuse_in_header))
			return NULL; /* unmounted */
		request[got] = '\0';
		serve(s, (const void *)request);
	}
}

void serve_fuse(int fd, int file, volatile int64_t *bytes)
{
	start(serve_mount, fd, file, bytes);
}
