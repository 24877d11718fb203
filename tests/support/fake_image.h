/* SPDX-License-Identifier: Apache-2.0 */
/* fake_image.h - loaded modules made of site descriptions, with nothing behind them. */
#ifndef FAKE_IMAGE_H
#define FAKE_IMAGE_H

#include "image.h"

/*
 * Appends a live module whose sites are copies of `sites` (strings stay the
 * caller's), with zero states, and returns it, open to be changed. images_free()
 * frees it. Ends the program if memory runs out.
 */
struct image *fake_image_add(struct images *images, const char *path, const struct df_site *sites,
			     size_t count);

/* What `action` writes to standard output, allocated and terminated. */
char *fake_image_output(void (*action)(void *context), void *context);

#endif
