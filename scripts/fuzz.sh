#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh MINUTES [NAME...] - runs the fuzzers of tests/fuzz, two at a time, MINUTES each, and
# says how much each has tried. What they find is left in build/fuzz/found. Needs clang with
# libFuzzer (Debian 12: clang-14, libclang-rt-14-dev).
# fuzz.sh --merge - makes the committed corpora anew from what was collected, as small as can be.
set -eu
cd "$(dirname "$0")/.."
build=${DF_FUZZ_BUILD:-$PWD/build/fuzz}
mode=${1:?usage: fuzz.sh MINUTES [NAME...], or fuzz.sh --merge}
shift

cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
	-DDF_FUZZ=ON -DDF_SANITIZE=address,undefined >"$build.log" 2>&1 ||
	{ cat "$build.log"; exit 1; }
names=${*:-$(cd tests/fuzz && ls fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/')}
targets=fuzz_seeds
for name in $names; do targets="$targets fuzz_$name"; done
# shellcheck disable=SC2086 # a list of words
cmake --build "$build" --target $targets >>"$build.log" 2>&1 || { cat "$build.log"; exit 1; }

seeds=$build/seeds found=$build/found
mkdir -p "$seeds" "$found"
"$build"/tests/fuzz/fuzz_seeds "$seeds"
tests/fuzz/seeds.sh "$seeds"

# Longest inputs: whole files, mappings and tables need more than lines of text.
longest() {
	case $1 in
	audit) echo 8192 ;;
	elf | image | prove) echo 4096 ;;
	table) echo 2048 ;;
	*) echo 1024 ;;
	esac
}

fuzz() {
	name=$1 corpus=$build/corpus/$1
	mkdir -p "$corpus" "$seeds/$name" "tests/fuzz/corpus/$name"
	nice -n 19 "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=1024 -max_len="$(longest "$name")" -print_final_stats=1 \
		-artifact_prefix="$found/$name-" "$corpus" "tests/fuzz/corpus/$name" \
		"$seeds/$name" >"$build/$name.log" 2>&1 &&
		result=nothing || result="a failure, see $build/$name.log"
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
	echo "$name: ${runs:-?} executions in $seconds s, found $result"
	[ "$result" = nothing ]
}

merge() {
	name=$1 corpus=tests/fuzz/corpus/$1
	rm -rf "$build/merged"
	mkdir -p "$build/merged" "$build/corpus/$name" "$corpus"
	"$build/tests/fuzz/fuzz_$name" -merge=1 -use_counters=0 \
		-max_len="$(longest "$name")" "$build/merged" "$corpus" "$build/corpus/$name" \
		"$seeds/$name" >"$build/$name-merge.log" 2>&1
	# Those that once were found out stay whatever the merge thinks of them.
	find "$corpus" -type f ! -name 'found-*' -delete
	cp "$build"/merged/* "$corpus"
	echo "$name: $(find "$corpus" -type f | wc -l) inputs, $(du -sb "$corpus" | cut -f1) bytes"
}

if [ "$mode" = --merge ]; then
	for name in $names; do merge "$name"; done
	exit
fi
seconds=$(awk -v minutes="$mode" 'BEGIN { printf "%d", minutes * 60 }') failed=0
# shellcheck disable=SC2086 # a list of words
set -- $names
while [ $# -gt 0 ]; do
	fuzz "$1" &
	first=$!
	shift
	if [ $# -gt 0 ]; then
		fuzz "$1" || failed=1
		shift
	fi
	wait "$first" || failed=1
done
exit $failed
