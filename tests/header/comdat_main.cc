// SPDX-License-Identifier: Apache-2.0
// The first of two files that share the bodies of comdat.h.
#include "comdat.h"

int main()
{
	const shared_class object;
	const int sum = shared_inline() + shared_template<1>(0) + shared_template<2>(0) +
			object.get() + own_inline();

	return sum == 6 && other() == 6 ? 0 : 1;
}
