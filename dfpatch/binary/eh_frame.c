/* SPDX-License-Identifier: Apache-2.0 */
/* eh_frame.c - where functions lie, by what the unwinder knows of them. */
#include "eh_frame.h"

#include <string.h>

/* Pointer encodings: the low four bits say how it is stored, the next three relative to what. */
enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
	PE_RELATIVE = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

/* No entry of a compiler's is nearly so large. */
#define ENTRY_MAX 32768

#define CIES 64

/* What is left of an entry; `at` is the address of its next byte. */
struct input {
	const uint8_t *bytes;
	size_t left;
	uint64_t at;
	bool ended; /* more was asked for than there is */
};

static void take(struct input *in, void *to, size_t size)
{
	memset(to, 0, size);
	if (size > in->left) {
		in->ended = true;
		in->left = 0;
		return;
	}
	memcpy(to, in->bytes, size);
	in->bytes += size;
	in->left -= size;
	in->at += size;
}

static uint8_t take_byte(struct input *in)
{
	uint8_t byte;
	take(in, &byte, sizeof(byte));
	return byte;
}

static uint32_t take_word(struct input *in)
{
	uint32_t word;
	take(in, &word, sizeof(word));
	return word;
}

/* A LEB128 number, signed or not; bits beyond the 64th are lost. */
static uint64_t take_leb128(struct input *in, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		byte = take_byte(in);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return value;
}

static uint64_t take_number(struct input *in, uint8_t encoding)
{
	uint16_t two;
	uint64_t eight;
	switch (encoding & PE_FORMAT) {
	case PE_ULEB128:
		return take_leb128(in, false);
	case PE_SLEB128:
		return take_leb128(in, true);
	case PE_UDATA2:
		take(in, &two, sizeof(two));
		return two;
	case PE_SDATA2:
		take(in, &two, sizeof(two));
		return (uint64_t)(int16_t)two;
	case PE_UDATA4:
		return take_word(in);
	case PE_SDATA4:
		return (uint64_t)(int32_t)take_word(in);
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8:
		take(in, &eight, sizeof(eight));
		return eight;
	default:
		in->ended = true;
		return 0;
	}
}

/* `data` is what an encoding may be relative to besides its own place. Others cannot be read. */
static uint64_t take_pointer(struct input *in, uint8_t encoding, uint64_t data)
{
	const uint64_t at = in->at;
	const uint64_t number = take_number(in, encoding);
	switch (encoding & (PE_RELATIVE | PE_INDIRECT)) {
	case 0:
		return number;
	case PE_PCREL:
		return at + number;
	case PE_DATAREL:
		return data + number;
	default:
		in->ended = true;
		return 0;
	}
}

struct frames {
	struct window *window;
	uint64_t at;
	uint64_t end;
	uint64_t base;	   /* of data-relative pointers */
	uint64_t expected; /* functions, by the header; 0 if it does not say */
	uint64_t given;
	/* What was found of some CIEs, so that each is not read again for each function. */
	uint64_t cies[CIES];
	uint8_t encodings[CIES];
};

/* The body of the entry at `at`, and where the next one is. False at the end, and at damage. */
static bool read_entry(struct frames *f, uint64_t at, struct input *body, uint64_t *next)
{
	const size_t prefix = sizeof(uint32_t);
	uint32_t size;
	if (at > f->end || f->end - at < prefix)
		return false;
	const uint8_t *bytes = window_at(f->window, at, prefix);
	if (!bytes)
		return false;
	memcpy(&size, bytes, sizeof(size));
	*next = at + prefix + size;
	*body = (struct input){.at = at + prefix};
	if (size == 0)
		return true;
	/* An entry whose size is 64 bits wide, which 0xffffffff announces, is too large as well. */
	if (size > ENTRY_MAX || size > f->end - at - prefix)
		return false;
	body->bytes = window_at(f->window, at + prefix, size);
	body->left = size;
	return body->bytes != NULL;
}

/* By what letters the augmentation string says; the encoding of functions' addresses is `R`. */
static bool read_augmentation(struct input *in, const char *letters, uint8_t *encoding)
{
	take_leb128(in, false);
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			*encoding = take_byte(in);
			break;
		case 'L':
			take_byte(in);
			break;
		case 'P':
			take_number(in, take_byte(in));
			break;
		case 'S':
		case 'B':
			break;
		default:
			return !in->ended; /* what follows belongs to a letter that we do not know
					    */
		}
	}
	return !in->ended;
}

/* A common information entry; its number, which is 0, was taken. */
static bool read_cie(struct input in, uint8_t *encoding)
{
	char letters[16];
	size_t count = 0;
	const uint8_t version = take_byte(&in);
	if (version != 1 && version != 3 && version != 4)
		return false;
	do {
		letters[count] = (char)take_byte(&in);
	} while (letters[count] && ++count < sizeof(letters));
	if (count == sizeof(letters))
		return false;
	if (version == 4)
		take(&in, &(uint16_t){0}, sizeof(uint16_t)); /* sizes of addresses, of selectors */
	take_leb128(&in, false);			     /* code alignment */
	take_leb128(&in, true);				     /* data alignment */
	if (version == 1)
		take_byte(&in); /* return address register */
	else
		take_leb128(&in, false);
	*encoding = PE_ABSPTR;
	return letters[0] == 'z' ? read_augmentation(&in, letters + 1, encoding)
				 : letters[0] == '\0' && !in.ended;
}

