/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_values.h - what stands behind options, and operands: each is taken into the options, or
 * told to be wrong, by which argp(3) ends us.
 */
#ifndef DFPATCH_OPTION_VALUES_H
#define DFPATCH_OPTION_VALUES_H

#include <argp.h>

#include "options.h"

/* The option `name`, in ns. */
void take_time(struct argp_state *state, const char *name, const char *text, uint64_t *ns);

/* The same, within bounds. */
void take_max_stop(struct argp_state *state, const char *text, uint64_t *ns);
void take_interval(struct argp_state *state, const char *text, uint64_t *ns);
void take_span(struct argp_state *state, const char *text, uint64_t *ns);

void take_stale(struct argp_state *state, struct options *o, const char *text);
void take_columns(struct argp_state *state, struct options *o, const char *text);
void take_pids(struct argp_state *state, struct options *o, const char *text);
void take_color(struct argp_state *state, struct options *o, const char *text);
void take_mode(struct argp_state *state, struct options *o, enum mode mode);
void take_exe(struct argp_state *state, struct options *o, const char *path);
void take_operand(struct argp_state *state, struct options *o, const char *text);
void take_criterion(struct argp_state *state, struct options *o, enum criterion_by by,
		    const char *text);
void take_line(struct argp_state *state, struct options *o, const char *text, bool is_file);

#endif
