/* SPDX-License-Identifier: Apache-2.0 */
/* leaver.h - what the target `leaver` can be told. */
#ifndef LEAVER_H
#define LEAVER_H

#define LEAVER_STATUS 29

enum leaver_order {
	LEAVE_NOT,
	LEAVE_BY_EXEC, /* the first thread runs the program anew */
	LEAVE_BY_EXEC_OF_ANOTHER,
	LEAVE_BY_EXIT,
	LEAVE_THE_OTHERS, /* the first thread exits, the others stay */
	LEAVE_MAKING,	  /* nobody leaves: a thread makes 20 more */
};

enum leaver_word {
	LEAVER_LIVES,
	LEAVER_PARENT,
	LEAVER_SEEN,
};

#endif
