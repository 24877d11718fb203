/* SPDX-License-Identifier: Apache-2.0 */
/* claim.c - our claims on modules of a running process. */
#include "claim.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "df_abi.h"

_Static_assert(offsetof(struct df_control_v1, external_nonce) ==
		       offsetof(struct df_control_v1, external) + sizeof(uint32_t),
	       "a claim is one word");

static uint64_t place_of(uint64_t control)
{
	return control + offsetof(struct df_control_v1, external);
}

/* Where there is no randomness yet, early in the life of a system, time will do. */
static uint32_t first_nonce(void)
{
	uint32_t nonce;
	struct timespec now;
	if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) == (ssize_t)sizeof(nonce))
		return nonce;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 20;
}

/* All claims of this process have nonces in a row. */
static struct {
	bool begun;
	uint32_t next;
} nonces;

static uint64_t next_word(void)
{
	if (!nonces.begun)
		nonces.next = first_nonce();
	nonces.begun = true;
	return (uint64_t)nonces.next++ << 32 | (uint32_t)getpid();
}

int claims_begin(struct claims *claims, size_t room, struct df_err *err)
{
	if (claims->word == 0)
		claims->word = next_word();
	if (room <= claims->room)
		return 0;
	uint64_t *larger = realloc(claims->list, room * sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	claims->list = larger;
	claims->room = room;
	return 0;
}

void claims_renew(struct claims *claims)
{
	claims->word = next_word();
	claims->count = 0;
}

int claims_take(struct claims *claims, const struct df_mem *mem, uint64_t control,
		struct df_err *err)
{
	if (claims->count == claims->room)
		return df_fail_memory(err);
	/* Before it is written: half of it may be when the writing fails. */
	claims->list[claims->count++] = control;
	return mem->store(mem->context, place_of(control), &claims->word, sizeof(claims->word),
			  err);
}

static bool stands(const struct claims *claims, const struct df_mem *mem, uint64_t control)
{
	uint64_t word = 0;
	return mem->load(mem->context, place_of(control), &word, sizeof(word), NULL) == 0 &&
	       word == claims->word;
}

bool claims_stand(const struct claims *claims, const struct df_mem *mem)
{
	for (size_t i = 0; i < claims->count; i++)
		if (!stands(claims, mem, claims->list[i]))
			return false;
	return true;
}

/* False if that failed; not if it is none of ours any more. */
static bool give_back(const struct claims *claims, const struct df_mem *mem, uint64_t control)
{
	const uint64_t none = 0;
	uint64_t word = 0;
	if (mem->load(mem->context, place_of(control), &word, sizeof(word), NULL) != 0)
		return false;
	return word != claims->word ||
	       mem->store(mem->context, place_of(control), &none, sizeof(none), NULL) == 0;
}

/* Once more where it failed: what is left behind holds up libdf until that takes us for dead. */
void claims_drop_one(const struct claims *claims, size_t i, const struct df_mem *mem)
{
	if (!give_back(claims, mem, claims->list[i]))
		give_back(claims, mem, claims->list[i]);
}

void claims_drop(struct claims *claims, const struct df_mem *mem)
{
	for (size_t i = 0; i < claims->count; i++)
		claims_drop_one(claims, i, mem);
	claims->count = 0;
}

void claims_end(struct claims *claims)
{
	free(claims->list);
	*claims = (struct claims){0};
}
