/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_status.c - fields of /proc/PID/status, some of whose text the process chooses. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "status.h"

/* input: name of a field 0 room text */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct input in = {data, size};
	char *name = input_text(&in);
	const size_t room = (size_t)input_short(&in) + 1;
	char *text = fuzz_room(room);
	if (fd < 0)
		fd = memfd_create("status", MFD_CLOEXEC);
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, in.data, in.size, 0) == (ssize_t)in.size);
	const ssize_t got = status_read(fd, text, room);
	MUST(got >= 0 && (size_t)got < room && text[got] == '\0');
	const char *const fields[] = {name, "Name", "State", "TracerPid", "Uid", "NSpid"};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *field = status_field(text, fields[i]);
		MUST(!field || (field > text && field <= text + strlen(text)));
		status_number(text, fields[i]);
	}
	free(text);
	free(name);
	return 0;
}
