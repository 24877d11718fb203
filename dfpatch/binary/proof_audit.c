/* SPDX-License-Identifier: Apache-2.0 */
/* proof_audit.c - the functions around the sites of a module. */
#include "proof_audit.h"

#include <inttypes.h>

#include "functions.h"
#include "prove.h"
#include "site_audit.h"

/* What each fault is found as, and its words, behind which an address follows. */
static const struct {
	enum finding_code code;
	const char *text;
} faults[PROVE_FAULTS] = {
	[PROVE_SITE_INSIDE] = {FINDING_SITE_BOUNDARY, "begins within the instruction at"},
	[PROVE_TARGET_INSIDE] = {FINDING_TARGET_BOUNDARY,
				 "its target begins within the instruction at"},
	[PROVE_LENGTH] = {FINDING_SITE_BOUNDARY, "an instruction of another length begins at"},
	[PROVE_BRANCH_INTO] = {FINDING_BRANCH_INTO_SITE,
			       "into the middle of it leads the branch at"},
	[PROVE_UNDECODED] = {FINDING_FUNCTION_UNDECODABLE, "there is no instruction at"},
	[PROVE_UNKNOWN] = {FINDING_NOT_CHECKED,
			   "its function goes on with an instruction that is not known, at"},
	[PROVE_UNREACHED] = {FINDING_FUNCTION_UNKNOWN,
			     "instructions are not known from there to the site or its target:"},
	[PROVE_NO_FUNCTION] = {FINDING_FUNCTION_UNKNOWN, "no function is known that holds"},
};

static void tell(const struct inventory *inventory, const struct fault *fault,
		 struct findings *findings)
{
	const uint32_t record = inventory->order[fault->site];
	struct df_site site;
	if (!inventory_site(inventory, record, &site))
		return;
	const struct finding_place place = {.record = record, .address = site.addr, .site = &site};
	if (fault->function != 0)
		findings_add(findings, faults[fault->kind].code, &place,
			     "%s %#" PRIx64 ", in the function at %#" PRIx64,
			     faults[fault->kind].text, fault->where, fault->function);
	else
		findings_add(findings, faults[fault->kind].code, &place, "%s %#" PRIx64,
			     faults[fault->kind].text, fault->where);
}

static void tell_all(const struct inventory *inventory, const struct proof *proof,
		     struct findings *findings)
{
	size_t told[PROVE_FAULTS] = {0};
	for (size_t i = 0; i < proof->faults.count; i++) {
		tell(inventory, &proof->faults.list[i], findings);
		told[proof->faults.list[i].kind]++;
	}
	for (size_t kind = 0; kind < PROVE_FAULTS; kind++)
		findings_count(findings, faults[kind].code, proof->counts[kind] - told[kind]);
}

static void tell_damage(const struct functions *known, struct findings *findings)
{
	if (known->frames_damaged)
		findings_add(findings, FINDING_UNWIND_DAMAGED, FINDING_AT(0),
			     "the unwind table cannot be read to its end; functions behind the "
			     "damage may be missing");
	if (known->symbols_damaged)
		findings_add(findings, FINDING_NOT_CHECKED, FINDING_AT(0),
			     "the symbols cannot be read; functions may be missing");
}

static struct proof_totals total(const struct places *places, const struct proof *proof)
{
	struct proof_totals totals = {.functions = proof->functions};
	for (size_t i = 0; i < places->count; i++)
		totals.proven += proof->masks[i] == 0;
	return totals;
}

int proof_audit(const struct inventory *inventory, const struct places *places,
		struct proof_totals *totals, struct findings *findings, struct df_err *err)
{
	const struct image *image = inventory->image;
	const struct window_source source = site_source(inventory);
	struct functions known;
	struct proof proof;
	int status = functions_find(&source, &image->elf, image->bias, image->live ? -1 : image->fd,
				    &known, err);
	if (status < 0)
		return status;
	tell_damage(&known, findings);
	status = prove(&source, &known, places, &proof, err);
	functions_free(&known);
	if (status < 0)
		return status;
	tell_all(inventory, &proof, findings);
	*totals = total(places, &proof);
	proof_free(&proof);
	return 0;
}
