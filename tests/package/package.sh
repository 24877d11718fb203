#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# package.sh TEST BUILD STAGE [SANITIZERS] - what is installed, as those see it who build with it.
# TEST is `install`, which puts BUILD under STAGE as a packager would, or one of the functions
# below, which look at that. SANITIZERS are those that BUILD was built with.
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
test=$1 build=$2 stage=$3 sanitizers=${4-}
prefix=/opt/df # as cmake is told; where it really lies, nobody is told
root=$stage$prefix

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

# Another compiler has another run-time library of the sanitizers.
extra=()
if [ -n "$sanitizers" ]; then
	extra=("-fsanitize=$sanitizers")
	COMPILERS=("$(cached CMAKE_C_COMPILER)")
	cxx_of() { cached CMAKE_CXX_COMPILER; }
fi

lib=$(find "$root" -name libdf.a -printf %h 2>/dev/null)
export PKG_CONFIG_LIBDIR=$lib/pkgconfig
export LD_LIBRARY_PATH=$lib

# ---- the tests ----

names_no_place_of_ours() {
	! grep -rnE --include='*.pc' --include='*.cmake' "$build|$stage|$INCLUDE" "$root"
}

install_there() {
	rm -rf "$stage"
	DESTDIR=$stage cmake --install "$build" --prefix $prefix
}

has_its_page() { diff "$here/../../man/$1.$2" "$root/share/man/man$2/$1.$2"; }

install() {
	check 'cmake --install' install_there
	check 'dfpatch has its page' has_its_page dfpatch 1
	check 'so has the format' has_its_page df_abi 5
	check 'no file names the build or the source tree' names_no_place_of_ours
}

# The functions that the header declares, sorted.
declared() {
	gcc -E -P "$root/include/df.h" | tr '\n' ' ' | grep -oE '\bdf_[a-z_0-9]+\(' | tr -d '(' |
		sort -u
}

listed() {
	sed -n 's/^\t\(df_[a-z_0-9]*\);$/\1/p' "$here/../../libdf/libdf.map"
}

global_in_archive() {
	nm -g --defined-only "$lib/libdf.a" | awk 'NF == 3 { print $3 }' | sort
}

exported() {
	nm -D --defined-only "$lib/libdf.so" | awk '$2 != "A" { print $3 }' | sort
}

symbols() {
	declared >"$WORK/declared"
	[ -s "$WORK/declared" ] || bad 'df.h declares nothing'
	sed 's/$/@@DF_1/' "$WORK/declared" >"$WORK/versioned"
	listed >"$WORK/listed"
	global_in_archive >"$WORK/archive"
	exported >"$WORK/exported"
	check 'libdf.map lists what df.h declares' diff "$WORK/declared" "$WORK/listed"
	check 'libdf.so exports what df.h declares' diff "$WORK/versioned" "$WORK/exported"
	check 'libdf.a shows what df.h declares' diff "$WORK/declared" "$WORK/archive"
}

# has TEXT / lacks TEXT: whether a line of standard input has an extended regular expression.
dynamic_has() { readelf -dW "$lib/libdf.so" | grep -E "$1"; }
dynamic_lacks() { ! dynamic_has "$1"; }
stack_is_data() { readelf -lW "$lib/libdf.so" | grep -E 'GNU_STACK.* RW '; }
archive_asks_for_no_stack() { readelf -SW "$lib/libdf.a" | grep -F .note.GNU-stack; }
is_linked_to() { [ "$(readlink -f "$lib/$1")" = "$(readlink -f "$lib/$2")" ] && [ -L "$lib/$1" ]; }
has_no_flags() { ! readelf -SW "$1" | grep -E 'df_sites_v1|\.note\.df'; }
has_marks() { readelf -nW "$1" | grep -E 'x86 feature: IBT, SHSTK'; }

elf() {
	check 'libdf.so has its soname' dynamic_has 'SONAME.*\[libdf\.so\.0\]'
	check 'libdf.so is bound at load' dynamic_has 'FLAGS_1.*NOW'
	check 'libdf.so relocates no text' dynamic_lacks 'TEXTREL'
	check 'libdf.so wants no executable stack' stack_is_data
	check 'libdf.a wants no executable stack' archive_asks_for_no_stack
	check 'libdf.so leads to the file' is_linked_to libdf.so libdf.so.0
	check 'libdf.so.0 is a link' is_linked_to libdf.so.0 libdf.so
	check 'libdf.so has no flags of its own' has_no_flags "$lib/libdf.so"
	check 'libdf.a has no flags of its own' has_no_flags "$lib/libdf.a"
	check 'libdf.a costs a program no control-flow protection' has_marks "$lib/libdf.a"
	if [ -n "$sanitizers" ]; then
		skip "what libdf.so needs: -fsanitize=$sanitizers has libraries of its own"
	else
		check 'libdf.so needs the C library alone' \
			dynamic_lacks 'NEEDED.*\[(lib[^c]|libc[^.])'
	fi
}

