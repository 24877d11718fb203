/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dfpatch/json.c: documents that a JSON library reads back as what went in. */
#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_image.h"
#include "json.h"
#include "json_document.h"
#include "text.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const struct df_site sites[] = {
	{.addr = 0xffffffffffff0000,
	 .target = 0x2000,
	 .kind = "http",
	 .name = "fast",
	 .file = "a.c",
	 .doc = "doc",
	 .line = 4294967295,
	 .style = 1},
	{.addr = 0x1010,
	 .kind = "opt",
	 .name = "held",
	 .file = "b.c",
	 .doc = "",
	 .line = 8,
	 .style = 2,
	 .flags = DF_SITE_HELD},
};

struct fixture {
	struct list_result result;
	struct change_request request;
	struct change_result change;
	struct df_err what, blind, err;
	bool selected[4];
	bool *rows[1];
	int status;
};

static void begin(struct fixture *f, const struct df_site *list, size_t count)
{
	*f = (struct fixture){.selected = {true, true, true, true}};
	f->rows[0] = f->selected;
	f->result.process.pidfd = -1;
	f->result.selection = (struct selection){.selected = f->rows, .image_count = 1};
	fake_image_add(&f->result.images, "/bin/program", list, count);
}

static void list(void *context)
{
	struct fixture *f = context;
	f->status = json_list(&f->result, &f->err);
}

static void error(void *context)
{
	struct fixture *f = context;
	f->status = json_error("enable", &f->what, &f->err);
}

static void change(void *context)
{
	struct fixture *f = context;
	f->status = json_change("enable", &f->request, &f->change, f->what.code ? &f->what : NULL,
				&f->err);
}

/* A document is read on terminals, too: each line is what would be shown of it. */
static void expect_harmless(const char *text)
{
	char *copy = strdup(text);
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
		char *safe = text_escaped(TEXT_FOR_TERMINAL, line);
		cr_expect_str_eq(line, safe);
		free(safe);
	}
	free(copy);
}

static struct json_object *parsed(void (*action)(void *), struct fixture *f)
{
	char *text = fake_image_output(action, f);
	enum json_tokener_error error = json_tokener_success;
	struct json_tokener *tokener = json_tokener_new();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *root = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	error = json_tokener_get_error(tokener);
	json_tokener_free(tokener);
	cr_assert(root, "%s: '%s'", json_tokener_error_desc(error), text);
	cr_expect_eq(f->status, 0, "%s", f->err.text);
	expect_harmless(text);
	free(text);
	return root;
}

/* Follows a path such as "modules/0/flags". */
static struct json_object *at(struct json_object *from, const char *path)
{
	char copy[128];
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *rest = copy, *part; (part = strsep(&rest, "/"));) {
		struct json_object *next = NULL;
		if (json_object_is_type(from, json_type_array))
			next = json_object_array_get_idx(from, strtoul(part, NULL, 10));
		else
			json_object_object_get_ex(from, part, &next);
		cr_assert(next, "no '%s' in '%s'", part, path);
		from = next;
	}
	return from;
}

static const char *text_at(struct json_object *root, const char *path)
{
	struct json_object *object = at(root, path);
	cr_assert(json_object_is_type(object, json_type_string), "%s", path);
	return json_object_get_string(object);
}

static uint64_t number_at(struct json_object *root, const char *path)
{
	struct json_object *object = at(root, path);
	cr_assert(json_object_is_type(object, json_type_int), "%s", path);
	return json_object_get_uint64(object);
}

static bool has(struct json_object *root, const char *path, const char *key)
{
	return json_object_object_get_ex(at(root, path), key, NULL);
}

static void expect_head(struct json_object *root, const char *command)
{
	cr_expect_eq(number_at(root, "schema"), JSON_SCHEMA);
	cr_expect_str_eq(text_at(root, "version"), DFPATCH_VERSION);
	cr_expect_str_eq(text_at(root, "command"), command);
}

