/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync_stress - libdf/sync.c under threads that own modules in runs, threads that
 * end with a lock in their hands, and a controller outside that claims in between.
 *
 *     sync_stress ROUNDS    of each of the threads that give back what they take
 *
 * Who owns a module counts its counter up, without any atomic: so a sanitizer for
 * threads sees not only whether two were in at once, but also whether what one
 * wrote is there for the next. Exit status 1, and a line, if anything is wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sync.h"

#define THREADS 8
#define MODULES 4
#define DEATHS 16

static struct module {
	struct df_control_v1 control;
	long value;
	int inside;
} modules[MODULES];

static long rounds;
static bool over;
static int failures;

struct worker {
	pthread_t thread;
	uint32_t random;
	long counted[MODULES];
};

static void fail(const char *what)
{
	fprintf(stderr, "sync_stress: %s\n", what);
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

/* Numerical Recipes' generator; its upper bits are the good ones. */
static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 16) % below;
}

static void disown_run(size_t from, size_t to)
{
	while (to-- > from)
		sync_disown(&modules[to].control);
}

/* Whether all of them are ours; if not, none is. */
static bool own_run(size_t from, size_t to, struct sync_patience *patience)
{
	struct df_err err;
	for (size_t i = from; i < to; i++) {
		const int status = sync_own(&modules[i].control, patience, &err);
		if (status == 1)
			continue;
		if (status < 0)
			fail(err.text);
		disown_run(from, i);
		return false;
	}
	return true;
}

static void own_run_at_last(size_t from, size_t to)
{
	struct sync_patience patience = {0};
	while (!own_run(from, to, &patience))
		sync_pause();
}

static void count(struct module *module)
{
	if (module->inside++ != 0)
		fail("two in one module at once");
	module->value++;
	module->inside--;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	for (long i = 0; i < rounds; i++) {
		const size_t from = draw(&worker->random, MODULES);
		const size_t to = from + 1 + draw(&worker->random, (uint32_t)(MODULES - from));
		own_run_at_last(from, to);
		for (size_t j = from; j < to; j++) {
			count(&modules[j]);
			worker->counted[j]++;
		}
		disown_run(from, to);
	}
	return NULL;
}

/* Takes a module and ends; whoever comes next finds a lock without an owner. */
static void *die(void *module)
{
	const size_t at = (size_t)((struct module *)module - modules);
	own_run_at_last(at, at + 1);
	return NULL;
}

static void write_claim(struct module *module, uint64_t claim)
{
	__atomic_store_n((uint64_t *)(void *)&module->control.external, claim, __ATOMIC_SEQ_CST);
}

/* The other half of the protocol. A lock of a dead owner counts as held here, as it may. */
static void *claim(void *argument)
{
	long *counted = argument;
	for (uint32_t nonce = 1; !__atomic_load_n(&over, __ATOMIC_RELAXED); nonce++) {
		const size_t at = nonce % MODULES;
		write_claim(&modules[at], (uint64_t)nonce << 32 | 4711);
		if (__atomic_load_n(&modules[at].control.lock, __ATOMIC_SEQ_CST) == 0) {
			count(&modules[at]);
			counted[at]++;
		}
		write_claim(&modules[at], 0);
		sched_yield();
	}
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, run, argument) != 0) {
		fail("cannot start a thread");
		exit(1);
	}
	return thread;
}

static void check(const struct worker *workers, const long *claimed)
{
	for (size_t i = 0; i < MODULES; i++) {
		long sum = claimed[i];
		for (size_t j = 0; j < THREADS; j++)
			sum += workers[j].counted[i];
		own_run_at_last(i, i + 1);
		if (modules[i].value != sum)
			fail("a count was lost");
		disown_run(i, i + 1);
		if (modules[i].control.lock != 0)
			fail("a lock was left behind");
		printf("module %zu: %ld counts, %ld of them under a claim\n", i, sum, claimed[i]);
	}
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS];
	long claimed[MODULES] = {0};
	if (argc != 2 || (rounds = strtol(argv[1], NULL, 10)) <= 0) {
		fprintf(stderr, "usage: sync_stress ROUNDS\n");
		return 2;
	}
	const pthread_t tool = start(claim, claimed);
	for (size_t i = 0; i < THREADS; i++) {
		workers[i].random = (uint32_t)i;
		workers[i].thread = start(work, &workers[i]);
	}
	for (size_t i = 0; i < DEATHS; i++)
		pthread_join(start(die, &modules[i % MODULES]), NULL);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_join(tool, NULL);
	check(workers, claimed);
	return failures != 0;
}
