/* SPDX-License-Identifier: Apache-2.0 */
/* liar.h - a target's own headers and table, open to be rewritten. */
#ifndef LIAR_H
#define LIAR_H

#include <elf.h>

#include "target.h"

/* Where nothing else is, within reach of the executable's distances of 32 bits. */
#define LIAR_PLACE UINT64_C(0x10000000)
#define LIAR_ROOM UINT64_C(0x20000000)

struct liar {
	struct target_page *page;
	Elf64_Phdr *headers;
	int count;
	struct df_site_v1 *one, *two; /* records of liar:one and liar:two */
};

/* Makes a field lead to an address. */
static inline void lead(int32_t *field, uintptr_t to)
{
	*field = (int32_t)((int64_t)to - (int64_t)(uintptr_t)field);
}

static inline void *led(int32_t *field)
{
	return (char *)field + *field;
}

/* The segments with this protection reach over all of LIAR_PLACE and LIAR_ROOM, as headers say. */
void liar_stretch(struct liar *l, unsigned prot);

/* Memory at LIAR_PLACE. */
void *liar_map(uint64_t size, int prot, int flags, int fd);

/* Tables that cost much to read; false if there is no such lie. */
int liar_big(struct liar *l, const char *lie);

/* Lies that change all the time; false if there is no such lie. */
int liar_restless(struct liar *l, const char *lie);

#endif
