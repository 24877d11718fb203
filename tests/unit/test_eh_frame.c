/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/binary/eh_frame.c: frames of every encoding, and damaged ones. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "eh_frame.h"
#include "fake_text.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ADDR UINT64_C(0x500000)
#define FRAMES 0x40
#define TEXT UINT64_C(0x401000)
#define SIZE 0x1000
#define RANGES 16

struct range {
	uint64_t addr;
	uint64_t size;
};

struct fixture {
	struct fake_text text;
	struct window *window;
	uint8_t *bytes;
	size_t at; /* where the next entry goes */
	struct eh_frame where;
	struct range found[RANGES];
	size_t count;
	size_t enough;
};

static void put(struct fixture *f, uint64_t value, size_t size)
{
	memcpy(f->bytes + f->at, &value, size);
	f->at += size;
}

static void patch32(struct fixture *f, size_t at, uint64_t value)
{
	const uint32_t word = (uint32_t)value;
	memcpy(f->bytes + at, &word, sizeof(word));
}

/* How linkers write it: frames by distance from the pointer, count as a word. */
static void put_header(struct fixture *f, uint32_t count)
{
	const size_t next = f->at;
	f->at = 0;
	put(f, 1, 1);
	put(f, 0x1b, 1);
	put(f, 0x03, 1);
	put(f, 0x3b, 1);
	put(f, FRAMES - 4, 4);
	put(f, count, 4);
	f->at = next;
	f->where.header = ADDR;
	f->where.header_size = 12;
}

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	fake_text_begin(&f->text);
	f->bytes = fake_text_add(&f->text, ADDR, SIZE, DF_READ);
	f->window = malloc(sizeof(*f->window));
	cr_assert(f->window);
	window_begin(f->window, &f->text.source);
	f->at = FRAMES;
	f->enough = RANGES;
}

static void end(struct fixture *f)
{
	free(f->window);
	fake_text_free(&f->text);
}

static void end_entry(struct fixture *f, size_t start)
{
	while ((f->at - start) % 4)
		put(f, 0, 1);
	patch32(f, start, f->at - start - 4);
}

/* A CIE with that augmentation string; returns where it is. */
static size_t put_cie(struct fixture *f, uint8_t version, const char *letters, const void *data,
		      size_t size)
{
	const size_t start = f->at;
	put(f, 0, 4);
	put(f, 0, 4);
	put(f, version, 1);
	memcpy(f->bytes + f->at, letters, strlen(letters) + 1);
	f->at += strlen(letters) + 1;
	if (version == 4)
		put(f, 8, 2);
	put(f, 1, 1);	 /* code alignment */
	put(f, 0x78, 1); /* data alignment: -8 */
	put(f, 16, 1);	 /* return address */
	if (letters[0] == 'z') {
		put(f, size, 1);
		memcpy(f->bytes + f->at, data, size);
		f->at += size;
	}
	end_entry(f, start);
	return start;
}

static size_t leb128(uint8_t *to, uint64_t value)
{
	size_t size = 0;
	for (; value >= 0x80; value >>= 7)
		to[size++] = (uint8_t)(value | 0x80);
	to[size++] = (uint8_t)value;
	return size;
}

static void put_encoded(struct fixture *f, uint8_t encoding, uint64_t value)
{
	static const uint8_t sizes[] = {8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8};
	const uint8_t format = encoding & 0x0f;
	uint8_t bytes[10];
	size_t size = sizes[format];
	if ((encoding & 0x70) == 0x10)
		value -= ADDR + f->at;
	if ((encoding & 0x70) == 0x30)
		value -= ADDR;
	if (size == 0)
		size = leb128(bytes, value);
	else
		memcpy(bytes, &value, sizeof(value));
	memcpy(f->bytes + f->at, bytes, size);
	f->at += size;
}

static void put_fde(struct fixture *f, size_t cie, uint8_t encoding, uint64_t addr, uint64_t size)
{
	const size_t start = f->at;
	put(f, 0, 4);
	put(f, f->at - cie, 4);
	put_encoded(f, encoding, addr);
	put_encoded(f, encoding & 0x0f, size);
	put(f, 0, 1); /* no augmentation data */
	end_entry(f, start);
}

