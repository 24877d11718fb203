/* SPDX-License-Identifier: Apache-2.0 */
/* page_map.c - where in the text of a module its sites lie. */
#include "page_map.h"

#include <elf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cleanup.h"
#include "mem.h"
#include "page_row.h"

/* Heights, in units of the drawing. */
#define STRIP_HEIGHT 56
#define BARS_HEIGHT 48
#define BAR_MIN 3
#define MARK_HEIGHT 5

struct bin {
	size_t sites[PAGE_STATES];
	size_t findings;
};

/* A segment, in the module's space. */
struct strip {
	uint64_t start;
	uint64_t size;
	size_t sites;
	struct bin bins[MAP_BINS];
};

struct map {
	struct strip *strips;
	size_t count;
	size_t elsewhere; /* sites in no strip */
};

static uint64_t bin_size(const struct strip *strip)
{
	return strip->size / MAP_BINS + (strip->size % MAP_BINS != 0);
}

static void add_strips(struct map *map, const struct image *image)
{
	for (size_t i = 0; i < image->elf.part_count && map->count < MAP_STRIPS; i++) {
		const struct elf_part *part = &image->elf.parts[i];
		if (part->type == PT_LOAD && (part->prot & DF_EXEC) && part->size > 0)
			map->strips[map->count++] = (struct strip){
				.start = part->addr + image->bias,
				.size = part->size,
			};
	}
}

/* NULL if the address is in no strip. */
static struct bin *bin_at(const struct map *map, uint64_t addr, struct strip **in)
{
	for (size_t i = 0; i < map->count; i++) {
		struct strip *strip = &map->strips[i];
		const uint64_t offset = addr - strip->start;
		if (offset >= strip->size)
			continue;
		*in = strip;
		return &strip->bins[offset / bin_size(strip)];
	}
	return NULL;
}

static void add_sites(struct map *map, const struct inventory *inventory)
{
	for (uint32_t i = 0; i < inventory->image->table.count; i++) {
		struct df_site site;
		struct strip *strip;
		if (!inventory_site(inventory, i, &site))
			continue;
		struct bin *bin = bin_at(map, site.addr, &strip);
		if (!bin) {
			map->elsewhere++;
			continue;
		}
		const struct df_count count = inventory_count(inventory, i, &site);
		bin->sites[page_state_of(&count)]++;
		strip->sites++;
	}
}

static void add_findings(const struct map *map, const struct findings *findings)
{
	struct strip *strip;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		struct bin *bin = bin_at(map, finding->address, &strip);
		if (bin && finding_severity(finding->code) == SEVERITY_FINDING)
			bin->findings++;
	}
}

/* ---- drawn ---- */

static size_t sites_of(const struct bin *bin)
{
	return bin->sites[PAGE_OFF] + bin->sites[PAGE_ON] + bin->sites[PAGE_HELD];
}

static void rect(struct html *html, const char *class, size_t x, size_t y, size_t height)
{
	html_begin(html, "rect");
	html_attribute(html, "class", class);
	html_attributef(html, "x", "%zu", x);
	html_attributef(html, "y", "%zu", y);
	html_attribute(html, "width", "1");
	html_attributef(html, "height", "%zu", height);
	html_end(html);
}

static void describe(struct html *html, const struct strip *strip, size_t index)
{
	const struct bin *bin = &strip->bins[index];
	const uint64_t first = index * bin_size(strip);
	const uint64_t rest = strip->size - first;
	const uint64_t size = rest < bin_size(strip) ? rest : bin_size(strip);
	html_begin(html, "title");
	html_textf(html, "%#" PRIx64 " to %#" PRIx64 ": ", strip->start + first,
		   strip->start + first + size - 1);
	html_textf(html, "%zu %s (%zu off, %zu on, %zu held)", sites_of(bin),
		   sites_of(bin) == 1 ? "site" : "sites", bin->sites[PAGE_OFF], bin->sites[PAGE_ON],
		   bin->sites[PAGE_HELD]);
	if (bin->findings > 0)
		html_textf(html, "; %zu %s", bin->findings,
			   bin->findings == 1 ? "finding" : "findings");
	html_end(html);
}

