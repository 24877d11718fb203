/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - what an operation comes to. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "insn.h"

int df_plan_begin(struct df_plan *plan, const struct df_site *sites, size_t count,
		  const struct df_state_v1 *states, const struct df_control_v1 *control,
		  struct df_err *err)
{
	const bool initialised = (control->initialised & DF_INITIALISED) != 0;
	*plan = (struct df_plan){
		.sites = sites,
		.count = count,
		.was = calloc(count + 1, sizeof(*plan->was)),
		.will = calloc(count + 1, sizeof(*plan->will)),
		.outcome = calloc(count + 1, sizeof(*plan->outcome)),
		.generation = control->generation,
		.was_initialised = initialised,
		.will_initialise = initialised,
	};
	if (!plan->was || !plan->will || !plan->outcome)
		return df_fail_memory(err);
	for (size_t i = 0; i < count; i++)
		plan->was[i] = df_count_decode(&sites[i], &states[i].current);
	memcpy(plan->will, plan->was, count * sizeof(*plan->was));
	return 0;
}

void df_plan_do(struct df_plan *plan, enum df_op op, const bool *selected)
{
	if (op == DF_INIT) {
		if (plan->will_initialise)
			return;
		plan->will_initialise = true;
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (op != DF_INIT && !selected[i])
			continue;
		const enum df_outcome outcome = df_rule(op, &plan->will[i]);
		if (outcome > plan->outcome[i])
			plan->outcome[i] = (uint8_t)outcome;
	}
}

static bool differs(const struct df_count *a, const struct df_count *b)
{
	return a->activation != b->activation || a->unhook != b->unhook || a->held != b->held;
}

static void add_edit(struct df_plan *plan, uint32_t index, uint8_t found)
{
	const struct df_site *site = &plan->sites[index];
	const bool was = df_insn_jumps(site, df_count_active(&plan->was[index]));
	const bool will = df_insn_jumps(site, df_count_active(&plan->will[index]));
	const uint8_t wanted = df_insn_opcode(site->style, will);
	if (found != df_insn_opcode(site->style, was))
		plan->strayed++;
	if (found == wanted)
		return;
	plan->edits[plan->edit_count++] = (struct df_edit){
		.addr = site->addr, .site = index, .size = 1, .before = {found}, .after = {wanted}};
}

static int by_addr(const void *a, const void *b)
{
	const uint64_t x = ((const struct df_edit *)a)->addr, y = ((const struct df_edit *)b)->addr;
	return (x > y) - (x < y);
}

static int by_state(const void *a, const void *b, void *context)
{
	const struct df_site *sites = context;
	const uint64_t x = sites[*(const uint32_t *)a].state, y = sites[*(const uint32_t *)b].state;
	return (x > y) - (x < y);
}

static void sort_edits(struct df_plan *plan)
{
	for (size_t i = 1; i < plan->edit_count; i++)
		if (plan->edits[i - 1].addr > plan->edits[i].addr) {
			qsort(plan->edits, plan->edit_count, sizeof(*plan->edits), by_addr);
			return;
		}
}

static int by_site_addr(const void *a, const void *b, void *context)
{
	const struct df_site *sites = context;
	const uint64_t x = sites[*(const uint32_t *)a].addr, y = sites[*(const uint32_t *)b].addr;
	return (x > y) - (x < y);
}

static void sort_looks(struct df_plan *plan, const uint8_t *opcodes)
{
	for (size_t i = 1; i < plan->look_count; i++)
		if (plan->sites[plan->looks[i - 1]].addr > plan->sites[plan->looks[i]].addr) {
			qsort_r(plan->looks, plan->look_count, sizeof(*plan->looks), by_site_addr,
				(void *)plan->sites);
			break;
		}
	for (size_t i = 0; i < plan->look_count; i++)
		plan->found[i] = opcodes[plan->looks[i]];
}

static void sort_changes(struct df_plan *plan)
{
	for (size_t i = 1; i < plan->change_count; i++)
		if (plan->sites[plan->changes[i - 1]].state > plan->sites[plan->changes[i]].state) {
			qsort_r(plan->changes, plan->change_count, sizeof(*plan->changes), by_state,
				(void *)plan->sites);
			return;
		}
}

int df_plan_close(struct df_plan *plan, const uint8_t *opcodes, struct df_err *err)
{
	plan->changes = calloc(plan->count + 1, sizeof(*plan->changes));
	plan->edits = calloc(plan->count + 1, sizeof(*plan->edits));
	plan->looks = calloc(plan->count + 1, sizeof(*plan->looks));
	plan->found = calloc(plan->count + 1, sizeof(*plan->found));
	if (!plan->changes || !plan->edits || !plan->looks || !plan->found)
		return df_fail_memory(err);
	for (uint32_t i = 0; i < plan->count; i++) {
		if (plan->outcome[i] == DF_NOT_SELECTED)
			continue;
		const size_t edits = plan->edit_count;
		const bool counts = differs(&plan->was[i], &plan->will[i]);
		if (counts)
			plan->changes[plan->change_count++] = i;
		else if (plan->outcome[i] == DF_CHANGED)
			plan->outcome[i] = DF_SAME; /* nobody sees the counts in between */
		add_edit(plan, i, opcodes[i]);
		if (counts || plan->edit_count > edits)
			plan->looks[plan->look_count++] = i;
	}
	sort_edits(plan);
	sort_looks(plan, opcodes);
	sort_changes(plan);
	return 0;
}

bool df_plan_empty(const struct df_plan *plan)
{
	return plan->change_count == 0 && plan->edit_count == 0 &&
	       plan->will_initialise == plan->was_initialised;
}

void df_plan_free(struct df_plan *plan)
{
	free(plan->was);
	free(plan->will);
	free(plan->outcome);
	free(plan->changes);
	free(plan->edits);
	free(plan->looks);
	free(plan->found);
	*plan = (struct df_plan){0};
}
