/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - plugins by their kind: loaded, unloaded. */
#include "load.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>

struct opened load(const char *kind)
{
	char path[512], symbol[64];
	struct opened o;
	snprintf(path, sizeof(path), "%s/inside_%s.so", INSIDE_DIR, kind);
	snprintf(symbol, sizeof(symbol), "%s_offer", kind);
	o.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	cr_assert(o.handle, "%s", dlerror());
	o.p = dlsym(o.handle, symbol);
	cr_assert(o.p);
	return o;
}

void unload(struct opened *o, const char *kind)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/inside_%s.so", INSIDE_DIR, kind);
	dlclose(o->handle);
	cr_assert_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD), "%s stays loaded", kind);
	*o = (struct opened){0};
}
