#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# debian.sh BUILD - builds the Debian packages in BUILD, and looks at what is in them; with what
# they hold, unpacked, programs are built and changed.
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$1
multiarch=x86_64-linux-gnu
version=$(awk '/^#define DF_VERSION_/ { v = v s $3; s = "." } END { print v }' "$top/include/df.h")
packages=(dfpatch libdf0 libdf-dev)

for tool in cpack dpkg-deb dpkg-shlibdeps; do
	installed $tool || finish
done

# ---- building ----

# A umask that leaves nothing to others must not show in the packages.
built() {
	rm -f "$build"/*.deb
	(
		umask 077
		cd "$top" && cmake --preset package -B "$build" && cmake --build "$build" &&
			cd "$build" && cpack
	)
}

deb_of() { echo "$build/$1_$version-1_amd64.deb"; }
as_many_as_named() { [ "$(find "$build" -maxdepth 1 -name '*.deb' | wc -l)" = ${#packages[@]} ]; }

# ---- what is said of them, and what is in them ----

# says PACKAGE FIELD REGEX
says() { dpkg-deb -f "$(deb_of "$1")" "$2" | grep -E "$3"; }
described() { [ "$(dpkg-deb -f "$(deb_of "$1")" Description | wc -l)" -gt 2 ]; }
control_of() { dpkg-deb --ctrl-tarfile "$(deb_of "$1")" | tar -xO "./$2"; }

fields() {
	local package
	for package in "${packages[@]}"; do
		check "$package: version" says "$package" Version "^${version//./\\.}-1$"
		check "$package: architecture" says "$package" Architecture '^amd64$'
		check "$package: maintainer" says "$package" Maintainer '^.+ <.+@.+>$'
		check "$package: description" described "$package"
	done
	check 'dfpatch loads libsmartcols' says dfpatch Depends '(^|, )libsmartcols1'
	check 'dfpatch needs a C library' says dfpatch Depends '(^|, )libc6 \(>= 2'
	check 'libdf0 needs a C library' says libdf0 Depends '^libc6 \(>= 2[^,]*$'
	check 'libdf-dev needs its library' says libdf-dev Depends \
		"libdf0 \\(= ${version//./\\.}-1\\)"
	check 'programs of libdf will need libdf0' grep -x "libdf 0 libdf0 (>= $version-1)" \
		<(control_of libdf0 shlibs)
	check 'the loader learns of libdf0' grep -x 'activate-noawait ldconfig' \
		<(control_of libdf0 triggers)
}

# holds PACKAGE REGEX...: each of its files is of one kind, and each kind is there.
holds() {
	local package=$1 kind kinds=() files=$WORK/files
	shift
	dpkg-deb --fsys-tarfile "$(deb_of "$package")" | tar -t | grep -v '/$' >"$files"
	for kind in "$@" "share/doc/$package/(copyright|changelog(\.Debian)?\.gz)" \
		"share/lintian/overrides/$package"; do
		kinds+=(-e "^\./usr/$kind\$")
		grep -qE "^\./usr/$kind\$" "$files" || { echo "nothing is $kind"; return 1; }
	done
	! grep -vE "${kinds[@]}" "$files"
}

owned_by_root() {
	! dpkg-deb --fsys-tarfile "$(deb_of "$1")" | tar -tv --numeric-owner |
		grep -vE '^([-d]rw[-x]r-[-x]r-[-x]|lrwxrwxrwx) 0/0 '
}

contents() {
	local package lib="lib/$multiarch"
	check 'dfpatch: files' holds dfpatch bin/dfpatch 'share/man/man1/dfpatch\.1\.gz' \
		'share/doc/dfpatch/(README|SECURITY)\.md' \
		'share/bash-completion/completions/dfpatch' \
		'share/zsh/vendor-completions/_dfpatch' \
		'share/fish/vendor_completions\.d/dfpatch\.fish'
	check 'libdf0: files' holds libdf0 "$lib/libdf\\.so\\.0" \
		"$lib/libdf\\.so\\.${version//./\\.}"
	check 'libdf-dev: files' holds libdf-dev "$lib/libdf\\.(a|so)" \
		"$lib/pkgconfig/(lib)?df\\.pc" \
		"$lib/cmake/df/df(Config|ConfigVersion|Targets|Targets-release)\\.cmake" \
		'include/(df|df_abi|dynamic_flag|an_hook)\.h' \
		'share/man/man(3/df(_[a-z_]+)?\.3|5/df_abi\.5)\.gz'
	for package in "${packages[@]}"; do
		check "$package: owners and modes" owned_by_root "$package"
	done
}

# lintian's tags of errors and warnings; those that are so on purpose are in cmake/debian.
lintian_is_content() { lintian --allow-root --fail-on error,warning "$build"/*.deb; }

# ---- what they are for ----

unpack() {
	local package
	for package in "${packages[@]}"; do
		dpkg-deb -x "$(deb_of "$package")" "$WORK/root" || return 1
	done
}

stripped() { ! readelf -SW "$1" | grep -E ' \.(debug_info|symtab) '; }

compiles() {
	local flags
	read -ra flags < <(pkg-config --cflags --libs libdf)
	gcc -O2 "$here/consumer.c" "${flags[@]}" -o "$WORK/consumer" &&
		LD_LIBRARY_PATH=$lib "$WORK/consumer"
}

finds_package() {
	cmake -S "$here/consumer" -B "$WORK/found" -G Ninja -Ddf_DIR="$lib/cmake/df" &&
		cmake --build "$WORK/found" && "$WORK/found/shared_c" && "$WORK/found/static_cxx"
}

lists() {
	"$WORK/root/usr/bin/dfpatch" list --file "$WORK/consumer" --noheadings -o NAME |
		grep -x http:fast_path
}

has_page() { man -l "$WORK/root/usr/share/man/$1" | grep -qiE "^(dfpatch|df)\\("; }

use() {
	lib=$WORK/root/usr/lib/$multiarch
	export PKG_CONFIG_LIBDIR=$lib/pkgconfig
	check 'they can be unpacked' unpack
	check 'dfpatch is stripped' stripped "$WORK/root/usr/bin/dfpatch"
	check 'libdf.so is stripped' stripped "$lib/libdf.so"
	check 'pkg-config leads to libdf' compiles
	check 'find_package(df) leads to libdf' finds_package
	check 'dfpatch lists its flags' lists
	if installed man; then
		check 'dfpatch(1) can be read' has_page man1/dfpatch.1.gz
		check 'df(3) can be read' has_page man3/df.3.gz
	fi
}

check 'cpack' built
[ "${failed:-1}" -eq 0 ] || finish
check "there are ${packages[*]}" as_many_as_named
fields
contents
installed lintian && check 'lintian' lintian_is_content
use
finish
