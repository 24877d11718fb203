/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - whether each selected site is what its record says, before
 * anything is touched.
 *
 * A site passes if its bytes are one of its two instructions with the record's
 * target, they decode, and so does what they would become, as exactly one
 * instruction of that kind, length and target, and they lie in a private,
 * executable mapping of the module's own file.
 */
#ifndef DFPATCH_VERIFY_H
#define DFPATCH_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "image.h"

struct verifier;

/* Returns 0 and sets *verifier (ended by verifier_free), or DF_E_SYSTEM, DF_E_MEMORY. */
int verifier_new(struct verifier **verifier, struct df_err *err);

/*
 * Verifies each selected site of a live image and gives its first byte in
 * `opcodes` (one per site). Returns 0, DF_E_SITE or DF_E_BREAKPOINT with the site's
 * full name, address, expected and found bytes, or what reading memory returns.
 */
int verify_sites(struct verifier *verifier, const struct image *image, const struct maps *maps,
		 const bool *selected, uint8_t *opcodes, struct df_err *err);

void verifier_free(struct verifier *verifier);

#endif
