/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - from a module's notes to its sites. */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"

/*
 * What one module may cost whoever reads it, far above what compilers and linkers make:
 * notes are looked for in so many bytes, and those that were moved at so many places.
 */
#define NOTES_SIZE_MAX ((uint64_t)4 << 20)
#define NOTES_PLACES_MAX (1 << 17)

#define EHDR_FIELD offsetof(struct df_note_v1, ehdr)

/* Lock and claim are read and written as single words of eight bytes. */
#define CONTROL_ALIGNMENT 8

static uint64_t follow(uint64_t field, int32_t distance)
{
	return field + (uint64_t)(int64_t)distance;
}

/* Copies, because a hostile or misplaced structure may lie at any address. */
static bool fetch(const struct df_view *view, uint64_t addr, void *to, size_t size, unsigned prot)
{
	if (!df_view_within(view, addr, size, prot))
		return false;
	const void *bytes = view->at(view, addr, size);
	if (!bytes)
		return false;
	memcpy(to, bytes, size);
	return true;
}

static bool is_our_note(const struct df_note_v1 *note)
{
	return note->owner_size == DF_NOTE_OWNER_SIZE && note->desc_size == DF_NOTE_DESC_SIZE &&
	       note->type == DF_ABI_VERSION && memcmp(note->owner, "DF\0", 4) == 0 &&
	       note->magic == DF_NOTE_MAGIC;
}

static bool is_control(const struct df_view *view, uint64_t addr, struct df_control_v1 *control)
{
	return fetch(view, addr, control, sizeof(*control), DF_READ | DF_WRITE) &&
	       memcmp(control->magic, DF_CONTROL_MAGIC, sizeof(control->magic)) == 0;
}

/* The control block of a note, had it lain at `lay` when the linker wrote its distances. */
static bool control_from(const struct df_view *view, const struct df_note_v1 *note, uint64_t lay,
			 uint64_t *addr, struct df_control_v1 *control)
{
	*addr = follow(lay + offsetof(struct df_note_v1, control), note->control);
	return is_control(view, *addr, control);
}

static int check_control(const struct df_view *view, uint64_t addr,
			 const struct df_control_v1 *control, struct df_table *table,
			 struct df_err *err)
{
	if (control->site_size != DF_SITE_SIZE || control->state_size != DF_STATE_SIZE ||
	    control->control_size != DF_CONTROL_SIZE)
		return df_fail(err, DF_E_VERSION,
			       "control block at %#" PRIx64
			       ": sizes %u, %u, %u of record, state and "
			       "control block; this version knows %d, %d, %d",
			       addr, control->site_size, control->state_size, control->control_size,
			       DF_SITE_SIZE, DF_STATE_SIZE, DF_CONTROL_SIZE);
	if (addr % CONTROL_ALIGNMENT != 0)
		return df_fail(err, DF_E_TABLE, "control block at %#" PRIx64 " is not aligned",
			       addr);
	const uint64_t start = follow(addr + offsetof(struct df_control_v1, start), control->start);
	const uint64_t stop = follow(addr + offsetof(struct df_control_v1, stop), control->stop);
	if (stop < start || (stop - start) % DF_SITE_SIZE != 0)
		return df_fail(err, DF_E_TABLE,
			       "control block at %#" PRIx64 ": site table from %#" PRIx64
			       " to %#" PRIx64 " is no whole number of records",
			       addr, start, stop);
	if (stop > start && !df_view_within(view, start, stop - start, DF_READ))
		return df_fail(err, DF_E_TABLE,
			       "control block at %#" PRIx64 ": site table from %#" PRIx64
			       " to %#" PRIx64 " lies in no readable segment",
			       addr, start, stop);
	if ((stop - start) / DF_SITE_SIZE > DF_SITES_MAX)
		return df_fail(err, DF_E_TABLE,
			       "control block at %#" PRIx64 ": site table from %#" PRIx64
			       " to %#" PRIx64 " has more than %d records",
			       addr, start, stop, DF_SITES_MAX);
	*table = (struct df_table){
		.control = addr, .start = start, .count = (stop - start) / DF_SITE_SIZE};
	return 0;
}

/* What a module's notes have led to so far. */
struct search {
	const struct df_view *view;
	struct df_table *table;
	bool found;
	uint64_t scanned; /* bytes */
	uint64_t ehdr;	 /* where the ELF header lay when the notes were written, as far as known */
	unsigned places; /* where notes that were moved have been tried */
	struct df_err *err;
};

