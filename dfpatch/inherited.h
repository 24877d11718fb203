/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inherited.h - what we need to be other than it was when we were started, and what a program that
 * we become would inherit: it gets it back. Of this process, once.
 */
#ifndef DFPATCH_INHERITED_H
#define DFPATCH_INHERITED_H

#include <stdbool.h>

#include "err.h"

/*
 * Occupies standard descriptors that we were started without: such a number would be that of the
 * next file opened, and messages would go there: the target's memory, at worst. Opened for
 * nothing, they take no output. False if that cannot be done, and nothing may be opened or printed.
 */
bool inherited_occupy_descriptors(void);

/* Raises the limit on stacks, where it is too low for us. Returns 0 or DF_E_SYSTEM. */
int inherited_raise_stack(struct df_err *err);

/*
 * Allows as many descriptors as may be, for a command that keeps some of each process. As a program
 * that we become is not one of those, this stays.
 */
void inherited_allow_descriptors(void);

/* Puts back the rest of these for a program that we become: descriptors when it does. */
void inherited_give_back(void);

#endif
