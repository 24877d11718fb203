/* SPDX-License-Identifier: Apache-2.0 */
/* held.c - carrying a change out in a program that has not begun, and that its caller holds. */
#include "held.h"

#include <errno.h>

#include "carry.h"
#include "own.h"
#include "processors.h"
#include "tracee.h"

/* Where the kernel forbids the usual way to write text. */
static int poke(void *context, uint64_t addr, const void *bytes, size_t size, struct df_err *err)
{
	errno = tracee_poke(context, addr, bytes, size);
	return errno == 0 ? 0
			  : df_fail_errno(err, errno == ESRCH ? DF_E_NO_PROCESS : DF_E_SYSTEM,
					  "cannot write to the program by ptrace");
}

int held_commit(struct work *w, struct df_err *err)
{
	const struct df_stamp stamp = carry_stamp();
	w->memory->together = true;
	w->memory->until = 0;
	w->memory->poke = poke;
	w->memory->poke_context = w->request->held;
	int status = own_stopped(w, &stamp, err);
	if (status == 0)
		status = carry_recheck(w, err);
	if (status == 0)
		status = carry_out(w, &stamp, err);
	claims_drop(&w->claims, &w->mem);
	if (status == 0)
		processors_pass();
	return status;
}
