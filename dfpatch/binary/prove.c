/* SPDX-License-Identifier: Apache-2.0 */
/* prove.c - whether sites are instructions of the functions that hold them. */
#include "prove.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "disasm.h"
#include "insn.h"
#include "parallel.h"
#include "points.h"

#define FUNCTIONS_AT_ONCE 256

/* What all threads share. Offsets are from the base of the functions. */
struct proving {
	const struct window_source *source;
	const struct functions *functions;
	const struct places *places;
	struct points sites;
	struct points targets;
	struct proof *proof;
	_Atomic size_t next; /* function */
	_Atomic uint64_t done;
	_Atomic bool failed;
	struct df_err err; /* of the thread that failed first */
};

/* One thread at one function. */
struct prover {
	struct proving *shared;
	struct window *window;
	struct disasm *disasm;
	size_t site; /* the first points that were not dealt with */
	size_t target;
	uint64_t start; /* the function; then, the one behind it */
	uint64_t end;
	uint64_t next;
	bool open;	     /* where it ends is not known */
	bool unknown;	     /* decoding ended at what may be an instruction */
	uint64_t at;	     /* the instruction */
	uint64_t breakpoint; /* in front of it; NO_BREAKPOINT if there is none */
};

#define NO_BREAKPOINT UINT64_MAX

static uint64_t base_of(const struct prover *p)
{
	return p->shared->functions->base;
}

static bool has_point(const struct points *points, size_t index, uint64_t end)
{
	return index < points->count && points->list[index].at < end;
}

static void set_bit(struct proof *proof, uint32_t site, enum prove_fault fault)
{
	__atomic_fetch_or(&proof->masks[site], (uint8_t)(1 << fault), __ATOMIC_RELAXED);
}

/* `where` is an offset. */
static void found(struct prover *p, uint32_t site, enum prove_fault fault, uint64_t where)
{
	struct proof *proof = p->shared->proof;
	const struct fault place = {
		.function = fault == PROVE_NO_FUNCTION ? 0 : base_of(p) + p->start,
		.where = base_of(p) + where,
		.site = site,
		.kind = (uint8_t)fault,
	};
	set_bit(proof, site, fault);
	faults_add(&proof->faults, &place);
}

static size_t site_size(const struct prover *p, uint32_t site, struct place *place)
{
	const struct places *places = p->shared->places;
	places->get(places->context, site, place);
	return df_insn_size(place->style);
}

/* ---- one instruction ---- */

/* What begins in the midst of an instruction; behind a breakpoint, of what is only taken for one.
 */
static void inside(struct prover *p, uint32_t site, enum prove_fault fault)
{
	if (p->breakpoint == NO_BREAKPOINT)
		found(p, site, fault, p->at);
	else
		found(p, site, PROVE_UNREACHED, p->breakpoint);
}

static void check_points(struct prover *p, size_t size)
{
	const struct points *sites = &p->shared->sites, *targets = &p->shared->targets;
	const uint64_t end = p->at + size;
	struct place place;
	for (; has_point(sites, p->site, end); p->site++) {
		const struct point *point = &sites->list[p->site];
		if (point->at != p->at)
			inside(p, point->site, PROVE_SITE_INSIDE);
		else if (site_size(p, point->site, &place) != size)
			found(p, point->site, PROVE_LENGTH, p->at);
	}
	for (; has_point(targets, p->target, end); p->target++)
		if (targets->list[p->target].at != p->at)
			inside(p, targets->list[p->target].site, PROVE_TARGET_INSIDE);
}

static void check_branch(struct prover *p, uint64_t target)
{
	const struct points *sites = &p->shared->sites;
	const uint64_t to = target - base_of(p);
	struct place place;
	if (to > UINT32_MAX)
		return;
	const uint64_t first = to < DF_INSN_MAX ? 0 : to - DF_INSN_MAX + 1;
	/* One of those in one place, which overlap: a million might, and as many branches lead
	 * there.
	 */
	for (size_t i = points_from(sites, first); has_point(sites, i, to);
	     i = points_from(sites, (uint64_t)sites->list[i].at + 1))
		if (to - sites->list[i].at < site_size(p, sites->list[i].site, &place))
			found(p, sites->list[i].site, PROVE_BRANCH_INTO, p->at);
}

