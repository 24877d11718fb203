/* SPDX-License-Identifier: Apache-2.0 */
/* json_audit.c - audits for machines. */
#include "json_audit.h"

#include "flag_audit.h"

static const char *severity_name(enum finding_code code)
{
	return finding_severity(code) == SEVERITY_NOTE ? "note" : "finding";
}

static void stream_head(struct json_stream *stream, const struct audit_module *module)
{
	const struct image *image = module->image;
	struct document d = stream_value_begin(stream);
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
	if (d.failed)
		return;
	elf_build_id_text(&image->elf, build_id);
	doc_put_text(&d, d.root, "path", image->path);
	doc_put_text(&d, d.root, "form", audit_form_name(module->form));
	doc_put_text(&d, d.root, "architecture", "x86-64");
	doc_put_text(&d, d.root, "build_id", build_id);
	doc_put_number(&d, d.root, "table_version", DF_ABI_VERSION);
	if (image->live) {
		doc_put_address(&d, d.root, "load_bias", image->bias);
		doc_put_bool(&d, d.root, "initialised",
			     image->control.initialised & DF_INITIALISED);
		doc_put_number(&d, d.root, "generation", image->control.generation);
	}
	if (image->on_disk)
		doc_put_text(&d, d.root, "on_disk", image->on_disk);
	stream_members(stream, &d);
}

static void stream_summary(struct json_stream *stream, const struct audit_module *module)
{
	const struct audit_summary *s = &module->summary;
	struct document d = stream_value_begin(stream);
	if (d.failed)
		return;
	doc_put_number(&d, d.root, "records", s->records);
	doc_put_number(&d, d.root, "sites", s->sites);
	doc_put_number(&d, d.root, "kinds", s->kinds);
	doc_put_number(&d, d.root, "flags", s->flags);
	doc_put_number(&d, d.root, "functions", s->functions);
	doc_put_number(&d, d.root, "proven", s->proven);
	doc_put_number(&d, d.root, "off", s->off);
	doc_put_number(&d, d.root, "on", s->on);
	doc_put_number(&d, d.root, "held", s->held);
	doc_put_number(&d, d.root, "mixed", s->mixed);
	doc_put_number(&d, d.root, "docs", s->docs);
	doc_put_number(&d, d.root, "docs_missing", s->flags - s->docs);
	doc_put_number(&d, d.root, "owned", s->owned);
	doc_put_number(&d, d.root, "ending", s->ending);
	doc_put_number(&d, d.root, "findings", findings_total(&module->findings, SEVERITY_FINDING));
	doc_put_number(&d, d.root, "notes", findings_total(&module->findings, SEVERITY_NOTE));
	stream_value(stream, "summary", &d);
}

/* Of each code how many there are, and how many of them are in "findings". */
static void stream_codes(struct json_stream *stream, const struct findings *findings)
{
	stream_array(stream, "codes");
	for (int code = 0; code < FINDING_CODES; code++) {
		if (findings->counts[code] == 0)
			continue;
		struct document d = stream_value_begin(stream);
		if (d.failed)
			break;
		doc_put_text(&d, d.root, "code", finding_name((enum finding_code)code));
		doc_put_text(&d, d.root, "severity", severity_name((enum finding_code)code));
		doc_put_number(&d, d.root, "count", findings->counts[code]);
		doc_put_number(&d, d.root, "listed", findings->kept[code]);
		stream_value(stream, NULL, &d);
	}
	stream_close(stream);
}

static void stream_findings(struct json_stream *stream, const struct findings *findings)
{
	stream_array(stream, "findings");
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];
		struct document d = stream_value_begin(stream);
		if (d.failed)
			break;
		doc_put_text(&d, d.root, "code", finding_name(f->code));
		doc_put_text(&d, d.root, "severity", severity_name(f->code));
		if (f->record != FINDING_NO_RECORD)
			doc_put_number(&d, d.root, "record", f->record);
		if (f->address != 0)
			doc_put_address(&d, d.root, "address", f->address);
		if (f->flag)
			doc_put_text(&d, d.root, "flag", f->flag);
		doc_put_text(&d, d.root, "text", f->text);
		stream_value(stream, NULL, &d);
	}
	stream_close(stream);
}

static void put_site(struct document *d, struct json_object *array,
		     const struct inventory *inventory, uint32_t record)
{
	struct df_site site;
	struct json_object *object = doc_append(d, array, json_object_new_object());
	if (!object || !inventory_site(inventory, record, &site))
		return;
	const struct df_count count = inventory_count(inventory, record, &site);
	doc_put_number(d, object, "record", record);
	doc_put_address(d, object, "address", site.addr);
	if (site.style == DF_STYLE_X86_GOTO)
		doc_put_address(d, object, "target", site.target);
	doc_put_bool(d, object, "active", df_count_active(&count));
	doc_put_number(d, object, "activation", count.activation);
	doc_put_number(d, object, "unhook", count.unhook);
	doc_put_bool(d, object, "held", count.held);
}

