/* SPDX-License-Identifier: Apache-2.0 */
/* denial.c - why the kernel does not let us touch a process. */
#include "denial.h"

static int explain_yama(const struct denial *d, struct df_err *err)
{
	switch (d->yama_scope) {
	case 1:
		return df_fail(
			err, DF_E_PERMISSION,
			"not permitted to %s process %d: kernel.yama.ptrace_scope is 1, which "
			"allows a parent only; run as root, or set it to 0",
			d->what, d->pid);
	case 2:
		return df_fail(
			err, DF_E_PERMISSION,
			"not permitted to %s process %d: kernel.yama.ptrace_scope is 2, which "
			"allows CAP_SYS_PTRACE only; run as root",
			d->what, d->pid);
	default:
		return df_fail(
			err, DF_E_PERMISSION,
			"not permitted to %s process %d: kernel.yama.ptrace_scope is %d, which "
			"allows nobody until the next boot",
			d->what, d->pid, d->yama_scope);
	}
}

int denial_explain(const struct denial *d, struct df_err *err)
{
	if (d->tracer != 0)
		return df_fail(
			err, DF_E_TRACED,
			"cannot %s process %d: it is traced by process %d (%s); end that first",
			d->what, d->pid, d->tracer, d->tracer_name);
	if (d->yama_scope >= 3)
		return explain_yama(d, err);
	if (!d->capable && d->owner != d->ours)
		return df_fail(
			err, DF_E_PERMISSION,
			"not permitted to %s process %d: it belongs to user %u and we are user "
			"%u; run as that user or as root",
			d->what, d->pid, d->owner, d->ours);
	if (!d->capable && !d->dumpable)
		return df_fail(
			err, DF_E_PERMISSION,
			"not permitted to %s process %d: it changed its privileges or asked not "
			"to be dumpable (PR_SET_DUMPABLE); run as root",
			d->what, d->pid);
	if (!d->capable && d->yama_scope > 0)
		return explain_yama(d, err);
	return df_fail(err, DF_E_PERMISSION,
		       "not permitted to %s process %d: the kernel denies it%s", d->what, d->pid,
		       d->capable
			       ? " although we have CAP_SYS_PTRACE (another user namespace, or a "
				 "security module)"
			       : "; CAP_SYS_PTRACE, which root has, may be missing");
}
