/* SPDX-License-Identifier: Apache-2.0 */
/* loaded.c - the modules of this process that carry flags. */
#include "loaded.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "latch.h"
#include "self_mem.h"

/* The last look; modules in the order of the loader. */
static struct {
	struct loaded **list;
	size_t count;
	unsigned long long adds; /* the loader's counts then */
	unsigned long long subs;
	bool complete;	  /* no module was passed over, and these are all */
	uint64_t serials; /* given out */
} look;

static void loaded_free(struct loaded *m)
{
	if (!m)
		return;
	/* df_list() gave out the executable's full names for as long as the process lives. */
	if (m->names)
		m->free_names(m->names, !m->executable);
	if (m->kinds)
		m->free_kinds(m->kinds);
	if (!m->executable)
		free((char *)(uintptr_t)m->path);
	free(m->ranges);
	free(m);
}

static const void *bytes_at(const struct df_view *view, uint64_t addr, size_t size)
{
	(void)view;
	(void)size;
	return (const void *)(uintptr_t)addr;
}

/* Segments, then notes. */
static int take_ranges(struct loaded *m, const struct dl_phdr_info *info, struct df_err *err)
{
	size_t kept = 0;
	m->ranges = calloc((size_t)info->dlpi_phnum + 1, sizeof(*m->ranges));
	if (!m->ranges)
		return df_fail_memory(err);
	m->base = (uint8_t *)UINTPTR_MAX;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < info->dlpi_phnum; i++) {
			const ElfW(Phdr) *p = &info->dlpi_phdr[i];
			if (p->p_type != (pass == 0 ? PT_LOAD : PT_NOTE) || p->p_memsz == 0)
				continue;
			const uint64_t addr = info->dlpi_addr + p->p_vaddr;
			if (pass == 0 && addr < (uintptr_t)m->base)
				m->base = (uint8_t *)(uintptr_t)addr;
			if (pass == 0 && p->p_offset == 0)
				m->view.ehdr = addr;
			m->ranges[kept++] = (struct df_range){
				.addr = addr,
				.size = p->p_memsz,
				.prot = pass == 0 ? p->p_flags & (PF_R | PF_W | PF_X) : 0,
			};
		}
		if (pass == 0)
			m->view.segment_count = kept;
	}
	m->view.segments = m->ranges;
	m->view.notes = m->ranges + m->view.segment_count;
	m->view.note_count = kept - m->view.segment_count;
	m->view.at = bytes_at;
	return 0;
}

/* The segment around an address, less what `tail` bytes at its end would begin in. */
static struct span span_around(const struct loaded *m, uint64_t addr, unsigned prot, size_t tail)
{
	const struct df_range *r = df_view_within(&m->view, addr, 1, prot);
	if (!r || r->size < tail)
		return (struct span){0, 0};
	return (struct span){(uintptr_t)r->addr, (uintptr_t)(r->addr + r->size - tail)};
}

/* Every string that begins before the last zero byte of its segment is terminated there. */
static struct span terminated_around(const struct loaded *m, uint64_t addr)
{
	struct span s = span_around(m, addr, DF_READ, 0);
	while (s.to > s.from && *(const char *)(s.to - 1) != '\0')
		s.to--;
	return s;
}

static int take_table(struct loaded *m, struct df_err *err)
{
	const struct df_table *t = &m->table;
	if (t->count > UINT32_MAX / 2)
		return df_fail(err, DF_E_TABLE, "%zu records in one table", t->count);
	m->control = (struct df_control_v1 *)(uintptr_t)t->control;
	m->records = (const struct df_site_v1 *)(uintptr_t)t->start;
	m->count = (uint32_t)t->count;
	const struct df_site first = record_site(&m->records[0]);
	m->text = span_around(m, first.addr, DF_EXEC, DF_INSN_MAX - 1);
	m->data = span_around(m, t->control, DF_READ | DF_WRITE, DF_STATE_SIZE - 1);
	m->texts = terminated_around(m, (uintptr_t)first.kind);
	/* Offsets have 32 bits, as the distances of the table have. */
	if (m->text.to > (uintptr_t)m->base && m->text.to - (uintptr_t)m->base > UINT32_MAX)
		return df_fail(err, DF_E_TABLE, "text lies more than 4 GiB from the first segment");
	return 0;
}

