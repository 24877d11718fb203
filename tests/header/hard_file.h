/* SPDX-License-Identifier: Apache-2.0 */
/* A flag in a file whose name has all that a path may hold; the line below sets name and number.
 */
#define HARD_FILE "we ird%d{a|b}\\x'q $HOME `é.c"
#define HARD_LINE 4711
#line 4711 "we ird%d{a|b}\\x'q $HOME `é.c"
READ(hard_file, DF_FEATURE(file, hard))
