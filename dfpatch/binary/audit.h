/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - whether every site of a module is sound, and what the module carries.
 */
#ifndef DFPATCH_AUDIT_H
#define DFPATCH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "age.h"
#include "err.h"
#include "finding.h"
#include "image.h"
#include "inventory.h"

enum audit_form {
	AUDIT_EXECUTABLE, /* of fixed addresses */
	AUDIT_SHARED,	  /* position-independent: shared objects, and most executables */
	AUDIT_OBJECT,	  /* relocatable: addresses are made up */
	AUDIT_LIVE,	  /* a module of a process: addresses are run-time addresses */
};

/* "executable", "shared", "object", "live": for machines. */
const char *audit_form_name(enum audit_form form);

struct audit_options {
	bool sites_only;  /* leave the functions around them out */
	unsigned threads; /* 0: as many as there are processors for us */
	/* NULL, or told now and then how much of a module's work is done. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *progress_context;
	time_t now;		       /* for what expires */
	const struct age_request *age; /* NULL: no checkout to look at */
	/* NULL, or told each member of an archive that was not looked at, and what it is. */
	void (*skipped)(void *context, const char *member, const char *what);
	void *skipped_context;
};

/* What a module carries. */
struct audit_summary {
	size_t records; /* damaged or not */
	size_t sites;	/* that could be decoded */
	size_t kinds;
	size_t flags;
	size_t on, off, held, mixed; /* flags by their default: as built */
	size_t docs;		     /* flags that have one */
	size_t owned, ending;	     /* flags whose doc names an owner; a day, or permanent */
	size_t judged;		     /* flags whose doc may be found wrong, or too old */
	size_t functions;	     /* that carry sites; 0 if they were not looked at */
	size_t proven;		     /* sites, to be instructions of theirs; likewise */
};

struct audit_module {
	struct image *image; /* owned; has no sites, order and flags: see inventory.h */
	enum audit_form form;
	struct inventory inventory;
	struct audit_summary summary;
	struct findings findings; /* sorted */
	struct ages ages;	  /* of each flag; none without a checkout */
};

/*
 * Audits an image that image_open(), object.h or image_process.h made, without its
 * table but for that of an object. Takes it, and *found, what was found before, also after a
 * failure. Returns 0 however much is wrong with it, or DF_E_NO_FLAGS, DF_E_MEMORY. audit_free()
 * ends *module in any case.
 */
int audit_image(struct audit_module *module, struct image *image, enum audit_form form,
		struct findings *found, const struct audit_options *options, struct df_err *err);

/*
 * Adds what can be told of the flags from outside the module: what their docs say of their
 * end, and what a checkout says. Returns 0, or what ages_find() returns.
 */
int audit_flags(struct audit_module *module, const struct audit_options *options,
		struct df_err *err);

/* The first site of a flag, for its names, place and doc. */
static inline void audit_flag(const struct audit_module *module, size_t flag, struct df_site *site)
{
	const struct inventory *inventory = &module->inventory;
	inventory_site(inventory, inventory->order[inventory->flags[flag].first], site);
}

/* NULL, if there was no checkout. */
static inline const struct age *audit_age(const struct audit_module *module, size_t flag)
{
	return module->ages.list ? &module->ages.list[flag] : NULL;
}

void audit_free(struct audit_module *module);

#endif
