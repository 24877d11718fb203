#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What 120 flags add to a PIE and to a shared object: no dynamic relocation, no file bytes for
# states, no writable table.
# Usage: layout.sh SITES      SITES: the program of sites.c
# shellcheck disable=SC2317 # check calls functions by name
sites=$1
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# figure FILE WORD: the number behind WORD in what `sites` printed.
figure() {
	awk -v word="$2" '$1 == word { print $2 }' "$1"
}

expect_figure() {
	local value
	value=$(figure "$1" "$2")
	[ "$value" = "$3" ] && return
	echo "$2 is $value, not $3"
	return 1
}

# compare FLAGGED PLAIN: what `sites` says of the file with flags and of the one without.
compare() {
	local grown status=0
	expect_figure "$1" sites 120 || status=1
	expect_figure "$1" tables 1 || status=1
	expect_figure "$1" notes 1 || status=1
	expect_figure "$1" controls 1 || status=1
	expect_figure "$1" textrel 0 || status=1
	expect_figure "$1" table_relocations 0 || status=1
	expect_figure "$1" relocations "$(figure "$2" relocations)" || status=1
	expect_figure "$2" sites 0 || status=1
	grown=$(($(figure "$1" writable_file_bytes) - $(figure "$2" writable_file_bytes)))
	# The control block and what it takes to align it; 120 states would be 1920.
	if [ "$grown" -gt 256 ]; then
		echo "the writable part of the file grows by $grown bytes"
		status=1
	fi
	return "$status"
}

# cell DRIVER FORM LINKER: link both objects, look at them, strip, look again.
cell() {
	local driver=$1 form=$2 linker=$3 which
	for which in flagged plain; do
		"$driver" "$form" "$linker" "$WORK/$which.o" -o "$WORK/$which" || return
		"$sites" "$WORK/$which" >"$WORK/$which.sites" || {
			grep '^broken' "$WORK/$which.sites"
			return 1
		}
	done
	[ "$form" != -pie ] || "$WORK/flagged" || return
	audited "$WORK/flagged" "$WORK/flagged.o" || return
	compare "$WORK/flagged.sites" "$WORK/plain.sites" || return
	strip "$WORK/flagged" && "$sites" "$WORK/flagged" >"$WORK/stripped.sites" &&
		diff "$WORK/flagged.sites" "$WORK/stripped.sites" && audited "$WORK/flagged"
}

# objects DRIVER OPTION...
objects() {
	"$@" -O2 -fPIC "-I$INCLUDE" -c "$SOURCE/many.c" -o "$WORK/flagged.o" &&
		"$@" -O2 -fPIC "-I$INCLUDE" -DDF_DISABLE -c "$SOURCE/many.c" -o "$WORK/plain.o"
}

links() {
	local linker form
	for linker in bfd gold "$(lld_of "$1")"; do
		installed "ld.$linker" || continue
		for form in -pie -shared; do
			check "$1 $form $linker" cell "$1" "$form" "-fuse-ld=$linker"
		done
	done
}

for compiler in "${COMPILERS[@]}"; do
	if installed "$compiler"; then
		check "$compiler compiles" objects "$compiler" -std=gnu11
		links "$compiler"
	fi
	cxx=$(cxx_of "$compiler")
	if installed "$cxx"; then
		check "$cxx compiles" objects "$cxx" -x c++ -std=c++17
		links "$cxx"
	fi
done
finish
