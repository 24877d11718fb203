/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - whether each selected site is what its record says. */
#include "verify.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disasm.h"
#include "insn.h"
#include "match.h"
#include "proc_mem.h"

#define WINDOW 4096
#define PAGE_SIZE 4096

struct verifier {
	struct disasm *disasm;
	uint64_t start; /* what `window` holds of the image being verified */
	size_t size;
	uint8_t window[WINDOW];
	const struct mapping *data; /* found last to be the image's own, and to be written */
};

int verifier_new(struct verifier **verifier, struct df_err *err)
{
	struct verifier *v = calloc(1, sizeof(*v));
	if (!v)
		return df_fail_memory(err);
	const int status = disasm_new(&v->disasm, err);
	if (status < 0) {
		free(v);
		return status;
	}
	*verifier = v;
	return 0;
}

void verifier_free(struct verifier *verifier)
{
	if (!verifier)
		return;
	disasm_free(verifier->disasm);
	free(verifier);
}

static void hex(const uint8_t *bytes, size_t size, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < size; i++)
		text += sprintf(text, i ? " %02x" : "%02x", bytes[i]);
}

/* Names a site in a message: module, full name and run-time address. */
static int bad_site(const struct image *image, const struct df_site *site, enum df_errc code,
		    const char *what, struct df_err *err)
{
	char name[400];
	df_full_name(site, name, sizeof(name));
	return df_fail(err, code, "%.300s: site of %s at %#" PRIx64 ": %s; nothing was changed",
		       image->path, name, site->addr, what);
}

static int bad_bytes(const struct image *image, const struct df_site *site, const uint8_t *code,
		     struct df_err *err)
{
	const size_t size = df_insn_size(site->style);
	const int32_t displacement = (int32_t)(site->target - site->addr - 5);
	uint8_t expected[DF_INSN_MAX] = {0};
	char what[256], straight[16], jump[16], found[16];
	memcpy(expected + 1, &displacement, sizeof(displacement));
	expected[0] = df_insn_opcode(site->style, false);
	hex(expected, size, straight);
	expected[0] = df_insn_opcode(site->style, true);
	hex(expected, size, jump);
	hex(code, size, found);
	snprintf(what, sizeof(what), "expected %s or %s, found %s", straight, jump, found);
	return bad_site(image, site, DF_E_SITE, what, err);
}

static bool both_decode(struct verifier *v, const struct df_site *site, const uint8_t *code)
{
	uint8_t copy[DF_INSN_MAX];
	memcpy(copy, code, df_insn_size(site->style));
	copy[0] = df_insn_opcode(site->style, false);
	if (!disasm_is_site(v->disasm, site, copy, false))
		return false;
	copy[0] = df_insn_opcode(site->style, true);
	return disasm_is_site(v->disasm, site, copy, true);
}

static bool is_own(const struct image *image, const struct mapping *m)
{
	return m->private && m->device == image->device && m->inode == image->inode;
}

/* Written without the sum of address and size, which may wrap in a table that lies. */
static bool in_own_text(const struct image *image, const struct maps *maps, uint64_t addr,
			size_t size)
{
	for (size_t left = size; left > 0;) {
		const struct mapping *m = maps_find(maps, addr);
		if (!m || !(m->prot & DF_EXEC) || !is_own(image, m))
			return false;
		if (m->end - addr >= left)
			return true;
		left -= (size_t)(m->end - addr);
		addr = m->end;
	}
	return true;
}

/* Whether a segment begins there of which the file has nothing. */
static bool begins_zeroed_segment(const struct image *image, uint64_t addr)
{
	for (size_t i = 0; i < image->elf.part_count; i++) {
		const struct elf_part *p = &image->elf.parts[i];
		const uint64_t start = image->bias + p->addr;
		if (p->type == PT_LOAD && (p->prot & DF_WRITE) && p->file_size == 0 &&
		    start >= addr && start - addr < PAGE_SIZE)
			return true;
	}
	return false;
}

/*
 * What is written of a module's data: its file's own pages, or zeroed ones that follow
 * these without a gap. Headers that lie may call more than that a segment: what belongs
 * to another file, is shared with another process, or lies far away.
 */