/* How the functions that refer to the entry at `cie` store their addresses. Uses the window. */
static bool find_encoding(struct frames *f, uint64_t cie, uint8_t *encoding)
{
	struct input in;
	uint64_t next;
	const size_t slot = (cie / 4) % CIES;
	if (f->cies[slot] != cie) {
		if (!read_entry(f, cie, &in, &next) || take_word(&in) != 0 ||
		    !read_cie(in, encoding))
			return false;
		f->cies[slot] = cie;
		f->encodings[slot] = *encoding;
	}
	*encoding = f->encodings[slot];
	return true;
}

/* A frame description entry at `at`, whose distance to its CIE was found there. */
static bool read_fde(struct frames *f, uint64_t at, uint64_t cie, uint64_t *addr, uint64_t *size)
{
	struct input in;
	uint64_t next;
	uint8_t encoding;
	/* Reading the CIE may have moved the window. */
	if (!find_encoding(f, cie, &encoding) || !read_entry(f, at, &in, &next))
		return false;
	take_word(&in);
	*addr = take_pointer(&in, encoding, f->base);
	*size = take_number(&in, encoding);
	return !in.ended;
}

/*
 * One entry. The linker ends the frames with an entry of no size, but a linked piece may have
 * one in the midst of them: the header's count says whether there is more.
 */
static enum eh_frame_end step(struct frames *f, eh_frame_take give, void *context, bool *more)
{
	struct input in;
	uint64_t next, addr, size;
	const uint64_t at = f->at;
	*more = false;
	if (f->end - at < sizeof(uint32_t))
		return f->given < f->expected ? EH_FRAME_DAMAGED : EH_FRAME_WHOLE;
	if (!read_entry(f, at, &in, &next))
		return EH_FRAME_DAMAGED;
	f->at = next;
	if (in.left == 0) {
		*more = f->given < f->expected;
		return EH_FRAME_WHOLE;
	}
	const uint64_t number_at = in.at;
	const uint32_t distance = take_word(&in);
	if (in.ended)
		return EH_FRAME_DAMAGED;
	*more = true;
	if (distance == 0)
		return EH_FRAME_WHOLE;
	if (!read_fde(f, at, number_at - distance, &addr, &size))
		return EH_FRAME_DAMAGED;
	f->given++;
	*more = f->expected == 0 || f->given < f->expected;
	return give(context, addr, size) ? EH_FRAME_WHOLE : EH_FRAME_ENDED;
}

static uint64_t end_of_segment(const struct df_view *view, uint64_t addr)
{
	const struct df_range *segment = df_view_within(view, addr, 1, 0);
	return segment ? segment->addr + segment->size : 0;
}

/* From .eh_frame_hdr: where the frames begin, and how many functions they know. */
static bool read_header(struct frames *f, const struct eh_frame *where)
{
	enum { SMALLEST = 4, LARGEST = 4 + 2 * 10 };
	const uint64_t size = where->header_size < LARGEST ? where->header_size : LARGEST;
	if (size < SMALLEST)
		return false;
	const uint8_t *bytes = window_at(f->window, where->header, (size_t)size);
	if (!bytes)
		return false;
	struct input in = {.bytes = bytes, .left = (size_t)size, .at = where->header};
	const uint8_t version = take_byte(&in);
	const uint8_t frames = take_byte(&in);
	const uint8_t count = take_byte(&in);
	take_byte(&in); /* of the search table */
	if (version != 1 || frames == PE_OMIT)
		return false;
	f->base = where->header;
	f->at = take_pointer(&in, frames, f->base);
	f->expected = count == PE_OMIT ? 0 : take_pointer(&in, count, f->base);
	f->end = end_of_segment(f->window->source->view, f->at);
	return !in.ended && f->end > f->at;
}

static enum eh_frame_end find_frames(struct frames *f, const struct eh_frame *where)
{
	if (where->header_size > 0 && read_header(f, where))
		return EH_FRAME_WHOLE;
	if (where->frames_size == 0)
		return where->header_size > 0 ? EH_FRAME_DAMAGED : EH_FRAME_NONE;
	f->base = f->expected = 0;
	f->at = where->frames;
	f->end = where->frames + where->frames_size;
	return f->end < f->at ? EH_FRAME_DAMAGED : EH_FRAME_WHOLE;
}

enum eh_frame_end eh_frame_each(struct window *window, const struct eh_frame *where,
				eh_frame_take give, void *context)
{
	struct frames f = {.window = window};
	enum eh_frame_end end = find_frames(&f, where);
	for (bool more = true; more && end == EH_FRAME_WHOLE;)
		end = step(&f, give, context, &more);
	return end;
}
