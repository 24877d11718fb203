/* SPDX-License-Identifier: Apache-2.0 */
/* Names and docs of every kind; out of reach of the formatter, which would put blanks into them. */
#include "corpus.h"

/* gnu17 predefines these two; names are not expanded, whoever defines them. */
#ifndef linux
#define linux 1
#endif
#ifndef unix
#define unix 1
#endif
#define shout whisper
#define call(X) X
#define VERSION "1"

#define ALL_PRINTABLE                                                                              \
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

/* clang-format off */
static void names(void)
{
	corpus_show("linux:unix", DF_FEATURE(linux, unix));
	corpus_show("shout:shout", DF_DEFAULT(shout, shout));
	corpus_show("name:call(linux)", DF_FEATURE(name, call(linux)));
	corpus_show("net:tcp:nagle", DF_FEATURE(net, tcp:nagle, "a colon inside the name"));
	corpus_show("net:tcp:nagle:off", DF_DEFAULT(net, tcp:nagle:off));
	corpus_show("name:std::vector<int>", DF_FEATURE(name, std::vector<int>));
	corpus_show("section-foo.text:x", DF_OPT(section-foo.text, x));
	corpus_show("name:x-linux.unix:EOF/0", DF_DEFAULT_SLOW(name, x-linux.unix:EOF/0));
	corpus_show("1st:2nd-of.3", DF_FEATURE(1st, 2nd-of.3));
	corpus_show("class:int", DF_DEFAULT(class, int));
	corpus_show("two words:two words", DF_FEATURE(two words, two   words));
	corpus_show("name:a[0]*b+(c|d)?", DF_DEFAULT(name, a[0]*b+(c|d)?));
	corpus_show("name:per%cent%d%c", DF_FEATURE(name, per%cent%d%c));
	corpus_show("name:br{a|b}ce", DF_DEFAULT(name, br{a|b}ce));
	corpus_show("name:semi;colon#hash", DF_FEATURE(name, semi;colon#hash));
	corpus_show("name:at@sign=1", DF_DEFAULT(name, at@sign=1));
	corpus_show("name:a_quoted\"string\"", DF_FEATURE(name, a_quoted"string"));
	corpus_show("name:f(a, b)", DF_DEFAULT(name, f(a, b)));
	corpus_show("größe:maß", DF_FEATURE(größe, maß));
}

static void docs(void)
{
	corpus_show("doc:printable", DF_FEATURE(doc, printable, ALL_PRINTABLE));
	corpus_show("doc:utf8", DF_DEFAULT(doc, utf8, "é 漢字 😀 \303\251"));
	corpus_show("doc:control", DF_FEATURE(doc, control, "tab\tnewline\nbell\a\001\177"));
	corpus_show("doc:joined", DF_DEFAULT(doc, joined, "one, " "two"));
	corpus_show("doc:empty", DF_FEATURE(doc, empty, ""));
	corpus_show("doc:operand", DF_DEFAULT(doc, operand, "%c[df_kind] %0 %= %% $ %l[df_cold]"));
	corpus_show("doc:macro", DF_FEATURE(doc, macro, "version " VERSION));
}
/* clang-format on */

void corpus_names(void)
{
	names();
	docs();
}
