/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_audit.c - a whole file, as `dfpatch audit FILE` reads it: program, object or archive. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit_target.h"
#include "fuzz.h"

/* Every name is read, and the figures agree with each other. */
static int look_at(void *context, const struct audit_module *module, struct df_err *err)
{
	const struct audit_summary *s = &module->summary;
	size_t *modules = context, sites = 0, length = 0;
	(void)err;
	++*modules;
	MUST(s->sites <= s->records && s->records == module->image->table.count);
	MUST(s->flags == module->inventory.flag_count && s->docs <= s->flags);
	MUST(s->on + s->off + s->held + s->mixed == s->flags && s->kinds <= s->flags);
	for (size_t i = 0; i < s->flags; i++) {
		struct df_site site;
		audit_flag(module, i, &site);
		length += df_strings_size(&site);
		sites += module->inventory.flags[i].count;
	}
	MUST(sites == s->sites && length < SIZE_MAX);
	MUST(s->sites == s->records || findings_total(&module->findings, SEVERITY_FINDING) > 0);
	for (size_t i = 0; i < module->findings.count; i++)
		MUST(module->findings.list[i].text[0] != '\0');
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct audit_options options = {.threads = 1};
	static int fd = -1;
	char path[64];
	size_t modules = 0;
	struct df_err err = {0};
	if (fd < 0)
		fd = memfd_create("audit", MFD_CLOEXEC);
	MUST(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const int status = audit_file(path, &options, look_at, &modules, &err);
	MUST(status == 0 ? modules > 0 : status == -(int)err.code && err.text[0] != '\0');
	return 0;
}
