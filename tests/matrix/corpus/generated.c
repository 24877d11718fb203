/* SPDX-License-Identifier: Apache-2.0 */
/* As a program writes it that turns another language into C: files and lines are that one's. */
#include "corpus.h"

#line 40 "grammar.y"
static int rule(void)
{
	return DF_FEATURE(generated, rule);
}

void corpus_generated(void)
{
	corpus_show("generated:rule", rule());
#line 400 "a \"grammar\" 100%d {a|b} back\\slash.y"
	corpus_show("generated:action", DF_DEFAULT(generated, action));
}
