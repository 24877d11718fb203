/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - a bar on standard error. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"
#include "text.h"

#define PATIENCE_NS 1000000000u
#define INTERVAL_NS 100000000u
#define WIDTH 30
#define LABEL 40

void progress_begin(struct progress_bar *bar)
{
	*bar = (struct progress_bar){
		.enabled = isatty(STDERR_FILENO) == 1, .begun = monotonic_now(), .label = ""};
}

static void draw(const struct progress_bar *bar, uint64_t done, uint64_t all)
{
	char cells[WIDTH + 1], label[LABEL];
	const uint64_t most = all > 0 ? all : 1;
	const double share = (double)(done < most ? done : most) / (double)most;
	const size_t full = (size_t)(share * WIDTH);
	memset(cells, '#', full);
	memset(cells + full, '-', WIDTH - full);
	cells[WIDTH] = '\0';
	text_escape(TEXT_FOR_TERMINAL, bar->label, label, sizeof(label));
	fprintf(stderr, "\r\033[K[%s] %3d%% %s", cells, (int)(share * 100), label);
}

void progress_show(struct progress_bar *bar, uint64_t done, uint64_t all)
{
	if (!bar->enabled)
		return;
	const uint64_t now = monotonic_now();
	if (now - bar->begun < PATIENCE_NS || now - bar->drawn < INTERVAL_NS)
		return;
	draw(bar, done, all);
	bar->drawn = now;
	bar->shown = true;
}

void progress_erase(struct progress_bar *bar)
{
	if (bar->shown)
		fputs("\r\033[K", stderr);
	bar->shown = false;
}
