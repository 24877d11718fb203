/* SPDX-License-Identifier: Apache-2.0 */
/*
 * touch.c - a plain program that looks at which pages of its text are no longer the
 * file's: after df_init() those with a DF_OPT flag (none if built without HELD), and after a
 * flip that flag's. A flip of counts alone touches none.
 */
#include <df.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

#define PAGE 4096ul
#define PAGES_MAX 4096

/* Each on a page of its own, or on two if it lies across. */
#define ON_A_PAGE __attribute__((__noinline__, __aligned__(4096)))

ON_A_PAGE static int first(void)
{
	return DF_FEATURE(touch, first);
}

ON_A_PAGE static int second(void)
{
	return DF_DEFAULT_SLOW(touch, second) + DF_FEATURE(touch, second_too);
}

#ifdef HELD
ON_A_PAGE static int held(void)
{
	return DF_OPT(held, one) + DF_OPT(held, two);
}

ON_A_PAGE static int held_far(void)
{
	return DF_FEATURE(touch, near) + DF_OPT(held, far);
}
#endif

ON_A_PAGE static int third(void)
{
	return DF_DEFAULT(touch, third);
}

static int read_all(void)
{
#ifdef HELD
	return first() + second() + held() + held_far() + third();
#else
	return first() + second() + third();
#endif
}

extern const char __executable_start[], etext[];

/* Whether each page of text is a copy of this process's own. */
struct pages {
	bool own[PAGES_MAX];
	size_t count;
};

static struct pages look(void)
{
	struct pages p = {.count = ((uintptr_t)etext - (uintptr_t)__executable_start) / PAGE + 1};
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP("/proc/self/pagemap cannot be opened here");
	EXPECT(p.count <= PAGES_MAX, "%zu pages of text", p.count);
	for (size_t i = 0; i < p.count; i++) {
		uint64_t entry;
		const uintptr_t page = (uintptr_t)__executable_start / PAGE + i;
		EXPECT(pread(fd, &entry, sizeof(entry), (off_t)(page * sizeof(entry))) ==
			       sizeof(entry),
		       "no entry of page %zu", i);
		/* Present, or swapped; and no page of a file (Documentation/admin-guide/mm). */
		p.own[i] = (entry >> 62) != 0 && !((entry >> 61) & 1);
	}
	close(fd);
	return p;
}

/*
 * The same from the kernel's own sum, in pages. What is dirty will not do: so is text of a
 * program that was just built and is not on disk yet.
 */
static size_t own_text(void)
{
	char line[512];
	unsigned long from = 0, to, size, kilobytes = 0;
	char perms[8];
	bool ours = false;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	EXPECT(smaps, "no /proc/self/smaps");
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, perms) == 3)
			ours = perms[2] == 'x' && from >= (uintptr_t)__executable_start &&
			       from < (uintptr_t)etext;
		else if (ours && sscanf(line, "Anonymous: %lu kB", &size) == 1)
			kilobytes += size;
	}
	fclose(smaps);
	return kilobytes * 1024 / PAGE;
}

static void mark(struct pages *pages, const void *site)
{
	const size_t page = ((uintptr_t)site - (uintptr_t)__executable_start / PAGE * PAGE) / PAGE;
	pages->own[page] = true;
}

static int mark_flag(void *context, const struct df_flag_info *flag)
{
	mark(context, flag->site);
	return 0;
}

static void expect_pages(const struct pages *wanted, const char *when)
{
	const struct pages now = look();
	size_t touched = 0;
	for (size_t i = 0; i < now.count; i++) {
		EXPECT(now.own[i] == wanted->own[i], "%s page %zu is%s touched", when, i,
		       now.own[i] ? "" : " not");
		touched += now.own[i];
	}
	EXPECT(own_text() == touched, "%s: the kernel counts %zu pages for %zu", when, own_text(),
	       touched);
}

int main(void)
{
	struct pages wanted = look();
	const int before = read_all();
	memset(wanted.own, 0, sizeof(wanted.own));
	expect_pages(&wanted, "at the start");
	EXPECT(df_init() == 0, "%s", df_error());
	EXPECT(df_list("held:", mark_flag, &wanted) >= 0, "%s", df_error());
	expect_pages(&wanted, "initialised");
#ifdef HELD
	EXPECT(read_all() == before - 3, "three flags were held: %d", read_all());
#else
	EXPECT(read_all() == before, "%d for %d", read_all(), before);
#endif
	EXPECT(df_activate("touch:first") == 1 && first() == 1, "%s", df_error());
	EXPECT(df_list("touch:first", mark_flag, &wanted) == 1, "%s", df_error());
	expect_pages(&wanted, "with a flag on");
	EXPECT(df_apply("+touch:third\n+touch:second@\n!touch:\n?touch:\n-touch:first\n"
			"+touch:first") > 0,
	       "%s", df_error());
	expect_pages(&wanted, "with other counts");
	return 0;
}
