/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - gives a harness every file of its corpus, without libFuzzer.
 *
 *   fuzz_NAME PATH...   files, or directories of files
 */
#include <dirent.h>
#include <errno.h>

#include "fuzz.h"

static size_t replayed;

static void replay_file(FILE *file)
{
	size_t room = 4096, size = 0, got;
	uint8_t *data = fuzz_room(room);
	while ((got = fread(data + size, 1, room - size, file)) > 0) {
		size += got;
		if (size == room)
			MUST((data = realloc(data, room *= 2)));
	}
	/* Once more in exactly its size: a byte read beyond the end is then seen. */
	uint8_t *exact = fuzz_room(size);
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	replayed++;
}

static int replay(const char *path)
{
	char below[4096];
	DIR *dir = opendir(path);
	if (!dir) {
		FILE *file = fopen(path, "re");
		if (!file)
			return fprintf(stderr, "%s: %s\n", path, strerror(errno)), 1;
		replay_file(file);
		fclose(file);
		return 0;
	}
	int failed = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			failed |= replay(below);
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%zu inputs\n", replayed);
	return failed || replayed == 0;
}
