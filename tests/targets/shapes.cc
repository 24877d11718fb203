// SPDX-License-Identifier: Apache-2.0
// shapes.cc - a C++ target: several sites under one full name. See shapes.hh.
#include "shapes.hh"

#include <ctime>

int main()
{
	const struct timespec pause = {0, 200000};
	struct target_page *page = target_page();
	page->control = reinterpret_cast<uint64_t>(&df_module_v1);
	for (;;) {
		counter one;
		auto lambda = [] { return DF_FEATURE(cxx, lambda); };
		page->value[0] = everywhere() + everywhere() + ask_elsewhere();
		page->value[1] = folded();
		page->value[2] = templated<1>() + templated<2>() + templated<4>();
		page->value[3] = one.ask();
		page->value[4] = lambda();
		page->beat = page->beat + 1;
		page->ready = 1;
		nanosleep(&pause, nullptr);
	}
}
