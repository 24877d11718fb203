/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journald.h - entries for systemd's journal, by its native protocol: a datagram of fields, or
 * where that is too long for one, a sealed file in memory that holds them.
 */
#ifndef DFPATCH_JOURNALD_H
#define DFPATCH_JOURNALD_H

#include <sys/types.h>

#include "err.h"

#define JOURNALD_SOCKET "/run/systemd/journal/socket"

/* Texts may hold anything; those that are NULL are left out. */
struct journald_entry {
	const char *message;   /* MESSAGE: for people */
	const char *json;      /* DFPATCH_JSON: all of the record, in one line */
	const char *record;    /* DFPATCH_RECORD: what kind of record it is */
	const char *operation; /* DFPATCH_OPERATION */
	const char *flag;      /* DFPATCH_FLAG: its full name */
	pid_t target;	       /* DFPATCH_TARGET; 0 for none */
};

/* Returns a descriptor, or DF_E_SYSTEM if there is no journal that listens there. */
int journald_open(const char *path, struct df_err *err);

/* Returns 0, DF_E_SYSTEM or DF_E_MEMORY. One that listens but takes nothing is waited for. */
int journald_send(int fd, const struct journald_entry *entry, struct df_err *err);

#endif