# build_and_run COMPILER SOURCE ARGUMENTS...
build_and_run() {
	local compiler=$1 source=$2
	shift 2
	"$compiler" -O2 "${extra[@]}" -o "$WORK/program" "$source" "$@" && "$WORK/program"
}

# rows COMPILER LANGUAGE SOURCE [LINKER]: every way to link.
rows() {
	local compiler=$1 cell="$1 $2" source=$3 linker=${4-} cflags libs all
	read -ra cflags < <(pkg-config --cflags libdf)
	read -ra libs < <(pkg-config --libs libdf)
	read -ra all < <(pkg-config --static --libs libdf)
	local archive=("${libs[@]/#-ldf/-l:libdf.a}" -pthread)
	check "$cell shared" build_and_run "$compiler" "$source" "${cflags[@]}" "${libs[@]}"
	check "$cell archive" build_and_run "$compiler" "$source" "${cflags[@]}" "${archive[@]}"
	check "$cell -no-pie" build_and_run "$compiler" "$source" -fno-pie -no-pie \
		"${cflags[@]}" "${archive[@]}"
	check "$cell -flto" build_and_run "$compiler" "$source" -flto ${linker:+"$linker"} \
		"${cflags[@]}" "${archive[@]}"
	if [ -n "$sanitizers" ]; then
		skip "$cell -static, -static-pie: not under -fsanitize=$sanitizers"
		return
	fi
	check "$cell -static" build_and_run "$compiler" "$source" -static "${cflags[@]}" "${all[@]}"
	check "$cell -static-pie" build_and_run "$compiler" "$source" -fPIE -static-pie \
		"${cflags[@]}" "${all[@]}"
}

pkgconfig() {
	local compiler linker
	cp "$here/consumer.c" "$WORK/consumer.cc"
	for compiler in "${COMPILERS[@]}"; do
		installed "$compiler" || continue
		linker=
		case $compiler in *clang*) linker=-fuse-ld=$(lld_of "${compiler##*/}") ;; esac
		rows "$compiler" C "$here/consumer.c" "$linker"
		rows "$(cxx_of "$compiler")" C++ "$WORK/consumer.cc" "$linker"
	done
}

configure_and_build() {
	cmake -S "$here/consumer" -B "$WORK/consumer" -G Ninja -DCMAKE_BUILD_TYPE=Release \
		-Ddf_DIR="$lib/cmake/df" -DCMAKE_{C,CXX}_FLAGS="${extra[*]}" &&
		cmake --build "$WORK/consumer"
}

cmake_package() {
	local program
	check 'find_package(df CONFIG)' configure_and_build
	unset LD_LIBRARY_PATH # CMake's own run path leads to the library
	for program in shared_c static_c shared_cxx static_cxx headers; do
		check "$program" "$WORK/consumer/$program"
	done
}

link_pair() {
	local cflags
	read -ra cflags < <(pkg-config --cflags libdf)
	"$1" -O2 "${extra[@]}" "${cflags[@]}" -fPIC -shared "$here/plugin.c" -o "$WORK/plugin.so" \
		"$lib/libdf.a" -pthread "${@:2}" &&
		"$1" -O2 "${extra[@]}" "${cflags[@]}" "$here/host.c" -o "$WORK/host" "$lib/libdf.a" \
			-pthread -ldl "${@:2}" &&
		"$WORK/host" "$WORK/plugin.so"
}

copies() {
	local compiler
	for compiler in "${COMPILERS[@]}"; do
		installed "$compiler" || continue
		check "$compiler: a copy in the program and one in its plugin" link_pair "$compiler"
		check "$compiler: the same, the program's names shown to the plugin" \
			link_pair "$compiler" -rdynamic
		check "$compiler: the same, each with its copy to itself" \
			link_pair "$compiler" -rdynamic -Wl,--exclude-libs,libdf.a
	done
}

configure_without() {
	env -u PKG_CONFIG_LIBDIR -u LD_LIBRARY_PATH cmake -S "$SOURCE/../.." -B "$WORK/without" \
		-G Ninja -DDF_LIBRARY=OFF -DDF_TESTS=OFF
}
no_rule_for_it() { ! grep -E 'libdf\.(a|so)' "$WORK/without/build.ninja"; }
exports_headers() { grep -rF df::headers "$WORK/without/CMakeFiles/Export"; }
has_one_page() {
	local install=$WORK/without/man/cmake_install.cmake
	grep -F man/dfpatch.1 "$install" && ! grep -F .3 "$install"
}

left_out() {
	check '-DDF_LIBRARY=OFF' configure_without
	check 'no library is built' no_rule_for_it
	check 'the headers are there' exports_headers
	check 'the page of the tool is there, and no other' has_one_page
}

case $test in
install | symbols | elf | pkgconfig | cmake_package | copies | left_out)
	[ "$test" = install ] || [ -n "$lib" ] || { echo "nothing is installed in $stage"; exit 1; }
	$test
	;;
*) bad "no test is named '$test'" ;;
esac
finish
