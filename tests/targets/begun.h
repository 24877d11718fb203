/* SPDX-License-Identifier: Apache-2.0 */
/* begun.h - the library of the target `begun`. */
#ifndef BEGUN_H
#define BEGUN_H

/* Keeps the library from being left out as needless. */
void begun_library(void);

#endif
