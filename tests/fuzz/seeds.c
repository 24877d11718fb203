/* SPDX-License-Identifier: Apache-2.0 */
/* seeds.c - whole modules for fuzz_table and fuzz_recover to begin with: seeds DIRECTORY */
#include <sys/stat.h>

#include "fake_module.h"
#include "fuzz.h"

#define BASE UINT64_C(0x555555000000)

static const struct df_site like[] = {
	{.kind = "http", .name = "log", .file = "a.c", .doc = "", .line = 7, .style = 1},
	{.kind = "http",
	 .name = "log",
	 .file = "a.c",
	 .doc = "d",
	 .line = 9,
	 .style = 1,
	 .flags = 5},
	{.kind = "k", .name = "n", .file = "b.c", .doc = "", .line = 1, .style = 2, .flags = 2},
};

static void put(FILE *file, const void *bytes, size_t size)
{
	MUST(fwrite(bytes, 1, size, file) == size);
}

static FILE *create(const char *directory, const char *harness, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, harness);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, harness, name);
	FILE *file = fopen(path, "we");
	MUST(file);
	return file;
}

static void table(const char *directory, size_t count)
{
	char name[32];
	struct fake_module m;
	snprintf(name, sizeof(name), "sites-%zu", count);
	FILE *file = create(directory, "table", name);
	fake_module_build(&m, BASE, like, count);
	fputc(FAKE_PARTS, file);
	for (int i = 0; i < FAKE_PARTS; i++) {
		const uint16_t present = (uint16_t)m.present[i];
		fputc((int)m.segments[i].prot, file);
		put(file, &m.segments[i].addr, 8);
		put(file, &m.segments[i].size, 8);
		put(file, &present, sizeof(present));
	}
	fputc(1, file);
	put(file, &m.notes[0].addr, 8);
	put(file, &m.notes[0].size, 8);
	put(file, &m.view.ehdr, 8);
	for (int i = 0; i < FAKE_PARTS; i++)
		put(file, m.bytes[i], m.present[i]);
	fclose(file);
	fake_module_free(&m);
}

static void recovery(const char *directory, uint32_t phase)
{
	char name[32];
	static const uint8_t shapes[] = {1, 0, 0, 0, 1, 0, 8, 0, 0, 2, 0, 0};
	static const struct df_state_v1 states[4] = {{.next = {1, 0}}, {.next = {0, 1}}};
	static const uint8_t opcodes[4] = {1, 0, 0, 0}, rest[12] = {0, 0, 1, 1, 1, 1, 2};
	const struct df_control_v1 control = {.phase = phase, .generation = 5};
	const size_t fixed = offsetof(struct df_control_v1, lock);
	snprintf(name, sizeof(name), "phase-%u", phase);
	FILE *file = create(directory, "recover", name);
	fputc(3, file);
	put(file, shapes, sizeof(shapes));
	put(file, (const uint8_t *)&control + fixed, sizeof(control) - fixed);
	put(file, states, sizeof(states));
	put(file, opcodes, sizeof(opcodes));
	put(file, rest, sizeof(rest));
	fclose(file);
}

int main(int argc, char **argv)
{
	MUST(argc == 2);
	for (size_t count = 0; count <= sizeof(like) / sizeof(like[0]); count++)
		table(argv[1], count);
	for (uint32_t phase = 0; phase <= 5; phase++)
		recovery(argv[1], phase);
	return 0;
}
