/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - plugins by their kind: loaded, unloaded. */
#ifndef TEST_INSIDE_LOAD_H
#define TEST_INSIDE_LOAD_H

#include "plugin.h"

struct opened {
	void *handle;
	const struct plugin *p;
};

/* Loads the plugin of that kind; the test fails if it cannot. */
struct opened load(const char *kind);

/* Unloads it; the test fails if it stays. */
void unload(struct opened *opened, const char *kind);

#endif
