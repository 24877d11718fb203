/* SPDX-License-Identifier: Apache-2.0 */
/* preset.c - what it takes for a file to have its flags in another state as built. */
#include "preset.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cleanup.h"
#include "insn.h"
#include "match.h"
#include "script_plan.h"
#include "window.h"

static struct image *image_of(const struct preset *preset)
{
	return preset->change.images.list[0];
}

/* ---- whether the file is as built, and sound ---- */

static int bad_site(const struct image *image, const struct df_site *site, const char *what,
		    struct df_err *err)
{
	char name[400];
	df_full_name(site, name, sizeof(name));
	return df_fail(err, DF_E_SITE,
		       "%.300s: site of %s at %#" PRIx64 ": %s; nothing was written", image->path,
		       name, site->addr, what);
}

/* The instruction is the one that the record calls as built, and that follows from its counts. */
static int check_site(struct window *window, const struct image *image, const struct df_site *site,
		      struct df_err *err)
{
	static const struct df_count_v1 as_built;
	const struct df_count count = df_count_decode(site, &as_built);
	const bool jump = (site->flags & DF_SITE_JUMP_BUILT) != 0;
	const uint8_t *code = window_at(window, site->addr, df_insn_size(site->style));
	if (!code)
		return bad_site(image, site, "its bytes cannot be read from the file", err);
	const enum df_fit fit = df_insn_fit(site, code);
	if (fit != DF_FIT_STRAIGHT && fit != DF_FIT_JUMP)
		return bad_site(image, site, "holds neither of its two instructions", err);
	if ((fit == DF_FIT_JUMP) != jump)
		return bad_site(image, site, "holds the other instruction than its record says",
				err);
	if (df_insn_jumps(site, df_count_active(&count)) != jump)
		return bad_site(image, site, "its instruction does not follow from its counts",
				err);
	return 0;
}

static int of_a_process(const struct image *image, struct df_err *err)
{
	return df_fail(
		err, DF_E_TABLE,
		"%s: was made from a running program: its flags are not as built; nothing was "
		"written",
		image->path);
}

/* States are mostly in no file. Those that are might hold what a process made of them. */
static bool is_zero(const struct df_view *view, uint64_t addr, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t *byte = view->at(view, addr + i, 1);
		if (!byte)
			return true;
		if (*byte != 0)
			return false;
	}
	return true;
}

static int check_sites(struct window *window, const struct image *image, struct df_err *err)
{
	for (size_t i = 0; i < image->table.count; i++) {
		if (check_site(window, image, &image->sites[i], err) < 0)
			return -(int)err->code;
		if (!is_zero(&image->snapshot.view, image->sites[i].state, DF_STATE_SIZE))
			return of_a_process(image, err);
	}
	return 0;
}

static int check_image(const struct image *image, struct df_err *err)
{
	const struct df_control_v1 *c = &image->control;
	const struct window_source source = {
		.view = &image->snapshot.view,
		.pull = image->snapshot.pull,
		.context = image->snapshot.context,
	};
	if (c->phase != DF_PHASE_IDLE || c->initialised || c->generation || c->lock || c->external)
		return of_a_process(image, err);
	CLEANUP_FREE struct window *window = malloc(sizeof(*window));
	if (!window)
		return df_fail_memory(err);
	window_begin(window, &source);
	return check_sites(window, image, err);
}

/* ---- counts ---- */

static int check_counts(const struct preset *preset, struct df_err *err)
{
	const struct df_plan *plan = preset->change.plans;
	for (size_t i = 0; i < plan->count; i++) {
		const struct df_count *will = &plan->will[i];
		const bool activation = will->activation > UINT8_MAX;
		char name[400];
		if (!activation && will->unhook <= UINT8_MAX)
			continue;
		df_full_name(&plan->sites[i], name, sizeof(name));
		return df_fail(err, DF_E_USAGE,
			       "%s: its %s count would be %" PRIu32
			       ", and a file holds no more than %u; nothing was written",
			       name, activation ? "activation" : "unhook",
			       activation ? will->activation : will->unhook, UINT8_MAX);
	}
	return 0;
}

/* ---- edits ---- */

