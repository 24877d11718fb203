/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_eh_frame.c - frames and their header, in one segment. The input begins with two bytes that
 * say where the frames are (0: where the header says, or nowhere) and how long the header is.
 */
#include "eh_frame.h"
#include "fuzz.h"

#define ADDR UINT64_C(0x400000)

static int pull(void *context, uint64_t addr, void *to, size_t size)
{
	const struct input *in = context;
	MUST(addr >= ADDR && addr - ADDR <= in->size && size <= in->size - (addr - ADDR));
	memcpy(to, in->data + (addr - ADDR), size);
	return 0;
}

static bool take(void *context, uint64_t addr, uint64_t size)
{
	size_t *count = context;
	(void)addr;
	(void)size;
	return ++*count < 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct window window;
	struct input in = {data, size};
	const uint8_t frames = input_byte(&in), header = input_byte(&in);
	if (in.size < 1 || size < 2)
		return 0;
	const struct df_range segment = {.addr = ADDR, .size = in.size, .prot = DF_READ};
	const struct df_view view = {.segments = &segment, .segment_count = 1};
	const struct window_source source = {&view, pull, &in};
	const struct eh_frame where = {
		.header = ADDR,
		.header_size = header,
		.frames = ADDR + frames,
		.frames_size = frames > 0 && frames < in.size ? in.size - frames : 0,
	};
	size_t count = 0;
	window_begin(&window, &source);
	const enum eh_frame_end end = eh_frame_each(&window, &where, take, &count);
	MUST(end <= EH_FRAME_ENDED && count <= in.size / 8 + 1);
	MUST(end != EH_FRAME_NONE || count == 0);
	return 0;
}
