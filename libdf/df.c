/* SPDX-License-Identifier: Apache-2.0 */
/* df.c - the in-process interface of df.h. */
#include "../include/df.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

#include "guard.h"
#include "latch.h"
#include "listing.h"
#include "operate.h"
#include "self_mem.h"
#include "wishes.h"

#define SAME_VALUE(PUBLIC, CODE)                                                                   \
	_Static_assert((int)(PUBLIC) == (int)(CODE), "df.h gives " #CODE " another value")
SAME_VALUE(DF_ERROR_USAGE, DF_E_USAGE);
SAME_VALUE(DF_ERROR_PATTERN, DF_E_PATTERN);
SAME_VALUE(DF_ERROR_MATCH, DF_E_MATCH_FAILED);
SAME_VALUE(DF_ERROR_SYSTEM, DF_E_SYSTEM);
SAME_VALUE(DF_ERROR_MEMORY, DF_E_MEMORY);
SAME_VALUE(DF_ERROR_TABLE, DF_E_TABLE);
SAME_VALUE(DF_ERROR_VERSION, DF_E_VERSION);
SAME_VALUE(DF_ERROR_SITE, DF_E_SITE);
SAME_VALUE(DF_ERROR_BREAKPOINT, DF_E_BREAKPOINT);
SAME_VALUE(DF_ERROR_PERMISSION, DF_E_PERMISSION);
SAME_VALUE(DF_ERROR_BUSY, DF_E_BUSY);
SAME_VALUE(DF_ERROR_WRITE, DF_E_WRITE);
SAME_VALUE(DF_ERROR_UNDO, DF_E_UNDO);

/* The last error of each thread. */
static __thread struct df_err last_error;

const char *df_error(void)
{
	return last_error.text;
}

/*
 * The loader gives a thread this object's thread-local storage when it is first touched,
 * and glibc before 2.35 takes the lock of dlopen(3) for that: not inside dl_iterate_phdr(3),
 * for which dlopen(3) may be waiting.
 */
static void have_storage(void)
{
	__asm__ volatile("" : : "r"(&last_error));
}

/* What a call leaves as it found it. */
struct call {
	int cancel_type;
	int cancel_state;
	int error;
};

/*
 * The type as well: where a cancellation was on its way when it was disabled, glibc (2.36,
 * sigcancel_handler) asks for the type alone.
 */
static struct call call_begin(void)
{
	struct call call = {.error = errno};
	have_storage();
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &call.cancel_type);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel_state);
	return call;
}

/* A thread that was cancelled meanwhile may end here. */
static int call_end(struct call call, int result)
{
	errno = call.error;
	pthread_setcancelstate(call.cancel_state, NULL);
	pthread_setcanceltype(call.cancel_type, NULL);
	return result;
}

/* The number of flags as a result; more than an int holds is no honest number. */
static int result_of(int status, const struct request *request)
{
	if (status < 0)
		return status;
	return request->flags > INT_MAX ? INT_MAX : (int)request->flags;
}

static int run(struct request *request)
{
	return result_of(operate(request, &last_error), request);
}

/* What this copy keeps, one step of it, without looking at modules. */
static int with_latch(int (*step)(struct df_err *err))
{
	guard_enter();
	latch_lock();
	const int status = step(&last_error);
	latch_unlock();
	guard_leave();
	return status;
}

static int prepare(struct df_err *err)
{
	(void)err;
	self_mem_prepare();
	return 0;
}

int df_init(void)
{
	struct request request = {.op = DF_INIT};
	const struct call call = call_begin();
	with_latch(prepare);
	int status = run(&request);
	if (status == 0)
		status = with_latch(wishes_check);
	return call_end(call, status);
}

static int by_pattern(enum df_op op, const char *kind, const char *text)
{
	struct request request = {.op = op, .kind = kind};
	struct df_pattern *pattern = NULL;
	const struct call call = call_begin();
	int status = text ? df_pattern_compile(text, &pattern, &last_error) : 0;
	request.pattern = pattern;
	if (status == 0)
		status = run(&request);
	df_pattern_free(pattern);
	return call_end(call, status);
}

