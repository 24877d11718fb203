/* SPDX-License-Identifier: Apache-2.0 */
/* fake_snapshot.c - a made-up module, read as dfpatch reads files and processes. */
#include "fake_snapshot.h"

#include <criterion/criterion.h>
#include <string.h>

static int pull(void *context, uint64_t addr, void *to, size_t size)
{
	const uint8_t *bytes = fake_module_bytes(context, addr, size);
	if (!bytes)
		return -1;
	memcpy(to, bytes, size);
	return 0;
}

void fake_snapshot_begin(struct snapshot *snapshot, struct fake_module *module)
{
	uint64_t readable[FAKE_PARTS];
	struct df_err err;
	for (int part = 0; part < FAKE_PARTS; part++)
		readable[part] = module->present[part];
	cr_assert_eq(snapshot_begin(snapshot, module->segments, readable, FAKE_PARTS,
				    module->view.notes, module->view.note_count, &err),
		     0);
	snapshot->view.ehdr = module->view.ehdr;
	snapshot->pull = pull;
	snapshot->context = module;
}