Test(json, list_of_a_process)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	struct image *image = f.result.images.list[0];
	f.result.process = (struct process){.pid = 42, .pidfd = 3, .name = "program"};
	image->bias = 0x555555550000;
	image->control.generation = UINT64_MAX;
	image->control.initialised = DF_INITIALISED;
	image->states[0].current = (struct df_count_v1){UINT32_MAX, 5};
	image->elf.build_id_size = 2;
	image->elf.build_id[1] = 0xab;
	struct json_object *root = parsed(list, &f);
	expect_head(root, "list");
	cr_expect_eq(number_at(root, "process/pid"), 42);
	cr_expect_str_eq(text_at(root, "process/name"), "program");
	cr_expect_str_eq(text_at(root, "modules/0/path"), "/bin/program");
	cr_expect_str_eq(text_at(root, "modules/0/build_id"), "00ab");
	cr_expect_str_eq(text_at(root, "modules/0/load_bias"), "0x555555550000");
	cr_expect_eq(number_at(root, "modules/0/generation"), UINT64_MAX);
	cr_expect(json_object_get_boolean(at(root, "modules/0/initialised")));
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/full_name"), "http:fast@a.c:4294967295");
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/state"), "on");
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/built"), "off");
	cr_expect_eq(number_at(root, "modules/0/flags/0/line"), UINT32_MAX);
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/sites/0/address"), "0xffffffffffff0000");
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/sites/0/target"), "0x2000");
	cr_expect_eq(number_at(root, "modules/0/flags/0/sites/0/activation"), UINT32_MAX);
	cr_expect_eq(number_at(root, "modules/0/flags/0/sites/0/unhook"), 5);
	cr_expect(json_object_get_boolean(at(root, "modules/0/flags/1/sites/0/held")));
	cr_expect(!has(root, "modules/0/flags/1/sites/0", "target"), "CARRY has none");
	cr_expect(!has(root, "modules/0", "on_disk"));
	json_object_put(root);
	images_free(&f.result.images);
}

Test(json, list_of_a_file)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	f.result.images.list[0]->live = false;
	f.selected[0] = false;
	struct json_object *root = parsed(list, &f);
	expect_head(root, "list");
	cr_expect(!json_object_object_get_ex(root, "process", NULL));
	cr_expect(!has(root, "modules/0", "load_bias") && !has(root, "modules/0", "initialised"));
	cr_expect_eq(json_object_array_length(at(root, "modules/0/flags")), 1);
	cr_expect_str_eq(text_at(root, "modules/0/flags/0/name"), "held");
	json_object_put(root);
	images_free(&f.result.images);
}

/* Every byte from 1 to 255, alone and as a name in all places where names stand. */
Test(json, every_byte_of_a_name)
{
	for (unsigned value = 1; value < 256; value++) {
		const char name[] = {'a', (char)value, 'z', '\0'};
		const struct df_site site = {.kind = name,
					     .name = name,
					     .file = name,
					     .doc = name,
					     .line = 1,
					     .style = 1};
		struct fixture f;
		char want[16], broken[16];
		begin(&f, &site, 1);
		free(f.result.images.list[0]->path);
		f.result.images.list[0]->path = strdup(name);
		f.result.images.list[0]->on_disk = strdup(name);
		snprintf(broken, sizeof(broken), "a\\x%02xz", value);
		snprintf(want, sizeof(want), "%s", value < 0x80 ? name : broken);
		struct json_object *root = parsed(list, &f);
		cr_expect_str_eq(text_at(root, "modules/0/path"), want, "%#x", value);
		cr_expect_str_eq(text_at(root, "modules/0/on_disk"), want, "%#x", value);
		cr_expect_str_eq(text_at(root, "modules/0/flags/0/kind"), want, "%#x", value);
		cr_expect_str_eq(text_at(root, "modules/0/flags/0/name"), want, "%#x", value);
		cr_expect_str_eq(text_at(root, "modules/0/flags/0/file"), want, "%#x", value);
		cr_expect_str_eq(text_at(root, "modules/0/flags/0/doc"), want, "%#x", value);
		json_object_put(root);
		images_free(&f.result.images);
	}
}

