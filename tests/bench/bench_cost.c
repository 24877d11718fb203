/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of cost.sh around its parts.
 *     pages     prints how many kB of its own file's mappings, and of the zeroed data behind
 *               them, were copied for it or made before anything has run ("Anonymous": where a
 *               file was just written, "Private_Dirty" counts pages that it shares, too)
 *     run       runs all parts, between two breakpoints
 */
#include <stdio.h>
#include <string.h>

int part_0(int x), part_1(int x), part_2(int x), part_3(int x), part_4(int x);
int part_5(int x), part_6(int x), part_7(int x), part_8(int x), part_9(int x);

static void print_pages(void)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[4096];
	long sum = 0, kb;
	int own = 0;

	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && strchr(line, ' '))
			own = strstr(line, ".program") != NULL || (own && !strchr(line, '/') &&
								   !strchr(line, '['));
		else if (own && sscanf(line, "Anonymous: %ld kB", &kb) == 1)
			sum += kb;
	}
	printf("%ld\n", sum);
}

int main(int argc, char **argv)
{
	int x = argc;

	if (argc == 2 && !strcmp(argv[1], "pages")) {
		print_pages();
		return 0;
	}
	__asm__ volatile("int3");
	x = part_9(part_8(part_7(part_6(part_5(x)))));
	x = part_4(part_3(part_2(part_1(part_0(x)))));
	__asm__ volatile("int3");
	return x != argc;
}
