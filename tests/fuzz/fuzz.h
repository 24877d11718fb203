/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the harnesses have in common.
 *
 * Each fuzz_NAME.c has one entry, which libFuzzer calls with inputs that it
 * makes up, and replay.c with those of corpus/NAME. What must hold whatever the
 * input says is stated with MUST; the sanitizers see to the rest.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(CONDITION)                                                                            \
	((CONDITION) ? (void)0                                                                     \
		     : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #CONDITION),    \
			abort()))

/* What is left of an input. */
struct input {
	const uint8_t *data;
	size_t size;
};

/* Takes `size` bytes; those that the input does not have are 0. */
static inline void input_take(struct input *in, void *to, size_t size)
{
	const size_t have = size < in->size ? size : in->size;
	memset(to, 0, size);
	if (have > 0)
		memcpy(to, in->data, have);
	in->data += have;
	in->size -= have;
}

static inline uint8_t input_byte(struct input *in)
{
	uint8_t byte;
	input_take(in, &byte, sizeof(byte));
	return byte;
}

static inline uint16_t input_short(struct input *in)
{
	uint16_t value;
	input_take(in, &value, sizeof(value));
	return value;
}

static inline uint64_t input_long(struct input *in)
{
	uint64_t value;
	input_take(in, &value, sizeof(value));
	return value;
}

/* Memory of exactly this size, so that a sanitizer sees every byte beyond it. */
static inline void *fuzz_room(size_t size)
{
	void *room = malloc(size > 0 ? size : 1);
	MUST(room);
	return room;
}

/* Takes up to a byte 0, or all that is left, as a string in memory of its own. */
static inline char *input_text(struct input *in)
{
	const size_t length = in->size > 0 ? strnlen((const char *)in->data, in->size) : 0;
	char *text = fuzz_room(length + 1);
	input_take(in, text, length);
	text[length] = '\0';
	if (in->size > 0)
		input_byte(in);
	return text;
}

#endif