static int by_kind(enum df_op op, const char *kind, const char *text)
{
	if (!kind)
		return df_fail(&last_error, DF_E_USAGE, "no kind was given");
	return by_pattern(op, kind, text);
}

int df_activate(const char *pattern)
{
	return by_pattern(DF_ACTIVATE, NULL, pattern);
}

int df_deactivate(const char *pattern)
{
	return by_pattern(DF_DEACTIVATE, NULL, pattern);
}

int df_enable(const char *pattern)
{
	return by_pattern(DF_ENABLE, NULL, pattern);
}

int df_disable(const char *pattern)
{
	return by_pattern(DF_DISABLE, NULL, pattern);
}

int df_unhook(const char *pattern)
{
	return by_pattern(DF_UNHOOK, NULL, pattern);
}

int df_rehook(const char *pattern)
{
	return by_pattern(DF_REHOOK, NULL, pattern);
}

int df_activate_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_ACTIVATE, kind, pattern);
}

int df_deactivate_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_DEACTIVATE, kind, pattern);
}

int df_enable_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_ENABLE, kind, pattern);
}

int df_disable_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_DISABLE, kind, pattern);
}

int df_unhook_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_UNHOOK, kind, pattern);
}

int df_rehook_kind(const char *kind, const char *pattern)
{
	return by_kind(DF_REHOOK, kind, pattern);
}

int df_apply(const char *text)
{
	struct df_script script;
	struct request request = {.script = &script};
	if (!text)
		return df_fail(&last_error, DF_E_USAGE, "no script was given");
	const struct call call = call_begin();
	int status = df_script_parse(text, "", &script, &last_error);
	if (status == 0)
		status = run(&request);
	df_script_free(&script);
	return call_end(call, status);
}

/* The callback is the program's: it finds errno as it left it. */
struct listener {
	df_list_callback callback;
	void *context;
	int error;
};

static int call_back(void *context, const struct df_flag_info *flag)
{
	struct listener *l = context;
	errno = l->error;
	const int answer = l->callback(l->context, flag);
	l->error = errno;
	return answer;
}

/*
 * The thread can be cancelled in the callbacks as the program wants it, but at
 * cancellation points only, of which the rest of a listing has none. What the listing
 * holds is lost then, and nothing is locked.
 */
static int list(const struct df_pattern *pattern, struct listener *l, struct call *call,
		int *answer)
{
	l->error = call->error;
	pthread_setcancelstate(call->cancel_state, NULL);
	const int status = listing(pattern, call_back, l, answer, &last_error);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
	call->error = l->error;
	return status;
}

int df_list(const char *text, df_list_callback callback, void *context)
{
	struct request request = {.op = DF_INIT};
	struct listener listener = {.callback = callback, .context = context};
	struct df_pattern *pattern = NULL;
	int answer = 0;
	if (!callback)
		return df_fail(&last_error, DF_E_USAGE, "no callback was given");
	struct call call = call_begin();
	int status = text ? df_pattern_compile(text, &pattern, &last_error) : 0;
	if (status == 0) {
		/* What stands in the way of a module's change is no reason to hide its flags. */
		(void)operate(&request, NULL);
		status = list(pattern, &listener, &call, &answer);
	}
	df_pattern_free(pattern);
	return call_end(call, answer != 0 ? answer : status);
}

static int allow_wx(struct df_err *err)
{
	(void)err;
	self_mem_allow_wx(true);
	return 0;
}

static int forbid_wx(struct df_err *err)
{
	(void)err;
	self_mem_allow_wx(false);
	return 0;
}

int df_set_write_policy(enum df_write_policy policy)
{
	if (policy != DF_WRITE_BY_COST && policy != DF_WRITE_NEVER_WX)
		return df_fail(&last_error, DF_E_USAGE, "%d is no write policy", (int)policy);
	const struct call call = call_begin();
	const int status = with_latch(policy == DF_WRITE_BY_COST ? allow_wx : forbid_wx);
	return call_end(call, status);
}
