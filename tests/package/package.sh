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

# Every path below the prefix, with the directory of libraries as lib.
files_installed() {
	find "$root" -mindepth 1 ! -type d -printf '%P\n' | sed "s|^${lib#"$root/"}|lib|"
}

all_there() {
	local file
	for file in bin/dfpatch include/{df,df_abi,dynamic_flag,an_hook}.h lib/libdf.{a,so} \
		lib/pkgconfig/{lib,}df.pc lib/cmake/df/dfConfig{,Version}.cmake \
		share/man/man{1/dfpatch.1,3/df.3,3/df_enable.3,5/df_abi.5} \
		share/doc/dfpatch/{README,CHANGELOG}.md \
		share/bash-completion/completions/dfpatch share/zsh/site-functions/_dfpatch \
		share/fish/vendor_completions.d/dfpatch.fish; do
		files_installed | grep -qxF "$file" || { echo "$file is not installed"; return 1; }
	done
}

# Those of a kind that there may be: no program of the tests, no object of the tool.
nothing_else() {
	! files_installed | grep -vE -e '^bin/dfpatch$' \
		-e '^include/(df|df_abi|dynamic_flag|an_hook)\.h$' \
		-e '^lib/(libdf\.(a|so)(\.[0-9.]+)?|pkgconfig/(lib)?df\.pc)$' \
		-e '^lib/cmake/df/df(Config|ConfigVersion|Targets|Targets-[a-z]+)\.cmake$' \
		-e '^share/man/man(1/dfpatch\.1|3/df(_[a-z_]+)?\.3|5/df_abi\.5)$' \
		-e '^share/(bash-completion/completions/|zsh/site-functions/_)dfpatch$' \
		-e '^share/fish/vendor_completions\.d/dfpatch\.fish$' \
		-e '^share/doc/dfpatch/(README|SECURITY|CHANGELOG)\.md$'
}

install() {
	check 'cmake --install' install_there
	lib=$(find "$root" -name libdf.a -printf %h)
	check 'what programs are built and run with is installed' all_there
	check 'nothing else is' nothing_else
	check 'dfpatch has its page' has_its_page dfpatch 1
	check 'so has the format' has_its_page df_abi 5
	check 'no file names the build or the source tree' names_no_place_of_ours
}

# ---- one version ----

number_in_header() {
	printf '#include "%s"\nDF_VERSION_MAJOR.DF_VERSION_MINOR.DF_VERSION_PATCH\n' \
		"$root/include/df.h" | gcc -E -P - | tail -n 1 | tr -d ' '
}

same_version() { [ "$1" = "$version" ] || { echo "'$1', not '$version'"; return 1; }; }

finds() {
	cmake -S "$here/consumer" -B "$WORK/version" -G Ninja -Ddf_DIR="$lib/cmake/df" -DWANTED="$1"
}
finds_not() { ! finds "$1" && finds "$1" 2>&1 | grep -F "version: $version"; }
in_changelog() { grep -E "^## \[${version//./\\.}\]|this is what ${version//./\\.} will be" \
	"$here/../../CHANGELOG.md"; }