static bool take(void *context, uint64_t addr, uint64_t size)
{
	struct fixture *f = context;
	cr_assert_lt(f->count, RANGES);
	f->found[f->count++] = (struct range){addr, size};
	return f->count < f->enough;
}

static enum eh_frame_end each(struct fixture *f)
{
	f->count = 0;
	window_begin(f->window, &f->text.source);
	return eh_frame_each(f->window, &f->where, take, f);
}

static void expect_range(const struct fixture *f, size_t i, uint64_t addr, uint64_t size)
{
	cr_expect(i < f->count && f->found[i].addr == addr && f->found[i].size == size,
		  "%zu of %zu: %#lx, %#lx", i, f->count, (unsigned long)f->found[i].addr,
		  (unsigned long)f->found[i].size);
}

/* Augmentation strings of gcc and clang, in C and C++. */
static const struct {
	const char *row;
	uint8_t version;
	const char *letters;
	const char *data;
	size_t size;
	uint8_t encoding;
} cies[] = {
	{"C", 1, "zR", "\x1b", 1, 0x1b},
	{"C++", 1, "zPLR", "\x9b\1\2\3\4\x1b\x1b", 7, 0x1b},
	{"C++, no-pie", 1, "zPLR", "\x03\1\2\3\4\x03\x03", 7, 0x03},
	{"signal frame", 1, "zRS", "\x1b", 1, 0x1b},
	{"signed by pauth", 1, "zRB", "\x1b", 1, 0x1b},
	{"no augmentation", 1, "", "", 0, 0x00},
	{"version 3", 3, "zR", "\x1b", 1, 0x1b},
	{"version 4", 4, "zR", "\x1b", 1, 0x1b},
	{"absptr", 1, "zR", "\x00", 1, 0x00},
	{"large code model", 1, "zR", "\x1c", 1, 0x1c},
	{"udata4", 1, "zR", "\x03", 1, 0x03},
	{"udata8", 1, "zR", "\x04", 1, 0x04},
	{"pcrel udata8", 1, "zR", "\x14", 1, 0x14},
	{"sdata8", 1, "zR", "\x0c", 1, 0x0c},
	{"uleb128", 1, "zR", "\x01", 1, 0x01},
	{"datarel", 1, "zR", "\x3b", 1, 0x3b},
	{"letters behind those known", 1, "zR?", "\x1b\7\7", 3, 0x1b},
};

Test(eh_frame, encodings)
{
	for (size_t i = 0; i < COUNT(cies); i++) {
		struct fixture f;
		begin(&f);
		const size_t cie =
			put_cie(&f, cies[i].version, cies[i].letters, cies[i].data, cies[i].size);
		put_fde(&f, cie, cies[i].encoding, TEXT, 0x30);
		put_fde(&f, cie, cies[i].encoding, TEXT + 0x30, 0x7f);
		put(&f, 0, 4);
		put_header(&f, 2);
		cr_expect_eq(each(&f), EH_FRAME_WHOLE, "%s", cies[i].row);
		cr_expect_eq(f.count, 2, "%s: %zu", cies[i].row, f.count);
		expect_range(&f, 0, TEXT, 0x30);
		expect_range(&f, 1, TEXT + 0x30, 0x7f);
		end(&f);
	}
}

/* Two kinds of CIE, by turns. */
static void put_some(struct fixture *f)
{
	const size_t c = put_cie(f, 1, "zR", "\x1b", 1);
	put_fde(f, c, 0x1b, TEXT, 0x10);
	const size_t cxx = put_cie(f, 1, "zPLR", "\x9b\1\2\3\4\x1b\x03", 7);
	put_fde(f, cxx, 0x03, TEXT + 0x10, 0x10);
	put_fde(f, c, 0x1b, TEXT + 0x20, 0x10);
	put_fde(f, cxx, 0x03, TEXT + 0x30, 0x10);
}

static void expect_some(const struct fixture *f)
{
	cr_expect_eq(f->count, 4, "%zu", f->count);
	for (size_t i = 0; i < 4; i++)
		expect_range(f, i, TEXT + 0x10 * i, 0x10);
}

