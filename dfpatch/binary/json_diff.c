/* SPDX-License-Identifier: Apache-2.0 */
/* json_diff.c - what differs between two modules, for machines. */
#include "json_diff.h"

#include "elf_file.h"
#include "json_stream.h"
#include "summary.h"

static void stream_module(struct json_stream *stream, const char *role, const struct image *image)
{
	struct document d = stream_value_begin(stream);
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	if (d.failed)
		return;
	elf_build_id_text(&image->elf, build_id);
	doc_put_text(&d, d.root, "path", image->path);
	doc_put_text(&d, d.root, "build_id", build_id);
	doc_put_number(&d, d.root, "flags", image->flag_count);
	doc_put_number(&d, d.root, "sites", image->table.count);
	stream_value(stream, role, &d);
}

static void put_range(struct document *d, struct json_object *parent, const char *key, uint32_t low,
		      uint32_t high)
{
	struct json_object *range = doc_put(d, parent, key, json_object_new_object());
	if (!range)
		return;
	doc_put_number(d, range, "min", low);
	doc_put_number(d, range, "max", high);
}

/* The flag as one of the modules has it. */
static void put_version(struct document *d, const char *role, const struct image *image,
			const struct df_flag *flag, const char *doc)
{
	if (!flag)
		return;
	struct json_object *object = doc_put(d, d->root, role, json_object_new_object());
	if (!object)
		return;
	const struct flag_counts built = flag_counts_built(image, flag);
	doc_put_names(d, object, &image->sites[image->order[flag->first]]);
	doc_put_text(d, object, "doc", doc);
	doc_put_text(d, object, "built", flag_state(&built));
	doc_put_text(d, object, "compiled_for", diff_compiled_for(image, flag));
	doc_put_number(d, object, "sites", built.sites);
	doc_put_number(d, object, "active_sites", built.active);
	doc_put_number(d, object, "held_sites", built.held);
	put_range(d, object, "activation", built.activation_min, built.activation_max);
	put_range(d, object, "unhook", built.unhook_min, built.unhook_max);
}

static void stream_difference(struct json_stream *stream, const struct diff *diff,
			      const struct difference *difference)
{
	struct document d = stream_value_begin(stream);
	if (d.failed)
		return;
	const struct image *image = difference->new ? diff->new : diff->old;
	const struct df_flag *flag = difference->new ? difference->new : difference->old;
	doc_put_text(&d, d.root, "kind", image->sites[image->order[flag->first]].kind);
	doc_put_text(&d, d.root, "name", image->sites[image->order[flag->first]].name);
	struct json_object *changes = doc_put(&d, d.root, "changes", json_object_new_array());
	for (int what = 0; changes && what < DIFF_WHATS; what++)
		if (difference->what >> what & 1)
			doc_append_text(&d, changes, diff_what_name((enum diff_what)what));
	put_version(&d, "old", diff->old, difference->old, difference->old_doc);
	put_version(&d, "new", diff->new, difference->new, difference->new_doc);
	stream_value(stream, NULL, &d);
}

static void stream_summary(struct json_stream *stream, const struct diff *diff)
{
	struct document d = stream_value_begin(stream);
	if (d.failed)
		return;
	doc_put_number(&d, d.root, "alike", diff->alike);
	doc_put_number(&d, d.root, "different", diff->count);
	for (int what = 0; what < DIFF_WHATS; what++)
		doc_put_number(&d, d.root, diff_what_name((enum diff_what)what), diff->whats[what]);
	stream_value(stream, "summary", &d);
}

int json_diff(const struct diff *diff, struct df_err *err)
{
	struct json_stream stream;
	stream_begin(&stream, "diff");
	stream_module(&stream, "old", diff->old);
	stream_module(&stream, "new", diff->new);
	stream_summary(&stream, diff);
	stream_array(&stream, "differences");
	for (size_t i = 0; i < diff->count && !stream.failed; i++)
		stream_difference(&stream, diff, &diff->list[i]);
	return stream_end(&stream, err);
}
