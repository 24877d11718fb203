/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/claim.c: taken, seen to stand, and given back only if they are ours. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "df_abi.h"

#define BLOCKS 3

/* Control blocks at their index times their size. */
static struct df_control_v1 blocks[BLOCKS];
static int stores;
static bool fails;
static int failing_store; /* of that number, from 1 */

static int load(void *context, uint64_t addr, void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	if (addr + size > sizeof(blocks))
		return df_fail(err, DF_E_SYSTEM, "not mapped");
	memcpy(buffer, (const char *)blocks + addr, size);
	return 0;
}

static int store(void *context, uint64_t addr, const void *buffer, size_t size, struct df_err *err)
{
	(void)context;
	stores++;
	if (fails || stores == failing_store)
		return df_fail(err, DF_E_SYSTEM, "fails");
	cr_assert(addr + size <= sizeof(blocks));
	memcpy((char *)blocks + addr, buffer, size);
	return 0;
}

static const struct df_mem mem = {.load = load, .store = store};

static void begin(struct claims *claims)
{
	struct df_err err;
	memset(blocks, 0, sizeof(blocks));
	*claims = (struct claims){0};
	cr_assert_eq(claims_begin(claims, BLOCKS, &err), 0);
	for (uint64_t i = 0; i < BLOCKS; i++)
		cr_assert_eq(claims_take(claims, &mem, i * sizeof(blocks[0]), &err), 0);
}

Test(claim, stands_where_libdf_looks)
{
	struct claims claims;
	begin(&claims);
	for (int i = 0; i < BLOCKS; i++) {
		cr_expect_eq(blocks[i].external, (uint32_t)getpid());
		cr_expect_eq(blocks[i].external_nonce, (uint32_t)(claims.word >> 32));
		cr_expect_eq(blocks[i].lock, 0u);
		cr_expect_eq(blocks[i].phase, 0u);
	}
	cr_expect(claims_stand(&claims, &mem));
	claims_drop(&claims, &mem);
	for (int i = 0; i < BLOCKS; i++)
		cr_expect(blocks[i].external == 0 && blocks[i].external_nonce == 0);
	stores = 0;
	claims_drop(&claims, &mem);
	cr_expect_eq(stores, 0, "nothing to give back");
	claims_end(&claims);
}

/* Wiped by halves, another controller's, or of a module that has gone. */
Test(claim, what_is_not_ours_is_left_alone)
{
	struct claims claims;
	struct df_err err;
	begin(&claims);
	blocks[0].external = 0;
	cr_expect(!claims_stand(&claims, &mem), "a half is no claim");
	blocks[0].external = (uint32_t)getpid();
	blocks[1].external_nonce++;
	cr_expect(!claims_stand(&claims, &mem), "another nonce is another claim");
	claims.list[2] = sizeof(blocks) + 64;
	cr_expect(!claims_stand(&claims, &mem));
	claims_drop(&claims, &mem);
	cr_expect_eq(blocks[0].external, 0u);
	cr_expect_eq(blocks[1].external, (uint32_t)getpid());
	cr_expect_eq(blocks[2].external, (uint32_t)getpid());
	/* What may have been written by halves is looked at again. */
	fails = true;
	cr_expect_lt(claims_take(&claims, &mem, 0, &err), 0);
	cr_expect_eq(claims.count, 1u);
	fails = false;
	claims_end(&claims);
}

/* A claim left behind would keep libdf from its work until it takes us for dead. */
Test(claim, a_failure_does_not_leave_one_behind)
{
	struct claims claims;
	begin(&claims);
	failing_store = stores + 2;
	claims_drop(&claims, &mem);
	cr_expect_eq(stores, failing_store + 2, "once more, and the third");
	for (int i = 0; i < BLOCKS; i++)
		cr_expect_eq(blocks[i].external, 0u, "%d", i);
	claims_end(&claims);
}

Test(claim, no_two_have_one_nonce)
{
	struct claims first, second;
	begin(&first);
	const uint64_t before = first.word;
	claims_renew(&first);
	cr_expect_neq(first.word, before);
	cr_expect_eq((uint32_t)first.word, (uint32_t)before);
	cr_expect_eq(first.count, 0u);
	begin(&second);
	cr_expect_neq(first.word, second.word);
	cr_expect_neq(before, second.word);
	claims_end(&first);
	claims_end(&second);
}
