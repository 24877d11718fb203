/* SPDX-License-Identifier: Apache-2.0 */
/* vforker.h - which word of the page says what in the target `vforker`. */
#ifndef VFORKER_H
#define VFORKER_H

#define VFORKER_ASKERS 8
#define VFORKER_STATUS 41

enum vforker_word {
	VFORKER_GAP = 64, /* VFORKER_ASKERS of them */
	VFORKER_ID = 128,
	VFORKER_CHILD,
	VFORKER_BACK,
	VFORKER_SERVED,
};

#endif
