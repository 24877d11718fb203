#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# group.sh CELLS RESULTS WORK - runs the cells of the file CELLS (lines of cells.awk with the same
# first field), which share their objects. Appends to RESULTS, for each cell, "ok", "FAILED" or
# "skipped", a tab, the cell, and for the latter two a tab and why; WORK is a directory of its own,
# of which what belongs to a failure is left.
# Environment: DF_BUILD, a build directory with dfpatch, libdf and the program `sites`.
# DF_MATRIX_PLAIN: the program is built without flags, and has only to be linked and to run.
set -u
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
include=$(cd "$here/../../include" && pwd)
dfpatch=$DF_BUILD/dfpatch/dfpatch
sites=$DF_BUILD/tests/header/sites
cells=$1 results=$2 work=$3
mkdir -p "$work/objects"
. "$here/build.sh"
. "$here/check.sh"

# result WORD CELL [WHY]
result() {
	printf '%s\t%s%s\n' "$1" "$2" "${3:+	$3}" >>"$results"
}

built='' failed=''
while IFS=$'\t' read -r _ cell _; do
	choose "$cell"
	directory=$work/${cell// /_}
	log=$directory.log
	if lacks=$(missing_tool); then
		result skipped "$cell" "$lacks is not installed"
		continue
	fi
	if [ -z "$built" ]; then
		built=yes
		compile_all >"$work/compile.log" 2>&1 &&
			said "$work/compile.log" >/dev/null || built=no
	fi
	if [ "$built" = no ]; then
		result FAILED "$cell" "it does not compile without a word: see $work/compile.log"
		continue
	fi
	mkdir -p "$directory"
	if "check_${DF_MATRIX_PLAIN:+plain_}cell" >"$log" 2>&1; then
		result ok "$cell"
		rm -rf "$directory" "$log"
	else
		failed=yes
		result FAILED "$cell" "see $log"
	fi
done <"$cells"
[ -n "$failed" ] || [ "$built" = no ] || rm -rf "$work"
