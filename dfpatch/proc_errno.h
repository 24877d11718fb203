/* SPDX-License-Identifier: Apache-2.0 */
/* proc_errno.h - what errno tells of a process or thread whose files below /proc are looked at. */
#ifndef DFPATCH_PROC_ERRNO_H
#define DFPATCH_PROC_ERRNO_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "err.h"

/* It is not there. Anything else but a denial is trouble of our own, and tells nothing of it. */
static inline bool proc_says_gone(int error)
{
	return error == ENOENT || error == ESRCH;
}

/* The kernel does not let us see it (also by the mount option hidepid). */
static inline bool proc_says_denied(int error)
{
	return error == EACCES || error == EPERM;
}

/* What to do about trouble of our own. */
static inline const char *proc_remedy(int error)
{
	return error == EMFILE	 ? " (raise the limit of open files: ulimit -n)"
	       : error == ENFILE ? " (let other programs close files, or raise fs.file-max)"
				 : "";
}

/* DF_E_SYSTEM: cannot `what` (as in "open the memory of process") number `id`. Takes errno. */
static inline int proc_cannot(const char *what, pid_t id, struct df_err *err)
{
	return df_fail_errno(err, DF_E_SYSTEM, "cannot %s %d%s", what, id, proc_remedy(errno));
}

#endif
