#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh demo|test - installs from Debian 12 what the demo, or the tests, need.
# Does nothing if all of it is there; uses sudo if not run as root.
set -eu

demo='gcc libc6-dev cmake ninja-build pkg-config libelf-dev zlib1g-dev libcapstone-dev
	libsmartcols-dev libjson-c-dev'
test="$demo g++ gcc-11 g++-11 gcc-multilib libcriterion-dev systemtap-sdt-dev bpftrace
	clang-14 clang-16 clang-19 libclang-rt-14-dev libclang-rt-16-dev libclang-rt-19-dev llvm-19 lld lld-19 mold
	musl-tools patchelf elfutils gdb strace util-linux procps time clang-format clang-tidy
	git spin mandoc groff-base man-db jq chromium dpkg-dev file lintian
	bash-completion zsh fish expect"

case ${1-} in
demo) wanted=$demo ;;
test) wanted=$test ;;
*)
	echo "usage: packages.sh demo|test" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null || {
		echo "packages.sh: run as root, or install:$missing" >&2
		exit 1
	}
fi
echo "installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	$missing >/dev/null
