/* SPDX-License-Identifier: Apache-2.0 */
/* test_files.c - files that are not what they were: what runs is what is shown and changed. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic.h"
#include "live.h"
#include "place.h"
#include "spots.h"

TestSuite(files, .timeout = 60);

static struct tool tool;
static struct live live;
static char program[LIVE_PATH], other[LIVE_PATH];

/* `note` is NULL where there must be none. */
static void expect_note(const char *note)
{
	if (!note)
		cr_assert_str_empty(tool.err);
	else
		cr_assert(strncmp(tool.err, "dfpatch: note: ", 15) == 0 && strstr(tool.err, note),
			  "no note with '%s', but: %s", note, tool.err);
}

static void run(const char *command, const char *pattern, const char *note)
{
	cr_assert_eq(TOOL(&tool, command, PID(&live), pattern), 0, "%s: %d %s", command,
		     tool.status, tool.err);
	expect_note(note);
}

/* The running program's flag is shown as it is, switched on, and off again. */
static void works(int value, const char *flag, int off, int on, const char *note)
{
	char shown[64];
	run("list", flag, note);
	snprintf(shown, sizeof(shown), "%s ", flag);
	cr_assert(strstr(tool.out, shown), "%s", tool.out);
	cr_assert(live_value(&live, value, off));
	run("enable", flag, note);
	cr_assert(live_value(&live, value, on));
	run("disable", flag, note);
	cr_assert(live_value(&live, value, off));
	nobody_is_traced(&live);
}

static void executable_works(const char *note)
{
	struct spots spots;
	spots_open(&spots, &live);
	works(BASIC_FEATURE, "basic:feature", 0, 1, note);
	spots_are_whole(&spots);
	spots_close(&spots);
}

static void plugin_works(const char *note)
{
	works(0, "plugin:feature", 2, 3, note);
}

static void take_program(const char *name)
{
	scratch_path(program, name);
	scratch_path(other, "other");
	copy_file(live_path(name), program);
}

static void end(void)
{
	live_stop(&live);
	unlink(program);
	unlink(other);
}

/* ---- executables ---- */

Test(files, executable_deleted)
{
	take_program("basic");
	LIVE_START(&live, program);
	executable_works(NULL);
	cr_assert_eq(unlink(program), 0);
	executable_works("was deleted since it was loaded");
	end();
}

Test(files, executable_replaced)
{
	take_program("basic");
	LIVE_START(&live, program);
	copy_file(live_path("basic-other"), other);
	cr_assert_eq(rename(other, program), 0);
	executable_works("is another build (build-id ");
	copy_file(live_path("basic"), other);
	cr_assert_eq(rename(other, program), 0);
	executable_works("one of the same build is in its place");
	end();
}

/* Without a build-id, device and inode tell. */
Test(files, executable_without_build_id)
{
	take_program("basic-nameless");
	LIVE_START(&live, program);
	executable_works(NULL);
	copy_file(program, other);
	cr_assert_eq(rename(other, program), 0);
	executable_works("the file on disk is another one");
	cr_assert_eq(unlink(program), 0);
	executable_works("was deleted since it was loaded");
	end();
}

/* The kernel refuses it; where it did not, this test would have to say what happens. */
Test(files, executable_overwritten)
{
	take_program("basic");
	LIVE_START(&live, program);
	const int fd = open(program, O_WRONLY | O_TRUNC | O_CLOEXEC);
	cr_assert(fd < 0 && errno == ETXTBSY, "the kernel lets a running program be overwritten");
	executable_works(NULL);
	end();
}

/* What stands under the name may be anything, and must not hold us up. */
Test(files, executable_replaced_by_what_is_no_file)
{
	static const char *const links[] = {"/dev/zero", "/dev/tty", "/proc/self/fd/0",
					    "/nowhere",	 "/",	     "/proc/kmsg/x"};
	take_program("basic");
	LIVE_START(&live, program);
	cr_assert_eq(unlink(program), 0);
	cr_assert_eq(mkfifo(program, 0644), 0);
	executable_works("was deleted since it was loaded");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		cr_assert_eq(unlink(program), 0);
		cr_assert_eq(symlink(links[i], program), 0);
		executable_works("was deleted since it was loaded");
	}
	unlink(program);
	copy_file("/etc/passwd", program);
	executable_works("no usable ELF file");
	end();
}

