/* SPDX-License-Identifier: Apache-2.0 */
/* watch_event.c - what is told of processes that are followed. */
#include "watch_event.h"

const char *watch_what_name(enum watch_what what)
{
	switch (what) {
	case WATCH_START:
		return "start";
	case WATCH_CHANGE:
		return "change";
	case WATCH_MISSED:
		return "missed";
	case WATCH_INIT:
		return "init";
	case WATCH_UNREAD:
		return "unread";
	case WATCH_LOADED:
		return "loaded";
	case WATCH_UNLOADED:
		return "unloaded";
	case WATCH_EXEC:
		return "exec";
	case WATCH_EXIT:
		return "exit";
	case WATCH_FAILED:
	default:
		return "failed";
	}
}
