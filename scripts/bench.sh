#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh [--ancestor DIR] [--inside|--outside] [ROUNDS] - builds as shipped and measures in one run:
# flags flipped from inside against the ancestor, of which DIR is a checkout, and from outside
# against gdb. ROUNDS are those of the second; the first takes a third as many.
# Exits with 1 if a required ratio is missed. Without --ancestor there is nothing to compare the
# inside with, and only what needs no comparison is judged.
# Trust the ratios: clock speeds differ between runs and machines.
set -eu

usage() {
	echo "usage: bench.sh [--ancestor DIR] [--inside|--outside] [ROUNDS]" >&2
	exit 2
}

ancestor=
inside=1
outside=1
rounds=15
while [ $# -gt 0 ]; do
	case $1 in
	--ancestor)
		if [ $# -lt 2 ] || [ ! -f "$2/src/dynamic_flag.c" ]; then
			echo "bench.sh: --ancestor needs a directory with src/dynamic_flag.c" >&2
			exit 2
		fi
		ancestor=$(realpath "$2")
		shift
		;;
	--inside) outside= ;;
	--outside) inside= ;;
	*[!0-9]* | '') usage ;;
	*) rounds=$1 ;;
	esac
	shift
done
if [ -z "$inside$outside" ] || [ "$rounds" -lt 1 ]; then
	usage
fi
cd "$(dirname "$0")/.."

scripts/packages.sh test
build=build/bench
cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DDF_TESTS=OFF >/dev/null
cmake --build $build >/dev/null
missed=0

compare_inside() {
	for program in bench_compare bench_start bench_floor; do
		gcc -O2 -D_GNU_SOURCE tests/bench/$program.c -o $build/$program
	done
	cmake -S tests/bench -B $build/inside -G Ninja -DANCESTOR="$ancestor" \
		-DLIBDF="$PWD/$build/libdf/libdf.a" >/dev/null
	echo "building programs with up to 100,000 flags"
	cmake --build $build/inside >/dev/null
	$build/bench_compare $(((rounds + 2) / 3)) $build/inside/ours \
		${ancestor:+$build/inside/ancestor} || missed=1
	$build/bench_start $build/inside/ours/dense-100000 $build/inside/plain/dense-100000 1001 ||
		missed=1
	echo "the floor of \"all\": a look at each site, mprotect, a byte for each, mprotect (us)"
	$build/bench_floor dense-100000 46 100000
	$build/bench_floor spread-10000 512 10000
	$build/bench_floor spread-100000 512 100000
	$build/bench_floor sparse-10000 8192 10000
}

compare_outside() {
	for source in targets/bench_target bench/bench_flip; do
		gcc -O2 -D_GNU_SOURCE -Iinclude -Itests/targets tests/$source.c \
			-o $build/"$(basename $source)" -pthread
	done
	$build/bench_flip $build/dfpatch/dfpatch $build/bench_target "$rounds" || missed=1
}

if [ -n "$inside" ]; then
	compare_inside
fi
if [ -n "$outside" ]; then
	compare_outside
fi
exit $missed
