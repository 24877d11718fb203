/* SPDX-License-Identifier: Apache-2.0 */
/* begun_audit.c - a module that watches the loader (rtld-audit(7)), loaded before all others. */
#include <link.h>

unsigned la_version(unsigned version)
{
	return version;
}
