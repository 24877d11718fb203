#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test.sh - installs what is needed (Debian 12), builds, and runs all tests; those of units,
# of libdf in its own process, and the inputs of the fuzzers, first under AddressSanitizer and
# UndefinedBehaviorSanitizer.
# Arguments go to ctest, as in: test.sh -R live; then without the sanitizers,
# since of two -R the last one would win there too.
set -eu
cd "$(dirname "$0")/.."

scripts/packages.sh test
jobs=$(nproc)

run() {
	cmake --preset "$1" >build-"$1".log 2>&1 || { cat build-"$1".log; exit 1; }
	cmake --build --preset "$1" >>build-"$1".log 2>&1 || { cat build-"$1".log; exit 1; }
	rm -f build-"$1".log
	shift
	ctest "$@"
}

if [ $# -eq 0 ]; then
	echo "== building and testing with AddressSanitizer and UndefinedBehaviorSanitizer"
	run asan --test-dir build/asan -j "$jobs" --output-on-failure -R '^(unit|inside|fuzz)[.]'
fi
echo "== building and testing"
run dev --test-dir build/dev -j "$jobs" --output-on-failure "$@"