/*
 * The note's distances hold where the linker put the note. patchelf moves notes
 * and leaves their content, and may move an executable's ELF header down by
 * whole pages; so try where the note lies, then where it lay as told by its
 * distance to the ELF header. The magic decides. An ELF header at 0 is either
 * not loaded or that of a position-independent file, so it is tried as well;
 * besides, what the note names may be 0 whatever the file is: lld does not
 * define __ehdr_start for objects that LTO makes late. All notes of a module
 * were moved alike, so what was right for one is tried first for the next.
 */
static bool find_control(struct search *s, const struct df_note_v1 *note, uint64_t at,
			 uint64_t *addr, struct df_control_v1 *control)
{
	const uint64_t from_ehdr = 0 - (uint64_t)(int64_t)note->ehdr - EHDR_FIELD;
	if (control_from(s->view, note, at, addr, control) ||
	    control_from(s->view, note, s->ehdr + from_ehdr, addr, control))
		return true;
	uint64_t ehdr = 0;
	for (unsigned page = 0; page <= DF_EHDR_PAGES_MAX && s->places < NOTES_PLACES_MAX; page++) {
		s->places++;
		if (control_from(s->view, note, ehdr + from_ehdr, addr, control)) {
			s->ehdr = ehdr;
			return true;
		}
		ehdr = s->view->ehdr + (uint64_t)(page + 1) * DF_EHDR_PAGE;
	}
	return false;
}

/* Adds what one note leads to. Equal notes are normal (ThinLTO); two tables are not. */
static int take_note(struct search *s, const struct df_note_v1 *note, uint64_t at)
{
	struct df_control_v1 control;
	struct df_table other;
	uint64_t addr;
	if (!find_control(s, note, at, &addr, &control))
		return df_fail(s->err, DF_E_TABLE,
			       "note at %#" PRIx64 " leads to no control block; is this a file of "
			       "debug information only?",
			       at);
	const int status = check_control(s->view, addr, &control, &other, s->err);
	if (status < 0)
		return status;
	if (s->found && (other.start != s->table->start || other.count != s->table->count))
		return df_fail(s->err, DF_E_TABLE,
			       "notes lead to two site tables, at %#" PRIx64 " and %#" PRIx64,
			       s->table->start, other.start);
	/* Several control blocks of one table: all readers must pick the same. */
	if (!s->found || other.control < s->table->control)
		*s->table = other;
	s->found = true;
	return 0;
}

/*
 * By steps of four bytes instead of from note to note: mold 1.10 puts notes of
 * alignment 4 and 8 into one PT_NOTE of alignment 8, where the formal walk
 * loses those behind the first padding.
 */
static int scan_notes(struct search *s, const struct df_range *range)
{
	const uint64_t left = NOTES_SIZE_MAX - s->scanned;
	const uint64_t size = range->size < left ? range->size : left;
	if (size < DF_NOTE_SIZE || !df_view_within(s->view, range->addr, size, 0))
		return 0;
	const uint8_t *bytes = s->view->at(s->view, range->addr, size);
	if (!bytes)
		return 0;
	s->scanned += size;
	for (uint64_t i = 0; i <= size - DF_NOTE_SIZE; i += 4) {
		struct df_note_v1 note;
		memcpy(&note, bytes + i, sizeof(note));
		if (!is_our_note(&note))
			continue;
		const int status = take_note(s, &note, range->addr + i);
		if (status < 0)
			return status;
	}
	return 0;
}

int df_table_find(const struct df_view *view, struct df_table *table, struct df_err *err)
{
	struct search search = {.view = view, .ehdr = view->ehdr, .table = table, .err = err};
	for (size_t i = 0; i < view->note_count; i++) {
		const int status = scan_notes(&search, &view->notes[i]);
		if (status < 0)
			return status;
	}
	return search.found;
}

/*
 * A terminated string in a readable segment and its size, NULL if there is none. Looked at in
 * pieces that grow, or shrink where the view ends before its segment does.
 */
static const char *string_at(const struct df_view *view, uint64_t addr, size_t *size)
{
	const struct df_range *segment = df_view_within(view, addr, 1, DF_READ);
	if (!segment)
		return NULL;
	const uint64_t left = segment->size - (addr - segment->addr);
	const size_t limit = left < DF_STRING_MAX ? (size_t)left : DF_STRING_MAX;
	size_t seen = 0;
	for (size_t step = 64; seen < limit && step > 0;) {
		const size_t want = step < limit - seen ? seen + step : limit;
		const char *text = view->at(view, addr, want);
		if (!text) {
			step /= 2;
			continue;
		}
		const char *end = memchr(text + seen, '\0', want - seen);
		if (end) {
			*size = (size_t)(end - text);
			return text;
		}
		seen = want;
		step *= 2;
	}
	return NULL;
}

