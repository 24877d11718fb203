/* SPDX-License-Identifier: Apache-2.0 */
/* denial.c - why the kernel does not let us touch a process. */
#include "denial.h"

#include <linux/capability.h>
#include <stdio.h>

static __attribute__((format(printf, 3, 4))) int refuse(const struct denial *d, struct df_err *err,
							const char *format, ...)
{
	char cause[DF_ERR_TEXT / 2];
	va_list args;
	va_start(args, format);
	if (vsnprintf(cause, sizeof(cause), format, args) < 0)
		cause[0] = '\0';
	va_end(args);
	return df_fail(err, DF_E_PERMISSION, "not permitted to %s process %d: %s", d->what, d->pid,
		       cause);
}

static int explain_yama(const struct denial *d, struct df_err *err)
{
	if (d->yama_scope == 1)
		return refuse(d, err,
			      "kernel.yama.ptrace_scope is 1, which allows only its ancestors and "
			      "whom it named itself (PR_SET_PTRACER); run as root, or set it to 0");
	if (d->yama_scope == 2)
		return refuse(d, err,
			      "kernel.yama.ptrace_scope is 2, which allows CAP_SYS_PTRACE only; "
			      "run as root");
	return refuse(d, err,
		      "kernel.yama.ptrace_scope is %d, which allows nobody until the next boot",
		      d->yama_scope);
}

/* All three of its ids have to be ours; the first that is not, or ID_COUNT. */
static int first_other(const uint32_t *theirs, uint32_t ours)
{
	int i = 0;
	while (i < ID_COUNT && theirs[i] == ours)
		i++;
	return i;
}

static int explain_user(const struct denial *d, int other, struct df_err *err)
{
	const uid_t ours = d->ours.user[ID_EFFECTIVE];
	if (other == ID_REAL)
		return refuse(d, err,
			      "it belongs to user %u and we are user %u; run as that user or as "
			      "root",
			      d->theirs.user[other], ours);
	return refuse(d, err, "it runs with the rights of user %u (set-user-ID); run as root",
		      d->theirs.user[other]);
}

/* What a process without CAP_SYS_PTRACE needs. */
static int explain_rights(const struct denial *d, struct df_err *err)
{
	const int user = first_other(d->theirs.user, d->ours.user[ID_EFFECTIVE]);
	const int group = first_other(d->theirs.group, d->ours.group[ID_EFFECTIVE]);
	char lacking[40];
	if (user < ID_COUNT)
		return explain_user(d, user, err);
	if (group < ID_COUNT)
		return refuse(d, err,
			      "it runs with group id %u and we with %u; run with that group or as "
			      "root",
			      d->theirs.group[group], d->ours.group[ID_EFFECTIVE]);
	if (!d->dumpable)
		return refuse(d, err,
			      "it changed its privileges, its file cannot be read, or it asked not "
			      "to be dumpable (PR_SET_DUMPABLE); run as root");
	capability_name(d->theirs.permitted & ~d->ours.effective, lacking, sizeof(lacking));
	if (*lacking)
		return refuse(d, err, "it has %s, which we have not; run as root", lacking);
	if (d->yama_scope > 0)
		return explain_yama(d, err);
	return refuse(d, err,
		      "the kernel denies it (another user namespace, or a security module); "
		      "CAP_SYS_PTRACE, which root has, may help");
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
	if (d->opened)
		return refuse(d, err,
			      "the kernel gives us its memory and does not let us trace it: it is "
			      "traced from outside our pid namespace, or a security module forbids "
			      "it");
	if (!credentials_may(&d->ours, CAP_SYS_PTRACE))
		return explain_rights(d, err);
	if (d->confined)
		return refuse(
			d, err,
			"our CAP_SYS_PTRACE holds in our user namespace only, and it does not "
			"live there; run dfpatch outside of this container");
	return refuse(d, err,
		      "the kernel denies it although we have CAP_SYS_PTRACE (a security module, or "
		      "a lockdown); the kernel's log may tell which");
}
