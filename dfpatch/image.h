/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - a module with its flags, from a file or from a process.
 *
 * For a process the image in memory is the truth: headers, note, table and
 * strings are read from there. The file on disk is looked at only to tell when
 * it is another one by now.
 */
#ifndef DFPATCH_IMAGE_H
#define DFPATCH_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf_file.h"
#include "err.h"
#include "flag.h"
#include "maps.h"
#include "plan.h"
#include "process.h"
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

/*
 * Loads the flags of every module that a process has loaded: mappings that begin
 * with an ELF header and whose segments are all mapped from the same file, as a
 * loader does it. Returns 0, or as above, or DF_E_NO_PROCESS, DF_E_PERMISSION, or
 * DF_E_SITE: a module with flags has a segment that is not mapped from its file.
 */
int images_from_process(const struct process *process, struct images *images, struct df_err *err);

/* Whether a file that was mapped when the images were loaded is so no more: dlclose(3). */
bool images_unloaded(const struct process *process, const struct images *images);

/*
 * Reads control block and states of a live image again. If other controllers
 * commit meanwhile, until it has a consistent reading. Returns 0, DF_E_BUSY,
 * DF_E_MEMORY or what reading memory returns.
 */
int image_refresh(struct image *image, struct df_err *err);

/* The counts of a site as read last. */
struct df_count image_count(const struct image *image, uint32_t site);

void images_free(struct images *images);

#endif
