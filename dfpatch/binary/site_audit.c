/* SPDX-License-Identifier: Apache-2.0 */
/* site_audit.c - each site of a module by itself. */
#include "site_audit.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "insn.h"
#include "parallel.h"
#include "text.h"

#define CACHE_LINE 64
#define PAGE 4096

/*
 * Sites are looked at by all threads, which only mark those of which there is something to tell;
 * one tells it then, in order. So nothing depends on the number of threads.
 */
struct pass {
	struct inventory *inventory;
	struct findings *findings; /* NULL while they are only looked at */
	bool odd;		   /* then: there is something to tell */
	bool placed;
	struct window_source source;
	struct window *window; /* NULL while they are only looked at */
	uint8_t *bytes;	       /* enum site_bytes of each in order, and ODD; or that alone */
};

#define ODD 0x80
#define SITES_AT_ONCE 4096

/* One site that is being looked at. */
struct subject {
	uint32_t record;
	struct df_site site;
};

static struct finding_place place_of(const struct subject *s)
{
	return (struct finding_place){
		.record = s->record, .address = s->site.addr, .site = &s->site};
}

#define TELL(PASS, SUBJECT, CODE, ...)                                                             \
	do {                                                                                       \
		const struct finding_place place = place_of(SUBJECT);                              \
		if ((PASS)->findings)                                                              \
			findings_add((PASS)->findings, CODE, &place, __VA_ARGS__);                 \
		else                                                                               \
			(PASS)->odd = true;                                                        \
	} while (0)

/* ---- in the order of addresses ---- */

static uint64_t address_of(const struct inventory *inventory, uint32_t record, bool state)
{
	struct inventory_place place;
	inventory_place(inventory, record, &place);
	return state ? place.state : place.addr;
}

static int by_site(const void *x, const void *y, void *inventory)
{
	const uint64_t a = address_of(inventory, *(const uint32_t *)x, false);
	const uint64_t b = address_of(inventory, *(const uint32_t *)y, false);
	return (a > b) - (a < b);
}

static int by_state(const void *x, const void *y, void *inventory)
{
	const uint64_t a = address_of(inventory, *(const uint32_t *)x, true);
	const uint64_t b = address_of(inventory, *(const uint32_t *)y, true);
	return (a > b) - (a < b);
}

/* All sound records; says whether they are in the order of their states, and of their sites. */
static void take_all(struct inventory *inventory, bool *by_states, bool *by_sites)
{
	struct inventory_place before = {0}, place;
	size_t count = 0;
	*by_states = *by_sites = true;
	for (uint32_t i = 0; i < inventory->image->table.count; i++) {
		if (inventory_is_damaged(inventory, i))
			continue;
		inventory_place(inventory, i, &place);
		*by_states &= place.state >= before.state;
		*by_sites &= place.addr >= before.addr;
		before = place;
		inventory->order[count++] = i;
	}
}

static void sort(struct inventory *inventory, bool state)
{
	qsort_r(inventory->order, inventory->sound, sizeof(*inventory->order),
		state ? by_state : by_site, inventory);
}

