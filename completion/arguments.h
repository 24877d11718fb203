/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.h - how shells complete the arguments of options. */
#ifndef COMPLETION_ARGUMENTS_H
#define COMPLETION_ARGUMENTS_H

/*
 * In the one word that each script of this directory has a function for: pids, flags, ...
 * The argument goes by its name in --help. "nothing" if only who types knows it, NULL if
 * it is not known to us.
 */
const char *completion_of(const char *argument);

#endif
