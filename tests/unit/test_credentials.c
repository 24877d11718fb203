/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/credentials.c: ids and capabilities as a status file has them. */
#include <criterion/criterion.h>
#include <linux/capability.h>
#include <string.h>

#include "credentials.h"

#define BIT(CAPABILITY) ((uint64_t)1 << (CAPABILITY))

static const char text[] = "Name:\tUid:\\nGid: 9\n"
			   "Uid:\t1000\t0\t33\t0\n"
			   "Gid:\t1001\t4294967295\t44\t44\n"
			   "CapInh:\t0000000000000001\n"
			   "CapPrm:\t000001ffffffffff\n"
			   "CapEff:\t0000000000080400\n";

Test(credentials, of_a_status)
{
	struct credentials c;
	credentials_take(&c, text);
	cr_expect_eq(c.user[ID_REAL], 1000);
	cr_expect_eq(c.user[ID_EFFECTIVE], 0);
	cr_expect_eq(c.user[ID_SAVED], 33);
	cr_expect_eq(c.group[ID_REAL], 1001);
	cr_expect_eq(c.group[ID_EFFECTIVE], 4294967295u);
	cr_expect_eq(c.group[ID_SAVED], 44);
	cr_expect_eq(c.permitted, 0x1ffffffffffu);
	cr_expect_eq(c.effective, BIT(CAP_SYS_PTRACE) | BIT(CAP_NET_BIND_SERVICE));
	cr_expect(credentials_may(&c, CAP_SYS_PTRACE));
	cr_expect_not(credentials_may(&c, CAP_SYS_ADMIN));
}

/* What is not told is nothing. */
Test(credentials, of_less)
{
	static const char *const texts[] = {"", "Uid:", "Uid:\t\nGid:\tx\nCapEff:\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		static const struct credentials none;
		struct credentials c;
		memset(&c, 0xff, sizeof(c));
		credentials_take(&c, texts[i]);
		cr_expect_eq(memcmp(&c, &none, sizeof(c)), 0, "'%s'", texts[i]);
	}
}

Test(credentials, names)
{
	static const struct {
		uint64_t set;
		const char *name;
	} rows[] = {
		{0, ""},
		{BIT(CAP_CHOWN), "CAP_CHOWN"},
		{BIT(CAP_SYS_PTRACE), "CAP_SYS_PTRACE"},
		{BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF), "CAP_SYS_ADMIN"},
		{BIT(CAP_CHECKPOINT_RESTORE), "CAP_CHECKPOINT_RESTORE"},
		{BIT(41), "capability 41"},
		{BIT(63), "capability 63"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[32];
		capability_name(rows[i].set, name, sizeof(name));
		cr_expect_str_eq(name, rows[i].name);
	}
}
