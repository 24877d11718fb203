#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh [--ancestor DIR] [--inside|--outside|--audit|--cost] [ROUNDS] - builds as shipped and
# measures in one run: flags flipped from inside against the ancestor, of which DIR is a checkout, and
# from outside against gdb and against the least that the kernel allows; what flags cost a program,
# against one without and the ancestor's; and audits of programs of up to a million sites against
# objdump. ROUNDS are those of the second; the first and the last take a third as many.
# The outside alone takes ten minutes, most of which are gdb's.
# Exits with 1 if a required ratio is missed. Without --ancestor there is nothing to compare the
# inside with, and only what needs no comparison is judged.
# Trust the ratios: clock speeds differ between runs and machines.
set -eu

usage() {
	echo "usage: bench.sh [--ancestor DIR] [--inside|--outside|--audit|--cost] [ROUNDS]" >&2
	exit 2
}

ancestor=
inside=1
outside=1
audit=1
cost=1
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
	--inside) outside='' audit='' cost='' ;;
	--outside) inside='' audit='' cost='' ;;
	--audit) inside='' outside='' cost='' ;;
	--cost) inside='' outside='' audit='' ;;
	*[!0-9]* | '') usage ;;
	*) rounds=$1 ;;
	esac
	shift
done
if [ -z "$inside$outside$audit$cost" ] || [ "$rounds" -lt 1 ]; then
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

# large COUNT: the same with many more, a multiple of 1,000 and at most a million. The first 1,000
# are compiled, and the others made of them by renaming, which takes minutes less.
large() {
	dir=$build/large-$1
	mkdir -p "$dir"
	tests/bench/make_sites.sh part 0 1000 1000 >"$dir/first.c"
	gcc -O1 -fno-toplevel-reorder -fcf-protection=none -fno-asynchronous-unwind-tables \
		-D_GNU_SOURCE -DSTRIDE=46 -Iinclude -Itests/bench -S "$dir/first.c" -o "$dir/first.s"
	seq -f %03g 0 $(($1 / 1000 - 1)) | xargs -P "$(nproc)" -I '{}' sh -c \
		'sed "s/s000\([0-9][0-9][0-9]\)/s$1\1/g" "$2/first.s" | as -o "$2/$1.o"' sh '{}' "$dir"
	gcc -O2 -D_GNU_SOURCE tests/bench/bench_still.c "$dir"/*.o -o "$dir/program"
	rm "$dir"/*.o
}

# What the table and the strings of a program take, which has no others to speak of.
table_and_strings() {
	readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] //' |
		while read -r name _ _ _ size _; do
			case $name in df_sites_v1 | .rodata) echo $((0x$size)) ;; esac
		done | awk '{ sum += $1 } END { print sum }'
}

compare_audit() {
	gcc -O2 -D_GNU_SOURCE -Itests/targets tests/bench/bench_audit.c tests/bench/bench_outside.c \
		-o $build/bench_audit
	echo "building programs with up to 1,000,000 sites"
	set --
	for count in 10000 100000 1000000; do
		large $count
		set -- "$@" $count "$(table_and_strings $build/large-$count/program)" \
			$build/large-$count/program
	done
	$build/bench_audit $build/dfpatch/dfpatch $(((rounds + 2) / 3)) "$@" || missed=1
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
if [ -n "$cost" ]; then
	tests/bench/cost.sh $build/cost ${ancestor:+"$ancestor"} || missed=1
fi
if [ -n "$audit" ]; then
	compare_audit
fi
exit $missed