/* Who opens such a file waits for whoever holds the lease, 45 seconds by default. */
Test(files, executable_replaced_by_one_with_a_lease)
{
	take_program("basic");
	LIVE_START(&live, program);
	copy_file(live_path("basic-other"), other);
	cr_assert_eq(rename(other, program), 0);
	const int fd = open(program, O_RDWR | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	cr_assert(fd >= 0);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
		cr_skip("the file system has no leases\n");
	run("list", "basic:feature", "was deleted since it was loaded");
	close(fd);
	executable_works("is another build");
	end();
}

Test(files, sections_removed)
{
	static const uint8_t none[8];
	const char *const names[] = {"basic", "basic-nopie", "basic-static"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		take_program(names[i]);
		patch_file(program, offsetof(Elf64_Ehdr, e_shoff), none, 8);
		patch_file(program, offsetof(Elf64_Ehdr, e_shentsize), none, 6);
		LIVE_START(&live, program);
		executable_works(NULL);
		cr_assert_eq(TOOL(&tool, "list", "--file", program), 0, "%s", tool.err);
		cr_assert(strstr(tool.out, "basic:feature "), "%s", tool.out);
		end();
	}
}

static void become_nameless(void)
{
	char buffer[65536];
	const int from = open(program, O_RDONLY | O_CLOEXEC);
	const int to = memfd_create("program", MFD_CLOEXEC);
	ssize_t got;
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)got) != got)
			_exit(125);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fexecve(to, (char *const[]){"nameless", NULL}, (char *const[]){NULL});
	_exit(125);
}

Test(files, executable_in_memory)
{
	take_program("basic");
	cr_assert(live_start_in(&live, program, (const char *const[]){NULL}, 0, become_nameless));
	executable_works("loaded from a file in memory (memfd)");
	end();
}

/* ---- file systems ---- */

static char directory[LIVE_PATH], merged[LIVE_PATH];

/* Where the program lies is hidden behind an overlay of it; paths are short in the test. */
static void put_overlay(void)
{
	char path[2 * LIVE_PATH];
	place_own_mounts();
	if (mount("tmpfs", directory, "tmpfs", 0, NULL) != 0 || chdir(directory) != 0 ||
	    mkdir("lower", 0755) != 0 || mkdir("upper", 0755) != 0 || mkdir("work", 0755) != 0 ||
	    mkdir("merged", 0755) != 0)
		_exit(125);
	snprintf(path, sizeof(path), "%s/lower/program", directory);
	copy_file(program, path);
	if (mount("overlay", "merged", "overlay", 0,
		  "lowerdir=lower,upperdir=upper,workdir=work") != 0)
		_exit(125);
}

/* The program as the target sees it, by way of its root. */
static const char *inside(const char *path)
{
	static char text[2 * LIVE_PATH];
	snprintf(text, sizeof(text), "/proc/%d/root%s", live.pid, path);
	return text;
}

