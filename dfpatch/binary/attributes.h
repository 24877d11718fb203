/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attributes.h - extended attributes (xattr(7)) of a file, and what becomes of them in a copy.
 *
 * Those of users (user.*) and the access control list are copied. All others say something
 * about the file that another has to decide or to sign; for them there are notes.
 */
#ifndef DFPATCH_ATTRIBUTES_H
#define DFPATCH_ATTRIBUTES_H

#include "notes.h"

/*
 * Gives the file `to` the attributes of `from`, and takes an access control list from it
 * that it only has from its directory. Its owner and mode must be final. Whatever cannot be
 * done becomes a note.
 */
void attributes_copy(int from, int to, struct notes *notes);

#endif