Test(eh_frame, ways_to_end)
{
	struct fixture f;
	begin(&f);
	put_some(&f);
	put(&f, 0, 4);
	put_header(&f, 4);
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	expect_some(&f);

	/* Without a count, the entry of no size ends them. */
	f.bytes[2] = 0xff;
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	expect_some(&f);

	/* The count ends them as well, whatever follows. */
	f.bytes[2] = 0x03;
	memset(f.bytes + f.at - 4, 0x77, 64);
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	expect_some(&f);

	/* More were promised than there are. */
	patch32(&f, 8, 5);
	cr_expect_eq(each(&f), EH_FRAME_DAMAGED);
	expect_some(&f);

	f.enough = 2;
	cr_expect_eq(each(&f), EH_FRAME_ENDED);
	cr_expect_eq(f.count, 2);
	end(&f);
}

/* crtend.o of somebody else, linked in the midst of others. */
Test(eh_frame, an_end_in_the_midst)
{
	struct fixture f;
	begin(&f);
	const size_t cie = put_cie(&f, 1, "zR", "\x1b", 1);
	put_fde(&f, cie, 0x1b, TEXT, 0x10);
	put(&f, 0, 4);
	put_fde(&f, cie, 0x1b, TEXT + 0x10, 0x10);
	put(&f, 0, 4);
	put_header(&f, 2);
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	cr_expect_eq(f.count, 2);
	end(&f);
}

Test(eh_frame, without_a_header)
{
	struct fixture f;
	begin(&f);
	cr_expect_eq(each(&f), EH_FRAME_NONE);
	put_some(&f);
	f.where.frames = ADDR + FRAMES;
	f.where.frames_size = f.at - FRAMES;
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	expect_some(&f);
	/* A header that cannot be read is none. */
	put_header(&f, 4);
	f.bytes[0] = 2;
	cr_expect_eq(each(&f), EH_FRAME_WHOLE);
	expect_some(&f);
	f.where.frames_size = 0;
	cr_expect_eq(each(&f), EH_FRAME_DAMAGED);
	f.where.header_size = 3;
	cr_expect_eq(each(&f), EH_FRAME_DAMAGED);
	f.where.frames_size = UINT64_MAX - 5;
	cr_expect_eq(each(&f), EH_FRAME_DAMAGED);
	cr_expect_eq(f.count, 0);
	end(&f);
}

/* Whatever byte is damaged, what is given lies in front of the damage or is nonsense, and ends. */
Test(eh_frame, any_byte_damaged)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct fixture f;
	begin(&f);
	put_some(&f);
	put(&f, 0, 4);
	put_header(&f, 4);
	for (size_t at = 0; at < f.at; at++)
		for (size_t i = 0; i < COUNT(values); i++) {
			const uint8_t kept = f.bytes[at];
			f.bytes[at] = values[i];
			each(&f);
			f.bytes[at] = kept;
		}
	for (size_t present = 0; present < f.at; present++) {
		f.text.present[0] = present;
		const enum eh_frame_end ended = each(&f);
		cr_expect(ended == EH_FRAME_DAMAGED || f.count == 4, "%zu", present);
	}
	end(&f);
}

static const struct {
	const char *row;
	size_t at; /* from the CIE's start */
	uint32_t value;
} damages[] = {
	{"size beyond the segment", 0, 0x10000},
	{"size of 64 bits", 0, UINT32_MAX},
	{"version", 8, 0x00527a09},
	{"indirect addresses", 16, 0x9b},
	{"addresses by the text", 16, 0x2b},
	{"no such format", 16, 0x07},
};

Test(eh_frame, damages)
{
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct fixture f;
		begin(&f);
		const size_t cie = put_cie(&f, 1, "zR", "\x1b", 1);
		put_fde(&f, cie, 0x1b, TEXT, 0x10);
		put(&f, 0, 4);
		put_header(&f, 1);
		cr_expect_eq(each(&f), EH_FRAME_WHOLE);
		patch32(&f, cie + damages[i].at, damages[i].value);
		cr_expect_eq(each(&f), EH_FRAME_DAMAGED, "%s", damages[i].row);
		cr_expect_eq(f.count, 0, "%s", damages[i].row);
		end(&f);
	}
}
