#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test.sh - installs what is needed (Debian 12), builds, and runs all tests.
# Then the same unit tests once more under AddressSanitizer and
# UndefinedBehaviorSanitizer. Arguments go to ctest, as in: test.sh -R live
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

echo "== building and testing with AddressSanitizer and UndefinedBehaviorSanitizer"
run asan --test-dir build/asan -j "$jobs" --output-on-failure -R '^unit[.]' "$@"
echo "== building and testing"
run dev --test-dir build/dev -j "$jobs" --output-on-failure "$@"
