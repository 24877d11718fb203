/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - a program with a hundred flags of several kinds, files and defaults, as a server has them. */
#include <df.h>

static volatile unsigned on;

/* Flags are taken by macros that a function calls several times, so that some have many sites. */
#define PAD4(X) X X X X
#define WORK PAD4(on += 3; on ^= on >> 1;)

/* Ten flags; each function is large enough to lie at some distance from the next. */
#define TEN(FUNCTION, MACRO, KIND, A, B, C, D, E)                                                  \
	__attribute__((noinline)) void FUNCTION(void);                                             \
	void FUNCTION(void)                                                                        \
	{                                                                                          \
		if (MACRO(KIND, A))                                                                \
			on++;                                                                      \
		WORK if (DF_FEATURE(KIND, B, "what " #B " does when " #KIND " is busy")) on++;      \
		WORK if (DF_DEFAULT(KIND, C, "take the short way; off brings the old one back"))   \
			on++;                                                                      \
		WORK if (DF_OPT(KIND, D)) on++;                                                    \
		WORK if (MACRO(KIND, E, "tell the log of each " #E)) on++;                         \
		WORK if (DF_FEATURE(KIND, A##_trace, "trace " #A " step by step")) on++;           \
		WORK if (DF_DEFAULT_SLOW(KIND, B##_limit, "refuse more than is healthy")) on++;    \
		WORK if (DF_FEATURE(KIND, C##_verbose)) on++;                                      \
		WORK if (DF_DEFAULT(KIND, D##_check, "check what " #D " returns")) on++;           \
		WORK if (DF_OPT(KIND, E##_legacy, "as it was before the last release")) on++;      \
	}

#line 40 "src/http/connection.c"
TEN(http_connection, DF_FEATURE, http, fast_path, keepalive, pipelining, timeouts, accept)
#line 112 "src/http/request.c"
TEN(http_request, DF_DEFAULT, http, header_cache, chunked, range, upload, redirect)
#line 77 "src/http/router.c"
TEN(http_router, DF_FEATURE, router, prefix_tree, rewrite, vhost, alias, fallback)
#line 301 "src/cache/lru.c"
TEN(cache_lru, DF_DEFAULT, cache, eviction, admission, prefetch, compaction, shard)
#line 18 "src/cache/disk.c"
TEN(cache_disk, DF_FEATURE, cache, direct_io, checksums, readahead, fsync, mirror)
#line 204 "src/db/query.c"
TEN(db_query, DF_DEFAULT, db, planner, batching, retries, prepared, deadlines)
#line 90 "src/db/pool.c"
TEN(db_pool, DF_FEATURE, db, warm_up, stealing, probes, limits, eager_close)
#line 55 "src/tls/session.c"
TEN(tls_session, DF_DEFAULT, tls, tickets, early_data, resumption, stapling, rotation)
#line 160 "src/tls/cipher.c"
TEN(tls_cipher, DF_FEATURE, tls, chacha, hardware, strict, padding, grease)
#line 33 "src/sched/worker.c"
TEN(sched_worker, DF_FEATURE, sched, balance, pinning, yielding, spin, wakeup)
#line 510 "src/sched/timer.c"
TEN(sched_timer, DF_DEFAULT, sched, wheel, coalesce, drift, slack, tickless)

#line 1 "src/main.c"
int main(void)
{
	for (int i = 0; i < 4; i++)
		if (DF_FEATURE(main, loop, "said of each of the four rounds"))
			on++;
	PAD4(if (DF_FEATURE(main, four_times, "four sites on one line")) on++;)
	if (DF_DEBUG(assertions))
		on++;
	http_connection(), http_request(), http_router(), cache_lru(), cache_disk(), db_query();
	db_pool(), tls_session(), tls_cipher(), sched_worker(), sched_timer();
	return (int)(on & 1);
}
