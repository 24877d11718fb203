/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - the order in which an operation reaches a module's memory. */
#include "commit.h"

/* One commit under way. */
struct commit {
	const struct df_mem *mem;
	uint64_t control;
	const struct df_work *work;
};

static int enter(const struct commit *c, uint32_t phase, struct df_err *err)
{
	return df_control_phase(c->mem, c->control, phase, err);
}

static int prepare(const struct commit *c, struct df_err *err)
{
	int status = enter(c, DF_PHASE_PREPARING, err);
	if (status == 0 && c->work->initialises)
		status = df_control_intend(c->mem, c->control, err);
	return status < 0 ? status : c->work->states(c->work->context, DF_WAS, DF_WILL, err);
}

static int write_text(const struct commit *c, enum df_side side, struct df_err *err)
{
	const int status = c->work->text(c->work->context, side, err);
	return status < 0 ? status : c->mem->serialise(c->mem->context, err);
}

static int switch_over(const struct commit *c, struct df_err *err)
{
	const int status = enter(c, DF_PHASE_WRITING, err);
	return status < 0 || !c->work->writes_text ? status : write_text(c, DF_WILL, err);
}

static int close_up(const struct commit *c, const struct df_stamp *stamp, struct df_err *err)
{
	int status = enter(c, DF_PHASE_CLOSING, err);
	if (status == 0)
		status = c->work->states(c->work->context, DF_WILL, DF_WILL, err);
	if (status == 0 && c->work->initialises)
		status = df_control_settle(c->mem, c->control, true, err);
	return status < 0 ? status : df_control_close(c->mem, c->control, stamp, err);
}

/* `switched`: the commit point was passed, so that whoever recovers now would go forward. */
static int undo(const struct commit *c, bool switched, struct df_err *err)
{
	int status = switched ? enter(c, DF_PHASE_UNDOING, err) : 0;
	if (status == 0 && switched && c->work->writes_text)
		status = write_text(c, DF_WAS, err);
	if (status == 0)
		status = c->work->states(c->work->context, DF_WAS, DF_WAS, err);
	if (status == 0 && c->work->initialises)
		status = df_control_settle(c->mem, c->control, false, err);
	return status < 0 ? status : enter(c, DF_PHASE_IDLE, err);
}

/* `cause` is why the operation failed; says in *err how the undo went as well. */
static int give_up(const struct commit *c, bool switched, const struct df_err *cause,
		   struct df_err *err)
{
	struct df_err second;
	if (cause->code == DF_E_NO_PROCESS)
		return df_fail(err, DF_E_NO_PROCESS, "%s", cause->text);
	if (undo(c, switched, &second) == 0)
		return df_fail(err, DF_E_WRITE, "%s; undone, its flags are as before", cause->text);
	if (second.code == DF_E_NO_PROCESS)
		return df_fail(err, DF_E_NO_PROCESS, "%s", second.text);
	return df_fail(err, DF_E_UNDO,
		       "%.400s; undoing it failed as well: %.400s; the next operation will finish "
		       "it or undo it",
		       cause->text, second.text);
}

int df_commit(const struct df_mem *mem, uint64_t control, const struct df_work *work,
	      const struct df_stamp *stamp, struct df_err *err)
{
	const struct commit c = {.mem = mem, .control = control, .work = work};
	struct df_err cause;
	if (prepare(&c, &cause) < 0)
		return give_up(&c, false, &cause, err);
	if (switch_over(&c, &cause) < 0)
		return give_up(&c, true, &cause, err);
	if (close_up(&c, stamp, &cause) < 0)
		/* The bytes are right: the next controller goes on from here. */
		return df_fail(err, cause.code == DF_E_NO_PROCESS ? DF_E_NO_PROCESS : DF_E_UNDO,
			       "%s; the flags are switched, and the next operation will put their "
			       "counts right",
			       cause.text);
	return 0;
}
