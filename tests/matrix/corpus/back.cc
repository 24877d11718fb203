// SPDX-License-Identifier: Apache-2.0
// A second file that shares objects.hh: the same flags again, in a module of its own or not.
#include "objects.hh"

void corpus_back(void)
{
	SHOW_HEADER();
	show_shared();
	corpus_show("cxx:template_function",
		    static_cast<int>(template_function(static_cast<short>(0))));
	corpus_show("back:only_here", DF_DEFAULT(back, only_here));
}