/* 1 with *module filled if the object carries flags, 0 if not, or an error that names it. */
static int look_at(const struct dl_phdr_info *info, struct loaded *m, struct df_err *err)
{
	const char *path = info->dlpi_name ? info->dlpi_name : "";
	int status = take_ranges(m, info, err);
	if (status == 0)
		status = df_table_find(&m->view, &m->table, err);
	if (status > 0)
		status = m->table.count == 0 ? 0 : take_table(m, err) < 0 ? -(int)err->code : 1;
	if (status < 0)
		return df_err_prefix(err, path[0] != '\0' ? path : "the executable");
	/* The loader keeps the executable's, as df_list() promises. */
	if (status > 0 && !(m->path = m->executable ? path : strdup(path)))
		return df_fail_memory(err);
	return status;
}

static int module_new(const struct dl_phdr_info *info, bool executable, struct loaded **module,
		      struct df_err *err)
{
	struct loaded *m = calloc(1, sizeof(*m));
	if (!m)
		return df_fail_memory(err);
	m->executable = executable;
	const int status = look_at(info, m, err);
	if (status > 0)
		*module = m;
	else
		loaded_free(m);
	return status;
}

static int name_module(const struct loaded *m, struct df_err *err)
{
	return df_err_prefix(err, m->path[0] != '\0' ? m->path : "the executable");
}

/* Whether a record leads where most do: no need to look closer. */
static bool is_plain(const struct loaded *m, const struct df_site *site)
{
	const unsigned known = DF_SITE_INVERTED | DF_SITE_HELD | DF_SITE_JUMP_BUILT;
	return span_holds(m->text, site->addr) && !(site->flags & ~known) &&
	       (site->style == DF_STYLE_X86_GOTO ? span_holds(m->text, site->target)
						 : site->style == DF_STYLE_X86_CARRY) &&
	       span_holds(m->data, site->state) && site->state % DF_STATE_SIZE == 0 &&
	       site->state - (uintptr_t)m->control >= DF_CONTROL_SIZE &&
	       (uintptr_t)m->control - site->state >= DF_STATE_SIZE &&
	       span_holds(m->texts, (uintptr_t)site->kind) &&
	       span_holds(m->texts, (uintptr_t)site->name) &&
	       span_holds(m->texts, (uintptr_t)site->file) &&
	       span_holds(m->texts, (uintptr_t)site->doc);
}

int loaded_site(const struct loaded *m, uint32_t index, struct df_site *site, struct df_err *err)
{
	struct df_err reason;
	*site = record_site(&m->records[index]);
	if (m->checked || is_plain(m, site))
		return 0;
	int status = df_table_site(&m->view, &m->table, index, site, &reason);
	if (status == 0 && site->addr - (uintptr_t)m->base > UINT32_MAX)
		status = df_fail(&reason, DF_E_TABLE,
				 "record %u: its site is more than 4 GiB from the first segment",
				 index);
	if (status == 0)
		return 0;
	name_module(m, &reason);
	return df_fail(err, reason.code, "%s", reason.text);
}

int loaded_check(struct loaded *m, struct df_err *err)
{
	for (uint32_t i = 0; i < m->count && !m->checked; i++) {
		struct df_site site;
		const int status = loaded_site(m, i, &site, err);
		if (status < 0)
			return status;
	}
	m->checked = true;
	return 0;
}

/* ---- one look ---- */

struct visit {
	loaded_visitor visitor;
	void *context;
	size_t objects; /* met by this look; the first is the executable */
	bool counted;	/* the loader tells its counts, */
	unsigned long long adds, subs;
	bool latched;
	bool whole; /* every object is looked at */
	bool ended;
	struct df_err first; /* of the first module that could not be visited */
};

static void take_counts(struct visit *v, const struct dl_phdr_info *info, size_t size)
{
	v->counted = size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs);
	if (v->counted) {
		v->adds = info->dlpi_adds;
		v->subs = info->dlpi_subs;
	}
}

