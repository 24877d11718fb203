/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - the same as report.h for machines; the only user of json-c.
 *
 * Every document has "schema": JSON_SCHEMA, which rises when a member goes or
 * changes its meaning, not when one comes. Addresses are strings, since JSON
 * numbers lose 64-bit values. Bytes of names that are no UTF-8 appear as \xNN.
 */
#ifndef DFPATCH_JSON_H
#define DFPATCH_JSON_H

#include "err.h"
#include "run.h"

#define JSON_SCHEMA 1

/* Each prints one document. Returns 0 or DF_E_MEMORY. */
int json_list(const struct list_result *result, struct df_err *err);
int json_change(const char *command, const struct change_request *request,
		const struct change_result *result, struct df_err *err);
int json_error(const char *command, const struct df_err *what, struct df_err *err);

#endif
