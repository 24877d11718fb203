/* SPDX-License-Identifier: Apache-2.0 */
/* report_time.c - changes for a time, for people. */
#include "report_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void report_until(uint64_t clock)
{
	const time_t seconds = (time_t)(clock / 1000000000u);
	struct tm parts;
	char text[64];
	if (!localtime_r(&seconds, &parts) || strftime(text, sizeof(text), "%F %T %z", &parts) == 0)
		snprintf(text, sizeof(text), "%" PRIu64 " s after 1970", clock / 1000000000u);
	printf("until %s, or a signal to end; then it is taken back\n", text);
}

void report_taking_back(const char *cause)
{
	if (strcmp(cause, "time") == 0)
		printf("the time is over; taken back:\n");
	else if (strcmp(cause, "ended") == 0)
		printf("all processes have ended:\n");
	else if (strcmp(cause, "watchdog") == 0)
		printf("the time was over, and dfpatch stood still; its watchdog took it back\n");
	else
		printf("%s; taken back:\n", cause);
}

bool report_is_written(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}
