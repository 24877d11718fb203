#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh [--ancestor DIR] [--inside|--outside] [ROUNDS] - builds as shipped and measures in one run:
# flags flipped from inside against the ancestor, of which DIR is a checkout, and from outside
# against gdb and against the least that the kernel allows. ROUNDS are those of the second; the
# first takes a third as many. The outside alone takes ten minutes, most of which are gdb's.
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

# still COUNT: builds a program with so many sites of the dense layout, a multiple of 1,000.
still() {
	dir=$build/still-$1
	mkdir -p "$dir"
	for first in $(seq 0 1000 $(($1 - 1))); do
		tests/bench/make_sites.sh part "$first" 1000 1000 >"$dir/$first.c"
	done
	find "$dir" -name '*.c' -print0 |
		xargs -0 -P "$(nproc)" -I '{}' gcc -O1 -fno-toplevel-reorder -fcf-protection=none \
			-fno-asynchronous-unwind-tables -D_GNU_SOURCE -DSTRIDE=46 -Iinclude \
			-Itests/bench -c '{}' -o '{}.o'
	gcc -O2 -D_GNU_SOURCE tests/bench/bench_still.c "$dir"/*.o -o "$dir/program"
}

compare_outside() {
	gcc -O2 -D_GNU_SOURCE -Iinclude tests/targets/bench_target.c -o $build/bench_target -pthread
	for program in bench_flip bench_gaps bench_stop bench_many; do
		gcc -O2 -D_GNU_SOURCE -Itests/targets tests/bench/$program.c \
			tests/bench/bench_outside.c -o $build/$program
	done
	still 1000
	still 100000
	$build/bench_flip $build/dfpatch/dfpatch $build/bench_target "$rounds" || missed=1
	$build/bench_gaps $build/dfpatch/dfpatch $build/bench_target || missed=1
	$build/bench_stop $build/dfpatch/dfpatch $build/bench_target || missed=1
	$build/bench_many $build/dfpatch/dfpatch $build/still-1000/program \
		$build/still-100000/program || missed=1
}

if [ -n "$inside" ]; then
	compare_inside
fi
if [ -n "$outside" ]; then
	compare_outside
fi
exit $missed
