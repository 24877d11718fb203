/* SPDX-License-Identifier: Apache-2.0 */
/* The header without a flag, which must leave no trace. */
#include <df.h>

int no_flags(void);
int no_flags(void)
{
	return 0;
}
