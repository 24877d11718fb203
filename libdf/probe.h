/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - static probes at each flip, for bpftrace(8), perf(1) and the like (sys/sdt.h).
 *
 * A probe is one instruction that does nothing, and a note that says where it is and where its
 * arguments are: the process, the flag's name, the address, the opcode before and after, and the
 * flag's kind; tools know no more than six. While nobody looks, a counter that the kernel keeps
 * is 0, and not even the arguments are worked out. Without sys/sdt.h there is nothing.
 */
#ifndef DF_PROBE_H
#define DF_PROBE_H

#ifdef DF_PROBES
#define _SDT_HAS_SEMAPHORES 1 /* NOLINT(bugprone-reserved-identifier): what sys/sdt.h asks for */
#include <sys/sdt.h>

/* Once for each provider, in the file that has its probe. */
#define PROBE_DEFINE(PROVIDER)                                                                     \
	extern volatile unsigned short PROVIDER##_flip_semaphore;                                  \
	volatile unsigned short PROVIDER##_flip_semaphore __attribute__((section(".probes")))

#define PROBE_IS_ON(PROVIDER) __builtin_expect(PROVIDER##_flip_semaphore != 0, 0)

/* `site` is a struct df_site. */
#define PROBE_FLIP(PROVIDER, pid, site, before, after)                                             \
	STAP_PROBE6(PROVIDER, flip, (int)(pid), (site)->name, (site)->addr, (unsigned)(before),    \
		    (unsigned)(after), (site)->kind)
#else
#define PROBE_DEFINE(PROVIDER) _Static_assert(1, "")
#define PROBE_IS_ON(PROVIDER) 0
#define PROBE_FLIP(PROVIDER, pid, site, before, after)                                             \
	do {                                                                                       \
		(void)(pid);                                                                       \
		(void)(site);                                                                      \
		(void)(before);                                                                    \
		(void)(after);                                                                     \
	} while (0)
#endif

#endif
