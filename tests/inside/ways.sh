#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ways.sh COMPILER LIBDF.A LIBDF.SO COPY.SO [OPTION...] - builds the program `ways` in every way
# that COMPILER knows, and runs it. COPY.SO is a plugin with a copy of libdf. With OPTIONs (of
# sanitizers) there are no static programs.
set -eu
cd "$(dirname "$0")"
compiler=$1 static=$2 shared=$3 copy=$4
shift 4

if ! command -v "$compiler" >/dev/null; then
	echo "skipped: $compiler is not installed"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
built=0 failed=0

# build_and_run NAME OPTION...
build_and_run() {
	name=$1
	shift
	if ! "$compiler" -D_GNU_SOURCE -Wall -Wextra -I../../include ways.c ways_more.c "$@" \
		-pthread -o "$work/ways" >"$work/log" 2>&1; then
		echo "$name: cannot be built"
		cat "$work/log"
		failed=1
	elif ! "$work/ways"; then
		echo "$name: fails"
		failed=1
	fi
	built=$((built + 1))
}

in_so=$(dirname "$shared")
copy_dir=$(dirname "$copy")
build_and_run pie -O2 -fPIE -pie "$@" "$static"
build_and_run no-pie -O0 -fno-pie -no-pie "$@" "$static"
build_and_run libdf.so -O2 -fno-pie -no-pie "$@" "$shared" "-Wl,-rpath,$in_so"
build_and_run through -O0 -fPIE -pie -DTHROUGH "$@" "$copy" "-Wl,-rpath,$copy_dir"
build_and_run goto -O2 -fPIE -pie -DDF_FORCE_STYLE=1 "$@" "$static"
build_and_run sections -Os -fPIE -pie -ffunction-sections -Wl,--gc-sections "$@" "$static"
if [ $# -gt 0 ]; then
	echo "not static, since the sanitizers' library is not"
elif echo 'int main(void) { return 0; }' | "$compiler" -x c - -static -o "$work/ways" 2>/dev/null; then
	build_and_run static -O2 -fno-pie -static "$static"
	build_and_run static-pie -O0 -fPIE -static-pie "$static"
else
	echo "not static, since there is no static C library"
fi
echo "$built ways with $compiler"
exit $failed