static bool is_own_data(const struct image *image, const struct maps *maps, const struct mapping *m)
{
	if (!m || !(m->prot & DF_WRITE))
		return false;
	for (; m->inode == 0; m--) {
		if (!(m->prot & DF_WRITE) || !m->private)
			return false;
		if (m == maps->list || m[-1].end != m->start)
			return begins_zeroed_segment(image, m->start);
	}
	return is_own(image, m);
}

/* Never in text, whatever the headers say of it. */
static bool in_own_data(struct verifier *v, const struct image *image, const struct maps *maps,
			uint64_t addr, size_t size)
{
	const uint64_t ends[] = {addr, addr + size - 1};
	if (df_view_within(&image->snapshot.view, addr, 1, DF_EXEC))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (v->data && ends[i] >= v->data->start && ends[i] < v->data->end)
			continue;
		const struct mapping *m = maps_find(maps, ends[i]);
		if (!is_own_data(image, maps, m))
			return false;
		v->data = m;
	}
	return true;
}

static int verify_code(struct verifier *v, const struct image *image, const struct df_site *site,
		       const uint8_t *code, struct df_err *err)
{
	switch (df_insn_fit(site, code)) {
	case DF_FIT_STRAIGHT:
	case DF_FIT_JUMP:
		break;
	case DF_FIT_BREAKPOINT:
		return bad_site(image, site, DF_E_BREAKPOINT,
				"holds a breakpoint (cc) of a debugger or uprobe; remove it first",
				err);
	case DF_FIT_NEITHER:
		return bad_bytes(image, site, code, err);
	}
	if (!both_decode(v, site, code))
		return bad_site(image, site, DF_E_SITE, "does not decode as its two instructions",
				err);
	return 0;
}

/* The instruction's bytes, read with what follows: sites mostly come in ascending order. */
static int fetch(struct verifier *v, const struct image *image, const struct maps *maps,
		 const struct df_site *site, const uint8_t **code, struct df_err *err)
{
	const size_t size = df_insn_size(site->style);
	if (site->addr < v->start || site->addr + size > v->start + v->size) {
		/* The rest of the segment may not be mapped any more. */
		const uint64_t left = maps_find(maps, site->addr + size - 1)->end - site->addr;
		const size_t want = left < WINDOW ? (size_t)left : WINDOW;
		v->size = 0;
		int status = proc_mem_read(image->fd, site->addr, v->window, want, err);
		if (status < 0)
			return status;
		v->start = site->addr;
		v->size = want;
	}
	*code = v->window + (site->addr - v->start);
	return 0;
}

static int verify_site(struct verifier *v, const struct image *image, const struct maps *maps,
		       const struct df_site *site, uint8_t *opcode, struct df_err *err)
{
	const uint8_t *code;
	if (!in_own_text(image, maps, site->addr, df_insn_size(site->style)))
		return bad_site(image, site, DF_E_SITE,
				"lies in no private executable mapping of the module's own file",
				err);
	if (!in_own_data(v, image, maps, site->state, DF_STATE_SIZE))
		return bad_site(image, site, DF_E_SITE,
				"its state lies in no writable memory of the module's own", err);
	int status = fetch(v, image, maps, site, &code, err);
	if (status == 0)
		status = verify_code(v, image, site, code, err);
	if (status == 0)
		*opcode = code[0];
	return status;
}

int verify_sites(struct verifier *verifier, const struct image *image, const struct maps *maps,
		 const bool *selected, uint8_t *opcodes, struct df_err *err)
{
	verifier->size = 0; /* bytes may have changed since an earlier call */
	verifier->data = NULL;
	if (!in_own_data(verifier, image, maps, image->table.control, DF_CONTROL_SIZE))
		return df_fail(err, DF_E_TABLE,
			       "%s: its control block lies in no writable memory of its own",
			       image->path);
	for (size_t i = 0; i < image->table.count; i++) {
		if (!selected[i])
			continue;
		const int status =
			verify_site(verifier, image, maps, &image->sites[i], &opcodes[i], err);
		if (status < 0)
			return status;
	}
	return 0;
}
