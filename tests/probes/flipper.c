/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flipper.c - a program that flips two flags of its own by libdf, one there and back. With
 * OWN_PROBE it has a probe of its own, too.
 */
#include <stdio.h>
#include <unistd.h>

#include "df.h"
#ifdef OWN_PROBE
#include <sys/sdt.h>
#endif

int main(void)
{
#ifdef OWN_PROBE
	STAP_PROBE(flipper, own);
#endif
	const int before = DF_FEATURE(flip, first) + 2 * DF_FEATURE(flip, second);
	const int status = df_enable("flip:") < 0 || df_disable("flip:second") < 0;
	printf("%d\n", getpid());
	return status || before != 0;
}