/* ---- states ---- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void check_live_state(struct pass *p, const struct subject *s, const struct df_state_v1 *is)
{
	const uint32_t phase = p->inventory->image->control.phase;
	if (phase == DF_PHASE_IDLE && memcmp(&is->current, &is->next, sizeof(is->next)) != 0)
		TELL(p, s, FINDING_STATE_VALUE,
		     "its state at %#" PRIx64 " is half-changed, and no change is under way",
		     s->site.state);
	if (!(s->site.flags & DF_SITE_HELD) && (is->current.unhook & DF_HOLD_RELEASED))
		TELL(p, s, FINDING_STATE_VALUE,
		     "its state at %#" PRIx64 " says that a hold was released, and it has none",
		     s->site.state);
}

static void check_state(struct pass *p, const struct subject *s)
{
	const struct image *image = p->inventory->image;
	const uint8_t *bytes = window_at(p->window, s->site.state, DF_STATE_SIZE);
	if (image->live && !bytes)
		TELL(p, s, FINDING_STATE_BOUNDS, "its state at %#" PRIx64 " cannot be read",
		     s->site.state);
	if (!image->live && bytes && !is_zero(bytes, DF_STATE_SIZE))
		TELL(p, s, FINDING_STATE_VALUE,
		     "its state at %#" PRIx64 " is not zero in the file, as it is when built",
		     s->site.state);
	if (!image->live || !bytes)
		return;
	struct df_state_v1 state;
	memcpy(&state, bytes, sizeof(state));
	check_live_state(p, s, &state);
	if (image->states)
		image->states[s->record] = state;
}

/* Of a file, what is zeroed when it is loaded, as states are, is not there to be read. */
static bool has_bytes(const struct image *image, uint64_t addr)
{
	for (size_t i = 0; !image->live && i < image->elf.part_count; i++) {
		const struct elf_part *part = &image->elf.parts[i];
		if (part->type == PT_LOAD && addr >= part->addr && addr - part->addr < part->size)
			return addr - part->addr < part->file_size;
	}
	return image->live;
}

static uint64_t state_of(const struct inventory *inventory, size_t index)
{
	return address_of(inventory, inventory->order[index], true);
}

/* `before` is the state in front of it. */
static bool shares_state(size_t index, uint64_t before, uint64_t state)
{
	return index > 0 && state - before < DF_STATE_SIZE;
}

static void look_at_states(void *context, size_t first, size_t end)
{
	const struct pass *p = context;
	const struct inventory *inventory = p->inventory;
	uint64_t before = first > 0 ? state_of(inventory, first - 1) : 0;
	for (size_t i = first; i < end; i++) {
		const uint64_t state = state_of(inventory, i);
		if (shares_state(i, before, state) || has_bytes(inventory->image, state))
			p->bytes[i] = ODD;
		before = state;
	}
}

static void tell_states(struct pass *p)
{
	const struct inventory *inventory = p->inventory;
	for (size_t i = 0; i < inventory->sound; i++) {
		struct subject s = {.record = inventory->order[i]};
		if (p->bytes[i] != ODD || !inventory_site(inventory, s.record, &s.site))
			continue;
		if (i > 0 && shares_state(i, state_of(inventory, i - 1), s.site.state))
			TELL(p, &s, FINDING_STATE_OVERLAP,
			     "shares its state at %#" PRIx64 " with record %" PRIu32, s.site.state,
			     inventory->order[i - 1]);
		check_state(p, &s);
	}
}

/* ---- sites ---- */

static void check_string(struct pass *p, const struct subject *s, const char *what,
			 const char *text)
{
	if (!text_is_utf8(text))
		TELL(p, s, FINDING_STRING_UTF8, "its %s is no well-formed UTF-8", what);
}

/* Without one of them, a flag has no full name that could be written. */
static void check_part_of_name(struct pass *p, const struct subject *s, const char *what,
			       const char *text)
{
	if (*text == '\0')
		TELL(p, s, FINDING_STRING_EMPTY, "its %s is empty", what);
	check_string(p, s, what, text);
}

/* Strings that neighbours share are looked at once. */
static void check_strings(struct pass *p, const struct subject *s, const struct subject *before)
{
	if (s->site.kind != before->site.kind)
		check_part_of_name(p, s, "kind", s->site.kind);
	if (s->site.file != before->site.file)
		check_part_of_name(p, s, "file", s->site.file);
	if (s->site.doc != before->site.doc)
		check_string(p, s, "doc", s->site.doc);
	check_part_of_name(p, s, "name", s->site.name);
}

static void check_place(struct pass *p, const struct subject *s)
{
	const uint64_t addr = s->site.addr, last = addr + df_insn_size(s->site.style) - 1;
	if (!p->placed)
		return;
	if (addr / PAGE != last / PAGE)
		TELL(p, s, FINDING_PAGE, "lies on two pages");
	else if (addr / CACHE_LINE != last / CACHE_LINE)
		TELL(p, s, FINDING_CACHE_LINE, "lies in two cache lines");
}

