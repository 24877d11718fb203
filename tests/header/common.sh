# SPDX-License-Identifier: Apache-2.0
# What the scripts of this directory share: the work directory, results, skips.
# shellcheck shell=bash disable=SC2034
set -u
export LC_ALL=C.UTF-8

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
INCLUDE=$(cd "$SOURCE/../../include" && pwd)
COMPILERS=(gcc-12 clang-14 clang-19)
SKIP=77 # SKIP_RETURN_CODE of the tests in CMakeLists.txt

WORK=$(mktemp -d "${TMPDIR:-/tmp}/df-header.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT

passed=0 failed=0 skipped=0

ok() {
	echo "ok: $1"
	passed=$((passed + 1))
}

# bad CELL [FILE]: FILE tells what went wrong.
bad() {
	echo "FAILED: $1"
	[ $# -lt 2 ] || sed 's/^/    /' "$2" | head -n 20
	failed=$((failed + 1))
}

skip() {
	echo "skipped: $1"
	skipped=$((skipped + 1))
}

# check CELL COMMAND...: the command's status is the cell's.
check() {
	local cell=$1
	shift
	if "$@" >"$WORK/log" 2>&1; then
		ok "$cell"
	else
		bad "$cell" "$WORK/log"
	fi
}

# installed TOOL: or one line that says that it is not.
installed() {
	command -v "$1" >/dev/null && return 0
	skip "$1 is not installed"
	return 1
}

# audited FILE...: dfpatch, where the test was given one, finds nothing wrong with them.
audited() {
	local file status said=$WORK/audit.$BASHPID
	[ -n "${DFPATCH-}" ] || return 0
	for file in "$@"; do
		status=0
		"$DFPATCH" audit "$file" >"$said" 2>&1 || status=$?
		[ "$status" -eq 0 ] || grep -q 'carries no flags$' "$said" && continue
		cat "$said"
		return 1
	done
}

# The C++ compiler beside a C compiler: gcc-12 g++-12, clang-19 clang++-19.
cxx_of() {
	case $1 in
	gcc*) echo "g++${1#gcc}" ;;
	clang*) echo "clang++${1#clang}" ;;
	esac
}

# The lld of the compiler's own version, or any for gcc.
lld_of() {
	case $1 in
	clang*-*) echo "lld-${1##*-}" ;;
	*) echo lld ;;
	esac
}

# Where nothing ran the whole test is skipped; a test that passed ran something.
finish() {
	echo "passed $passed, failed $failed, skipped $skipped"
	[ "$failed" -eq 0 ] || exit 1
	[ "$passed" -gt 0 ] || exit "$SKIP"
	exit 0
}