/* A breakpoint at a site hides one of two instructions of one length. */
static void uncover(struct prover *p, uint8_t *code)
{
	struct place place;
	if (*code != DF_INSN_INT3)
		return;
	if (has_point(&p->shared->sites, p->site, p->at + 1) &&
	    site_size(p, p->shared->sites.list[p->site].site, &place) > 0)
		*code = df_insn_opcode(place.style, false);
	else if (p->shared->places->live && p->breakpoint == NO_BREAKPOINT)
		p->breakpoint = p->at;
}

/* Decodes the instruction at p->at, and deals with what it holds. False if there is none. */
static bool step(struct prover *p)
{
	struct insn insn;
	const uint64_t addr = base_of(p) + p->at;
	const uint64_t left = p->end - p->at;
	uint8_t *code =
		window_at(p->window, addr, left < INSN_SIZE_MAX ? (size_t)left : INSN_SIZE_MAX);
	p->unknown = false;
	if (!code)
		return false;
	const size_t have = window_left(p->window, addr);
	uncover(p, code);
	if (!disasm_next(p->disasm, code, left < have ? (size_t)left : have, addr, &insn)) {
		p->unknown = insn.unknown;
		return false;
	}
	check_points(p, insn.size);
	if (insn.direct)
		check_branch(p, insn.target);
	p->at += insn.size;
	return true;
}

/* ---- one function ---- */

/* Tells the points of the function, from `first` on, that it ends before its end. */
static void undecoded(struct prover *p, const struct points *points, size_t first, size_t *reached)
{
	for (size_t i = first; has_point(points, i, p->end); i++) {
		if (!p->open)
			found(p, points->list[i].site, p->unknown ? PROVE_UNKNOWN : PROVE_UNDECODED,
			      p->at);
		if (i < *reached)
			continue;
		found(p, points->list[i].site, PROVE_UNREACHED, p->at);
		++*reached;
	}
}

static void decode(struct prover *p)
{
	const size_t site = p->site, target = p->target;
	p->at = p->start;
	p->breakpoint = NO_BREAKPOINT;
	while (p->at < p->end && step(p))
		continue;
	if (p->at == p->end)
		return;
	undecoded(p, &p->shared->sites, site, &p->site);
	undecoded(p, &p->shared->targets, target, &p->target);
}

/* Points behind this function and before the next one. */
static void no_function(struct prover *p, const struct points *points, size_t *index, uint64_t next)
{
	for (; has_point(points, *index, next); ++*index)
		found(p, points->list[*index].site, PROVE_NO_FUNCTION, points->list[*index].at);
}

static void no_functions(struct prover *p, uint64_t next)
{
	no_function(p, &p->shared->sites, &p->site, next);
	no_function(p, &p->shared->targets, &p->target, next);
}

/*
 * The cold path of a site may be code that is never reached, of which the compiler leaves nothing:
 * then its target is where the function ends, which an instruction does as well.
 */
static void targets_at_end(struct prover *p)
{
	const struct points *targets = &p->shared->targets;
	for (; has_point(targets, p->target, p->end + 1); p->target++)
		if (p->at < p->end)
			found(p, targets->list[p->target].site, PROVE_UNREACHED, p->at);
}

static bool holds_points(const struct prover *p)
{
	const uint64_t behind = p->next > p->end ? p->end + 1 : p->end;
	return has_point(&p->shared->sites, p->site, p->end) ||
	       has_point(&p->shared->targets, p->target, behind);
}

static void enter(struct prover *p, size_t index)
{
	const struct functions *f = p->shared->functions;
	p->start = f->list[index].start;
	p->end = p->start + f->list[index].size;
	p->open = f->list[index].open;
	p->next = index + 1 < f->count ? f->list[index + 1].start : UINT64_MAX;
}

/* Returns the bytes that were decoded for it. */
static uint64_t prove_function(struct prover *p)
{
	const bool holds = holds_points(p);
	if (holds) {
		decode(p);
		if (p->next > p->end)
			targets_at_end(p);
	}
	no_functions(p, p->next);
	return holds ? p->end - p->start : 0;
}

/* ---- all of them ---- */

static void prove_some(struct prover *p, size_t first)
{
	struct proving *shared = p->shared;
	const struct functions *f = shared->functions;
	const size_t left = f->count - first;
	const size_t end = first + (left < FUNCTIONS_AT_ONCE ? left : FUNCTIONS_AT_ONCE);
	const uint64_t from = first == 0 ? 0 : f->list[first].start;
	uint64_t bytes = 0;
	p->site = points_from(&shared->sites, from);
	p->target = points_from(&shared->targets, from);
	if (first == 0)
		no_functions(p, f->list[0].start);
	for (size_t i = first; i < end; i++) {
		enter(p, i);
		bytes += prove_function(p);
	}
	atomic_fetch_add(&shared->done, bytes);
}