versions() {
	version=$(number_in_header)
	check 'the header has a version' grep -xE '[0-9]+\.[0-9]+\.[0-9]+' <<<"$version"
	check 'dfpatch --version' same_version "$("$root/bin/dfpatch" --version | cut -d ' ' -f 2)"
	check 'pkg-config --modversion df' same_version "$(pkg-config --modversion df)"
	check 'pkg-config --modversion libdf' same_version "$(pkg-config --modversion libdf)"
	check 'the file of libdf.so' same_version \
		"$(readlink -f "$lib/libdf.so" | sed 's/.*\.so\.//')"
	check 'find_package(df VERSION EXACT)' finds "$version;EXACT"
	check 'find_package(df), one minor version later' finds_not 0.999
	check 'CHANGELOG.md' in_changelog
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
	# Of sys/sdt.h there may be a name that is weak and hidden (cmake/library.cmake).
	nm -g --defined-only "$lib/libdf.a" | awk 'NF == 3 && $3 != "_.stapsdt.base" { print $3 }' |
		sort
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

# needs_no_library COMPILER SOURCE OPTIONS...: a program of the macros alone, which is run.
needs_no_library() {
	build_and_run "$@" && ! readelf -dW "$WORK/program" | grep 'NEEDED.*libdf'
}

# Header and table format, copied to where a program's own headers are.
headers() {
	local compiler cxx cflags
	read -ra cflags < <(pkg-config --cflags df)
	mkdir -p "$WORK/copy"
	cp "$root/include/df.h" "$root/include/df_abi.h" "$WORK/copy"
	cp "$here/consumer/headers.c" "$WORK/headers.cc"
	check 'pkg-config --libs df names nothing' test -z "$(pkg-config --libs df | tr -d ' ')"
	for compiler in "${COMPILERS[@]}"; do
		installed "$compiler" || continue
		cxx=$(cxx_of "$compiler")
		check "$compiler: pkg-config --cflags df" needs_no_library "$compiler" \
			"$here/consumer/headers.c" "${cflags[@]}"
		check "$cxx: pkg-config --cflags df" needs_no_library "$cxx" "$WORK/headers.cc" \
			"${cflags[@]}"
		check "$compiler: two headers copied" needs_no_library "$compiler" \
			"$here/consumer/headers.c" -I "$WORK/copy"
		check "$cxx: two headers copied" needs_no_library "$cxx" "$WORK/headers.cc" \
			-I "$WORK/copy"
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
	for program in shared_c static_c shared_cxx static_cxx headers headers_cxx; do
		check "$program" "$WORK/consumer/$program"
	done
}

# It installs its own program, and nothing of ours; and builds no tool.
built_within() {
	cmake -S "$here/within" -B "$WORK/within-$1" -G Ninja -DSOURCES="$SOURCE/../.." \
		-DFETCH="$1" -DCMAKE_C_FLAGS="${extra[*]}" &&
		cmake --build "$WORK/within-$1" &&
		cmake --install "$WORK/within-$1" --prefix "$WORK/installed-$1"
}
installs_one_file() { [ "$(find "$1" -type f | wc -l)" = 1 ] && [ -x "$1/bin/headers" ]; }
has_no_tool() { ! grep -E 'libelf|dfpatch_all|criterion' "$1/build.ninja"; }

within() {
	local fetch program
	unset LD_LIBRARY_PATH PKG_CONFIG_LIBDIR
	for fetch in OFF ON; do
		check "FetchContent $fetch" built_within $fetch
		for program in shared static headers; do
			check "FetchContent $fetch: $program" "$WORK/within-$fetch/$program"
		done
		check "FetchContent $fetch: nothing of ours is installed" \
			installs_one_file "$WORK/installed-$fetch"
		check "FetchContent $fetch: no tool and no test is built" \
			has_no_tool "$WORK/within-$fetch"
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

library_alone() {
	env -u PKG_CONFIG_LIBDIR -u LD_LIBRARY_PATH cmake -S "$SOURCE/../.." -B "$WORK/alone" \
		-G Ninja -DDF_TOOL=OFF -DDF_TESTS=OFF -DCMAKE_C_FLAGS="${extra[*]}" &&
		cmake --build "$WORK/alone" && cmake --install "$WORK/alone" --prefix "$WORK/there"
}
has_nothing_of_the_tool() {
	[ -n "$(find "$WORK/there" -name libdf.a)" ] &&
		! find "$WORK/there" -name '*dfpatch*' | grep .
}

left_out() {
	check '-DDF_LIBRARY=OFF' configure_without
	check 'no library is built' no_rule_for_it
	check 'the headers are there' exports_headers
	check 'the page of the tool is there, and no other' has_one_page
	check '-DDF_TOOL=OFF' library_alone
	check 'nothing of the tool is installed' has_nothing_of_the_tool
}

case $test in
install | versions | symbols | elf | pkgconfig | headers | cmake_package | within | copies | \
	left_out)
	[ "$test" = install ] || [ -n "$lib" ] || { echo "nothing is installed in $stage"; exit 1; }
	$test
	;;
*) bad "no test is named '$test'" ;;
esac
finish
