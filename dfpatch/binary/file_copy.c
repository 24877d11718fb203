/* SPDX-License-Identifier: Apache-2.0 */
/* file_copy.c - the bytes of a file into another, and some of them changed there. */
#include "file_copy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define CHUNK (16 << 20) /* between two looks at whether to go on */
#define WINDOW 65536

static int failed(struct df_err *err)
{
	return df_fail_errno(err, DF_E_WRITE, "cannot write the copy; nothing was changed");
}

/* A part of a chunk at `at`, by the way that both file systems know. Sets errno. */
static ssize_t copy_some(int from, int to, off_t at, size_t size)
{
	off_t in = at, out = at;
	const ssize_t done = copy_file_range(from, &in, to, &out, size, 0);
	if (done >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP &&
			  errno != ENOSYS && errno != EPERM))
		return done;
	if (lseek(to, at, SEEK_SET) < 0)
		return -1;
	in = at;
	return sendfile(to, from, &in, size);
}

static int copy_data(int from, int to, off_t at, off_t end, bool (*stop)(const void *),
		     const void *context, struct df_err *err)
{
	while (at < end) {
		if (stop(context))
			return df_fail(err, DF_E_SYSTEM, "interrupted; nothing was written");
		const size_t left = (size_t)(end - at);
		const ssize_t done = copy_some(from, to, at, left < CHUNK ? left : CHUNK);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return failed(err);
		if (done == 0)
			return 0; /* the end of the file, wherever that is by now */
		at += done;
	}
	return 0;
}

/* Extent by extent. */
static int copy_extents(int from, int to, off_t end, bool (*stop)(const void *),
			const void *context, struct df_err *err)
{
	for (off_t at = 0; at < end;) {
		const off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0; /* nothing but a hole, as the copy has it */
		if (data < 0)
			return df_fail_errno(err, DF_E_SYSTEM, "cannot be read");
		if (data >= end)
			return 0;
		const off_t hole = lseek(from, data, SEEK_HOLE);
		at = hole < 0 || hole > end ? end : hole;
		const int status = copy_data(from, to, data, at, stop, context, err);
		if (status < 0)
			return status;
	}
	return 0;
}

int file_copy(int from, int to, uint64_t size, bool (*stop)(const void *), const void *context,
	      struct df_err *err)
{
	const off_t end = (off_t)size;
	if (ftruncate(to, end) != 0)
		return failed(err);
	const int status = copy_extents(from, to, end, stop, context, err);
	if (status < 0)
		return status;
	/* What is cut off looks like a hole. */
	if (lseek(from, 0, SEEK_END) < end)
		return df_fail(err, DF_E_CHANGED,
			       "became shorter while it was copied; nothing was written");
	return 0;
}

/* What one reading and one writing take: edits from `first` up to what is returned. */
static size_t window_end(const struct file_edit *edits, size_t count, size_t first)
{
	size_t end = first;
	while (end < count && edits[end].offset + edits[end].size - edits[first].offset <= WINDOW)
		end++;
	return end;
}

static int edit_bytes(uint8_t *bytes, uint64_t start, const struct file_edit *edit,
		      struct df_err *err)
{
	uint8_t *at = bytes + (edit->offset - start);
	if (memcmp(at, edit->before, edit->size) != 0)
		return df_fail(err, DF_E_CHANGED,
			       "the bytes at offset %#" PRIx64
			       " changed while it was copied; nothing was written",
			       edit->offset);
	memcpy(at, edit->after, edit->size);
	return 0;
}

int file_edit(int fd, const struct file_edit *edits, size_t count, struct df_err *err)
{
	uint8_t bytes[WINDOW];
	for (size_t first = 0, end; first < count; first = end) {
		const uint64_t start = edits[first].offset;
		end = window_end(edits, count, first);
		const size_t size = (size_t)(edits[end - 1].offset + edits[end - 1].size - start);
		if (pread(fd, bytes, size, (off_t)start) != (ssize_t)size)
			return failed(err);
		for (size_t i = first; i < end; i++)
			if (edit_bytes(bytes, start, &edits[i], err) < 0)
				return -(int)err->code;
		if (pwrite(fd, bytes, size, (off_t)start) != (ssize_t)size)
			return failed(err);
	}
	return 0;
}
