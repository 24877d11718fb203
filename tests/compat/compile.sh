#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build and run the self-checking program (program.c, hooks.c) with one compiler: languages, levels,
# styles, settings, links.
# Usage: compile.sh COMPILER [LIBRARY]      as in gcc-12 or clang-19; without LIBRARY, what needs
#                                           libdf is compiled only
compiler=$1
library=${2-}
. "$(dirname "${BASH_SOURCE[0]}")/../header/common.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
installed "$compiler" || finish
cxx=$(cxx_of "$compiler")
installed "$cxx" || finish

WARNINGS=(-Wall -Wextra -Wconversion -Wshadow -Wundef -Werror)
STYLE=-DDYNAMIC_FLAG_IMPLEMENTATION_STYLE

# driver_for STANDARD: into `driver`.
driver_for() {
	case $1 in
	*++*) driver=("$cxx" -x c++) ;;
	*) driver=("$compiler") ;;
	esac
	driver+=("-std=$1" "${WARNINGS[@]}" "-I$INCLUDE")
}

# no_names OBJECT...: they refer to nothing of the library, and to no table.
no_names() {
	! nm "$@" | grep ' U df_' && ! readelf -SW "$@" | grep 'df_sites\|note\.df'
}

# cell DIRECTORY STANDARD [OPTION...] [-- LINK_OPTION...]
cell() {
	local directory=$1 source needs=$library
	local -a driver options=()
	driver_for "$2"
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	for source in program hooks; do
		"${driver[@]}" "${options[@]}" -c "$here/$source.c" -o "$directory/$source.o" ||
			return
	done
	case " ${options[*]} " in
	*" $STYLE=0 "*)
		no_names "$directory/program.o" "$directory/hooks.o" || return
		needs=
		;;
	*)
		[ -n "$library" ] || return 0
		;;
	esac
	"${driver[0]}" "$directory/program.o" "$directory/hooks.o" ${needs:+"$needs"} "$@" \
		-o "$directory/program" && "$directory/program"
}

# flags_only DIRECTORY STANDARD OPTION...: no control interface, no library.
flags_only() {
	local directory=$1
	local -a driver
	driver_for "$2"
	shift 2
	"${driver[@]}" "$@" "$here/flags_only.c" -o "$directory/flags_only" &&
		"$directory/flags_only"
}

# headers DIRECTORY STANDARD OPTION...: included by C++ that has more warnings on than ours.
headers() {
	local -a driver
	driver_for "$2"
	shift 2
	echo '#include <an_hook.h>' |
		"${driver[@]}" "$@" -pedantic -Wold-style-cast -Wzero-as-null-pointer-constant \
			-Wextra-semi -Wcast-qual -fsyntax-only -
}

# start FUNCTION STANDARD OPTION...: in as many shells as there are processors.
jobs_max=$(nproc)
start() {
	local function=$1 name="$compiler $*" directory
	shift
	directory=$(mktemp -d "$WORK/cell.XXXXXX")
	while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do
		wait -n
	done
	{
		if "$function" "$directory" "$@" >"$directory/log" 2>&1; then
			echo "ok: $name"
		else
			echo "FAILED: $name"
			sed 's/^/    /' "$directory/log" | head -n 20
		fi >"$directory/result"
		cat "$directory/result"
	} &
}

[ -n "$library" ] || skip "linking and running with flags: no library was named"
for standard in gnu99 gnu11 gnu17 gnu++11 gnu++17 gnu++20; do
	for option in -UNDEBUG "$STYLE=0" "$STYLE=1" "$STYLE=2" -DDF_DISABLE; do
		start cell "$standard" -O2 "$option"
	done
	start cell "$standard" -O0 -fPIC "$STYLE=2"
	start flags_only "$standard" -O2
	case $standard in
	*++*)
		start headers "$standard"
		start headers "$standard" "$STYLE=0"
		;;
	esac
done
for standard in c11 c++17; do
	for style in 0 1 2; do
		start cell "$standard" -pedantic "$STYLE=$style"
		start cell "$standard" -O2 -DNDEBUG "$STYLE=$style"
		start flags_only "$standard" -pedantic -O0 -fPIC "$STYLE=$style"
	done
	start cell "$standard" -O2 -DDF_DISABLE -DNDEBUG
	start cell "$standard" -O2 -DAN_HOOK_ENABLED=0
	start cell "$standard" -O2 -DDISABLE_DEBUG
	start cell "$standard" -O2 "$STYLE=0" -DDF_DISABLE -DAN_HOOK_ENABLED=0
	start cell "$standard" -O2 -include df.h
	start cell "$standard" -O2 -include an_hook.h
	start cell "$standard" -O2 -include an_hook.h "$STYLE=0"
	start cell "$standard" -O2 -include "$here/wrapped.h"
	start flags_only "$standard" -O2 -DDF_DISABLE -DNDEBUG
	start cell "$standard" -O2 -fPIE -- -static-pie
	start cell "$standard" -O2 -fno-pie -- -static
	start cell "$standard" -O2 -ffunction-sections -- -Wl,--gc-sections
	start cell "$standard" -O2 -ffunction-sections -- -Wl,--gc-sections -Wl,-z,start-stop-gc
	if command -v "ld.$(lld_of "$compiler")" >/dev/null; then
		start cell "$standard" -O2 -ffunction-sections -- \
			"-fuse-ld=$(lld_of "$compiler")" -Wl,--gc-sections
	fi
done
wait
passed=$(cat "$WORK"/cell.*/result | grep -c '^ok: ')
failed=$(cat "$WORK"/cell.*/result | grep -c '^FAILED: ')
finish
