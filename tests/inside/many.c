/* SPDX-License-Identifier: Apache-2.0 */
/* many.c - a table that is worth sorting. */
#include "many.h"

volatile unsigned many_on;

/* Lines are what is tested. */
/* clang-format off */

#line 1 "src/conn.c"
static void read_conn(void)
{
	SITES_100(http, conn_0)
	SITES_100(http, conn_1)
	SITES_100(http, con)
	SITES_100(httpd, conn_0)
	SITES_100(ht, c)
}
#line 1 "src/conn+more.c"
static void read_more(void)
{
	SITES_100(http, conn_0)
	SITES_100(ht, conn)
	SITES_100(db, row)
	SITES_100(db, row_)
}
static void read_idle(void)
{
	SITES_100(http, idle_0)
	SITES_100(http, idle_1)
	SITES_100(http, idle_2)
	SITES_100(http, idle_3)
	SITES_100(http, idle_4)
	SITES_100(idle, idle_0)
	SITES_100(idle, idle_1)
	SITES_100(idle, idle_2)
}

/* Lines of one name, in no order; files that sort behind and before. */
static void read_lines(void)
{
#line 100 "z.c"
	SITE(db, row)
#line 9 "z.c"
	SITE(db, row)
#line 10 "z.c"
	SITE(db, row)
#line 2147483000 "z.c"
	SITE(db, row)
#line 9 "a.c"
	SITE(db, row)
#line 0 "z"
	SITE(db, row)
#line 7 "deep/../dir/[x]{2}(y)|z.c"
	SITE(db, brackets)
#line 61 "many.c"
}
/* clang-format on */

void read_many(void)
{
	many_on = 0;
	read_conn();
	read_more();
	read_idle();
	read_lines();
	read_odd();
}
