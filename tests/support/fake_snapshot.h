/* SPDX-License-Identifier: Apache-2.0 */
/* fake_snapshot.h - a made-up module, read as dfpatch reads files and processes. */
#ifndef FAKE_SNAPSHOT_H
#define FAKE_SNAPSHOT_H

#include "fake_module.h"
#include "snapshot.h"

/* Fails the test if there is no memory. snapshot_free() ends it, before the module is freed. */
void fake_snapshot_begin(struct snapshot *snapshot, struct fake_module *module);

#endif
