/* SPDX-License-Identifier: Apache-2.0 */
/* audit_target.c - the modules of a file, an archive or a process, audited. */
#include "audit_target.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "cleanup.h"
#include "image_process.h"
#include "proc_mem.h"

/* ---- files ---- */

struct showing {
	const struct audit_options *options;
	audit_take take;
	void *context;
};

static int show(const struct showing *s, struct image *image, enum audit_form form,
		struct findings *found, struct df_err *err)
{
	struct audit_module module;
	int status = audit_image(&module, image, form, found, s->options, err);
	if (status == 0)
		status = audit_flags(&module, s->options, err);
	if (status == 0)
		status = s->take(s->context, &module, err);
	audit_free(&module);
	return status;
}

static int show_object(void *context, struct image *image, struct findings *found,
		       struct df_err *err)
{
	return show(context, image, AUDIT_OBJECT, found, err);
}

static void skip_member(void *context, const char *member, const char *what)
{
	const struct audit_options *options = ((const struct showing *)context)->options;
	if (options->skipped)
		options->skipped(options->skipped_context, member, what);
}

static int audit_objects(int fd, const char *path, const struct showing *s, struct df_err *err)
{
	const struct archive_visitor visitor = {show_object, skip_member, (void *)s};
	const int found = archive_each(fd, path, &visitor, err);
	if (found == 0)
		return df_fail(err, DF_E_NO_FLAGS, "%s: carries no flags", path);
	return found < 0 ? found : 0;
}

int audit_file(const char *path, const struct audit_options *options, audit_take take,
	       void *context, struct df_err *err)
{
	const struct showing s = {.options = options, .take = take, .context = context};
	struct image *image;
	CLEANUP_FD int fd = image_open_file(path, err);
	if (fd < 0)
		return fd;
	if (archive_is(fd))
		return audit_objects(fd, path, &s, err);
	struct findings none = {0};
	const int status = image_open(path, &image, err);
	if (status < 0)
		return status;
	return show(&s, image, image->elf.position_independent ? AUDIT_SHARED : AUDIT_EXECUTABLE,
		    &none, err);
}

/* ---- processes ---- */

/* What one look at a process came to. */
struct look {
	struct audit_module *modules;
	size_t count;
	size_t wrong;	/* findings of all */
	bool disturbed; /* a controller was at work meanwhile */
};

static void forget(struct look *look)
{
	for (size_t i = 0; i < look->count; i++)
		audit_free(&look->modules[i]);
	free(look->modules);
	*look = (struct look){0};
}

/* A damaged table is one, and for the audit to tell; so is one that is there twice. */
static int has_table(struct image *image, struct df_err *err)
{
	(void)err;
	const int found = df_table_find(&image->snapshot.view, &image->table, NULL);
	return found < 0 || (found > 0 && image->table.count > 0);
}

static bool was_disturbed(const struct image *image)
{
	struct df_control_v1 now;
	return image->table.count > 0 &&
	       (proc_mem_read(image->fd, image->table.control, &now, sizeof(now), NULL) < 0 ||
		now.generation != image->control.generation || now.phase != DF_PHASE_IDLE ||
		image->control.phase != DF_PHASE_IDLE);
}

static int look_at(const struct process *process, const struct audit_options *options,
		   struct look *look, struct df_err *err)
{
	struct images images;
	int status = images_from_process_by(process, has_table, &images, err);
	look->modules = status == 0 ? calloc(images.count, sizeof(*look->modules)) : NULL;
	if (status == 0 && !look->modules)
		status = df_fail_memory(err);
	for (size_t i = 0; status == 0 && i < images.count; i++) {
		struct audit_module *module = &look->modules[look->count++];
		struct image *image = images.list[i];
		images.list[i] = NULL; /* the module's from here on */
		struct findings none = {0};
		status = audit_image(module, image, AUDIT_LIVE, &none, options, err);
		look->disturbed |= status == 0 && was_disturbed(image);
		look->wrong += findings_total(&module->findings, SEVERITY_FINDING);
	}
	images_free(&images);
	return status;
}

/* A phase that lasts is one that nobody is going to end. */
static void tell_phases(struct look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		const struct image *image = look->modules[i].image;
		if (image->control.phase == DF_PHASE_IDLE)
			continue;
		findings_add(&look->modules[i].findings, FINDING_CONTROL,
			     FINDING_AT(image->table.control),
			     "a change was begun and not ended (phase %u); the next controller "
			     "puts it right",
			     image->control.phase);
		findings_sort(&look->modules[i].findings);
	}
}

#define LOOKS_MAX 20

static bool is_settled(const struct look *before, const struct look *now)
{
	return !now->disturbed &&
	       (now->wrong == 0 || (before->modules && before->wrong == now->wrong));
}

static int look_until_settled(const struct process *process, const struct audit_options *options,
			      struct look *look, struct df_err *err)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	struct look before = {0};
	int status;
	for (int looks = 1;; looks++) {
		status = look_at(process, options, look, err);
		if (looks == LOOKS_MAX || (status == 0 && is_settled(&before, look)) ||
		    (status < 0 && status != -(int)DF_E_SITE && status != -(int)DF_E_SYSTEM &&
		     status != -(int)DF_E_CHANGED))
			break;
		forget(&before);
		before = *look;
		*look = (struct look){0};
		nanosleep(&pause, NULL);
	}
	forget(&before);
	return status;
}

int audit_process(const struct process *process, const struct audit_options *options,
		  audit_take take, void *context, struct df_err *err)
{
	struct look look = {0};
	int status = look_until_settled(process, options, &look, err);
	if (status == 0)
		tell_phases(&look);
	for (size_t i = 0; status == 0 && i < look.count; i++) {
		status = audit_flags(&look.modules[i], options, err);
		if (status == 0)
			status = take(context, &look.modules[i], err);
	}
	forget(&look);
	return status == -(int)DF_E_NO_PROCESS ? process_explain_end(process, err) : status;
}
