/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - a callback for df_list() that prints; the one place of libdf that does. */
#include <inttypes.h>
#include <stdio.h>

#include "../include/df.h"

int df_list_print(void *stream, const struct df_flag_info *flag)
{
	FILE *out = stream ? stream : stderr;
	char count[16] = "off", unhook[32] = "";
	if (flag->duplicate)
		return 0;
	if (flag->activation > 0)
		snprintf(count, sizeof(count), "%" PRIu32, flag->activation);
	if (flag->unhook > 0)
		snprintf(unhook, sizeof(unhook), ", unhook=%" PRIu32, flag->unhook);
	fprintf(out, "%s (%s%s)%s%s\n", flag->full_name, count, unhook,
		flag->doc[0] == '\0' ? "" : ": ", flag->doc);
	return 0;
}
