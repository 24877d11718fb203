#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# try-packages.sh [--tree TARBALL] [DIRECTORY] - installs the Debian packages of DIRECTORY
# (build/package, which it builds if none is given) in a fresh Debian 12, uses them, and removes
# them: what was there before must be there again, and nothing else. Takes root, mmdebstrap(1),
# and minutes, most of them for the fresh system; with --tree it is kept in TARBALL for the next time.
set -eu -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "== $*"; }
fail() { echo "try-packages.sh: $*" >&2; exit 1; }

# ---- in the fresh system ----

# Files and what dpkg knows, but for caches, logs and its own copies.
state() {
	find / -xdev \( -path /proc -o -path /run -o -path /tmp -o -path /packages -o \
		-path /var/cache -o -path /var/log -o -path /var/lib/apt -o \
		-path /var/lib/dpkg/info \) -prune -o -not -name '*-old' \
		-not -path /var/lib/dpkg/triggers/Lock -printf '%p %M %U:%G %l\n' | sort
	dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n'
}

installs() {
	apt-get install -y -qq --no-install-recommends "$@" </dev/null >/tmp/apt 2>&1 ||
		{ cat /tmp/apt; return 1; }
}

# A program that flips its own flags, built with each; one with flags, which dfpatch flips.
use() {
	cd /tmp
	dfpatch --version
	local name flags
	read -ra flags < <(pkg-config --cflags --libs libdf)
	gcc -O2 /packages/consumer.c "${flags[@]}" -o shared && ./shared
	read -ra flags < <(pkg-config --static --cflags --libs libdf)
	gcc -O2 -static /packages/consumer.c "${flags[@]}" -o static && ./static
	cmake -S /packages -B found >/dev/null && cmake --build found >/dev/null && found/program
	gcc -O2 /packages/server.c -o server
	./server &
	for _ in {1..100}; do # until it is that program, and no copy of this shell
		dfpatch list --pid $! >list 2>/dev/null && break
		sleep 0.1
	done
	cat list
	dfpatch enable --pid $! web:cache
	dfpatch list --pid $! --changed --noheadings -o NAME | grep -x web:cache
	dfpatch audit server
	kill $!
	for name in bash-completion/completions/dfpatch man/man1/dfpatch.1.gz man/man3/df.3.gz \
		doc/libdf0/copyright; do
		[ -e "/usr/share/$name" ] || fail "$name is not there"
	done
}

inside() {
	mount -t proc proc /proc
	export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
	state >/tmp/before
	say 'installing'
	installs /packages/*.deb
	dpkg --verify dfpatch libdf0 libdf-dev | grep . && fail 'files are not as packed'
	say 'using'
	use
	say 'library without the rest'
	apt-get purge -y -qq dfpatch libdf-dev >/dev/null 2>&1
	/tmp/shared
	say 'removing'
	apt-get purge -y -qq libdf0 >/dev/null 2>&1
	state >/tmp/after
	diff /tmp/before /tmp/after || fail 'that is left, or gone'
	ldconfig -p | grep libdf && fail 'the loader still knows libdf'
	say 'as before'
}

# ---- outside ----

fresh() {
	[ -z "$tree" ] || [ ! -s "$tree" ] || return 0
	say 'making a fresh Debian 12'
	tree=${tree:-$work/tree.tar}
	mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,pkgconf,cmake,make \
		bookworm "$tree" "${mirror[@]}"
}

if [ "${1-}" = --inside ]; then
	inside
	exit
fi
tree='' mirror=()
if [ "${1-}" = --tree ]; then
	tree=$2
	shift 2
fi
[ "$(id -u)" -eq 0 ] || fail 'run as root: it makes a system of its own'
command -v mmdebstrap >/dev/null || fail 'install mmdebstrap'
# From where this system gets its packages, if it is a Debian 12 as well.
[ ! -e /etc/apt/sources.list.d/debian.sources ] || mirror=(/etc/apt/sources.list.d/debian.sources)
packages=${1-$top/build/package}
if [ $# -eq 0 ]; then
	say 'building the packages'
	(cd "$top" && cmake --preset package && cmake --build --preset package &&
		cpack --preset package) >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
fi
fresh
mkdir "$work/root"
tar -C "$work/root" -xf "$tree"
mkdir "$work/root/packages"
cp "$packages"/*.deb "$top/tests/package/consumer.c" "$top/tests/completion/server.c" \
	"$0" "$work/root/packages"
cat >"$work/root/packages/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(found C)
find_package(df CONFIG REQUIRED)
add_executable(program consumer.c)
target_link_libraries(program df::df)
CMAKE
unshare --mount --pid --fork --kill-child chroot "$work/root" \
	/bin/bash /packages/try-packages.sh --inside
