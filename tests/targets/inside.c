/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside.c - a program that flips its own flags, as it is told (inside.h).
 *
 *   inside [workers=N] [spinners=N] [rest=US] [init=1]
 *
 * Built with INSIDE_STATIC, it cannot load the plugin.
 *
 * Spinners run through every site and rest for so long in between; init=1 initialises
 * before the target says that it is ready.
 */
#include "inside.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

static struct target_page *page;
static struct timespec rest;

static const struct inside_calls own_calls = INSIDE_CALLS;
static const struct inside_plugin *plugin;

/* ---- the flags ---- */

static inline __attribute__((always_inline)) int inside_inlined(void)
{
	return DF_FEATURE(calm, inlined, "one full name, several sites");
}

static __attribute__((noinline)) void ask(int32_t *value)
{
#define ASK(EXPRESSION, KIND, NAME) *value++ = EXPRESSION;
	INSIDE_FLAGS(ASK)
}

#define SITE(N)                                                                                    \
	static __attribute__((noinline, aligned(4096))) int crowd_##N(void)                        \
	{                                                                                          \
		return DF_FEATURE(crowd, many);                                                    \
	}
#define EIGHT(DO, N) DO(N##0) DO(N##1) DO(N##2) DO(N##3) DO(N##4) DO(N##5) DO(N##6) DO(N##7)
#define HALF(DO, A, B, C, D) EIGHT(DO, A) EIGHT(DO, B) EIGHT(DO, C) EIGHT(DO, D)
#define CROWD(DO) HALF(DO, 0, 1, 2, 3) HALF(DO, 4, 5, 6, 7)
/* One line, so that it is one full name. */
CROWD(SITE)

static __attribute__((noinline)) int ask_crowd(void)
{
	int on = 0;
#define ADD(N) on += crowd_##N();
	CROWD(ADD)
	return on;
}

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- spinners ---- */

static int64_t as_bits(const int32_t *value)
{
	int64_t bits = 0;
	for (int i = 0; i < INSIDE_COUNT; i++)
		bits |= (int64_t)(value[i] != 0) << i;
	return bits;
}

static void *spin(void *number)
{
	const int i = (int)(intptr_t)number;
	int32_t value[INSIDE_COUNT];
	for (uint64_t before = now();;) {
		ask(value);
		const int crowd = ask_crowd();
		if (crowd < 0 || crowd > INSIDE_CROWD)
			page->broken++;
		page->word[INSIDE_SEEN + i] = as_bits(value);
		page->word[INSIDE_BEATS + i]++;
		const uint64_t after = now();
		if ((int64_t)(after - before) > page->word[INSIDE_GAPS + i])
			page->word[INSIDE_GAPS + i] = (int64_t)(after - before);
		before = after;
		if (rest.tv_nsec > 0)
			nanosleep(&rest, NULL);
	}
	return NULL;
}

/* ---- what workers do ---- */

static const struct inside_calls *calls_of(const struct inside_box *box)
{
	return box->library == 1 ? &plugin->calls : &own_calls;
}

static int operate(const struct inside_box *box, int op)
{
	const struct inside_calls *calls = calls_of(box);
	const char *pattern = box->pattern[0] != '\0' ? box->pattern : NULL;
	return box->kind[0] != '\0' ? calls->of_kind[op](box->kind, pattern)
				    : calls->plain[op](pattern);
}

static int note_entry(void *context, const struct df_flag_info *flag)
{
	struct inside_box *box = context;
	if (box->listed == INSIDE_LIST_MAX)
		return -1;
	struct inside_entry *entry = &box->list[box->listed++];
	snprintf(entry->kind, sizeof(entry->kind), "%s", flag->kind);
	snprintf(entry->name, sizeof(entry->name), "%s", flag->name);
	entry->activation = flag->activation;
	entry->unhook = flag->unhook;
	entry->active = flag->active;
	entry->duplicate = flag->duplicate;
	entry->site = (uint64_t)(uintptr_t)flag->site;
	return 0;
}

static int list(struct inside_box *box)
{
	box->listed = 0;
	return calls_of(box)->list(box->pattern[0] != '\0' ? box->pattern : NULL, note_entry, box);
}

static int ask_all(struct inside_box *box)
{
	ask(box->values);
	for (int i = INSIDE_COUNT; i < INSIDE_VALUES; i++)
		box->values[i] = -1;
	if (plugin)
		plugin->ask(box->values + INSIDE_COUNT);
	box->crowd = ask_crowd();
	return 0;
}

#ifdef INSIDE_STATIC
static int load(const char *path)
{
	(void)path;
	return -1;
}

static int unload(void)
{
	return -1;
}
#else
static void *handle;

static int load(const char *path)
{
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return -1;
	plugin = dlsym(handle, INSIDE_PLUGIN_SYMBOL);
	page->word[INSIDE_PLUGIN_CONTROL] = (int64_t)(uintptr_t)plugin->control;
	return 0;
}

static int unload(void)
{
	page->word[INSIDE_PLUGIN_CONTROL] = 0;
	plugin = NULL;
	return handle ? dlclose(handle) : -1;
}
#endif