Test(json, names_in_utf8)
{
	static const char *const names[] = {"caf\xc3\xa9",  "\xe2\x82\xac", "\xf0\x9f\x98\x80",
					    "\xe2\x80\xae", "\xe2\x80\xa8", "\xc2\x9b",
					    "\xd8\x9c",	    "</script>",    "\\u0041"};
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct df_site site = {.kind = "k",
					     .name = names[i],
					     .file = "f",
					     .doc = "",
					     .line = 1,
					     .style = 1};
		struct fixture f;
		begin(&f, &site, 1);
		struct json_object *root = parsed(list, &f);
		cr_expect_str_eq(text_at(root, "modules/0/flags/0/name"), names[i]);
		json_object_put(root);
		images_free(&f.result.images);
	}
}

Test(json, errors)
{
	struct fixture f = {0};
	f.what = (struct df_err){DF_E_NO_MATCH, "no flag matches '\033\"\xff'"};
	struct json_object *root = parsed(error, &f);
	expect_head(root, "enable");
	cr_expect_str_eq(text_at(root, "error/code"), "no-match");
	cr_expect_str_eq(text_at(root, "error/text"), "no flag matches '\033\"\\xff'");
	json_object_put(root);
}

static void plan(struct fixture *f)
{
	static const bool selected[] = {true, true};
	static const uint8_t opcodes[] = {0xa9, 0xf9};
	struct image *image = f->result.images.list[0];
	struct df_err err;
	f->change.images = f->result.images;
	f->change.plans = calloc(1, sizeof(*f->change.plans));
	cr_assert_eq(df_plan_begin(f->change.plans, image->sites, 2, image->states, &image->control,
				   &err),
		     0);
	df_plan_do(f->change.plans, DF_ENABLE, selected);
	cr_assert_eq(df_plan_close(f->change.plans, opcodes, &err), 0);
}

Test(json, changes)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	f.result.images.list[0]->states[1].current.unhook = 1;
	plan(&f);
	f.change.process = (struct process){.pid = 42, .name = "a\nb"};
	f.change.stopped = true;
	f.change.threads = 64;
	f.change.pause = 5000000000;
	struct json_object *root = parsed(change, &f);
	expect_head(root, "enable");
	cr_expect_str_eq(text_at(root, "process/name"), "a\nb");
	cr_expect(!json_object_get_boolean(at(root, "dry_run")));
	cr_expect(json_object_get_boolean(at(root, "stopped")));
	cr_expect_eq(number_at(root, "threads"), 64);
	cr_expect_eq(number_at(root, "pause_ns"), 5000000000);
	cr_expect_eq(number_at(root, "totals/matched/flags"), 2);
	cr_expect_eq(number_at(root, "totals/changed/flags"), 1);
	cr_expect_eq(number_at(root, "totals/unhooked/sites"), 1);
	cr_expect_str_eq(text_at(root, "flags/0/outcome"), "changed");
	cr_expect_str_eq(text_at(root, "flags/0/before/state"), "off");
	cr_expect_str_eq(text_at(root, "flags/0/after/state"), "on");
	cr_expect_eq(number_at(root, "flags/0/after/activation"), 1);
	cr_expect_str_eq(text_at(root, "flags/1/outcome"), "unhooked");
	json_object_put(root);
	f.request.dry_run = true;
	root = parsed(change, &f);
	cr_expect(json_object_get_boolean(at(root, "dry_run")));
	cr_expect_str_eq(text_at(root, "flags/0/outcome"), "would-change");
	cr_expect_eq(number_at(root, "totals/would_change/flags"), 1);
	json_object_put(root);
	df_plan_free(f.change.plans);
	free(f.change.plans);
	images_free(&f.result.images);
}

/* ---- failures and several processes ---- */

/* Two modules, of which the second failed after the first was changed. */
static void plan_two(struct fixture *f)
{
	fake_image_add(&f->result.images, "/lib/\033", sites, COUNT(sites));
	plan(f);
	f->change.plans = realloc(f->change.plans, 2 * sizeof(*f->change.plans));
	cr_assert(f->change.plans);
	struct image *second = f->result.images.list[1];
	struct df_err err;
	static const bool selected[] = {true, true};
	static const uint8_t opcodes[] = {0xa9, 0xf9};
	cr_assert_eq(df_plan_begin(&f->change.plans[1], second->sites, 2, second->states,
				   &second->control, &err),
		     0);
	df_plan_do(&f->change.plans[1], DF_ENABLE, selected);
	cr_assert_eq(df_plan_close(&f->change.plans[1], opcodes, &err), 0);
}

