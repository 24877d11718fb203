/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - a module with its flags, and how it is loaded from a file. */
#ifndef DFPATCH_IMAGE_H
#define DFPATCH_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf_file.h"
#include "err.h"
#include "flag.h"
#include "maps.h"
#include "plan.h"
#include "site.h"
#include "snapshot.h"
#include "table.h"

struct image {
	char *path;    /* as the command line or the kernel gives it; not escaped */
	char *on_disk; /* how the file on disk differs from what runs; NULL if it does not */
	int fd;	       /* of the file (owned), or /proc/PID/mem (borrowed) */
	bool live;
	uint64_t bias;	 /* run-time address minus ELF address; 0 for a file */
	uint64_t device; /* of the file behind a live module, as in maps.h */
	uint64_t inode;
	struct elf_info elf;
	struct snapshot snapshot;
	struct df_table table;
	struct df_site *sites; /* table.count of each of these */
	struct df_state_v1 *states;
	uint32_t *order;
	struct df_flag *flags;
	size_t flag_count;
	struct df_control_v1 control; /* as read last, like the states */
};

struct images {
	struct image **list; /* owned; in ascending order of addresses */
	size_t count;
	size_t loaded;	  /* modules of the process, with flags or without */
	struct maps maps; /* of the process; empty for a file */
};

/*
 * Loads the flags of a file, as built. Returns 0 and one image, or DF_E_SYSTEM
 * (cannot be opened), DF_E_NOT_ELF, DF_E_ARCH, DF_E_NO_FLAGS, DF_E_TABLE,
 * DF_E_VERSION, DF_E_MEMORY. images_free() ends it, also after a failure.
 */
int images_from_file(const char *path, struct images *images, struct df_err *err);

/* The same for a regular file that the caller has open for reading; messages call it `path`. */
int images_from_open_file(int fd, const char *path, struct images *images, struct df_err *err);

/* The counts of a site as read last. */
struct df_count image_count(const struct image *image, uint32_t site);

void images_free(struct images *images);

/*
 * What loaders of images build on, here and in image_process.c: an image begins
 * with image_new(), image_snapshot() and image_load_table(), and becomes one of
 * `images` with images_add(), or ends with image_free().
 */

/* NULL if memory runs out; then `fd` stays the caller's. That of a live image always does. */
struct image *image_new(const char *path, int fd, bool live);

/*
 * Makes its segments readable through `pull`, with the image as context; image->elf
 * and, if it is live, image->bias must be there. `ehdr` is where the ELF header lies.
 * Returns 0 or DF_E_MEMORY.
 */
int image_snapshot(struct image *image, uint64_t ehdr, snapshot_pull pull, struct df_err *err);

/* Opens a regular file for reading. Returns a descriptor, DF_E_SYSTEM, or DF_E_NOT_ELF. */
int image_open_file(const char *path, struct df_err *err);

/*
 * The headers of a file, with its segments readable, and without flags. Returns 0 and
 * sets *image (image_free() ends it), or DF_E_SYSTEM, DF_E_NOT_ELF, DF_E_ARCH,
 * DF_E_MEMORY.
 */
int image_open(const char *path, struct image **image, struct df_err *err);

/* Returns 1 with the sites loaded, 0 if the module has none, or an error that names the module. */
int image_load_table(struct image *image, struct df_err *err);

/* The bytes of a file's segments, for image_snapshot(), from where the headers of the image, which
 * is the context, say that they lie. */
int image_pull_file(void *context, uint64_t addr, void *to, size_t size);

/* False if memory runs out; then the image stays the caller's. */
bool images_add(struct images *images, struct image *image);

void image_free(struct image *image);

#endif
