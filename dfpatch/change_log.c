/* SPDX-License-Identifier: Apache-2.0 */
/* change_log.c - changes, recorded in a log. */
#include "change_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "match.h"

/* ---- one record ---- */

/* What people see first in the journal; the rest is in fields. */
struct about {
	const char *record;
	const char *flag; /* NULL for none */
	char message[512];
};

static int put(struct change_log *log, const struct change_request *request, char *line,
	       const struct about *about, struct df_err *err)
{
	CLEANUP_FREE char *json = line;
	const struct journald_entry entry = {
		.message = about->message,
		.json = json,
		.record = about->record,
		.operation = json_log_operation(&log->records, request),
		.flag = about->flag,
		.target = request->pid,
	};
	return json ? log_write(&log->log, &entry, err) : df_fail_memory(err);
}

static const char *reason_of(const struct change_log *log)
{
	return log->records.reason ? log->records.reason : "no reason given";
}

/* ---- before ---- */

static uint64_t mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t sum_of(const struct change_result *result)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < result->images.count; i++) {
		const struct df_plan *plan = &result->plans[i];
		sum = mix(sum, result->images.list[i]->table.control);
		for (size_t j = 0; j < plan->edit_count; j++)
			sum = mix(mix(sum, plan->edits[j].addr),
				  (uint64_t)plan->edits[j].before[0] << 8 |
					  plan->edits[j].after[0]);
	}
	return sum;
}

static void begin_change(struct change_log *log, const struct change_result *result)
{
	struct json_log *records = &log->records;
	snprintf(records->id, sizeof(records->id), "%d.%" PRIu64, getpid(), moment_now().monotonic);
	identity_own(&records->own);
	identity_of(&result->process, &records->process);
}

/* Again where an attempt plans other writings than the one before. */
static int before(struct recorder *recorder, const struct change_request *request,
		  const struct change_result *result, struct df_err *err)
{
	struct change_log *log = (struct change_log *)recorder;
	struct about about = {.record = "begin"};
	const uint64_t planned = sum_of(result);
	if (log->begun && log->planned == planned)
		return 0;
	if (!log->begun)
		begin_change(log, result);
	snprintf(about.message, sizeof(about.message),
		 "%s: about to change flags of process %d (%s): %s",
		 json_log_operation(&log->records, request), result->process.pid,
		 result->process.name, reason_of(log));
	const int status =
		put(log, request, json_log_begin(&log->records, request, result), &about, err);
	if (status < 0)
		return request->undo ? status : df_err_prefix(err, "nothing was changed");
	log->begun = true;
	log->planned = planned;
	return 0;
}

/* ---- what was written ---- */

static int put_entry(struct change_log *log, const struct change_request *request,
		     const struct change_result *result, const struct journal_entry *entry,
		     const struct df_err *what, struct df_err *err)
{
	char name[1024];
	struct about about = {.record = "write", .flag = name};
	df_full_name(&result->images.list[entry->module]->sites[entry->site], name, sizeof(name));
	snprintf(about.message, sizeof(about.message),
		 "%s: %.200s in process %d: %02x at %#" PRIx64 ": %.100s",
		 json_log_cause(entry->cause), name, result->process.pid, entry->after[0],
		 entry->addr, reason_of(log));
	return put(log, request, json_log_write(&log->records, request, result, entry, what),
		   &about, err);
}

static int written(struct recorder *recorder, const struct change_request *request,
		   const struct change_result *result, const struct journal *journal,
		   const struct df_err *what, struct df_err *err)
{
	struct change_log *log = (struct change_log *)recorder;
	int status = 0;
	for (size_t i = 0; status == 0 && i < journal->count; i++)
		status = put_entry(log, request, result, &journal->entries[i], what, err);
	/* What cannot be recorded any more has no end either. */
	log->begun = log->begun && status == 0;
	return status;
}

/* ---- the end ---- */

static int end(struct recorder *recorder, const struct change_request *request,
	       const struct change_result *result, const struct df_err *what, struct df_err *err)
{
	struct change_log *log = (struct change_log *)recorder;
	struct about about = {.record = "end"};
	if (!log->begun)
		return 0;
	log->begun = false;
	snprintf(about.message, sizeof(about.message), "%s: flags of process %d (%s): %.300s",
		 json_log_operation(&log->records, request), result->process.pid,
		 result->process.name, what ? what->text : "done");
	return put(log, request, json_log_end(&log->records, request, result, what), &about, err);
}

int change_log_open(struct change_log *log, const char *name, const char *command,
		    const char *reason, struct df_err *err)
{
	*log = (struct change_log){
		.recorder = {.before = before, .written = written, .end = end},
		.records = {.command = command, .reason = reason},
	};
	return log_open(&log->log, name, err);
}

void change_log_close(struct change_log *log)
{
	log_close(&log->log);
}
