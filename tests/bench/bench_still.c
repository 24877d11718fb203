/* SPDX-License-Identifier: Apache-2.0 */
/* bench_still.c - a program that has flags (make_sites.sh) and does nothing. */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

unsigned long bench_hits;

int main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	for (;;)
		pause();
}