struct record {
	const struct df_view *view;
	struct df_site_v1 raw;
	uint64_t addr;
	uint64_t control; /* of the module */
	size_t index;
	enum df_part part;	    /* that is being looked at */
	struct df_strings *strings; /* NULL if none are kept */
	struct df_err *err;
};

#define FIELD(RECORD, MEMBER)                                                                      \
	follow((RECORD)->addr + offsetof(struct df_site_v1, MEMBER), (RECORD)->raw.MEMBER)

static int bad_field(const struct record *r, const char *field, uint64_t addr, const char *why)
{
	return df_fail(r->err, DF_E_TABLE, "record %zu: %s at %#" PRIx64 " %s", r->index, field,
		       addr, why);
}

static int decode_string(const struct record *r, const char *field, uint64_t addr,
			 struct df_string *string)
{
	*string = (struct df_string){.addr = addr};
	string->text = string_at(r->view, addr, &string->size);
	return string->text ? 0
			    : bad_field(r, field, addr, "is no terminated string of this module");
}

/* `kept` are DF_STRINGS_KEPT, or NULL. */
static int take_string(const struct record *r, const char *field, uint64_t addr,
		       struct df_string *kept, const char **text)
{
	struct df_string own = {0};
	struct df_string *string =
		kept ? &kept[addr * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (DF_STRINGS_KEPT - 1)]
		     : &own;
	int status = 0;
	if (!string->text || string->addr != addr)
		status = decode_string(r, field, addr, string);
	*text = string->text;
	if (r->strings)
		r->strings->size += string->size;
	return status;
}

static int decode_strings(struct record *r, struct df_site *site)
{
	struct df_strings *s = r->strings;
	r->part = DF_PART_STRING;
	int status = take_string(r, "kind", FIELD(r, kind), s ? s->kinds : NULL, &site->kind);
	if (status == 0)
		status = take_string(r, "name", FIELD(r, name), NULL, &site->name);
	if (status == 0)
		status = take_string(r, "file", FIELD(r, file), s ? s->files : NULL, &site->file);
	if (status == 0)
		status = take_string(r, "doc", FIELD(r, doc), s ? s->docs : NULL, &site->doc);
	return status;
}

static int decode_addresses(struct record *r, struct df_site *site)
{
	const size_t size = df_insn_size(site->style);
	site->addr = FIELD(r, site);
	site->state = FIELD(r, state);
	r->part = DF_PART_SITE;
	if (!df_view_within(r->view, site->addr, size, DF_EXEC))
		return bad_field(r, "site", site->addr, "lies in no executable segment");
	if (site->style == DF_STYLE_X86_GOTO) {
		site->target = FIELD(r, target);
		r->part = DF_PART_TARGET;
		if (!df_view_within(r->view, site->target, 1, DF_EXEC))
			return bad_field(r, "target", site->target,
					 "lies in no executable segment");
	}
	r->part = DF_PART_STATE;
	if (!df_view_within(r->view, site->state, DF_STATE_SIZE, DF_READ | DF_WRITE))
		return bad_field(r, "state", site->state, "lies in no writable segment");
	if (site->state % DF_STATE_SIZE != 0)
		return bad_field(r, "state", site->state, "is not aligned");
	/* Differences, since a sum could pass the end of all addresses. */
	if (site->state - r->control < DF_CONTROL_SIZE || r->control - site->state < DF_STATE_SIZE)
		return bad_field(r, "state", site->state, "lies in the control block");
	return 0;
}

static int check_version(struct record *r)
{
	const unsigned known = DF_SITE_INVERTED | DF_SITE_HELD | DF_SITE_JUMP_BUILT;
	r->part = DF_PART_STYLE;
	if (df_insn_size(r->raw.style) == 0)
		return df_fail(r->err, DF_E_VERSION,
			       "record %zu: style %u is not one that this version knows", r->index,
			       r->raw.style);
	r->part = DF_PART_FLAGS;
	if (r->raw.flags & ~known)
		return df_fail(r->err, DF_E_VERSION,
			       "record %zu: flags %#x hold some that this version does not know",
			       r->index, r->raw.flags);
	return 0;
}

