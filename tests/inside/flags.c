/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c - the flags that the tests within a process are about, in lines that only #line knows. */
#include "flags.h"

#include <df.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((__always_inline__))

/* What stands in a line is what is tested. */
/* clang-format off */

#line 100 "lamps.c"
static int read_feature(void) { return DF_FEATURE(lamp, feature, "off as built"); }
static int read_standard(void) { return DF_DEFAULT(lamp, standard, "on as built"); }
static int read_slow(void) { return DF_DEFAULT_SLOW(lamp, slow); }
static int read_opt(void) { return DF_OPT(lamp, opt, "on for whoever has no controller"); }
static int read_opt_two(void) { return DF_OPT(lamp, opt_two); }

#line 200 "twins.c"
ALWAYS_INLINE int twin(void) { return DF_FEATURE(many, twin, "three sites, one flag"); }

static int read_twin(void)
{
	volatile int a = twin(), b = twin(), c = twin();

	return a == b && b == c ? a : -1;
}

#line 210 "twins.c"
ALWAYS_INLINE int opt_twin(void) { return DF_OPT(many, opt_twin, "two sites, held"); }

static int read_opt_twin(void)
{
	volatile int a = opt_twin(), b = opt_twin();

	return a == b ? a : -1;
}

#line 220 "twins.c"
static int read_unrolled(void)
{
	int sum = 0;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		sum += DF_FEATURE(many, unrolled);
	return sum == 0 ? 0 : sum == 4 ? 1 : -1;
}

/* One kind and name, two lines: two flags. */
#line 300 "lines.c"
static int read_nine(void) { return DF_FEATURE(lines, same); }
#line 310 "lines.c"
static int read_ten(void) { return DF_FEATURE(lines, same); }

#line 400 "kinds.c"
static int read_ht(void) { return DF_FEATURE(ht, tp); }
static int read_http(void) { return DF_FEATURE(http, fast, "answer from the \"cache\", 100%"); }
static int read_https(void) { return DF_DEFAULT(https, fast); }

#line 500 "deb.c"
static int read_debug(void) { return DF_DEBUG(trace); }

#line 24 "flags.c"
/* clang-format on */

#ifdef NDEBUG
#define DEBUG_ON 0
#else
#define DEBUG_ON 1
#endif

const struct lamp lamps[] = {
	{"lamp:feature@lamps.c:100", "lamp", "off as built", read_feature, 1, 0, 0},
	{"lamp:standard@lamps.c:101", "lamp", "on as built", read_standard, 1, 1, 0},
	{"lamp:slow@lamps.c:102", "lamp", "", read_slow, 1, 1, 0},
	{"lamp:opt@lamps.c:103", "lamp", "on for whoever has no controller", read_opt, 1, 0, 1},
	{"lamp:opt_two@lamps.c:104", "lamp", "", read_opt_two, 1, 0, 1},
	{"many:twin@twins.c:200", "many", "three sites, one flag", read_twin, 3, 0, 0},
	{"many:opt_twin@twins.c:210", "many", "two sites, held", read_opt_twin, 2, 0, 1},
	{"many:unrolled@twins.c:226", "many", "", read_unrolled, 1, 0, 0},
	{"lines:same@lines.c:300", "lines", "", read_nine, 1, 0, 0},
	{"lines:same@lines.c:310", "lines", "", read_ten, 1, 0, 0},
	{"ht:tp@kinds.c:400", "ht", "", read_ht, 1, 0, 0},
	{"http:fast@kinds.c:401", "http", "answer from the \"cache\", 100%", read_http, 1, 0, 0},
	{"https:fast@kinds.c:402", "https", "", read_https, 1, 1, 0},
	{"debug:trace@deb.c:500", "debug", "", read_debug, 1, DEBUG_ON, 0},
};
const size_t lamp_count = sizeof(lamps) / sizeof(lamps[0]);

const struct lamp *lamp_named(const char *full_name)
{
	for (size_t i = 0; i < lamp_count; i++)
		if (strcmp(lamps[i].full_name, full_name) == 0)
			return &lamps[i];
	return NULL;
}