/* Without the module's lock: another copy of libdf may be committing. */
static uint64_t look_at_word(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/*
 * Whether what lies where `old` did was never unloaded. If something was, it may have been
 * replaced at the same place by another; but a module that was loaded since has no commit
 * yet, or one of another time.
 */
static bool has_stayed(const struct visit *v, const struct loaded *old)
{
	const bool all_did = v->counted && v->subs == look.subs;
	return all_did || old->executable ||
	       (old->generation > 0 && old->generation == look_at_word(&old->control->generation) &&
		old->changed_at == look_at_word(&old->control->changed_at));
}

/* The module of the last look that this one is. */
static struct loaded *known(const struct visit *v, const struct loaded *m)
{
	for (size_t i = 0; i < look.count; i++) {
		struct loaded *old = look.list[i];
		if (old->control == m->control && old->records == m->records &&
		    old->count == m->count && old->base == m->base && has_stayed(v, old))
			return old;
	}
	return NULL;
}

static int remember(struct loaded *m, struct df_err *err)
{
	struct loaded **larger = realloc(look.list, (look.count + 1) * sizeof(*larger));
	if (!larger)
		return df_fail_memory(err);
	look.list = larger;
	look.list[look.count++] = m;
	m->serial = ++look.serials;
	return 0;
}

/* The module that an object is, as known or new; NULL if it is none. */
static int take_object(struct visit *v, const struct dl_phdr_info *info, struct loaded **module,
		       struct df_err *err)
{
	struct loaded *m = NULL;
	int status = module_new(info, v->objects == 0, &m, err);
	if (status <= 0)
		return status;
	struct loaded *old = known(v, m);
	if (old) {
		loaded_free(m);
		m = old;
	} else {
		status = remember(m, err);
	}
	if (status < 0) {
		loaded_free(m);
		return status;
	}
	m->seen = true;
	*module = m;
	return 0;
}

static void visit_one(struct visit *v, struct loaded *m)
{
	v->ended = v->visitor(m, v->context) != 0;
	m->generation = look_at_word(&m->control->generation);
	m->changed_at = look_at_word(&m->control->changed_at);
}

static int visit_all_known(struct visit *v)
{
	for (size_t i = 0; i < look.count && !v->ended; i++)
		visit_one(v, look.list[i]);
	return 1;
}

static void begin_look(struct visit *v)
{
	v->whole = true;
	look.complete = false;
	for (size_t i = 0; i < look.count; i++)
		look.list[i]->seen = false;
}

static int on_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct visit *v = context;
	struct loaded *m = NULL;
	struct df_err err;
	if (v->objects == 0) {
		latch_lock();
		v->latched = true;
		take_counts(v, info, size);
		if (look.complete && v->adds == look.adds && v->subs == look.subs)
			return visit_all_known(v);
		begin_look(v);
	}
	if (take_object(v, info, &m, &err) < 0 && v->first.code == DF_E_NONE)
		v->first = err;
	v->objects++;
	if (m && !v->ended)
		visit_one(v, m);
	return 0;
}

/* Forgets the modules that this look did not meet. */
static void end_look(const struct visit *v)
{
	size_t kept = 0;
	for (size_t i = 0; i < look.count; i++) {
		if (look.list[i]->seen)
			look.list[kept++] = look.list[i];
		else
			loaded_free(look.list[i]);
	}
	look.count = kept;
	look.adds = v->adds;
	look.subs = v->subs;
	look.complete = v->counted && v->first.code == DF_E_NONE;
}

int loaded_visit(loaded_visitor visitor, void *context, struct df_err *err)
{
	struct visit v = {.visitor = visitor, .context = context};
	dl_iterate_phdr(on_object, &v);
	if (v.whole)
		end_look(&v);
	if (v.latched)
		latch_unlock();
	if (v.ended)
		return 1;
	return v.first.code == DF_E_NONE ? 0 : df_fail(err, v.first.code, "%s", v.first.text);
}

void loaded_forget(void)
{
	for (size_t i = 0; i < look.count; i++)
		loaded_free(look.list[i]);
	free(look.list);
	look.list = NULL;
	look.count = 0;
	look.complete = false;
}

/* ---- fork ---- */

/*
 * Not by dl_iterate_phdr(3), since a thread that unloads something may be waiting for us;
 * and a module of the last look may be gone, so not by reading its memory either.
 */
void loaded_before_fork(void)
{
	latch_lock();
	for (size_t i = 0; i < look.count; i++) {
		struct loaded *m = look.list[i];
		m->claim_before_fork = 0;
		if (!self_mem_peek(&m->control->external, &m->claim_before_fork,
				   sizeof(m->claim_before_fork)))
			m->claim_before_fork = 0;
	}
	latch_unlock();
}

void loaded_in_child(void)
{
	for (size_t i = 0; i < look.count; i++)
		look.list[i]->inherited_claim = look.list[i]->claim_before_fork;
}
