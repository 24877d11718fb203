/* SPDX-License-Identifier: Apache-2.0 */
/* begun_library.c - a library that asks a flag in its constructor. */
#include <df.h>

#include <unistd.h>

#include "begun.h"

static void say(const char *text, size_t size)
{
	if (write(STDOUT_FILENO, text, size) < 0)
		_exit(99);
}

#define SAY(TEXT) say(TEXT "\n", sizeof(TEXT))

__attribute__((constructor)) static void ask(void)
{
	if (DF_FEATURE(begun, library))
		SAY("library on");
	else
		SAY("library off");
}

void begun_library(void)
{
}
