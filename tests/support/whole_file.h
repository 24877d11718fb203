/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.h - the bytes of a file that a test was built with. */
#ifndef DF_TEST_WHOLE_FILE_H
#define DF_TEST_WHOLE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* All of it, which the caller frees, and its size. Fails the test if it cannot be read. */
uint8_t *whole_file(const char *path, size_t *size);

#endif
