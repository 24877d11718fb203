/* SPDX-License-Identifier: Apache-2.0 */
/* rewrite.c - a copy of a file with some bytes changed, whole or not at all. */
#include "rewrite.h"

#include <unistd.h>

#define SET_ID_BITS (S_ISUID | S_ISGID)

int rewrite_look(const char *path, struct stat *from, struct df_err *err)
{
	return stat(path, from) == 0 ? 0
				     : df_fail_errno(err, DF_E_SYSTEM, "cannot open '%s'", path);
}

/* ---- signals ---- */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_COUNT (sizeof(ending) / sizeof(ending[0]))

static void hold_signals(struct rewrite *r)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, &r->mask);
	/* A limit on file sizes is then an error like any other. */
	sigaction(SIGXFSZ, &ignore, &r->file_too_large);
	r->held = true;
}

static void release_signals(struct rewrite *r)
{
	if (!r->held)
		return;
	sigaction(SIGXFSZ, &r->file_too_large, NULL);
	sigprocmask(SIG_SETMASK, &r->mask, NULL);
	r->held = false;
}

/* While it is held back, the kernel keeps one for us that we ignore, too. */
static bool is_ignored(int signal)
{
	struct sigaction action;
	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Whether one has come that would have ended us. */
static bool interrupted(const void *context)
{
	const struct rewrite *r = context;
	sigset_t pending;
	sigpending(&pending);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		if (sigismember(&pending, ending[i]) && !sigismember(&r->mask, ending[i]) &&
		    !is_ignored(ending[i]))
			return true;
	return false;
}

/* ---- the copy ---- */

int rewrite_begin(struct rewrite *rewrite, const char *from_path, int from_fd,
		  const struct stat *from, const char *to_path, struct df_err *err)
{
	*rewrite = (struct rewrite){.from_path = from_path, .from_fd = from_fd, .from = *from};
	const struct file_draft *draft = &rewrite->draft;
	const int status = file_draft_begin(&rewrite->draft, to_path, err);
	if (status < 0)
		return status;
	if (draft->replaces && draft->device == from->st_dev && draft->inode == from->st_ino)
		return df_fail(err, DF_E_USAGE,
			       "'%s' is the file to be copied, which is never changed", to_path);
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int check_unchanged(const struct rewrite *r, struct df_err *err)
{
	struct stat now;
	const struct stat *was = &r->from;
	if (fstat(r->from_fd, &now) != 0)
		return df_fail_errno(err, DF_E_SYSTEM, "cannot be looked at");
	if (now.st_dev == was->st_dev && now.st_ino == was->st_ino && now.st_size == was->st_size &&
	    same_time(&now.st_mtim, &was->st_mtim) && same_time(&now.st_ctim, &was->st_ctim))
		return 0;
	return df_fail(err, DF_E_CHANGED, "changed while it was copied; nothing was written");
}

/* First the owner: to change it takes set-ID bits away. */
static int take_owner_and_mode(struct rewrite *r, struct df_err *err)
{
	mode_t mode = r->from.st_mode & 07777;
	r->owner_kept = fchown(r->draft.fd, r->from.st_uid, r->from.st_gid) == 0;
	if (!r->owner_kept) {
		/* The group alone we may give where it is one of ours. */
		(void)!fchown(r->draft.fd, (uid_t)-1, r->from.st_gid);
		mode &= ~(mode_t)SET_ID_BITS;
	}
	return fchmod(r->draft.fd, mode) == 0
		       ? 0
		       : df_fail_errno(err, DF_E_WRITE, "cannot give the copy its mode");
}

bool rewrite_dropped_bits(const struct rewrite *rewrite)
{
	return !rewrite->owner_kept && (rewrite->from.st_mode & SET_ID_BITS) != 0;
}

static int fill_draft(struct rewrite *r, const struct file_edit *edits, size_t count,
		      struct df_err *err)
{
	int status =
		file_copy(r->from_fd, r->draft.fd, (uint64_t)r->from.st_size, interrupted, r, err);
	if (status == 0)
		status = check_unchanged(r, err);
	if (status == 0)
		status = file_edit(r->draft.fd, edits, count, err);
	if (status == 0)
		status = take_owner_and_mode(r, err);
	return status < 0 ? df_err_prefix(err, r->from_path) : 0;
}

int rewrite_copy(struct rewrite *rewrite, const struct file_edit *edits, size_t count,
		 struct df_err *err)
{
	hold_signals(rewrite);
	const int status = file_draft_open(&rewrite->draft, 0600, err);
	return status < 0 ? status : fill_draft(rewrite, edits, count, err);
}

int rewrite_publish(struct rewrite *rewrite, struct df_err *err)
{
	const int status = file_draft_sync(&rewrite->draft, err);
	if (status < 0)
		return status;
	if (interrupted(rewrite))
		return df_fail(err, DF_E_SYSTEM, "interrupted; nothing was written");
	return file_draft_publish(&rewrite->draft, err);
}

void rewrite_end(struct rewrite *rewrite)
{
	file_draft_end(&rewrite->draft);
	release_signals(rewrite);
}