static void end(struct fixture *f, size_t plans)
{
	for (size_t i = 0; i < plans; i++)
		df_plan_free(&f->change.plans[i]);
	free(f->change.plans);
	images_free(&f->result.images);
}

Test(json, a_failure_tells_what_was_changed_before)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	plan_two(&f);
	f.what = (struct df_err){DF_E_WRITE, "a write failed"};
	f.change.process = (struct process){.pid = 42, .name = "a"};
	f.change.committed = 1;
	f.change.pause = 7;
	struct json_object *root = parsed(change, &f);
	expect_head(root, "enable");
	cr_expect_eq(number_at(root, "process/pid"), 42);
	cr_expect_str_eq(text_at(root, "error/code"), "write");
	cr_expect_str_eq(text_at(root, "mode"), "quiet");
	cr_expect_eq(number_at(root, "pause_ns"), 7);
	cr_expect_eq(json_object_array_length(at(root, "changed_modules")), 1);
	cr_expect_str_eq(text_at(root, "changed_modules/0"), "/bin/program");
	cr_expect_eq(json_object_array_length(at(root, "flags")), 2);
	cr_expect_str_eq(text_at(root, "flags/1/module"), "/bin/program");
	cr_expect(!json_object_object_get_ex(root, "totals", NULL), "which would be of a success");
	json_object_put(root);
	f.change.committed = 0;
	root = parsed(change, &f);
	cr_expect(!json_object_object_get_ex(root, "flags", NULL));
	cr_expect_str_eq(text_at(root, "error/text"), "a write failed");
	json_object_put(root);
	f.change.stopped = true;
	root = parsed(change, &f);
	cr_expect_eq(number_at(root, "pause_ns"), 7, "nothing was written, but it was stopped");
	cr_expect(!json_object_object_get_ex(root, "flags", NULL));
	json_object_put(root);
	end(&f, 2);
}

static void targets(void *context)
{
	struct fixture *f = context;
	struct json_targets *t = json_targets_new("enable", f->request.dry_run);
	const struct target_end ends[] = {
		{42, "a\nb", TARGET_CHANGED, NULL},
		{43, "", TARGET_FAILED, &f->what},
		{44, "c", TARGET_SKIPPED, &f->what},
	};
	const struct targets_tally tally = {3, {0, 1, 0, 0, 1, 1}};
	const struct change_result nothing = {.process = {.pidfd = -1}};
	json_targets_change(t, &ends[0], &f->request, &f->change);
	json_targets_change(t, &ends[1], &f->request, &nothing);
	json_targets_change(t, &ends[2], &f->request, &nothing);
	f->status = json_targets_end(t, &tally, &f->blind, &f->err);
}

Test(json, changes_of_several_processes)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	plan(&f);
	f.what = (struct df_err){DF_E_TRACED, "traced by \033"};
	f.change.stopped = true;
	strcpy(f.change.why_stopped, "\033 was initialised");
	struct json_object *root = parsed(targets, &f);
	expect_head(root, "enable");
	cr_expect_eq(json_object_array_length(at(root, "targets")), 3);
	cr_expect_str_eq(text_at(root, "targets/0/process/name"), "a\nb");
	cr_expect_str_eq(text_at(root, "targets/0/outcome"), "changed");
	cr_expect_str_eq(text_at(root, "targets/0/mode"), "stop");
	cr_expect_str_eq(text_at(root, "targets/0/why_stopped"), "\033 was initialised");
	cr_expect_str_eq(text_at(root, "targets/0/flags/0/full_name"), "http:fast@a.c:4294967295");
	cr_expect(!has(root, "targets/0", "error"));
	cr_expect_str_eq(text_at(root, "targets/1/outcome"), "failed");
	cr_expect_str_eq(text_at(root, "targets/1/error/code"), "traced");
	cr_expect_str_eq(text_at(root, "targets/1/error/text"), "traced by \033");
	cr_expect_eq(number_at(root, "targets/1/process/pid"), 43);
	cr_expect_str_eq(text_at(root, "targets/2/outcome"), "skipped");
	cr_expect_eq(number_at(root, "summary/targets"), 3);
	cr_expect_eq(number_at(root, "summary/changed"), 1);
	cr_expect_eq(number_at(root, "summary/failed"), 1);
	cr_expect(!json_object_object_get_ex(root, "error", NULL));
	json_object_put(root);
	f.blind = (struct df_err){DF_E_SYSTEM, "nobody looked"};
	root = parsed(targets, &f);
	cr_expect_str_eq(text_at(root, "error/code"), "system");
	cr_expect_str_eq(text_at(root, "error/text"), "nobody looked");
	cr_expect_eq(number_at(root, "summary/changed"), 1);
	json_object_put(root);
	f.blind.code = DF_E_NONE;
	f.request.dry_run = true;
	root = parsed(targets, &f);
	cr_expect_str_eq(text_at(root, "targets/0/outcome"), "would-change");
	cr_expect_eq(number_at(root, "summary/would_change"), 1);
	json_object_put(root);
	end(&f, 1);
}

