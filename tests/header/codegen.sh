#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compile codegen_flags.c with and without flags, compare the straight paths; then see wrong ones
# refused.
# Usage: codegen.sh CODEGEN      CODEGEN: the program of codegen.c
# shellcheck disable=SC2317 # check calls functions by name
codegen=$1
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# A loop without a flag may be unrolled or vectorised, which one with a flag is not: that is a
# price, but not one of instructions on the path, which is what is compared here.
OPTIONS=(-O2 -fno-unroll-loops -fno-tree-vectorize "-I$INCLUDE")

# compile OBJECT OPTION...: with $driver.
compile() {
	local object=$1
	shift
	"${driver[@]}" "${OPTIONS[@]}" "$@" -c "$SOURCE/codegen_flags.c" -o "$WORK/$object"
}

same_path() {
	compile flagged.o "$@" && compile plain.o -DDF_DISABLE "$@" &&
		"$codegen" "$style" "$WORK/flagged.o" "$WORK/plain.o"
}

# notices OPTION WORDS: the object built wrong by OPTION is refused with WORDS.
notices() {
	compile wrong.o "$1" && compile plain.o -DDF_DISABLE || return
	if "$codegen" "$style" "$WORK/wrong.o" "$WORK/plain.o" >"$WORK/wrong"; then
		echo "no difference was seen"
		return 1
	fi
	grep -q "$2" "$WORK/wrong" && return
	cat "$WORK/wrong"
	return 1
}

try() {
	local name=${driver[0]}
	check "$name $style" same_path
	check "$name $style -fPIC" same_path -fPIC
	check "$name $style -g -ffunction-sections" same_path -g -ffunction-sections
	check "$name $style notices a load" notices -DWRONG_LOAD \
		'^feature: .*not one site per flag'
	check "$name $style notices one more instruction" notices -DWRONG_EXTRA \
		'^default_on: .*not the number of instructions'
	check "$name $style notices a spill" notices -DWRONG_SPILL \
		'^opt: .*not the number of instructions'
	check "$name $style notices a jump ahead" notices -DWRONG_OPCODE \
		'^feature: .*not the opcode as built'
}

for compiler in "${COMPILERS[@]}"; do
	style=goto
	# This one refuses asm goto around cleanups and destructors.
	[ "$compiler" != clang-14 ] || style=carry
	if installed "$compiler"; then
		driver=("$compiler" -x c -std=gnu11)
		try
	fi
	cxx=$(cxx_of "$compiler")
	if installed "$cxx"; then
		driver=("$cxx" -x c++ -std=c++17)
		try
	fi
done
finish
