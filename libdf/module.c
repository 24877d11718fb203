/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - the states of a module's sites. */
#include "module.h"

int df_states_load(const struct df_mem *mem, const struct df_site *sites, size_t count,
		   struct df_state_v1 *states, struct df_err *err)
{
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (sites[end].state != sites[end - 1].state + DF_STATE_SIZE)
				break;
		const int status = mem->load(mem->context, sites[first].state, &states[first],
					     (end - first) * DF_STATE_SIZE, err);
		if (status < 0)
			return status;
	}
	return 0;
}
