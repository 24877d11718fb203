/* SPDX-License-Identifier: Apache-2.0 */
/* liar_restless.c - a control block, states and mappings that change while they are read. */
#include "liar.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static struct liar liar;

static void *generation(void *unused)
{
	volatile uint64_t *word = &df_module_v1.generation;
	for (;;)
		++*word;
	return unused;
}

/* Whenever the work of a dead controller was put right, there is more of it. */
static void *dying_controllers(void *unused)
{
	volatile uint32_t *phase = &df_module_v1.phase;
	volatile struct df_state_v1 *state = led(&liar.one->state);
	for (;;)
		if (*phase == DF_PHASE_IDLE) {
			state->next.activation ^= 1;
			*phase = DF_PHASE_WRITING;
		}
	return unused;
}

/* The page of the table is taken away and put back, from its file. */
static void *table_comes_and_goes(void *unused)
{
	const uintptr_t page = (uintptr_t)liar.one & ~(uintptr_t)4095;
	const Elf64_Phdr *p = liar.headers;
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	while (p->p_type != PT_LOAD || page < p->p_vaddr || page - p->p_vaddr >= p->p_memsz)
		p++;
	const off_t offset = (off_t)(page - (p->p_vaddr & ~UINT64_C(4095)) + p->p_offset);
	for (;;) {
		munmap((void *)page, 4096);
		if (mmap((void *)page, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
			 offset & ~4095) == MAP_FAILED)
			abort();
	}
	return unused;
}

/* Distances lead somewhere else from one look to the next. */
static void *records_change(void *unused)
{
	volatile int32_t *site = &liar.one->site, *state = &liar.one->state,
			 *name = &liar.one->name;
	const int32_t was[] = {*site, *state, *name};
	for (uint32_t i = 0;; i++) {
		*site = i % 3 ? was[0] : was[0] + (int32_t)(i % 64);
		*state = i % 5 ? was[1] : was[1] + 16 * (int32_t)(i % 4096);
		*name = i % 7 ? was[2] : was[2] + (int32_t)(i * 2654435761u);
	}
	return unused;
}

int liar_restless(struct liar *l, const char *lie)
{
	static const struct {
		const char *name;
		void *(*run)(void *);
	} lies[] = {
		{"generation", generation},
		{"dying-controllers", dying_controllers},
		{"table-comes-and-goes", table_comes_and_goes},
		{"records-change", records_change},
	};
	pthread_t thread;
	liar = *l;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (strcmp(lie, lies[i].name) == 0)
			return pthread_create(&thread, NULL, lies[i].run, NULL) == 0;
	return 0;
}
