#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# audit-all.sh [--sample SECONDS [--seed NUMBER]] DFPATCH DIRECTORY... - audits every ELF file and
# archive below the directories, or as many of them, in the order of chance, as the time allows.
# Most carry no flags, and must be told so in one line; those that do must be without findings.
# Fails if anything else comes of one: a signal, more lines, too much time or memory, a finding.
# As a script it is for /usr, on all processors; the tests run a sample of that, and all that they
# built.
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

bad() { # FILE WHAT
	{
		echo "FAIL: $1: $2"
		sed 's/^/    /' "$part/out" "$part/err" | head -20
	} >>"$part/failures"
	echo failed >>"$part/counts"
}

judge() { # FILE STATUS
	local file=$1 status=$2 lines memory
	memory=$(tail -n 1 "$part/memory")
	lines=$(wc -l <"$part/err")
	if [ "$status" -ge 124 ]; then
		bad "$file" "ended with status $status"
	elif [ "$memory" -gt "$MEMORY_MAX" ]; then
		bad "$file" "took $memory kB"
	elif [ "$status" -eq 0 ] && [ "$lines" -eq 0 ]; then
		echo sound >>"$part/counts"
	elif [ -s "$part/out" ] || [ "$lines" -ne 1 ]; then
		bad "$file" "status $status"
	elif [ "$status" -eq 1 ] && grep -q 'carries no flags$' "$part/err"; then
		echo none >>"$part/counts"
	elif [ "$status" -eq 3 ]; then
		echo refused >>"$part/counts"
	else
		bad "$file" "status $status"
	fi
}

# Every so many-th file, from one of the first on.
audit_part() { # FIRST STEP
	local file status number=0
	part=$work/part-$1
	mkdir "$part"
	touch "$part/counts" "$part/failures"
	while IFS= read -r -d '' file; do
		[ "$sample" -eq 0 ] || [ $((SECONDS - started)) -lt "$sample" ] || break
		[ $((number++ % $2)) -eq "$1" ] && [ -r "$file" ] && is_binary "$file" || continue
		status=0
		timeout -k 1 "$TIME_MAX" time -q -f %M -o "$part/memory" \
			"$dfpatch" audit "$file" >"$part/out" 2>"$part/err" </dev/null || status=$?
		judge "$file" "$status"
	done <"$work/files"
}

count() { # WORD
	cat "$work"/part-*/counts | grep -cx "$1" || true
}

find "$@" -xdev -type f -size +3c -print0 >"$work/all"
if [ "$sample" -gt 0 ]; then
	echo "audit-all: seed $seed"
	shuf -z --random-source=<(yes "$seed") "$work/all" >"$work/files"
else
	cp "$work/all" "$work/files"
fi

started=$SECONDS
processors=$(nproc)
parts=()
for ((i = 0; i < processors; i++)); do
	audit_part "$i" "$processors" &
	parts+=($!)
done
for pid in "${parts[@]}"; do
	wait "$pid"
done

cat "$work"/part-*/failures
total=$(cat "$work"/part-*/counts | wc -l) failures=$(count failed)
echo "audit-all: $total files in $((SECONDS - started)) s: $(count sound) sound, $(count none)" \
	"without flags, $(count refused) refused, $failures failed"
[ "$total" -gt 0 ] && [ "$failures" -eq 0 ]
