/* SPDX-License-Identifier: Apache-2.0 */
/* looks.h - which word of the page says what in the target `looks`. */
#ifndef LOOKS_H
#define LOOKS_H

#define LOOKS_THREADS 64

/* So many sites has the program of this name. */
#ifndef LOOKS_SITES
#define LOOKS_SITES 100
#endif

enum looks_word {
	LOOKS_SURE = LOOKS_THREADS,
};

#endif
