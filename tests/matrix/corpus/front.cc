// SPDX-License-Identifier: Apache-2.0
// Of the files that share objects.hh, the one that is part of the executable in every mode.
#include "objects.hh"

void corpus_front(void)
{
	SHOW_HEADER();
	show_shared();
	corpus_show("front:only_here", DF_FEATURE(front, only_here));
}
