#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh [ROUNDS] - builds as shipped and measures against gdb, in one run.
# Exits with 1 if a required ratio is missed.
# Trust the ratios: clock speeds differ between runs and machines.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-15}

scripts/packages.sh test
build=build/bench
cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DDF_TESTS=OFF >/dev/null
cmake --build $build >/dev/null
for source in targets/bench_target bench/bench_flip; do
	gcc -O2 -D_GNU_SOURCE -Iinclude -Itests/targets tests/$source.c \
		-o $build/"$(basename $source)" -pthread
done
$build/bench_flip $build/dfpatch/dfpatch $build/bench_target "$rounds"