static void lists(void *context)
{
	struct fixture *f = context;
	struct json_targets *t = json_targets_new("list", false);
	const struct target_end ends[] = {
		{42, "a", TARGET_LISTED, NULL},
		{43, "b", TARGET_SKIPPED, &f->what},
	};
	const struct targets_tally tally = {2, {1, 0, 0, 0, 1, 0}};
	const struct list_result nothing = {.process = {.pidfd = -1}};
	json_targets_list(t, &ends[0], &f->result);
	json_targets_list(t, &ends[1], &nothing);
	f->status = json_targets_end(t, &tally, &f->blind, &f->err);
}

Test(json, lists_of_several_processes)
{
	struct fixture f;
	begin(&f, sites, COUNT(sites));
	f.what = (struct df_err){DF_E_NO_FLAGS, "none"};
	struct json_object *root = parsed(lists, &f);
	expect_head(root, "list");
	cr_expect_str_eq(text_at(root, "targets/0/outcome"), "listed");
	cr_expect_str_eq(text_at(root, "targets/0/modules/0/flags/0/name"), "fast");
	cr_expect_str_eq(text_at(root, "targets/1/error/code"), "no-flags");
	cr_expect_eq(number_at(root, "summary/listed"), 1);
	json_object_put(root);
	images_free(&f.result.images);
}

/* ---- scan ---- */

static void scan(void *context)
{
	struct fixture *f = context;
	struct scan_row rows[] = {
		{.pid = 1, .name = "a\033", .counted = true, .current = true, .modules = 2},
		{.pid = 2, .name = "b", .why = {DF_E_TABLE, "damaged"}},
		{.pid = 3,
		 .name = "c",
		 .counted = true,
		 .current = true,
		 .stop = true,
		 .why = {DF_E_NONE, "was initialised"}},
	};
	rows[0].initialised = 1;
	rows[0].flags = 7;
	const struct scan all = {rows, COUNT(rows), 99, 5};
	f->status = json_scan(&all, &f->err);
}

Test(json, scans)
{
	struct fixture f = {0};
	struct json_object *root = parsed(scan, &f);
	expect_head(root, "scan");
	cr_expect_eq(number_at(root, "looked_at"), 99);
	cr_expect_eq(number_at(root, "denied"), 5);
	cr_expect_str_eq(text_at(root, "targets/0/process/name"), "a\033");
	cr_expect_str_eq(text_at(root, "targets/0/patchable"), "yes");
	cr_expect_str_eq(text_at(root, "targets/0/initialised"), "partly");
	cr_expect_eq(number_at(root, "targets/0/flags"), 7);
	cr_expect(!has(root, "targets/0", "error"));
	cr_expect_str_eq(text_at(root, "targets/1/patchable"), "no");
	cr_expect_str_eq(text_at(root, "targets/1/error/code"), "table");
	cr_expect(!has(root, "targets/1", "flags"), "nobody knows how many");
	cr_expect_str_eq(text_at(root, "targets/2/patchable"), "stop");
	cr_expect_str_eq(text_at(root, "targets/2/why_stopped"), "was initialised");
	json_object_put(root);
}