/* Whether another segment takes some of the same bytes, of the file or of memory. */
static bool is_shared(const struct elf_info *elf, const struct elf_part *part)
{
	for (size_t i = 0; i < elf->part_count; i++) {
		const struct elf_part *p = &elf->parts[i];
		if (p == part || p->type != PT_LOAD)
			continue;
		if ((p->addr < part->addr + part->size && part->addr < p->addr + p->size) ||
		    (p->offset < part->offset + part->file_size &&
		     part->offset < p->offset + p->file_size))
			return true;
	}
	return false;
}

/* The segment whose bytes in the file hold `size` bytes at an ELF address. */
static const struct elf_part *part_at(const struct elf_info *elf, uint64_t addr, size_t size)
{
	for (size_t i = 0; i < elf->part_count; i++) {
		const struct elf_part *p = &elf->parts[i];
		if (p->type == PT_LOAD && addr >= p->addr && p->file_size >= size &&
		    addr - p->addr <= p->file_size - size)
			return p;
	}
	return NULL;
}

/* Adds an edit of the bytes at ELF address `addr`; *part is where the one before it was. */
static int add_edit(struct preset *preset, const struct elf_part **part, uint64_t addr,
		    struct file_edit edit, struct df_err *err)
{
	const struct image *image = image_of(preset);
	const struct elf_part *found = part_at(&image->elf, addr, edit.size);
	if (!found)
		return df_fail(err, DF_E_TABLE,
			       "%s: no segment of the file holds address %#" PRIx64, image->path,
			       addr);
	if (found != *part && is_shared(&image->elf, found))
		return df_fail(err, DF_E_TABLE,
			       "%s: several segments hold address %#" PRIx64
			       ", or the same bytes of the file; nothing was written",
			       image->path, addr);
	*part = found;
	edit.offset = found->offset + (addr - found->addr);
	preset->edits[preset->edit_count++] = edit;
	return 0;
}

/* What is changed of a record: flags, activation and unhook, which are neighbours. */
enum { CHANGED_FROM = offsetof(struct df_site_v1, flags), CHANGED_SIZE = 3 };
_Static_assert(offsetof(struct df_site_v1, unhook) == CHANGED_FROM + CHANGED_SIZE - 1,
	       "three bytes");

static struct file_edit record_edit(const struct df_site *site, const struct df_count *will)
{
	const uint8_t counted = DF_SITE_HELD | DF_SITE_JUMP_BUILT;
	uint8_t flags = (uint8_t)(site->flags & ~counted);
	if (will->held)
		flags |= DF_SITE_HELD;
	if (df_insn_jumps(site, df_count_active(will)))
		flags |= DF_SITE_JUMP_BUILT;
	return (struct file_edit){
		.size = CHANGED_SIZE,
		.before = {site->flags, site->activation, site->unhook},
		.after = {flags, (uint8_t)will->activation, (uint8_t)will->unhook},
	};
}

