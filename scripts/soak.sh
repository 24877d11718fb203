#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# soak.sh [SECONDS [BUILD]] - dfpatch and libdf flip the same flags of one process at the
# same time, for about 180 seconds unless told otherwise. Builds what that takes (in
# build/dev), gives each way of doing it (tests/live/test_inside_storm.c) its share, and
# the rest to the search for old instructions and to ThreadSanitizer. Prints what was
# done; exit status 1 if anything disagreed.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-180}
case $seconds in
'' | *[!0-9]*)
	echo "usage: soak.sh [SECONDS [BUILD]]" >&2
	exit 2
	;;
esac
build=${2:-build/dev}
stress=$build/tests/stress
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "building ..."
{ cmake --preset dev -B "$build" && cmake --build "$build" \
	--target test_live_inside_storm flip_stress_exact flip_stress; } >"$log" 2>&1 ||
	{ cat "$log"; exit 1; }
# Where the compiler has no ThreadSanitizer, there is no such target.
tsan=$stress/flip_stress_tsan
cmake --build "$build" --target flip_stress_tsan >"$log" 2>&1 || tsan=

failed=0
run() {
	echo "$ $*"
	"$@" || failed=1
}

# Six storms, each for a seventh of the time; the rest is for the stress programs.
storm=$build/tests/live/test_live_inside_storm
each=$((seconds / 7 + 1))
echo "== dfpatch from outside against libdf from inside, six times $each seconds"
DF_STORM_SECONDS=$each "$storm" -j1 --verbose=1 2>&1 | tee "$log"
grep -q 'Failing: 0 | Crashing: 0' "$log" || failed=1

echo "== flips that have returned"
rounds=$((seconds * 500))
for writer in cost mem window; do
	run "$stress"/flip_stress_exact "$writer" "$rounds"
done

echo "== every function of three copies of libdf at once"
run "$stress"/flip_stress $((seconds * 1500)) "$stress"/libflip_resident.so \
	"$stress"/libflip_guest.so
if [ -n "$tsan" ]; then
	run "$tsan" $((seconds * 100)) "$stress"/libflip_resident_tsan.so \
		"$stress"/libflip_guest_tsan.so
fi

if [ $failed -ne 0 ]; then
	echo "soak: SOMETHING DISAGREED, see above"
	exit 1
fi
echo "soak: all agreed"