/* By the table's description, and by nothing of libdf. */
static int take_lock(void)
{
	uint32_t none = 0;
	const uint32_t id = (uint32_t)syscall(SYS_gettid);
	return __atomic_compare_exchange_n(&df_module_v1.lock, &none, id, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST)
		       ? (int)id
		       : -1;
}

static int give_lock(void)
{
	if (__atomic_exchange_n(&df_module_v1.lock, 0, __ATOMIC_SEQ_CST) & DF_LOCK_WAITERS)
		syscall(SYS_futex, &df_module_v1.lock, FUTEX_WAKE, 1, NULL, NULL, 0);
	return 0;
}

static void *take_and_end(void *result)
{
	*(int *)result = take_lock();
	return NULL;
}

static int die_with_lock(void)
{
	int result = -1;
	pthread_t thread;
	if (pthread_create(&thread, NULL, take_and_end, &result) != 0)
		return -1;
	pthread_join(thread, NULL);
	return result;
}

/* One operation of a loop, in each of the ways that there are to ask for it. */
static int operate_somehow(struct inside_box *box, int op, uint64_t turn)
{
	static const char sign[INSIDE_OPERATIONS][16] = {"+", "-", "enable ", "disable ", "!", "?"};
	char script[600];
	if (op == INSIDE_LIST)
		return list(box);
	if (op == INSIDE_LOAD)
		return load(box->pattern);
	if (op == INSIDE_UNLOAD)
		return unload();
	if (turn % 3 != 2)
		return operate(box, op);
	const bool all = box->kind[0] == '\0' && box->pattern[0] == '\0';
	snprintf(script, sizeof(script), "# a line\n%s%s%s%s\n", sign[op], box->kind,
		 box->kind[0] != '\0' ? ":" : "", all ? ".*" : box->pattern);
	return calls_of(box)->apply(script);
}

static void loop_once(struct inside_box *box, int op, int64_t step, uint64_t turn)
{
	const uint64_t before = now();
	const int result = operate_somehow(box, op, turn);
	const uint64_t took = now() - before;
	if (took > box->longest)
		box->longest = took;
	if (result == box->matches || (box->matches < 0 && result >= 0)) {
		box->done++;
		box->net += step;
		return;
	}
	box->denied++;
	snprintf(box->error, sizeof(box->error), "returned %d: %s", result, calls_of(box)->error());
}

/* Now and then two ups of a count follow each other, so that it grows. */
static int loop(struct inside_box *box)
{
	const struct timespec pause = {.tv_nsec = (long)box->pause_us * 1000};
	box->done = box->denied = box->longest = 0;
	box->net = 0;
	for (uint64_t turn = 0; page->go == 1; turn++) {
		loop_once(box, box->up, 1, turn);
		if (turn % 101 != 100 || box->up >= INSIDE_OPERATIONS)
			loop_once(box, box->down, -1, turn + 1);
		if (box->pause_us > 0)
			nanosleep(&pause, NULL);
	}
	return 0;
}

static int carry_out(struct inside_box *box)
{
	switch (box->command) {
	case INSIDE_INIT:
		return calls_of(box)->init();
	case INSIDE_APPLY:
		return calls_of(box)->apply(box->pattern);
	case INSIDE_LIST:
		return list(box);
	case INSIDE_ASK:
		return ask_all(box);
	case INSIDE_LOAD:
		return load(box->pattern);
	case INSIDE_UNLOAD:
		return unload();
	case INSIDE_TAKE:
		return take_lock();
	case INSIDE_GIVE:
		return give_lock();
	case INSIDE_DIE:
		return die_with_lock();
	case INSIDE_THREAD:
		return (int)syscall(SYS_gettid);
	case INSIDE_LOOP:
		return loop(box);
	default:
		return operate(box, box->command);
	}
}

static void *work(void *number)
{
	struct inside_box *box = inside_box(page, (int)(intptr_t)number);
	const struct timespec pause = {.tv_nsec = 100000};
	for (;;) {
		const uint32_t asked = __atomic_load_n(&box->asked, __ATOMIC_ACQUIRE);
		if (asked == box->answered) {
			nanosleep(&pause, NULL);
			continue;
		}
		box->error[0] = '\0';
		box->result = carry_out(box);
		if (box->result < 0 && box->command <= INSIDE_LIST)
			snprintf(box->error, sizeof(box->error), "%s", calls_of(box)->error());
		__atomic_store_n(&box->answered, asked, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void start(void *(*run)(void *), long number)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, (void *)number) != 0)
		abort();
}

int main(int argc, char **argv)
{
	const long spinners = target_option(argv, "spinners", 0);
	const long workers = target_option(argv, "workers", 1);
	(void)argc;
	page = target_page();
	page->control = (uint64_t)(uintptr_t)&df_module_v1;
	rest.tv_nsec = target_option(argv, "rest", 0) * 1000;
	if (target_option(argv, "init", 0) && df_init() < 0)
		abort();
	for (long i = 0; i < spinners && i < INSIDE_SPINNERS; i++)
		start(spin, i);
	for (long i = 1; i < workers && i < INSIDE_WORKERS; i++)
		start(work, i);
	page->ready = 1;
	work(NULL);
}
