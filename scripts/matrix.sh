#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# matrix.sh [--subset] [PATTERN] - the header over compilers, linkers, modes and options: builds a
# program with flags in every place for each cell, reads its flags, flips them from outside and
# inside while it runs, and looks at what the program sees. Installs the compilers and linkers that
# are missing (Debian 12), builds the tool (in build/dev), uses all processors, and prints how many
# cells passed with each value, and each failure with its commands; exit status 1 if there are any.
# What is left out of the whole because it cannot work is tried as well, in a program without flags.
# The whole takes about an hour on two processors, the subset, which is the tests matrix.*, two
# minutes. What is tried stands in tests/matrix/axes, plans and exclusions.
#
# PATTERN (of awk) chooses among the cells, whose values stand in the order of tests/matrix/axes,
# with blanks between, as in: scripts/matrix.sh '^clang-19 .* thin '
set -eu
cd "$(dirname "$0")/.."

want=all
case ${1-} in
--subset)
	want=sample
	shift
	;;
esac
case ${1-}:$# in
-*:* | *:[2-9]*)
	echo "usage: matrix.sh [--subset] [PATTERN]" >&2
	exit 2
	;;
esac

scripts/packages.sh test
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "building ..."
{ cmake --preset dev && cmake --build --preset dev --target dfpatch df df_shared sites; } \
	>"$log" 2>&1 || { cat "$log"; exit 1; }
status=0
tests/matrix/run.sh build/dev $want "${1-.}" || status=$?
[ $want:$# != all:0 ] || tests/matrix/excluded.sh build/dev || status=1
exit $status
