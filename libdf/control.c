/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - reading and writing a module's control block. */
#include "control.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(CONTROL, MEMBER) ((CONTROL) + offsetof(struct df_control_v1, MEMBER))

int df_control_load(const struct df_mem *mem, uint64_t control, struct df_control_v1 *to,
		    struct df_err *err)
{
	const int status = mem->load(mem->context, control, to, sizeof(*to), err);
	if (status < 0)
		return status;
	if (memcmp(to->magic, DF_CONTROL_MAGIC, sizeof(to->magic)) != 0)
		return df_fail(err, DF_E_TABLE, "control block at %#" PRIx64 ": its magic is gone",
			       control);
	return 0;
}

int df_control_phase(const struct df_mem *mem, uint64_t control, uint32_t phase, struct df_err *err)
{
	return mem->store(mem->context, FIELD(control, phase), &phase, sizeof(phase), err);
}

int df_control_intend(const struct df_mem *mem, uint64_t control, struct df_err *err)
{
	const uint32_t intent = DF_INITIALISING;
	return mem->store(mem->context, FIELD(control, initialised), &intent, sizeof(intent), err);
}

int df_control_settle(const struct df_mem *mem, uint64_t control, bool forward, struct df_err *err)
{
	struct df_control_v1 block;
	const int status = df_control_load(mem, control, &block, err);
	if (status < 0 || !(block.initialised & DF_INITIALISING))
		return status;
	const uint32_t initialised = forward ? DF_INITIALISED : 0;
	return mem->store(mem->context, FIELD(control, initialised), &initialised,
			  sizeof(initialised), err);
}

int df_control_close(const struct df_mem *mem, uint64_t control, const struct df_stamp *stamp,
		     struct df_err *err)
{
	struct df_control_v1 block;
	int status = df_control_load(mem, control, &block, err);
	if (status < 0)
		return status;
	block.generation++;
	block.changed_at = stamp->now;
	block.changed_by = stamp->pid;
	const size_t from = offsetof(struct df_control_v1, generation);
	const size_t to = offsetof(struct df_control_v1, reserved);
	status = mem->store(mem->context, control + from, (const uint8_t *)&block + from, to - from,
			    err);
	return status < 0 ? status : df_control_phase(mem, control, DF_PHASE_IDLE, err);
}
