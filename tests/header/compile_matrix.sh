#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build and run the program `values` with one compiler: languages, levels, code models, options.
# Usage: compile_matrix.sh COMPILER      as in gcc-12 or clang-19
compiler=$1
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
installed "$compiler" || finish
cxx=$(cxx_of "$compiler")
installed "$cxx" || finish

WARNINGS=(-pedantic -Wall -Wextra -Wconversion -Wshadow -Wundef -Werror)
CXX_WARNINGS=(-Wold-style-cast -Wzero-as-null-pointer-constant -Wextra-semi)

# without_tables DIRECTORY: none of its objects has a section of ours.
without_tables() {
	! readelf -SW "$1"/*.o | grep -E 'df_sites|df_state|df_control|note\.df'
}

# build DIRECTORY STANDARD OPTION...
build() {
	local directory=$1 standard=$2 driver=$compiler
	local -a language=() objects=("$directory/values.o") flags
	shift 2
	flags=("-std=$standard" "$@" "${WARNINGS[@]}" "-I$INCLUDE")
	case $standard in
	*++*)
		driver=$cxx
		language=(-x c++)
		objects+=("$directory/values_cxx.o")
		"$cxx" "${flags[@]}" "${CXX_WARNINGS[@]}" -c "$SOURCE/values_cxx.cc" \
			-o "$directory/values_cxx.o" || return
		;;
	esac
	"$driver" "${flags[@]}" "${language[@]}" -c "$SOURCE/values.c" -o "$directory/values.o" ||
		return
	case " $* " in
	*" -fno-pie "*) "$driver" -no-pie "${objects[@]}" -o "$directory/values" ;;
	*) "$driver" -pie "${objects[@]}" -o "$directory/values" ;;
	esac
}

# cell DIRECTORY STANDARD OPTION...
cell() {
	build "$@" && "$1/values" && audited "$1/values" "$1"/*.o || return
	case " $* " in
	*" -DDF_DISABLE "*) without_tables "$1" ;;
	esac
}

# Cells run in as many shells as there are processors; each prints one line.
jobs_max=$(nproc)
start() {
	local name="$compiler $*" directory
	directory=$(mktemp -d "$WORK/cell.XXXXXX")
	while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do
		wait -n
	done
	{
		if cell "$directory" "$@" >"$directory/log" 2>&1; then
			echo "ok: $name"
		else
			echo "FAILED: $name"
			sed 's/^/    /' "$directory/log" | head -n 20
		fi >"$directory/result"
		cat "$directory/result"
	} &
}

for standard in c99 c11 gnu17 c++11 c++17 c++20; do
	for level in -O0 -O2; do
		for model in -fPIC -fno-pie; do
			start "$standard" "$level" "$model"
		done
	done
done
for standard in c11 c++17; do
	for option in -DDF_DISABLE -DNDEBUG -DDF_ONE_SECTION -masm=intel -DDF_FORCE_STYLE=2 \
		-fcf-protection=full; do
		start "$standard" -O2 -fPIC "$option"
	done
	start "$standard" -O2 -fPIC -DDF_DISABLE -DNDEBUG
	start "$standard" -O0 -fPIC -masm=intel
	start "$standard" -O0 -fPIC -DDF_ONE_SECTION
done
wait
passed=$(cat "$WORK"/cell.*/result | grep -c '^ok: ')
failed=$(cat "$WORK"/cell.*/result | grep -c '^FAILED: ')
finish
