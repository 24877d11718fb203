/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd.c - names that are hard to search. WITH_AT adds some with an @ of their own,
 * WITH_COLON kinds with a colon: each is another way through the table.
 */
#include "many.h"

/* Lines are what is tested. */
/* clang-format off */

#line 1 "odd.c"
void read_odd(void)
{
	SITE(größe, naïve)
	SITE(größe, naïf)
	SITE(größ, naïve)
	SITE(g, 3d)
	SITE(g, 3)
	SITE(g, a b  c)
	SITE(g, a::b)
	SITE(g, a.b)
	SITE(g, a*b)
	SITE(g, a->b[0])
	SITE(g, x##y)
	SITE(a, a)
	SITE(a, b)
	SITE(aa, a)
	SITE(Http, conn)
#ifdef WITH_AT
	SITE(at, user@host)
	SITE(at, user)
	SITE(at, user@host@odd.c:20)
	SITE(at, use@)
	SITE(at, use@r)
	SITE(http, conn_000@src)
	SITE(http, conn_0@src)
	SITE(k@l, m)
	SITE(k, m)
#endif
#ifdef WITH_COLON
	SITE(net::tcp, open)
	SITE(net, tcp)
	SITE(net:tcp, open)
	SITE(net, tcp:open)
	SITE(net:, x)
	SITE(:, x)
	SITES_100(net::udp, port)
#endif
}
/* clang-format on */