/* Where the flag is in a checkout, and since when. */
static void put_age(struct document *d, const struct age *age)
{
	struct json_object *object =
		age ? doc_put(d, d->root, "source", json_object_new_object()) : NULL;
	if (!object)
		return;
	doc_put_text(d, object, "place", age_place_name(age->place));
	if (age->path)
		doc_put_text(d, object, "path", age->path);
	if (age->line != 0)
		doc_put_number(d, object, "line", age->line);
	if (!age->commit)
		return;
	doc_put_bool(d, object, "committed", age->commit->recorded);
	doc_put_bool(d, object, "stale", age->stale);
	if (!age->commit->recorded)
		return;
	doc_put_text(d, object, "commit", age->commit->id);
	doc_put_text(d, object, "author", age->commit->author);
	doc_put(d, object, "time", json_object_new_int64(age->commit->time));
}

static void stream_flag(struct json_stream *stream, const struct audit_module *module, size_t i)
{
	const struct inventory *inventory = &module->inventory;
	const struct df_flag *flag = &inventory->flags[i];
	struct document d = stream_value_begin(stream);
	struct df_site site;
	if (d.failed)
		return;
	audit_flag(module, i, &site);
	doc_put_names(&d, d.root, &site);
	doc_put_text(&d, d.root, "built", flag_default_name(flag_default_of(inventory, flag)));
	put_age(&d, audit_age(module, i));
	struct json_object *sites = doc_put(&d, d.root, "sites", json_object_new_array());
	for (size_t j = 0; sites && j < flag->count; j++)
		put_site(&d, sites, inventory, inventory->order[flag->first + j]);
	stream_value(stream, NULL, &d);
}

void json_audit_module(struct json_stream *stream, const struct audit_module *module)
{
	stream_object(stream, NULL);
	stream_head(stream, module);
	stream_summary(stream, module);
	stream_codes(stream, &module->findings);
	stream_findings(stream, &module->findings);
	stream_array(stream, "flags");
	for (size_t i = 0; i < module->inventory.flag_count && !stream->failed; i++)
		stream_flag(stream, module, i);
	stream_close(stream);
	stream_close(stream);
}

void json_audit_begin(struct json_stream *stream, const struct process *process)
{
	stream_begin(stream, "audit");
	if (process) {
		struct document d = stream_value_begin(stream);
		if (!d.failed) {
			doc_put_number(&d, d.root, "pid", (uint64_t)process->pid);
			doc_put_text(&d, d.root, "name", process->name);
			stream_value(stream, "process", &d);
		}
	}
	stream_array(stream, "modules");
}

static void stream_failures(struct json_stream *stream, const struct audit_totals *totals)
{
	stream_array(stream, "failed");
	for (size_t i = 0; i < totals->failure_count; i++) {
		struct document d = stream_value_begin(stream);
		if (d.failed)
			break;
		doc_put_text(&d, d.root, "path", totals->failures[i].path);
		doc_put_error(&d, d.root, &totals->failures[i].err);
		stream_value(stream, NULL, &d);
	}
	stream_close(stream);
}

static void stream_skipped(struct json_stream *stream, const struct audit_totals *totals)
{
	stream_array(stream, "skipped");
	for (size_t i = 0; i < totals->skipped_kept; i++) {
		struct document d = stream_value_begin(stream);
		if (d.failed)
			break;
		doc_put_text(&d, d.root, "path", totals->skipped[i].path);
		doc_put_text(&d, d.root, "code", finding_name(FINDING_NOT_CHECKED));
		doc_put_text(&d, d.root, "severity", severity_name(FINDING_NOT_CHECKED));
		doc_put_text(&d, d.root, "text", totals->skipped[i].what);
		stream_value(stream, NULL, &d);
	}
	stream_close(stream);
}

static void stream_page_error(struct json_stream *stream, const struct audit_totals *totals)
{
	if (totals->page.code == DF_E_NONE)
		return;
	struct document d = stream_value_begin(stream);
	if (d.failed)
		return;
	doc_put_error(&d, d.root, &totals->page);
	stream_members(stream, &d);
}

int json_audit_end(struct json_stream *stream, const struct audit_totals *totals,
		   struct df_err *err)
{
	stream_close(stream); /* the modules */
	stream_failures(stream, totals);
	if (totals->skipped_count > 0)
		stream_skipped(stream, totals);
	struct document d = stream_value_begin(stream);
	if (!d.failed) {
		doc_put_number(&d, d.root, "targets", totals->targets);
		doc_put_number(&d, d.root, "modules", totals->modules);
		doc_put_number(&d, d.root, "without_flags", totals->without_flags);
		doc_put_number(&d, d.root, "failed", totals->failure_count);
		doc_put_number(&d, d.root, "skipped", totals->skipped_count);
		doc_put_number(&d, d.root, "flags", totals->flags);
		doc_put_number(&d, d.root, "sites", totals->sites);
		doc_put_number(&d, d.root, "proven", totals->proven);
		doc_put_number(&d, d.root, "findings", totals->findings);
		doc_put_number(&d, d.root, "notes", totals->notes);
		stream_value(stream, "totals", &d);
	}
	stream_page_error(stream, totals);
	return stream_end(stream, err);
}
