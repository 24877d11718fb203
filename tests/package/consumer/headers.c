/* SPDX-License-Identifier: Apache-2.0 */
/* headers.c - a program with flags that links no library. */
#include <df.h>

int main(void)
{
	return DF_FEATURE(http, fast_path) || !DF_DEFAULT(http, keep_alive);
}
