/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of the run tests, in files and lines that only #line knows. */
#include "flags.h"

#include <dynamic_flag.h>

#ifndef linux
#define linux 1
#endif
#ifndef unix
#define unix 1
#endif

/* What stands in which line is what is tested. */
/* clang-format off */

#line 100 "lamps.c"
struct lamps read_lamps(void)
{
	struct lamps lamps;

	lamps.feature = DF_FEATURE(lamp, feature, "off until asked for");
	lamps.normal = DF_DEFAULT(lamp, normal, "on until told otherwise");
	lamps.slow = DF_DEFAULT_SLOW(lamp, slow);
	lamps.opt = DF_OPT(lamp, opt, "");
	return lamps;
}

#line 200 "anchors.c"
int read_anchors(void)
{
	return DF_FEATURE(anchor, foo) * 100 +
	       DF_FEATURE(anchor, bar) * 10 +
	       DF_FEATURE(xanchor, bar);
}

/* Each is smaller than the next: by kind, name, file, line. Their order in text is the reverse. */
int read_order(void)
{
	int on = 0;

#line 1 "a.c"
	on += DF_FEATURE(order2, a);
#line 1 "a.c"
	on += DF_FEATURE(order, b);
#line 2 "b.c"
	on += DF_FEATURE(order, a);
#line 100 "a.c"
	on += DF_FEATURE(order, a, "the longest doc of all, which does not count");
#line 10 "a.c"
	on += DF_FEATURE(order, a, "short");
#line 9 "a.c"
	on += DF_FEATURE(order, a);
#line 300 "flags.c"
	return on;
}

#line 400 "twins.c"
static inline __attribute__((__always_inline__)) int twin(void)
{
	return DF_FEATURE(twin, twin, "there are two of me");
}

int read_twins(void)
{
	return twin() * 10 + twin();
}

#line 500 "odd.c"
int read_predefined(void)
{
	return DF_FEATURE(linux, unix);
}

void hold_dummy(void)
{
	DYNAMIC_FLAG_DUMMY(unix, "a kind of its own");
}

#line 600 "text.c"
int read_texts(void)
{
	return DF_FEATURE(text, hard, "\"quoted\" 100% %d {a|b} back\\slash\ttab é") +
	       DF_FEATURE(text, colons:and@ats, "joined " "of two");
}
