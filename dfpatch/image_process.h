/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_process.h - the modules of a process, with their flags.
 *
 * The image in memory is the truth: headers, note, table and strings are read
 * from there. The file on disk is looked at only to tell when it is another one
 * by now.
 */
#ifndef DFPATCH_IMAGE_PROCESS_H
#define DFPATCH_IMAGE_PROCESS_H

#include <stdbool.h>

#include "err.h"
#include "image.h"
#include "process.h"

/*
 * Loads the flags of every module that a process has loaded: mappings that begin
 * with an ELF header and whose segments are all mapped from the same file, as a
 * loader does it. Returns 0, or DF_E_NO_PROCESS, DF_E_EXEC, DF_E_PERMISSION, DF_E_SYSTEM,
 * DF_E_ARCH, DF_E_NO_FLAGS, DF_E_TABLE, DF_E_VERSION, DF_E_MEMORY, DF_E_TIMEOUT (a
 * process that means to keep us busy), DF_E_CHANGED: its loader has yet to do its work on a
 * module; or DF_E_SITE: a module with flags has a segment that is not mapped from its file.
 * images_free() ends it, also after a failure.
 */
int images_from_process(const struct process *process, struct images *images, struct df_err *err);

/*
 * The same with a loader of tables in place of image_load_table(): what it returns is what that
 * would.
 */
typedef int (*image_loader)(struct image *image, struct df_err *err);
int images_from_process_by(const struct process *process, image_loader loader,
			   struct images *images, struct df_err *err);

/*
 * The module whose ELF header lies at the start of a mapping, with its segments
 * readable, and without flags; image_free() ends it. NULL if none begins there.
 * That all of it is mapped, and as code, is not said.
 */
struct image *image_headed(const struct process *process, const struct mapping *first);

/* Whether a file that was mapped when the images were loaded is so no more: dlclose(3). */
bool images_unloaded(const struct process *process, const struct images *images);

/* Whether other files are mapped to be run by now, or elsewhere: dlopen(3), dlclose(3), exec. */
bool images_outdated(const struct process *process, const struct images *images);

/*
 * Reads control block and states of a live image again. If other controllers
 * commit meanwhile, until it has a consistent reading. Returns 0, DF_E_BUSY,
 * DF_E_MEMORY or what reading memory returns.
 */
int image_refresh(struct image *image, struct df_err *err);

#endif
