/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of dfpatch/binary/checkout.c, git.c and git_dir.c, with a real git: what they
 * find in checkouts of every form, and that none of them gets anything to run.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkout.h"
#include "repository.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define SECOND UINT64_C(1000000000)

TestSuite(checkout, .init = repository_begin, .fini = repository_end);

/* Two commits: lines 1 and 3 of 2020, line 2 of 2024. */
#define TWO_COMMITS                                                                                \
	"cd it; mkdir src; printf 'a\\nb\\nc\\n' >src/f.c; echo x >other\n"                        \
	"commit 2020-01-02T03:04:05Z 'Ann Other' src/f.c other\n"                                  \
	"printf 'a\\nB\\nc\\n' >src/f.c; commit 2024-05-06T07:08:09Z Bob src/f.c\n"

#define LINES_OF_2020 "1=1577934245:Ann Other 3=1577934245:Ann Other "

static void tell(void *context, uint32_t line, const struct commit *commit)
{
	char *told = context;
	const size_t used = strlen(told);
	if (commit->recorded)
		snprintf(told + used, 1000 - used, "%u=%lld:%s ", line, (long long)commit->time,
			 commit->author);
	else
		snprintf(told + used, 1000 - used, "%u=none ", line);
}

/* What is told of lines 1 to 3 of src/f.c. */
static int try_blame(struct checkout *checkout, char told[1000], struct df_err *err)
{
	static const uint32_t lines[] = {1, 2, 3};
	struct commits commits = {0};
	const char *path;
	char *text;
	size_t size;
	told[0] = '\0';
	cr_assert_eq(source_paths_find(&checkout->paths, "/build/src/f.c", &path),
		     SOURCE_PATH_FOUND);
	cr_assert_eq(checkout_read(checkout, path, 1000, &text, &size, err), 0, "%s", err->text);
	const int status = checkout_blame(checkout, path, text, size, lines, COUNT(lines), &commits,
					  tell, told, err);
	free(text);
	commits_free(&commits);
	return status;
}

static void blame(struct checkout *checkout, char told[1000])
{
	struct df_err err = {0};
	cr_expect_eq(try_blame(checkout, told, &err), 0, "%s", err.text);
}

static void expect_blame(const char *directory, const char *want)
{
	struct checkout checkout;
	struct df_err err = {0};
	char told[1000] = "";
	cr_expect_eq(checkout_open(directory, &checkout, &err), 0, "%s: %s", directory, err.text);
	if (err.code == DF_E_NONE)
		blame(&checkout, told);
	cr_expect_str_eq(told, want, "%s: '%s'", directory, told);
	checkout_close(&checkout);
}