/* From the bottom up: off, on, held. */
static void draw_bars(struct html *html, const struct bin *bin, size_t x, size_t most)
{
	const size_t total = sites_of(bin);
	if (total == 0)
		return;
	const size_t height = BAR_MIN + (BARS_HEIGHT - BAR_MIN) * total / most;
	size_t before = 0;
	for (int s = PAGE_OFF; s <= PAGE_HELD; s++) {
		const size_t low = height * before / total;
		const size_t high = height * (before + bin->sites[s]) / total;
		if (high > low)
			rect(html, page_state_name((enum page_state)s), x, STRIP_HEIGHT - high,
			     high - low);
		before += bin->sites[s];
	}
}

static void draw_bin(struct html *html, const struct strip *strip, size_t index, size_t most)
{
	const struct bin *bin = &strip->bins[index];
	if (sites_of(bin) == 0 && bin->findings == 0)
		return;
	html_begin(html, "g");
	describe(html, strip, index);
	rect(html, "hover", index, 0, STRIP_HEIGHT);
	draw_bars(html, bin, index, most);
	if (bin->findings > 0)
		rect(html, "finding", index, 0, MARK_HEIGHT);
	html_end(html);
}

static size_t most_sites(const struct strip *strip)
{
	size_t most = 1;
	for (size_t i = 0; i < MAP_BINS; i++)
		if (sites_of(&strip->bins[i]) > most)
			most = sites_of(&strip->bins[i]);
	return most;
}

static void draw_strip(struct html *html, const struct strip *strip)
{
	const size_t most = most_sites(strip);
	html_begin(html, "svg");
	html_attribute(html, "class", "strip");
	html_attributef(html, "viewBox", "0 0 %d %d", MAP_BINS, STRIP_HEIGHT);
	html_attribute(html, "preserveAspectRatio", "none");
	html_attribute(html, "role", "img");
	html_attributef(html, "aria-label",
			"%zu sites between %#" PRIx64 " and %#" PRIx64
			"; at most %zu in one of %d equal parts",
			strip->sites, strip->start, strip->start + strip->size - 1, most, MAP_BINS);
	for (size_t i = 0; i < MAP_BINS; i++)
		draw_bin(html, strip, i, most);
	html_end(html);
}

static void caption(struct html *html, const struct strip *strip)
{
	html_begin(html, "figcaption");
	html_begin(html, "span");
	html_textf(html, "%#" PRIx64, strip->start);
	html_end(html);
	html_begin(html, "span");
	html_textf(html, "%zu %s in %" PRIu64 " bytes of text; each column stands for %" PRIu64,
		   strip->sites, strip->sites == 1 ? "site" : "sites", strip->size,
		   bin_size(strip));
	html_end(html);
	html_begin(html, "span");
	html_textf(html, "%#" PRIx64, strip->start + strip->size);
	html_end(html);
	html_end(html);
}

static void legend(struct html *html)
{
	static const char *const marks[][2] = {
		{"off", "off"}, {"on", "on"}, {"held", "held"}, {"finding", "finding"}};
	html_begin(html, "p");
	html_attribute(html, "class", "legend");
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		html_begin(html, "span");
		html_class(html, "span", marks[i][0], "");
		html_text(html, marks[i][1]);
		html_end(html);
	}
	html_end(html);
}

static void show(struct html *html, const struct map *map)
{
	html_element(html, "h3", "Where in the text the sites lie");
	legend(html);
	for (size_t i = 0; i < map->count; i++) {
		if (map->strips[i].sites == 0)
			continue;
		html_begin(html, "figure");
		draw_strip(html, &map->strips[i]);
		caption(html, &map->strips[i]);
		html_end(html);
	}
	if (map->elsewhere == 0)
		return;
	html_begin(html, "p");
	html_attribute(html, "class", "more");
	html_textf(html, "%zu sites lie in none of these segments.", map->elsewhere);
	html_end(html);
}

void page_map(struct html *html, const struct audit_module *module)
{
	CLEANUP_FREE struct strip *strips = calloc(MAP_STRIPS, sizeof(*strips));
	struct map map = {.strips = strips};
	if (!strips || module->inventory.sound == 0)
		return;
	add_strips(&map, module->image);
	add_sites(&map, &module->inventory);
	add_findings(&map, &module->findings);
	show(html, &map);
}
