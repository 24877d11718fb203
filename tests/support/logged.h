/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logged.h - what a log says: its records, and the text of a program as they, and its file on
 * disk, have it at any time.
 */
#ifndef LOGGED_H
#define LOGGED_H

#include <json-c/json.h>
#include <stdint.h>

#include "live.h"

struct logged {
	struct json_object **list; /* one per line */
	size_t count;
};

/* Reads all of a log, which may be missing. Fails the test if a line is no JSON object. */
void logged_read(struct logged *logged, const char *path);
void logged_free(struct logged *logged);

/* A member of a record, over dots, as in "module.path"; fails the test if there is none. */
const char *logged_text(const struct json_object *record, const char *member);
uint64_t logged_number(const struct json_object *record, const char *member); /* also 0x... */
bool logged_has(const struct json_object *record, const char *member);

/* Record number i that is of this kind; NULL if there are not so many. */
struct json_object *logged_find(const struct logged *logged, const char *kind, size_t i);
size_t logged_count(const struct logged *logged, const char *kind);

/* The executable segment of a program, begun as its file has it. */
struct replay {
	uint8_t *text;
	uint64_t start; /* run-time address */
	size_t size;
	size_t next; /* the first record that is not in it */
};

/* `bias` is what the program was loaded at. */
void replay_begin(struct replay *replay, const char *file, uint64_t bias);
void replay_end(struct replay *replay);

/*
 * Goes on until a time (monotonic, ns). Each record that says what was written has to find what
 * it says stood there before, unless it is of what was found there; and none may be from before the
 * one ahead of it.
 */
void replay_until(struct replay *replay, const struct logged *logged, uint64_t time);

/* Fails the test unless the memory, an open /proc/PID/mem, holds the same; `when` is for the
 * message. */
void replay_is(const struct replay *replay, int mem, const char *when);

#endif
