/* SPDX-License-Identifier: Apache-2.0 */
/* basic.h - which value of the page says what in the target `basic`. */
#ifndef BASIC_H
#define BASIC_H

enum basic_value {
	BASIC_FEATURE,
	BASIC_STANDARD,
	BASIC_SLOW,
	BASIC_OPT_FIRST,
	BASIC_OPT_SECOND,
	BASIC_TRACE,
	BASIC_INLINED, /* three sites of one full name */
	BASIC_COUNT = BASIC_INLINED + 3,
};

#define BASIC_FIRST 16 /* the word of the first value, as it was before main() */

#endif
