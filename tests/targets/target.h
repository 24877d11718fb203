/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - what a target and its test tell each other, in shared memory.
 *
 * The test makes the memory and hands it over as descriptor TARGET_FD, which
 * works for static programs and across exec alike. A target that is started
 * without it (by hand) gets memory that nobody reads.
 */
#ifndef TARGET_H
#define TARGET_H

#include <df.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TARGET_FD 3
#define TARGET_PAGE_SIZE 65536
#define TARGET_VALUES 64
#define TARGET_WORDS 512

struct target_page {
	volatile uint32_t ready;   /* set once by the target */
	volatile uint32_t go;	   /* set by the test; what for is the target's business */
	volatile uint64_t beat;	   /* times through all sites */
	volatile uint64_t broken;  /* times the target's invariant did not hold */
	volatile uint64_t checked; /* times it was looked at */
	volatile uint64_t control; /* address of the control block */
	volatile int32_t value[TARGET_VALUES]; /* what the sites said last */
	volatile int64_t word[TARGET_WORDS];   /* the target's own */
};

static inline struct target_page *target_page(void)
{
	void *page = mmap(NULL, TARGET_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, TARGET_FD, 0);
	if (page == MAP_FAILED)
		page = mmap(NULL, TARGET_PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		abort();
	return (struct target_page *)page;
}

/* The number behind `name=` among the arguments, or `otherwise`. */
static inline long target_option(char **argv, const char *name, long otherwise)
{
	const size_t length = strlen(name);
	for (char **arg = argv + 1; *arg; arg++)
		if (strncmp(*arg, name, length) == 0 && (*arg)[length] == '=')
			return strtol(*arg + length + 1, NULL, 10);
	return otherwise;
}

#ifdef __cplusplus
extern "C"
#else
extern
#endif
	struct df_control_v1 df_module_v1 __attribute__((visibility("hidden")));

#endif