static void hex(const uint8_t *bytes, size_t size, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < size; i++)
		text += sprintf(text, i ? " %02x" : "%02x", bytes[i]);
}

static void tell_bytes(struct pass *p, const struct subject *s, const uint8_t *code)
{
	const struct df_site *site = &s->site;
	const size_t size = df_insn_size(site->style);
	const int32_t displacement = (int32_t)(site->target - site->addr - 5);
	uint8_t expected[DF_INSN_MAX] = {0};
	char straight[16], jump[16], found[16];
	memcpy(expected + 1, &displacement, sizeof(displacement));
	expected[0] = df_insn_opcode(site->style, false);
	hex(expected, size, straight);
	expected[0] = df_insn_opcode(site->style, true);
	hex(expected, size, jump);
	hex(code, size, found);
	const bool opcode = code[0] == df_insn_opcode(site->style, false) ||
			    code[0] == df_insn_opcode(site->style, true);
	TELL(p, s, opcode ? FINDING_SITE_DISPLACEMENT : FINDING_SITE_BYTES,
	     "expected %s or %s, found %s", straight, jump, found);
}

/* Whether record and counts agree about what the file was built with. */
static bool built_as_counted(const struct df_site *site)
{
	const bool active = site->activation > 0 || (site->flags & DF_SITE_HELD);
	return df_insn_jumps(site, active) == ((site->flags & DF_SITE_JUMP_BUILT) != 0);
}

static void check_opcode(struct pass *p, const struct subject *s, bool jump)
{
	const struct image *image = p->inventory->image;
	const struct df_count count = inventory_count(p->inventory, s->record, &s->site);
	const bool active = df_count_active(&count);
	if (!built_as_counted(&s->site))
		TELL(p, s, FINDING_SITE_STATE,
		     "its record contradicts itself: built with the %s, and %s as built",
		     s->site.flags & DF_SITE_JUMP_BUILT ? "jump" : "instruction that goes on",
		     s->site.activation > 0 || (s->site.flags & DF_SITE_HELD) ? "active"
									      : "inactive");
	else if (df_insn_jumps(&s->site, active) != jump &&
		 (!image->live || image->control.phase == DF_PHASE_IDLE))
		TELL(p, s, FINDING_SITE_STATE, "is %s, but holds the %s",
		     active ? "active" : "inactive", jump ? "jump" : "instruction that goes on");
}

/* Nobody reads it, so it would lie unnoticed. */
static void check_stray_target(struct pass *p, const struct subject *s)
{
	struct inventory_place has;
	if (s->site.style != DF_STYLE_X86_CARRY)
		return;
	inventory_place(p->inventory, s->record, &has);
	if (has.stray_target)
		TELL(p, s, FINDING_TARGET_SEGMENT, "has a target, and its style has none");
}

static void check_code(struct pass *p, const struct subject *s, enum site_bytes is)
{
	const uint8_t *code;
	switch (is) {
	case SITE_BYTES_STRAIGHT:
		check_opcode(p, s, false);
		break;
	case SITE_BYTES_JUMP:
		check_opcode(p, s, true);
		break;
	case SITE_BYTES_BREAKPOINT:
		TELL(p, s, FINDING_BREAKPOINT, "holds a breakpoint (cc) of a debugger or uprobe");
		break;
	case SITE_BYTES_UNREADABLE:
		TELL(p, s, FINDING_SITE_UNREADABLE, "its bytes are not %s",
		     p->inventory->image->live ? "mapped" : "in the file");
		break;
	case SITE_BYTES_OTHER:
		p->odd = true;
		code = p->window ? window_at(p->window, s->site.addr, df_insn_size(s->site.style))
				 : NULL;
		if (code)
			tell_bytes(p, s, code);
		break;
	}
}

