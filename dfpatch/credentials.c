/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c - by which rights a process runs. */
#include "credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "status.h"

/* linux/capability.h, in the order of their numbers. */
static const char *const capabilities[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

static void take_ids(const char *status, const char *name, uint32_t ids[ID_COUNT])
{
	const char *at = status_field(status, name);
	for (int i = 0; i < ID_COUNT; i++) {
		char *end = NULL;
		ids[i] = at ? (uint32_t)strtoul(at, &end, 10) : 0;
		at = end;
	}
}

static uint64_t take_set(const char *status, const char *name)
{
	const char *at = status_field(status, name);
	return at ? strtoull(at, NULL, 16) : 0;
}

void credentials_take(struct credentials *credentials, const char *status)
{
	take_ids(status, "Uid", credentials->user);
	take_ids(status, "Gid", credentials->group);
	credentials->permitted = take_set(status, "CapPrm");
	credentials->effective = take_set(status, "CapEff");
}

void capability_name(uint64_t set, char *name, size_t size)
{
	const unsigned known = sizeof(capabilities) / sizeof(capabilities[0]);
	unsigned number = 0;
	name[0] = '\0';
	if (set == 0)
		return;
	while ((set >> number & 1) == 0)
		number++;
	if (number < known)
		snprintf(name, size, "CAP_%s", capabilities[number]);
	else
		snprintf(name, size, "capability %u", number);
}
