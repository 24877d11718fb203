#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which records a linker keeps: garbage collection, COMDAT groups, code folding, link-time
# optimisation, in programs that link no library of ours.
# Usage: retention.sh SITES      SITES: the program of sites.c
# shellcheck disable=SC2317 # check calls functions by name
sites=$1
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# table FILE: its site table, checked, into $WORK/table.
table() {
	"$sites" "$1" >"$WORK/table" && audited "$1" && return
	grep '^broken' "$WORK/table"
	return 1
}

# holds NAME COUNT: so many records of KIND:NAME are in $WORK/table.
holds() {
	local count
	count=$(grep -c "^site $1@" "$WORK/table")
	[ "$count" -eq "$2" ] && return
	echo "$1 has $count records, not $2"
	return 1
}

# counts WORD NUMBER: a figure of $WORK/table.
counts() {
	grep -qx "$1 $2" "$WORK/table" && return
	echo "not '$1 $2' but:"
	grep "^$1 " "$WORK/table"
	return 1
}

# linkers COMPILER: the linkers of this machine that it can use.
linkers() {
	local linker
	for linker in bfd gold "$(lld_of "$1")"; do
		installed "ld.$linker" >&2 && echo "$linker"
	done
}

# Drop what is dead: lld does, bfd when told so; the others may keep it.
drops_dead() {
	case "$*" in
	lld* | *start-stop-gc*) return 0 ;;
	*) return 1 ;;
	esac
}

# gc COMPILER LINKER OPTION...
gc() {
	local compiler=$1 linker=$2
	shift 2
	"$compiler" -O2 -ffunction-sections -fdata-sections "-I$INCLUDE" "$SOURCE/gc.c" \
		"-fuse-ld=$linker" -Wl,--gc-sections "$@" -o "$WORK/gc" &&
		"$WORK/gc" && table "$WORK/gc" || return
	holds gc:live_feature 1 && holds gc:live_opt 1 && counts notes 1 && counts controls 1 ||
		return
	if drops_dead "$linker" "$@"; then
		holds gc:dead_feature 0 && holds gc:dead_opt 0
	fi
}

# A program all of whose flags are dead still links, and keeps no record where the dead are dropped.
gc_all_dead() {
	local compiler=$1 linker=$2
	shift 2
	"$compiler" -O2 -ffunction-sections -DALL_DEAD -Wno-unused-function "-I$INCLUDE" \
		"$SOURCE/gc.c" "-fuse-ld=$linker" -Wl,--gc-sections "$@" -o "$WORK/gc" &&
		"$WORK/gc" && table "$WORK/gc" || return
	if drops_dead "$linker" "$@"; then
		counts sites 0
	fi
}

# -DDF_ONE_SECTION gives up dropping, never keeping.
gc_one_section() {
	"$1" -O2 -ffunction-sections -DDF_ONE_SECTION "-I$INCLUDE" "$SOURCE/gc.c" "-fuse-ld=$2" \
		-Wl,--gc-sections -o "$WORK/gc" && "$WORK/gc" && table "$WORK/gc" &&
		holds gc:live_feature 1 && holds gc:live_opt 1
}

# comdat CXX LINKER OPTION...: one record for each body that is left.
comdat() {
	local cxx=$1 linker=$2
	shift 2
	"$cxx" "$@" "-I$INCLUDE" "$SOURCE/comdat_main.cc" "$SOURCE/comdat_other.cc" \
		"-fuse-ld=$linker" -o "$WORK/comdat" && "$WORK/comdat" && table "$WORK/comdat" &&
		holds comdat:inline 1 && holds comdat:template 2 && holds comdat:method 1 &&
		holds comdat:constructor 1 && holds comdat:own 2 && counts controls 1
}

# icf COMPILER LINKER MODE
icf() {
	"$1" -O2 -ffunction-sections "-I$INCLUDE" "$SOURCE/icf.c" "-fuse-ld=$2" "-Wl,--icf=$3" \
		-o "$WORK/icf" && "$WORK/icf" && table "$WORK/icf" &&
		holds icf:a 1 && holds icf:b 1 && counts sites 2 || return
	# Else this would pass with a linker that folds nothing.
	[ "$(nm "$WORK/icf" | awk '$3 ~ /^equal_[ab]$/ { print $1 }' | sort -u | wc -l)" -eq 1 ] ||
		{ echo "the linker folded nothing"; return 1; }
}

# Thin LTO has one assembly per file, and a note from each; the control block is one.
lto() {
	local cxx=$1 linker=$2
	shift 2
	comdat "$cxx" "$linker" -O2 "$@"
}

untouched() {
	"$1" -O2 "-I$INCLUDE" -c "$SOURCE/no_flags.c" -o "$WORK/no_flags.o" &&
		! readelf -SW "$WORK/no_flags.o" | grep 'df_\|note\.df'
}

for compiler in "${COMPILERS[@]}"; do
	cxx=$(cxx_of "$compiler")
	installed "$compiler" || continue
	installed "$cxx" || continue
	check "$compiler: no flag, no section" untouched "$compiler"
	for linker in $(linkers "$compiler"); do
		check "$compiler $linker --gc-sections" gc "$compiler" "$linker"
		check "$compiler $linker --gc-sections, one section" \
			gc_one_section "$compiler" "$linker"
		check "$compiler $linker --gc-sections, all dead" gc_all_dead "$compiler" "$linker"
		check "$cxx $linker COMDAT -O0" comdat "$cxx" "$linker" -O0
		check "$cxx $linker COMDAT -O2 --gc-sections" \
			comdat "$cxx" "$linker" -O2 -ffunction-sections -Wl,--gc-sections
	done
	check "$compiler bfd -z start-stop-gc" gc "$compiler" bfd -Wl,-z,start-stop-gc
	check "$compiler bfd -z start-stop-gc, all dead" \
		gc_all_dead "$compiler" bfd -Wl,-z,start-stop-gc
	lld=$(lld_of "$compiler")
	if installed "ld.$lld"; then
		check "$compiler $lld --icf=all" icf "$compiler" "$lld" all
		case $compiler in
		clang*)
			check "$compiler $lld --icf=safe" icf "$compiler" "$lld" safe
			check "$cxx $lld -flto" lto "$cxx" "$lld" -flto
			check "$cxx $lld -flto=thin" lto "$cxx" "$lld" -flto=thin
			;;
		esac
	fi
	case $compiler in
	gcc*)
		check "$cxx bfd -flto" lto "$cxx" bfd -flto
		check "$cxx bfd -flto -flto-partition=max" lto "$cxx" bfd -flto -flto-partition=max
		;;
	esac
	if installed ld.gold; then
		check "$compiler gold --icf=all" icf "$compiler" gold all
	fi
done
finish