static void check_site(struct pass *p, const struct subject *s, const struct subject *before,
		       enum site_bytes bytes)
{
	if (before->site.kind &&
	    s->site.addr - before->site.addr < df_insn_size(before->site.style))
		TELL(p, s, FINDING_SITE_OVERLAP,
		     "shares bytes with the site of record %" PRIu32 " at %#" PRIx64,
		     before->record, before->site.addr);
	check_strings(p, s, before);
	check_place(p, s);
	check_stray_target(p, s);
	check_code(p, s, bytes);
}

/* The one at that place of the order; nothing, in front of the first. */
static struct subject subject_at(const struct pass *p, size_t index)
{
	struct subject s = {0};
	if (index < p->inventory->sound) {
		s.record = p->inventory->order[index];
		inventory_site(p->inventory, s.record, &s.site);
	}
	return s;
}

static void look_at_sites(void *context, size_t first, size_t end)
{
	struct pass p = *(const struct pass *)context;
	struct subject before = subject_at(&p, first - 1);
	p.findings = NULL;
	p.window = NULL;
	for (size_t i = first; i < end; i++) {
		const struct subject s = subject_at(&p, i);
		p.odd = false;
		check_site(&p, &s, &before, (enum site_bytes)p.bytes[i]);
		p.bytes[i] |= p.odd ? ODD : 0;
		before = s;
	}
}

static void tell_sites(struct pass *p)
{
	for (size_t i = 0; i < p->inventory->sound; i++) {
		if (!(p->bytes[i] & ODD))
			continue;
		const struct subject before = subject_at(p, i - 1), s = subject_at(p, i);
		check_site(p, &s, &before, (enum site_bytes)(p->bytes[i] & ~ODD));
	}
}

/* ---- all of it ---- */

static void get_place(const void *context, size_t index, struct place *place)
{
	const struct inventory *inventory = context;
	struct inventory_place is;
	inventory_place(inventory, inventory->order[index], &is);
	*place = (struct place){.addr = is.addr, .target = is.target, .style = is.style};
}

struct places site_places(const struct inventory *inventory)
{
	return (struct places){
		.count = inventory->sound,
		.get = get_place,
		.context = inventory,
		.live = inventory->image->live,
	};
}

struct window_source site_source(const struct inventory *inventory)
{
	const struct snapshot *snapshot = &inventory->image->snapshot;
	return (struct window_source){
		.view = &snapshot->view, .pull = snapshot->pull, .context = snapshot->context};
}

static void check_states(struct pass *p, unsigned threads)
{
	parallel_slices(threads, p->inventory->sound, SITES_AT_ONCE, look_at_states, p);
	tell_states(p);
}

static int check_sites(struct pass *p, const struct places *places, struct df_err *err)
{
	const int status = site_bytes_find(&p->source, places, p->bytes, err);
	if (status < 0)
		return status;
	parallel_slices(places->threads, p->inventory->sound, SITES_AT_ONCE, look_at_sites, p);
	tell_sites(p);
	return 0;
}

/* Linkers mostly leave tables in the order of addresses: looking first is far cheaper. */
static int run(struct pass *p, const struct places *places, struct df_err *err)
{
	bool by_states, by_sites;
	window_begin(p->window, &p->source);
	take_all(p->inventory, &by_states, &by_sites);
	if (!by_states)
		sort(p->inventory, true);
	check_states(p, places->threads);
	if (!by_states)
		take_all(p->inventory, &by_states, &by_sites); /* ties stay in the table's order */
	if (!by_sites)
		sort(p->inventory, false);
	return check_sites(p, places, err);
}

int site_audit(struct inventory *inventory, const struct places *places, bool placed,
	       struct findings *findings, struct df_err *err)
{
	CLEANUP_FREE struct window *window = malloc(sizeof(*window));
	CLEANUP_FREE uint8_t *bytes = calloc(inventory->sound + 1, 1);
	free(inventory->order);
	inventory->order = calloc(inventory->sound + 1, sizeof(*inventory->order));
	if (!window || !bytes || !inventory->order)
		return df_fail_memory(err);
	struct pass p = {
		.inventory = inventory,
		.findings = findings,
		.placed = placed,
		.source = site_source(inventory),
		.window = window,
		.bytes = bytes,
	};
	return run(&p, places, err);
}
