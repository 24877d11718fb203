/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eh_frame.h - where functions lie, by what the unwinder knows of them.
 *
 * .eh_frame (Linux Standard Base, "Exception Frames"; DWARF 5, section 6.4) is
 * loaded, so it is there in stripped files, without section headers, and in
 * memory. A part of a function that lies apart from the rest has a range of its own.
 */
#ifndef DFPATCH_EH_FRAME_H
#define DFPATCH_EH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "window.h"

/* Of the window's space; sizes are 0 for what there is not. */
struct eh_frame {
	uint64_t header; /* .eh_frame_hdr: PT_GNU_EH_FRAME */
	uint64_t header_size;
	uint64_t frames; /* .eh_frame, for when there is no such header */
	uint64_t frames_size;
};

/* Takes the range of one function, of the window's space; false ends it. */
typedef bool (*eh_frame_take)(void *context, uint64_t addr, uint64_t size);

enum eh_frame_end {
	EH_FRAME_WHOLE,	  /* every range was given */
	EH_FRAME_NONE,	  /* there is none */
	EH_FRAME_DAMAGED, /* the ranges in front of the damage were given */
	EH_FRAME_ENDED,	  /* by `take` */
};

/*
 * Gives each range, in the order of the file: unsorted, and as untrusted as that is.
 * Takes time and memory by the size of the frames only.
 */
enum eh_frame_end eh_frame_each(struct window *window, const struct eh_frame *where,
				eh_frame_take take, void *context);

#endif