Test(checkout, lines)
{
	repository_make("git init -q it\n" TWO_COMMITS);
	expect_blame("it", "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
	expect_blame(repository_path("it"),
		     "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
	/* What is there now counts, not what was committed last. */
	repository_make("printf 'a\\nnew\\nc\\n' >it/src/f.c");
	expect_blame("it", "1=1577934245:Ann Other 2=none 3=1577934245:Ann Other ");
}

Test(checkout, forms)
{
	repository_make(
		"git init -q it\n" TWO_COMMITS
		"git branch side; git worktree add -q ../linked side\n"
		"cd ..; git clone -q it packed; cd packed; git gc -q; git pack-refs --all; cd ..\n"
		"git clone -q --depth 1 file://$PWD/it shallow\n"
		"git clone -q --separate-git-dir=elsewhere it apart\n"
		"git clone -q it detached; (cd detached; git checkout -q --detach)\n"
		"git clone -q --shared it shared\n"
		"ln -s it alias");
	static const char *const whole[] = {"it",	"linked", "packed", "apart",
					    "detached", "shared", "alias"};
	for (size_t i = 0; i < COUNT(whole); i++)
		expect_blame(whole[i],
			     "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
	expect_blame("shallow", "1=1714979289:Bob 2=1714979289:Bob 3=1714979289:Bob ");
	struct checkout checkout;
	struct df_err err;
	cr_assert_eq(checkout_open("shallow", &checkout, &err), 0);
	cr_expect(checkout.git.dir.shallow);
	checkout_close(&checkout);
	cr_assert_eq(checkout_open("packed", &checkout, &err), 0);
	cr_expect(!checkout.git.dir.shallow);
	checkout_close(&checkout);
}

Test(checkout, longer_hashes)
{
	repository_make("git init -q --object-format=sha256 it\n" TWO_COMMITS);
	expect_blame("it", "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
}

/* A file of lines that end in CR LF is no other file where attributes say so. */
Test(checkout, line_ends_by_attribute)
{
	repository_make("git init -q it; echo '*.c text eol=crlf' >it/.gitattributes\n" TWO_COMMITS
			"rm src/f.c; git checkout -q src/f.c; grep -q \"$(printf '\\r')\" src/f.c");
	expect_blame("it", "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
}

Test(checkout, very_many_lines)
{
	static uint32_t lines[3000];
	struct checkout checkout;
	struct commits commits = {0};
	struct df_err err = {0};
	char *text, told[1000] = "";
	size_t size;
	repository_make("git init -q it; cd it; seq 1 5000 >n\ncommit 2020-01-02T03:04:05Z Ann n");
	cr_assert_eq(checkout_open("it", &checkout, &err), 0, "%s", err.text);
	cr_assert_eq(checkout_read(&checkout, "n", 100000, &text, &size, &err), 0);
	for (uint32_t i = 0; i < COUNT(lines); i++)
		lines[i] = i + 1;
	for (size_t count = 999; count <= COUNT(lines); count += count == 1001 ? 1999 : 1) {
		told[0] = '\0';
		cr_expect_eq(checkout_blame(&checkout, "n", text, size, lines, count, &commits,
					    tell, told, &err),
			     0, "%s", err.text);
		cr_expect_eq(strncmp(told, "1=1577934245:Ann 2=", 19), 0, "%.40s", told);
	}
	free(text);
	commits_free(&commits);
	checkout_close(&checkout);
}

/* ---- what is none ---- */

static void expect_refused(const char *directory, enum df_errc code, const char *says)
{
	struct checkout checkout;
	struct df_err err = {0};
	cr_expect_eq(checkout_open(directory, &checkout, &err), -(int)code, "%s: %d", directory,
		     err.code);
	cr_expect(strstr(err.text, says), "%s: '%s'", directory, err.text);
	checkout_close(&checkout);
}

Test(checkout, none)
{
	repository_make("mkdir plain; echo x >file; git init -q empty; mkdir bad nohead\n"
			"echo 'gitdir: nowhere' >bad/.git; mkdir nohead/.git\n"
			"git init -q broken; echo 'ref: ../../x' >broken/.git/HEAD\n"
			"git init -q format; git -C format config extensions.objectFormat 'a b'\n"
			"git init -q future; git -C future config extensions.objectFormat sha999\n"
			"git init -q many; head -c 9000 /dev/zero >many/.git/HEAD");
	expect_refused("nowhere", DF_E_SYSTEM, "cannot open 'nowhere': No such file or directory");
	expect_refused("plain", DF_E_SYSTEM, "'plain' is no git checkout: it has no .git");
	expect_refused("file", DF_E_SYSTEM, "'file' is no git checkout");
	expect_refused("bad", DF_E_SYSTEM, "'bad' is no git checkout");
	expect_refused("nohead", DF_E_SYSTEM, "its HEAD cannot be read");
	expect_refused("many", DF_E_SYSTEM, "its HEAD cannot be read");
	expect_refused("empty", DF_E_SYSTEM, "empty: git ls-tree failed: ");
	expect_refused("broken", DF_E_SYSTEM, "broken: git ls-tree failed: ");
	expect_refused("format", DF_E_SYSTEM, "in a way that is not known");
	expect_refused("future", DF_E_SYSTEM, "future: git ls-tree failed: ");
}

Test(checkout, no_git)
{
	repository_make("git init -q it\n" TWO_COMMITS
			"cd ..; mkdir none bin; printf '#!/bin/sh\\necho >trace\\n' >bin/git\n"
			"chmod +x bin/git; mkdir -p dir/git; echo >none/git");
	setenv("PATH", repository_path("none"), 1);
	expect_refused("it", DF_E_SYSTEM, "git is needed to look at 'it', and there is none");
	/* Neither a directory, nor what lies where we happen to be. */
	setenv("PATH", repository_path("dir"), 1);
	expect_refused("it", DF_E_SYSTEM, "git is needed");
	setenv("PATH", "bin:./bin::", 1);
	expect_refused("it", DF_E_SYSTEM, "git is needed");
	setenv("PATH", "", 1);
	expect_refused("it", DF_E_SYSTEM, "git is needed");
	cr_expect(!repository_has("trace"));
}

/* ---- names that lead elsewhere ---- */

Test(checkout, reads_nothing_outside)
{
	struct checkout checkout;
	struct df_err err;
	char *text;
	size_t size;
	repository_make(
		"echo secret >secret; mkdir outside; echo secret >outside/f\n"
		"git init -q it; cd it; echo x >f; mkdir d; echo x >d/f; echo x >p; echo x >big\n"
		"commit 2020-01-02T03:04:05Z Ann f d p big\n"
		"ln -sf ../secret f; rm -r d; ln -s ../outside d; rm p; mkfifo p\n"
		"truncate -s 100M big; mkdir dir");
	cr_assert_eq(checkout_open("it", &checkout, &err), 0, "%s", err.text);
	static const struct {
		const char *path, *says;
	} bad[] = {
		{"f", "cannot open 'f': Too many levels of symbolic links"},
		{"d/f", "cannot open 'd/f': Too many levels of symbolic links"},
		{"../secret", "cannot open '../secret': Invalid cross-device link"},
		{"/etc/passwd", "cannot open '/etc/passwd': Invalid cross-device link"},
		{"p", "'p' is no regular file"},
		{"dir", "'dir' is no regular file"},
		{"big", "'big' is larger than 8 MB"},
		{"gone", "cannot open 'gone': No such file or directory"},
		{"", "cannot open ''"},
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		cr_expect_eq(
			checkout_read(&checkout, bad[i].path, (size_t)8 << 20, &text, &size, &err),
			-(int)DF_E_SYSTEM, "%s", bad[i].path);
		cr_expect(strstr(err.text, bad[i].says), "'%s'", err.text);
		cr_expect_null(text);
	}
	checkout_close(&checkout);
}

/* A table may have a million names of one file. */
Test(checkout, no_time_left)
{
	struct checkout checkout;
	struct df_err err;
	char *text;
	size_t size;
	repository_make("git init -q it\n" TWO_COMMITS);
	cr_assert_eq(checkout_open("it", &checkout, &err), 0, "%s", err.text);
	checkout.deadline = 1;
	cr_expect_eq(checkout_read(&checkout, "src/f.c", 1000, &text, &size, &err),
		     -(int)DF_E_TIMEOUT);
	cr_expect_null(text);
	cr_expect_str_eq(err.text, "all files together took too long");
	checkout_close(&checkout);
}

/* ---- hostile checkouts ---- */

/* Each key with which a program can be named, in all the versions of git that we know. */
#define HOSTILE_KEYS                                                                               \
	"for key in core.fsmonitor core.pager core.editor core.sshCommand core.gitProxy "          \
	"core.askPass core.alternateRefsCommand core.hooksPath diff.external diff.x.textconv "     \
	"diff.x.command filter.x.clean filter.x.smudge filter.x.process merge.x.driver "           \
	"pager.blame pager.ls-tree pager.config gpg.program gpg.ssh.program gpg.x509.program "     \
	"gpg.ssh.defaultKeyCommand credential.helper interactive.diffFilter sequence.editor "      \
	"uploadpack.packObjectsHook receive.procReceiveRefs sendemail.sendmailCmd "                \
	"trailer.x.command trailer.x.cmd browser.x.cmd man.x.cmd difftool.x.cmd mergetool.x.cmd "  \
	"alias.blame alias.ls-tree alias.config guitool.x.cmd instaweb.httpd tar.x.command "       \
	"remote.origin.uploadpack remote.origin.vcs protocol.ext.allow submodule.x.update "        \
	"fsmonitor.x imap.tunnel web.browser help.browser hook.x.command blame.ignoreRevsFile "    \
	"bundle.x.uri; do git config \"$key\" \"$run\"; done\n"

static const char hostile[] =
	"git init -q it\n" TWO_COMMITS "printf '#!/bin/sh\\necho \"$0 $*\" >>%s/trace\\ncat \"$@\" "
	"2>/dev/null; :\\n' \"${PWD%/it}\" >../run\n"
	"chmod +x ../run; run=${PWD%/it}/run\n"
	"echo '* diff=x filter=x merge=x' >.gitattributes; commit 2024-06-01T00:00:00Z Bob "
	".gitattributes\n" HOSTILE_KEYS "git config protocol.ext.allow always\n"
	"git config core.hooksPath \"$PWD/hooks\"\n"
	"git config extensions.worktreeConfig true; cp .git/config .git/config.worktree\n"
	"printf '[diff \"y\"]\\n\\ttextconv = %s\\n' \"$run\" >../included\n"
	"git config include.path \"${PWD%/it}/included\"; git config core.worktree "
	"\"${PWD%/it}/tmp\"\n"
	"mkdir hooks; for hook in fsmonitor-watchman post-index-change reference-transaction "
	"pre-auto-gc post-checkout; do cp ../run hooks/$hook; cp ../run .git/hooks/$hook; done\n"
	"echo '* diff=x filter=x' >.git/info/attributes\n"
	"mkdir -p .git/info; echo \"$run\" >.git/info/exclude\n";

static void expect_no_trace(void)
{
	const int trace = open("trace", O_RDONLY);
	char text[500] = "";
	if (trace >= 0 && read(trace, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	cr_expect_lt(trace, 0, "the checkout made us run: %s", text);
	if (trace >= 0)
		close(trace);
}

Test(checkout, hostile_configuration_runs_nothing)
{
	repository_make(hostile);
	/* The trap works: git as everybody calls it goes into it. */
	cr_assert_eq(unlink("trace") == 0 || !repository_has("trace"), true);
	repository_make(
		"cd it; cp .git/config ../keep\n"
		"sed -i '/ignoreRevsFile/d; /worktree = /d' .git/config .git/config.worktree\n"
		"git blame src/f.c || :\n"
		"cp ../keep .git/config; cp ../keep .git/config.worktree\n");
	cr_assert(repository_has("trace"), "the trap does not work");
	unlink("trace");
	expect_blame("it", "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
	expect_no_trace();
}

/* Objects that are missing could be fetched, by a program that the checkout names. */
Test(checkout, hostile_promises_fetch_nothing)
{
	repository_make(hostile);
	repository_make("cd it; git config --unset core.worktree\n"
			"blob=$(git -c core.fsmonitor= rev-parse HEAD~2:src/f.c)\n"
			"rm -f .git/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-)\n"
			"git config core.repositoryFormatVersion 1\n"
			"git config extensions.partialClone origin\n"
			"git config remote.origin.promisor true\n"
			"git config remote.origin.url \"ext::$PWD/../run fetch\"\n"
			"git config --unset remote.origin.vcs; git config --unset "
			"remote.origin.uploadpack\n"
			"rm -f ../trace; git cat-file blob $blob || :; grep -q fetch ../trace");
	unlink("trace");
	struct checkout checkout;
	struct commits commits = {0};
	struct df_err err = {0};
	const uint32_t line = 1;
	char *text, told[1000] = "";
	size_t size;
	cr_assert_eq(checkout_open("it", &checkout, &err), 0, "%s", err.text);
	cr_assert_eq(checkout_read(&checkout, "src/f.c", 1000, &text, &size, &err), 0);
	cr_expect_eq(checkout_blame(&checkout, "src/f.c", text, size, &line, 1, &commits, tell,
				    told, &err),
		     -(int)DF_E_SYSTEM);
	cr_expect(strstr(err.text, "git blame failed: "), "%s", err.text);
	free(text);
	commits_free(&commits);
	checkout_close(&checkout);
	expect_no_trace();
}

/* Nor what stands in our own environment. */
Test(checkout, environment)
{
	repository_make(hostile);
	repository_make("rm -f trace; git init -q wrong");
	const char *run = strdup(repository_path("run"));
	static const char *const names[] = {
		"GIT_EXTERNAL_DIFF", "GIT_SSH",		  "GIT_SSH_COMMAND",
		"GIT_PAGER",	     "GIT_ASKPASS",	  "GIT_EDITOR",
		"GIT_PROXY_COMMAND", "GIT_CONFIG_GLOBAL", "GIT_EXEC_PATH"};
	for (size_t i = 0; i < COUNT(names); i++)
		setenv(names[i], run, 1);
	setenv("GIT_DIR", repository_path("wrong/.git"), 1);
	setenv("GIT_OBJECT_DIRECTORY", repository_path("wrong"), 1);
	setenv("GIT_TRACE", repository_path("trace"), 1);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "diff.x.textconv", 1);
	setenv("GIT_CONFIG_VALUE_0", run, 1);
	expect_blame("it", "1=1577934245:Ann Other 2=1714979289:Bob 3=1577934245:Ann Other ");
	expect_no_trace();
	free((void *)run);
}

/* Were git to believe the checkout all the same, it could not act on it. */
Test(checkout, git_starts_no_process)
{
	static const char *const orders[][6] = {
		{"-c", "alias.x=!echo shell >>../../trace", "x", NULL},
		{"-c", "core.pager=echo pager >>../../trace; cat", "--paginate", "ls-tree", "HEAD",
		 NULL},
		{"-c", "core.fsmonitor=echo fsmonitor >>../../trace", "status", NULL},
		{"clone", "--no-local", "../it", "../copy", NULL},
		{"gc", NULL},
		{"branch", "new", NULL},
		{"config", "user.name", "x", NULL},
	};
	struct git git;
	struct git_result result;
	struct df_err err;
	repository_make("git init -q it\n" TWO_COMMITS "cp -r .git ../before");
	cr_assert_eq(git_open("it", 20 * SECOND, &git, &err), 0, "%s", err.text);
	for (size_t i = 0; i < COUNT(orders); i++)
		if (git_run(&git, orders[i], -1, &result, &err) == 0)
			git_result_free(&result);
	git_close(&git);
	expect_no_trace();
	repository_make("diff -r it/.git before; test ! -e it/../copy");
}

/* ---- time, and its end ---- */

/* The wall time until a checkout is given up, whose git does what `body` says. */
static double seconds_of(const char *body, uint64_t budget, enum df_errc code, const char *says)
{
	char script[600];
	struct timespec from, to;
	struct git git;
	struct df_err err = {0};
	snprintf(script, sizeof(script),
		 "mkdir -p bin; printf '#!/bin/sh\\n%s\\n' >bin/git; chmod +x bin/git", body);
	repository_make(script);
	setenv("PATH", repository_path("bin"), 1);
	clock_gettime(CLOCK_MONOTONIC, &from);
	cr_expect_eq(git_open("it", budget, &git, &err), -(int)code, "%s: %s", body, err.text);
	clock_gettime(CLOCK_MONOTONIC, &to);
	cr_expect(strstr(err.text, says), "%s: '%s'", body, err.text);
	git_close(&git);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

Test(checkout, a_git_that_misbehaves, .timeout = 120)
{
	repository_make("git init -q it");
	const double hangs =
		seconds_of("exec /bin/sleep 100", SECOND, DF_E_TIMEOUT, "git took longer than 1 s");
	cr_expect(hangs >= 1 && hangs < 20, "%.1f s", hangs);
	seconds_of("exec >&- 2>&-; exec /bin/sleep 100", SECOND, DF_E_TIMEOUT, "longer than 1 s");
	seconds_of("while :; do :; done", SECOND, DF_E_TIMEOUT, "longer than 1 s");
	seconds_of("exec /bin/kill -s SEGV $$", 60 * SECOND, DF_E_NONE, ""); /* it may not */
	seconds_of("exec /usr/bin/yes", 60 * SECOND, DF_E_SYSTEM, "git says more than 256 MB");
}

/* Before git is asked anything: it would wait for as long as it may. */
Test(checkout, a_pipe_instead_of_a_file)
{
	static const char *const names[] = {
		"config",  "packed-refs", "shallow", "objects/info/alternates",
		"objects", "refs",	  "reftable"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct git git;
		struct df_err err;
		char script[200], says[100];
		snprintf(script, sizeof(script),
			 "rm -rf it; git init -q it; rm -rf it/.git/%s; mkfifo it/.git/%s",
			 names[i], names[i]);
		snprintf(says, sizeof(says), "it/.git/%s' is no ", names[i]);
		repository_make(script);
		cr_expect_eq(git_open("it", SECOND, &git, &err), -(int)DF_E_SYSTEM, "%s: %s",
			     names[i], err.text);
		cr_expect(strstr(err.text, says), "%s: '%s'", names[i], err.text);
		git_close(&git);
	}
}

/* Deep in the git directory, where only git knows what it opens. */
Test(checkout, a_pipe_where_git_looks, .timeout = 120)
{
	static const char *const names[] = {
		"refs/heads/$(git branch --show-current)",
		"objects/$(git rev-parse HEAD:src/f.c | sed 's,^..,&/,')",
		"objects/pack/pack-0000000000000000000000000000000000000000.idx",
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		char script[1000], told[1000] = "";
		struct checkout checkout;
		struct df_err err = {0};
		struct timespec from, to;
		snprintf(script, sizeof(script),
			 "rm -rf it; git init -q it\n" TWO_COMMITS
			 "name=.git/%s; rm -f $name; mkfifo $name; test $(basename $name .idx) = "
			 "$(basename $name) || echo >${name%%idx}pack\n",
			 names[i]);
		repository_make(script);
		clock_gettime(CLOCK_MONOTONIC, &from);
		const int status = checkout_open("it", &checkout, &err);
		for (int again = 0; status == 0 && again < 3; again++)
			cr_expect_eq(try_blame(&checkout, told, &err), -(int)DF_E_TIMEOUT, "%s",
				     names[i]);
		clock_gettime(CLOCK_MONOTONIC, &to);
		cr_expect_lt(to.tv_sec - from.tv_sec, 20, "%s", names[i]);
		cr_expect(strstr(err.text, "pipe or device") || strstr(err.text, "wait there"),
			  "%s: '%s'", names[i], err.text);
		checkout_close(&checkout);
	}
}

/* Ctrl-C while git is running: it ends, then we do, and nothing is left. */
Test(checkout, a_signal_meanwhile, .timeout = 60)
{
	repository_make("git init -q it; mkdir bin\n"
			"printf '#!/bin/sh\\nexec /bin/sleep 100\\n' >bin/git\n"
			"chmod +x bin/git");
	setenv("PATH", repository_path("bin"), 1);
	const pid_t pid = fork();
	if (pid == 0) {
		struct git git;
		struct df_err err;
		const int status = git_open("it", 50 * SECOND, &git, &err);
		git_close(&git); /* ends us */
		_exit(status < 0 ? 2 : 3);
	}
	for (int i = 0; i < 1000; i++) {
		usleep(10000);
		DIR *directory = opendir("tmp");
		int count = 0;
		while (directory && readdir(directory))
			count++;
		closedir(directory);
		if (count > 2)
			break;
	}
	usleep(200000);
	int status;
	cr_assert_eq(kill(pid, SIGTERM), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%#x", status);
}
