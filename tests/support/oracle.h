/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h - what the flags of `inside` and its plugin must be, worked out from the
 * records and the rules alone, and held against everything that tells.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "spots.h"
#include "talk.h"

#define ORACLE_MODULES 2

struct oracle_module {
	struct spots spots;
	struct df_count count[SPOTS_MAX];
	bool initialised;
	uint64_t generation;
};

struct oracle {
	const struct live *live;
	size_t count; /* modules: the executable, and the plugin if it is loaded */
	struct oracle_module module[ORACLE_MODULES];
};

/* Of a target that nobody changed yet. */
void oracle_begin(struct oracle *oracle, const struct live *live);
void oracle_end(struct oracle *oracle);

/* Loads the plugin. */
void oracle_load_plugin(struct oracle *oracle);

/* Takes what memory says for what must be: whether all the rest agrees can be checked then. */
void oracle_believe(struct oracle *oracle);

/* Full names that match, and those of them that ignore the operation, being unhooked. */
struct oracle_sum {
	int flags;
	int unhooked;
};

/*
 * Operations, each of which is one commit in every module where it changes something. `kind`
 * may be NULL, and so may `pattern`.
 */
struct oracle_sum oracle_do(struct oracle *oracle, enum df_op op, const char *kind,
			    const char *pattern);

/* Several at once: begin, add each, end. */
void oracle_script_begin(struct oracle *oracle);
int oracle_script_add(struct oracle *oracle, enum df_op op, const char *pattern);
void oracle_script_end(struct oracle *oracle);

/* What every function of libdf does first, and `dfpatch init`. */
void oracle_init(struct oracle *oracle);
bool oracle_is_initialised(const struct oracle *oracle);

/* Fails the test unless memory, `dfpatch list`, df_list() and the values of the sites agree. */
void oracle_check_memory(const struct oracle *oracle);
void oracle_check_tool_list(const struct oracle *oracle);
void oracle_check_df_list(const struct oracle *oracle, int library);
void oracle_check_values(const struct oracle *oracle);

/* The same for what every spinner saw last, once each has gone through all sites again. */
void oracle_check_spinners(const struct oracle *oracle, int spinners);

#endif
