/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - whether every site of a module is sound, and what the module carries. */
#include "audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flag_audit.h"
#include "proof_audit.h"
#include "site_audit.h"
#include "table_audit.h"

const char *audit_form_name(enum audit_form form)
{
	switch (form) {
	case AUDIT_EXECUTABLE:
		return "executable";
	case AUDIT_SHARED:
		return "shared";
	case AUDIT_OBJECT:
		return "object";
	case AUDIT_LIVE:
	default:
		return "live";
	}
}

/* Live states are kept, since they change while we look. */
static int make_room_for_states(struct image *image, struct df_err *err)
{
	if (!image->live)
		return 0;
	free(image->states);
	image->states = calloc(image->table.count + 1, sizeof(*image->states));
	return image->states ? 0 : df_fail_memory(err);
}

static int look_at_sites(struct audit_module *module, const struct audit_options *options,
			 struct df_err *err)
{
	struct inventory *inventory = &module->inventory;
	struct places places = site_places(inventory);
	places.threads = options->threads;
	places.progress = options->progress;
	places.progress_context = options->progress_context;
	const int status = site_audit(inventory, &places, module->form != AUDIT_OBJECT,
				      &module->findings, err);
	if (status < 0 || options->sites_only || inventory->sound == 0)
		return status;
	if (module->form == AUDIT_OBJECT) {
		findings_add(&module->findings, FINDING_NOT_CHECKED, FINDING_AT(0),
			     "functions, note and control block are made by the linker; audit what "
			     "it makes of this object");
		return 0;
	}
	struct proof_totals totals = {0};
	const int proven = proof_audit(inventory, &places, &totals, &module->findings, err);
	module->summary.functions = totals.functions;
	module->summary.proven = totals.proven;
	return proven;
}

static int audit_sites(struct audit_module *module, const struct audit_options *options,
		       struct df_err *err)
{
	int status = make_room_for_states(module->image, err);
	if (status == 0)
		status = inventory_begin(&module->inventory, module->image, options->threads,
					 &module->findings, err);
	if (status == 0)
		status = look_at_sites(module, options, err);
	return status == 0 ? inventory_group(&module->inventory, err) : status;
}

static void summarise(struct audit_module *module)
{
	struct flag_tally tally;
	flag_audit(&module->inventory, &tally, &module->findings);
	module->summary.records = module->image->table.count;
	module->summary.sites = module->inventory.sound;
	module->summary.flags = module->inventory.flag_count;
	module->summary.kinds = tally.kinds;
	module->summary.on = tally.on;
	module->summary.off = tally.off;
	module->summary.held = tally.held;
	module->summary.mixed = tally.mixed;
	module->summary.docs = tally.docs;
	module->summary.owned = tally.owned;
	module->summary.ending = tally.ending;
	module->summary.judged = tally.judged;
}

int audit_image(struct audit_module *module, struct image *image, enum audit_form form,
		struct findings *found, const struct audit_options *options, struct df_err *err)
{
	*module = (struct audit_module){.image = image, .form = form, .findings = *found};
	*found = (struct findings){0};
	int status = 0;
	if (form != AUDIT_OBJECT)
		status = table_audit(image, &module->findings, err);
	if (status == 0)
		status = audit_sites(module, options, err);
	if (status < 0)
		return status;
	summarise(module);
	findings_sort(&module->findings);
	return module->findings.no_memory || image->snapshot.no_memory ? df_fail_memory(err) : 0;
}

int audit_flags(struct audit_module *module, const struct audit_options *options,
		struct df_err *err)
{
	if (module->summary.judged > 0)
		ages_check_docs(&module->inventory, options->now, &module->findings);
	const int status = options->age ? ages_find(&module->inventory, options->age, &module->ages,
						    &module->findings, err)
					: 0;
	findings_sort(&module->findings);
	return status == 0 && module->findings.no_memory ? df_fail_memory(err) : status;
}

void audit_free(struct audit_module *module)
{
	ages_free(&module->ages);
	inventory_free(&module->inventory);
	findings_free(&module->findings);
	image_free(module->image);
	*module = (struct audit_module){0};
}