static void prove_all(struct prover *p, bool tells)
{
	struct proving *shared = p->shared;
	const struct places *places = shared->places;
	for (;;) {
		const size_t first = atomic_fetch_add(&shared->next, FUNCTIONS_AT_ONCE);
		if (first >= shared->functions->count || shared->failed)
			return;
		prove_some(p, first);
		if (tells && places->progress)
			places->progress(places->progress_context, shared->done,
					 shared->proof->bytes);
	}
}

static void work(void *context, unsigned thread)
{
	struct proving *shared = context;
	struct prover p = {.shared = shared, .window = malloc(sizeof(*p.window))};
	struct df_err err;
	const int status = p.window ? disasm_new(&p.disasm, &err) : df_fail_memory(&err);
	if (status == 0) {
		window_begin(p.window, shared->source);
		prove_all(&p, thread == 0);
	} else if (!atomic_exchange(&shared->failed, true)) {
		shared->err = err;
	}
	disasm_free(p.disasm);
	free(p.window);
}

static void skip_to(const struct points *points, size_t *index, uint64_t at)
{
	while (has_point(points, *index, at))
		++*index;
}

/* How much there is to do. */
static void survey(struct proving *shared)
{
	struct prover p = {.shared = shared};
	for (size_t i = 0; i < shared->functions->count; i++) {
		enter(&p, i);
		skip_to(&shared->sites, &p.site, p.start);
		skip_to(&shared->targets, &p.target, p.start);
		if (!holds_points(&p))
			continue;
		shared->proof->functions++;
		shared->proof->bytes += p.end - p.start;
	}
}

/* What no function can be near to. */
static void out_of_reach(struct proving *shared)
{
	struct prover p = {.shared = shared};
	const struct places *places = shared->places;
	for (size_t i = 0; i < places->count; i++) {
		struct place place;
		places->get(places->context, i, &place);
		const uint64_t site = place.addr - base_of(&p);
		const uint64_t target = place.target - base_of(&p);
		const bool none = shared->functions->count == 0;
		if (none || site > UINT32_MAX)
			found(&p, (uint32_t)i, PROVE_NO_FUNCTION, site);
		if (place.style == DF_STYLE_X86_GOTO && (none || target > UINT32_MAX))
			found(&p, (uint32_t)i, PROVE_NO_FUNCTION, target);
	}
}

static void count_faults(const struct places *places, struct proof *proof)
{
	for (size_t i = 0; i < places->count; i++)
		for (unsigned fault = 0; fault < PROVE_FAULTS; fault++)
			proof->counts[fault] += proof->masks[i] >> fault & 1;
}

static int run(struct proving *shared, struct df_err *err)
{
	const unsigned threads = shared->places->threads;
	out_of_reach(shared);
	survey(shared);
	if (shared->functions->count > 0)
		parallel_run(threads > 0 ? threads : parallel_processors(), work, shared);
	if (shared->failed) {
		if (err)
			*err = shared->err;
		return -(int)shared->err.code;
	}
	if (!faults_settle(&shared->proof->faults))
		return df_fail_memory(err);
	count_faults(shared->places, shared->proof);
	return 0;
}

int prove(const struct window_source *source, const struct functions *functions,
	  const struct places *places, struct proof *proof, struct df_err *err)
{
	struct proving shared = {
		.source = source, .functions = functions, .places = places, .proof = proof};
	*proof = (struct proof){.masks = calloc(places->count + 1, 1)};
	faults_begin(&proof->faults);
	int status = proof->masks ? 0 : df_fail_memory(err);
	if (status == 0)
		status = points_make(places, functions->base, false, &shared.sites, err);
	if (status == 0)
		status = points_make(places, functions->base, true, &shared.targets, err);
	if (status == 0)
		status = run(&shared, err);
	points_free(&shared.sites);
	points_free(&shared.targets);
	if (status < 0)
		proof_free(proof);
	return status;
}

void proof_free(struct proof *proof)
{
	free(proof->masks);
	faults_free(&proof->faults);
	*proof = (struct proof){0};
}
