// SPDX-License-Identifier: Apache-2.0
// shapes_more.cc - the second file of the C++ target.
#include "shapes.hh"

int ask_elsewhere()
{
	return everywhere() + (folded() ? 0 : 0) + (templated<8>() ? 0 : 0);
}