static bool overlays_work(void)
{
	int status;
	const pid_t child = fork();
	if (child == 0) {
		if (unshare(place_for_mounts()) != 0)
			_exit(1);
		put_overlay();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

/* Starts a program from an overlay, and it and what replaces it are at `merged`. */
static void start_on_overlay(const char *name)
{
	take_program(name);
	scratch_path(directory, "overlay");
	cr_assert_eq(mkdir(directory, 0755), 0);
	snprintf(merged, sizeof(merged), "%.480s/merged/program", directory);
	if (!overlays_work())
		cr_skip("the kernel lets us mount no overlay\n");
	/* Our own, so that the path can be looked at before there is an overlay. */
	char path[LIVE_PATH];
	scratch_path(path, "overlay/merged");
	cr_assert_eq(mkdir(path, 0755), 0);
	copy_file("/etc/passwd", merged);
	cr_assert(live_start_in(&live, merged, (const char *const[]){NULL}, place_for_mounts(),
				put_overlay));
}

Test(files, overlay)
{
	static const char *const names[] = {"basic", "basic-nameless"};
	for (size_t i = 0; i < 2; i++) {
		start_on_overlay(names[i]);
		executable_works(NULL);
		/* Copied up to the upper layer: another file below, the same one to see. */
		cr_assert_eq(chmod(inside(merged), 0711), 0);
		executable_works(NULL);
		cr_assert_eq(unlink(inside(merged)), 0);
		executable_works("was deleted since it was loaded");
		copy_file(live_path("basic-other"), inside(merged));
		executable_works(i == 0 ? "is another build" : "the file on disk is another one");
		live_stop(&live);
		unlink(merged);
		char path[LIVE_PATH];
		scratch_path(path, "overlay/merged");
		rmdir(path);
		rmdir(directory);
	}
}

static char image_file[LIVE_PATH];

static bool shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool shell(const char *format, ...)
{
	char command[4 * LIVE_PATH];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	const int status = system(command);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void put_btrfs(void)
{
	place_own_mounts();
	if (!shell("mount -o loop '%s' '%s' 2>/dev/null", image_file, directory))
		_exit(125);
	char path[2 * LIVE_PATH];
	snprintf(path, sizeof(path), "%s/program", directory);
	copy_file(program, path);
}

/* There the numbers of mappings are not those of stat(2). */
Test(files, btrfs)
{
	if (geteuid() != 0 || !shell("command -v mkfs.btrfs >/dev/null"))
		cr_skip("mounting a btrfs takes root and mkfs.btrfs\n");
	take_program("basic-nameless");
	scratch_path(directory, "btrfs");
	scratch_path(image_file, "btrfs.image");
	cr_assert_eq(mkdir(directory, 0755), 0);
	cr_assert(shell("truncate -s 128M '%s' && mkfs.btrfs -q '%s'", image_file, image_file));
	snprintf(merged, sizeof(merged), "%.480s/program", directory);
	copy_file("/etc/passwd", merged);
	cr_assert(
		live_start_in(&live, merged, (const char *const[]){NULL}, CLONE_NEWNS, put_btrfs));
	executable_works(NULL);
	char new[2 * LIVE_PATH + 8];
	snprintf(new, sizeof(new), "%s.new", inside(merged));
	copy_file(program, new);
	cr_assert_eq(rename(new, inside(merged)), 0);
	executable_works("the file on disk is another one");
	end();
}

/* ---- shared objects ---- */

static const char *const parts[] = {"loader-linked", "middle.so", "plugin.so"};
static char plugin[LIVE_PATH];

static void start_linked(void)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		scratch_path(program, parts[i]);
		copy_file(live_path(parts[i]), program);
	}
	scratch_path(program, parts[0]);
	scratch_path(plugin, "plugin.so");
	scratch_path(other, "other");
	LIVE_START(&live, program);
}

Test(files, shared_object_replaced)
{
	start_linked();
	plugin_works(NULL);
	copy_file(live_path("plugin-other.so"), other);
	cr_assert_eq(rename(other, plugin), 0);
	plugin_works("is another build");
	end();
}

Test(files, shared_object_deleted)
{
	start_linked();
	cr_assert_eq(unlink(plugin), 0);
	plugin_works("was deleted since it was loaded");
	end();
}

Test(files, shared_object_in_memory)
{
	char option[LIVE_PATH + 8];
	snprintf(option, sizeof(option), "memory=%s", live_path("plugin.so"));
	LIVE_START(&live, "loader", option);
	plugin_works("loaded from a file in memory (memfd)");
	live_stop(&live);
}

static char *all_data(size_t *size)
{
	char path[64], line[LIVE_PATH], *bytes = NULL;
	FILE *to = open_memstream(&bytes, size);
	snprintf(path, sizeof(path), "/proc/%d/maps", live.pid);
	FILE *maps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%d/mem", live.pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(to && maps && mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		char buffer[4096], *at;
		const uint64_t start = strtoull(line, &at, 16), stop = strtoull(at + 1, NULL, 16);
		for (uint64_t page = start; strstr(line, "plugin.so") && page < stop; page += 4096)
			if (pread(mem, buffer, sizeof(buffer), (off_t)page) == sizeof(buffer))
				fwrite(buffer, 1, sizeof(buffer), to);
	}
	fclose(maps);
	fclose(to);
	close(mem);
	return bytes;
}

/* Refused by both commands, and not a byte of the module is written. */
static void refused(int status, const char *text)
{
	size_t before, after;
	char *was = all_data(&before);
	cr_assert_gt(before, 0);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(TOOL(&tool, i ? "enable" : "list", PID(&live), "plugin:"), status,
			     "%d: %s%s", tool.status, tool.out, tool.err);
		tool_one_error(&tool, text);
		cr_assert_str_empty(tool.out);
	}
	char *is = all_data(&after);
	cr_assert(before == after && memcmp(was, is, before) == 0, "the module was written to");
	free(was);
	free(is);
	live_beat(&live);
	nobody_is_traced(&live);
}

/*
 * With that the kernel drops what the loader and the program wrote to its data:
 * the program is lost as soon as it calls into it, and states and control block
 * are something else.
 */
Test(files, shared_object_overwritten)
{
	static const char *const files[] = {"plugin.so", "plugin-other.so"};
	start_linked();
	live.page->go = 1;
	live_beat(&live);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		copy_file(live_path(files[i]), plugin);
		refused(4, "the file was overwritten while it is in use");
	}
	/* One that is not even laid out alike looks like no module. */
	copy_file(live_path("basic-static"), plugin);
	refused(1, "carries no flags");
	end();
}

Test(files, shared_object_cut)
{
	start_linked();
	live.page->go = 1;
	live_beat(&live);
	cr_assert_eq(truncate(plugin, 0), 0);
	cr_assert_eq(TOOL(&tool, "list", PID(&live)), 3, "%d: %s", tool.status, tool.err);
	tool_one_error(&tool, "plugin.so: its beginning cannot be read from memory");
	copy_file(live_path("plugin.so"), plugin);
	cr_assert_eq(truncate(plugin, 4096), 0);
	cr_assert_neq(TOOL(&tool, "enable", PID(&live), "plugin:"), 0, "%s", tool.out);
	cr_assert(tool.status == 3 || tool.status == 4, "%d: %s", tool.status, tool.err);
	tool_one_error(&tool, "plugin.so");
	live_beat(&live);
	end();
}
