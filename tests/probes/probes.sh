#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# probes.sh notes|fire DFPATCH LIBDF DIRECTORY TARGET - the static probes of dfpatch and libdf.
# notes: they are described where tools look; fire: they do, with the right arguments.
. "$(dirname "$0")/../header/common.sh"
test=$1 tool=$2 library=$3 built=$4 target=$5

# ---- notes ----

# As readelf(1) shows them, one line each: PROVIDER NAME LOCATION BASE SEMAPHORE ARGUMENT...
notes_of() {
	readelf -n "$1" | awk '
		$1 == "Provider:" { provider = $2 }
		$1 == "Name:" { name = $2 }
		$1 == "Location:" { gsub(/,/, ""); place = $2 " " $4 " " $6 }
		$1 == "Arguments:" { $1 = ""; print provider, name, place, $0 }'
}

# The address of a section, as notes have theirs.
address_of() { readelf -SW "$1" | sed -nE "s/.* $2 +[A-Z]+ +([0-9a-f]+) .*/0x\1/p"; }

# has_note FILE PROVIDER: one probe or more, each with its six arguments, and a counter that is
# 0 in the file and may be written to.
has_note() {
	notes_of "$1" | grep "^$2 flip " >"$WORK/notes" || { echo 'no note'; return 1; }
	cut -d ' ' -f 6- "$WORK/notes" | while read -r arguments; do
		echo "$arguments" | sed -E 's/([0-9-]+)@[^ ]+/\1/g' | grep -x -- '-4 8 8 4 4 8' ||
			{ echo "arguments: $arguments"; return 1; }
	done || return 1
	while read -r _ _ place base counter _; do
		[ $((place)) -ne 0 ] && [ $((base)) -eq $((expected)) ] || return 1
		[ $((counter)) -ge $(($(address_of "$1" .probes))) ] || return 1
	done <"$WORK/notes"
}

has_notes() {
	local expected
	expected=$(address_of "$1" .stapsdt.base)
	has_note "$@"
}

# A probe is an instruction that does nothing.
is_a_nop() {
	local place
	place=$(notes_of "$1" | awk -v p="$2" '$1 == p { print $3; exit }')
	objdump -d --start-address="$place" --stop-address=$((place + 1)) "$1" | grep -w nop
}

test_notes() {
	installed readelf || return
	check 'dfpatch has its probe' has_notes "$tool" dfpatch
	check 'libdf.so has its' has_notes "$library" libdf
	check 'so has a program with libdf.a' has_notes "$built/flipper_static" libdf
	check 'and one with probes of its own' has_notes "$built/flipper_own" libdf
	check 'it is an instruction that does nothing' is_a_nop "$tool" dfpatch
	check 'in libdf, too' is_a_nop "$library" libdf
}

# ---- whether they fire ----

# watch FILE PROVIDER: bpftrace looks, until stop_watching; false if it may not.
watch() {
	timeout 60 bpftrace -e "BEGIN { printf(\"ready\\n\"); }
		usdt:$1:$2:flip { printf(\"%d %s:%s 0x%lx %x %x\\n\", arg0, str(arg5),
			str(arg1), arg2, arg3, arg4); }" >"$WORK/seen" 2>"$WORK/watch" &
	watcher=$!
	disown # on a busy machine the kernel takes a minute to let it go, for which nobody waits
	for _ in $(seq 200); do
		! grep -q ready "$WORK/seen" || return 0
		kill -0 $watcher 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# stop_watching LINES: as soon as so many were seen, or after a while.
stop_watching() {
	for _ in $(seq 50); do
		[ "$(grep -c '^[0-9]' "$WORK/seen")" -lt "$1" ] || break
		sleep 0.1
	done
	kill $watcher 2>/dev/null
	grep '^[0-9]' "$WORK/seen" | sort >"$WORK/sorted"
}

# Address of a flag in a program that is loaded where its file says.
place_of() { "$tool" list --file "$1" --noheadings -o ADDRESS "$2"; }

flips() {
	local pid place
	place=$(place_of "$target" basic:feature)
	"$target" & pid=$!
	sleep 0.3
	"$tool" enable --pid $pid basic:feature && "$tool" disable --stop --pid $pid basic:feature
	kill $pid
	stop_watching 2
	printf '%s\n' "$pid basic:feature $place a9 e9" "$pid basic:feature $place e9 a9" |
		diff - "$WORK/sorted"
}

flips_itself() {
	local pid first second
	pid=$("$1")
	first=$(place_of "$1" flip:first) second=$(place_of "$1" flip:second)
	stop_watching 3
	printf '%s\n' "$pid flip:first $first a9 e9" "$pid flip:second $second a9 e9" \
		"$pid flip:second $second e9 a9" | diff - "$WORK/sorted"
}

# fires WHAT FILE PROVIDER COMMAND...
fires() {
	local what=$1 file=$2 provider=$3
	shift 3
	if watch "$file" "$provider"; then
		check "$what" "$@"
	else
		kill $watcher 2>/dev/null
		skip "$what: bpftrace may not look: $(tail -n 1 "$WORK/watch")"
	fi
}

test_fire() {
	installed bpftrace || return
	fires 'dfpatch' "$tool" dfpatch flips
	fires 'libdf.so' "$library" libdf flips_itself "$built/flipper_shared"
	fires 'libdf.a' "$built/flipper_static" libdf flips_itself "$built/flipper_static"
	fires 'libdf.a beside other probes' "$built/flipper_own" libdf \
		flips_itself "$built/flipper_own"
}

"test_$test"
finish