static int add_edits(struct preset *preset, struct df_err *err)
{
	const struct df_plan *plan = preset->change.plans;
	const struct elf_part *part = NULL;
	for (size_t i = 0; i < plan->change_count; i++) {
		const uint32_t site = plan->changes[i];
		const uint64_t record =
			image_of(preset)->table.start + (uint64_t)site * DF_SITE_SIZE;
		if (add_edit(preset, &part, record + CHANGED_FROM,
			     record_edit(&plan->sites[site], &plan->will[site]), err) < 0)
			return -(int)err->code;
	}
	for (size_t i = 0; i < plan->edit_count; i++) {
		const struct df_edit *e = &plan->edits[i];
		const struct file_edit edit = {
			.size = 1, .before = {e->before[0]}, .after = {e->after[0]}};
		if (add_edit(preset, &part, e->addr, edit, err) < 0)
			return -(int)err->code;
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const uint64_t x = ((const struct file_edit *)a)->offset;
	const uint64_t y = ((const struct file_edit *)b)->offset;
	return (x > y) - (x < y);
}

static int sort_edits(struct preset *preset, struct df_err *err)
{
	qsort(preset->edits, preset->edit_count, sizeof(*preset->edits), by_offset);
	for (size_t i = 1; i < preset->edit_count; i++) {
		const struct file_edit *a = &preset->edits[i - 1], *b = &preset->edits[i];
		if (b->offset - a->offset < a->size)
			return df_fail(err, DF_E_TABLE,
				       "%s: a record and an instruction overlap at offset %#" PRIx64
				       "; nothing was written",
				       image_of(preset)->path, b->offset);
	}
	return 0;
}

static int close_plan(struct preset *preset, struct df_err *err)
{
	const struct image *image = image_of(preset);
	struct df_plan *plan = preset->change.plans;
	/* As check_site() found them. */
	CLEANUP_FREE uint8_t *opcodes = malloc(image->table.count + 1);
	if (!opcodes)
		return df_fail_memory(err);
	for (size_t i = 0; i < image->table.count; i++)
		opcodes[i] = df_insn_opcode(image->sites[i].style,
					    (image->sites[i].flags & DF_SITE_JUMP_BUILT) != 0);
	if (df_plan_close(plan, opcodes, err) < 0)
		return -(int)err->code;
	preset->edits = calloc(plan->change_count + plan->edit_count + 1, sizeof(*preset->edits));
	return preset->edits ? 0 : df_fail_memory(err);
}

static int do_scripts(struct preset *preset, const struct scripts *scripts, struct df_err *err)
{
	struct change_result *change = &preset->change;
	const int status = selection_new(&change->selection, &change->images, true, err);
	return status < 0 ? status
			  : script_plan(scripts, &change->images, NULL, change->plans,
					&change->selection, err);
}

static int load(const char *path, struct preset *preset, struct df_err *err)
{
	struct change_result *change = &preset->change;
	int status = images_from_file(path, &change->images, err);
	if (status == 0)
		status = check_image(image_of(preset), err);
	if (status < 0)
		return status;
	const struct image *image = image_of(preset);
	change->plans = calloc(1, sizeof(*change->plans));
	return change->plans ? df_plan_begin(change->plans, image->sites, image->table.count,
					     image->states, &image->control, err)
			     : df_fail_memory(err);
}

int preset_make(const char *path, const struct scripts *scripts, struct preset *preset,
		struct df_err *err)
{
	*preset = (struct preset){0};
	int status = load(path, preset, err);
	if (status == 0)
		status = do_scripts(preset, scripts, err);
	if (status == 0)
		status = check_counts(preset, err);
	if (status < 0)
		return status;
	status = close_plan(preset, err);
	if (status == 0)
		status = add_edits(preset, err);
	return status == 0 ? sort_edits(preset, err) : status;
}

/* ---- the copy ---- */

static bool same_count(const struct df_count *a, const struct df_count *b)
{
	return a->activation == b->activation && a->unhook == b->unhook && a->held == b->held;
}

static bool same_site(const struct df_site *a, const struct df_site *b)
{
	return a->addr == b->addr && a->target == b->target && a->state == b->state &&
	       a->style == b->style && df_site_same_name(a, b);
}

static int compare(const struct preset *preset, const struct image *copy, struct df_err *err)
{
	const struct image *image = image_of(preset);
	const struct df_plan *plan = preset->change.plans;
	bool same = copy->table.count == image->table.count;
	for (size_t i = 0; same && i < copy->table.count; i++) {
		const struct df_count count = image_count(copy, (uint32_t)i);
		same = same_site(&copy->sites[i], &image->sites[i]) &&
		       same_count(&count, &plan->will[i]);
	}
	return same ? 0
		    : df_fail(err, DF_E_CHANGED,
			      "%s: its copy has not the flags that it should have: it changed "
			      "while "
			      "it was copied; nothing was written",
			      image->path);
}

int preset_check(const struct preset *preset, int fd, const char *path, struct df_err *err)
{
	struct images images;
	int status = images_from_open_file(fd, path, &images, err);
	if (status == 0)
		status = check_image(images.list[0], err);
	if (status == 0)
		status = compare(preset, images.list[0], err);
	images_free(&images);
	return status;
}

size_t preset_bytes(const struct preset *preset)
{
	size_t bytes = 0;
	for (size_t i = 0; i < preset->edit_count; i++)
		for (size_t j = 0; j < preset->edits[i].size; j++)
			bytes += preset->edits[i].before[j] != preset->edits[i].after[j];
	return bytes;
}

void preset_free(struct preset *preset)
{
	if (preset->change.plans)
		df_plan_free(preset->change.plans);
	free(preset->change.plans);
	selection_free(&preset->change.selection);
	free(preset->edits);
	images_free(&preset->change.images);
	*preset = (struct preset){0};
}
