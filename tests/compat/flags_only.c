/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DYNAMIC_FLAG_CTL_INTERFACE=0: flags, and every other name is the program's own.
 * It links with no library, whatever the style.
 */
#define DYNAMIC_FLAG_CTL_INTERFACE 0
#include "dynamic_flag.h"

enum dynamic_flag_state { FIRST, SECOND };
static enum dynamic_flag_state dynamic_flag_activate;
static int dynamic_flag_deactivate[2], dynamic_flag_unhook, dynamic_flag_rehook;
static int dynamic_flag_init_lib, dynamic_flag_list_state, dynamic_flag_list_fprintf_cb;
static int dynamic_flag_set_minimal_write_mode;
static int dynamic_flag_activate_kind, dynamic_flag_deactivate_kind;

int main(void)
{
	int wrong = 0;

	wrong |= DF_FEATURE(kind, feature) != 0;
	wrong |= DF_DEFAULT(kind, normal, "doc") != 1;
	wrong |= DF_DEFAULT_SLOW(kind, slow) != 1;
	wrong |= DF_OPT(kind, opt) != 1;
#if defined(NDEBUG)
	wrong |= DF_DEBUG(debug) != 0;
#else
	wrong |= DF_DEBUG(debug) != 1;
#endif
	DYNAMIC_FLAG_DUMMY(kind);
	DYNAMIC_FLAG_DUMMY(linux, "a kind that is a macro");
	dynamic_flag_activate = SECOND;
	return wrong + (dynamic_flag_activate != SECOND) + dynamic_flag_deactivate[1] +
	       dynamic_flag_unhook + dynamic_flag_rehook + dynamic_flag_init_lib +
	       dynamic_flag_list_state + dynamic_flag_list_fprintf_cb +
	       dynamic_flag_set_minimal_write_mode + dynamic_flag_activate_kind +
	       dynamic_flag_deactivate_kind;
}
