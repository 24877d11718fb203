/* SPDX-License-Identifier: Apache-2.0 */
/* basics.h - what the sites of the target `basic` say, all at once. */
#ifndef BASICS_H
#define BASICS_H

#include "live.h"

/* One digit for each value of basic.h. */
#define BASIC_AS_BUILT "011111000"

/* As they say after this call began; valid up to the next one. */
const char *basic_values(const struct live *live);

void basic_values_are(const struct live *live, const char *wanted);

#endif
