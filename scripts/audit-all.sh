#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# audit-all.sh [--sample SECONDS [--seed NUMBER]] DFPATCH DIRECTORY... - audits every ELF file and
# archive below the directories, or as many of them, in the order of chance, as the time allows.
# Most carry no flags, and must be told so in one line; those that do must be without findings.
# Fails if anything else comes of one: a signal, more lines, too much time or memory, a finding.
# As a script it is for /usr; the tests run a sample of that, and all that they built.
set -eu -o pipefail
export LC_ALL=C

sample=0 seed=$RANDOM
while [ $# -gt 0 ]; do
	case $1 in
	--sample) sample=$2 && shift 2 ;;
	--seed) seed=$2 && shift 2 ;;
	*) break ;;
	esac
done
if [ $# -lt 2 ]; then
	echo "usage: audit-all.sh [--sample SECONDS [--seed NUMBER]] DFPATCH DIRECTORY..." >&2
	exit 2
fi
dfpatch=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Whether the file may be of interest: its first bytes say so.
is_binary() {
	local magic
	IFS= read -r -d '' -n 4 magic <"$1" 2>/dev/null || true
	[ "$magic" = $'\177ELF' ] || [ "$magic" = '!<ar' ] || [ "$magic" = '!<th' ]
}

# Time in seconds, memory in kB: of one file, however large. An address space that is reserved
# and not used is not memory.
TIME_MAX=60
MEMORY_MAX=400000

failures=0
bad() {
	failures=$((failures + 1))
	echo "FAIL: $1: $2"
	sed 's/^/    /' "$work/out" "$work/err" | head -20
}

declare -A counts=([sound]=0 [none]=0 [refused]=0)
judge() {
	local file=$1 status=$2 lines memory
	memory=$(tail -n 1 "$work/memory")
	lines=$(wc -l <"$work/err")
	if [ "$status" -ge 124 ]; then
		bad "$file" "ended with status $status"
	elif [ "$memory" -gt "$MEMORY_MAX" ]; then
		bad "$file" "took $memory kB"
	elif [ "$status" -eq 0 ] && [ "$lines" -eq 0 ]; then
		counts[sound]=$((counts[sound] + 1))
	elif [ -s "$work/out" ] || [ "$lines" -ne 1 ]; then
		bad "$file" "status $status"
	elif [ "$status" -eq 1 ] && grep -q 'carries no flags$' "$work/err"; then
		counts[none]=$((counts[none] + 1))
	elif [ "$status" -eq 3 ]; then
		counts[refused]=$((counts[refused] + 1))
	else
		bad "$file" "status $status"
	fi
}

find "$@" -xdev -type f -size +3c -print0 >"$work/all"
if [ "$sample" -gt 0 ]; then
	echo "audit-all: seed $seed"
	shuf -z --random-source=<(yes "$seed") "$work/all" >"$work/files"
else
	cp "$work/all" "$work/files"
fi

started=$SECONDS
while IFS= read -r -d '' file; do
	[ "$sample" -eq 0 ] || [ $((SECONDS - started)) -lt "$sample" ] || break
	[ -r "$file" ] && is_binary "$file" || continue
	status=0
	timeout -k 1 "$TIME_MAX" time -q -f %M -o "$work/memory" \
		"$dfpatch" audit "$file" >"$work/out" 2>"$work/err" </dev/null || status=$?
	judge "$file" "$status"
done <"$work/files"

total=$((counts[sound] + counts[none] + counts[refused] + failures))
echo "audit-all: $total files in $((SECONDS - started)) s: ${counts[sound]} sound, ${counts[none]}" \
	"without flags, ${counts[refused]} refused, $failures failed"
[ "$total" -gt 0 ] && [ "$failures" -eq 0 ]
