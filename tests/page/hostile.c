/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.c - flags whose names, docs and files would take a careless page over. */
#include <df.h>

#define EVIL "\"><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"

int main(void)
{
	int on = 0;
	if (DF_FEATURE(<img src=x onerror=alert(1)>, x</td></table><script>alert(1)</script>, EVIL))
		on++;
	if (DF_DEFAULT(safe, x</title></style></script><h1 id=taken>taken</h1>, EVIL "<!--"))
		on++;
	if (DF_FEATURE(safe, a & b &lt; &amp; &#60;script&#62;, "' onmouseover='alert(1)"))
		on++;
	if (DF_OPT(constructor, __proto__, "javascript:alert(1)"))
		on++;
	if (DF_FEATURE(safe, rtl, "\342\200\256gnp.exe \377\376 \033[31m \001"))
		on++;
	if (DF_DEFAULT(safe, \u05e9\u05dc\u05d5\u05dd, "\327\251\327\234\327\225\327\235"))
		on++;
#line 7 "<svg onload=alert(1)>/a%sb#q=x.c"
	if (DF_FEATURE(safe, file, "of a file with a name; owner=<img expires=2999-12-31"))
		on++;
	if (DF_FEATURE(safe, wide,
		       "wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide"
		       "_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide"
		       "_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide"))
		on++;
	return on;
}