static int decode(struct record *r, uint64_t addr, struct df_site *site)
{
	r->addr = addr;
	if (!fetch(r->view, r->addr, &r->raw, sizeof(r->raw), DF_READ))
		return bad_field(r, "record", r->addr, "cannot be read");
	int status = check_version(r);
	if (status < 0)
		return status;
	*site = (struct df_site){
		.line = r->raw.line,
		.style = r->raw.style,
		.flags = r->raw.flags,
		.activation = r->raw.activation,
		.unhook = r->raw.unhook,
	};
	status = decode_addresses(r, site);
	return status < 0 ? status : decode_strings(r, site);
}

int df_table_part(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_site *site, enum df_part *part, struct df_err *err)
{
	struct record r = {.view = view,
			   .control = table->control,
			   .index = index,
			   .part = DF_PART_RECORD,
			   .err = err};
	const int status = decode(&r, table->start + index * DF_SITE_SIZE, site);
	*part = r.part;
	return status;
}

int df_table_site(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_site *site, struct df_err *err)
{
	enum df_part part;
	return df_table_part(view, table, index, site, &part, err);
}

int df_table_next(const struct df_view *view, const struct df_table *table, size_t index,
		  struct df_strings *strings, struct df_site *site, struct df_err *err)
{
	struct record r = {.view = view,
			   .control = table->control,
			   .index = index,
			   .strings = strings,
			   .err = err};
	strings->size = 0;
	return decode(&r, table->start + index * DF_SITE_SIZE, site);
}

static int by_address(const void *a, const void *b, void *context)
{
	const struct df_site *sites = context;
	const uint64_t x = sites[*(const uint32_t *)a].addr, y = sites[*(const uint32_t *)b].addr;
	return (x > y) - (x < y);
}

static int by_state(const void *a, const void *b, void *context)
{
	const struct df_site *sites = context;
	const uint64_t x = sites[*(const uint32_t *)a].state, y = sites[*(const uint32_t *)b].state;
	return (x > y) - (x < y);
}

typedef int (*compare_fn)(const void *, const void *, void *);

/* Linkers mostly leave tables in the order of addresses: looking first is far cheaper than sorting.
 */
static void order(struct df_site *sites, uint32_t *index, size_t count, compare_fn compare)
{
	bool sorted = true;
	for (uint32_t i = 0; i < count; i++) {
		index[i] = i;
		sorted = sorted && (i == 0 || compare(&index[i - 1], &index[i], sites) <= 0);
	}
	if (!sorted)
		qsort_r(index, count, sizeof(*index), compare, sites);
}

static int check_overlap(struct df_site *sites, uint32_t *index, size_t count, struct df_err *err)
{
	order(sites, index, count, by_address);
	for (size_t i = 1; i < count; i++) {
		const struct df_site *a = &sites[index[i - 1]], *b = &sites[index[i]];
		if (b->addr - a->addr < df_insn_size(a->style))
			return df_fail(err, DF_E_TABLE,
				       "records %u and %u: sites at %#" PRIx64 " and %#" PRIx64
				       " overlap",
				       index[i - 1], index[i], a->addr, b->addr);
	}
	order(sites, index, count, by_state);
	for (size_t i = 1; i < count; i++) {
		const struct df_site *a = &sites[index[i - 1]], *b = &sites[index[i]];
		if (a->state == b->state)
			return df_fail(err, DF_E_TABLE,
				       "records %u and %u: share the state at %#" PRIx64,
				       index[i - 1], index[i], a->state);
	}
	return 0;
}

size_t df_strings_size(const struct df_site *site)
{
	return strlen(site->kind) + strlen(site->name) + strlen(site->file) + strlen(site->doc);
}

int df_table_sites(const struct df_view *view, const struct df_table *table, struct df_site *sites,
		   uint32_t *scratch, struct df_err *err)
{
	struct df_strings strings = {0};
	size_t size = 0;
	for (size_t i = 0; i < table->count; i++) {
		const int status = df_table_next(view, table, i, &strings, &sites[i], err);
		if (status < 0)
			return status;
		size += strings.size;
		if (size > DF_STRINGS_MAX)
			return df_fail(err, DF_E_TABLE,
				       "record %zu: the strings up to it take more than %d bytes",
				       i, DF_STRINGS_MAX);
	}
	return check_overlap(sites, scratch, table->count, err);
}
