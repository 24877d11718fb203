// SPDX-License-Identifier: Apache-2.0
// The second of two files that share the bodies of comdat.h.
#include "comdat.h"

int other()
{
	const shared_class object;

	return shared_inline() + shared_template<1>(0) + shared_template<2>(0) + object.get() +
	       own_inline();
}
