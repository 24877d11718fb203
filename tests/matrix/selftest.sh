#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The judges of the matrix, given what is wrong: each fault must be found, and what is right passed.
set -u
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/df-matrix.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# expect NAME STATUS WORDS COMMAND...: the command's status, and words among what it says.
expect() {
	local name=$1 status=$2 words=$3 got
	shift 3
	"$@" >"$work/said" 2>&1
	got=$?
	if [ "$got" -eq "$status" ] && { [ -z "$words" ] || grep -q -e "$words" "$work/said"; }; then
		echo "ok: $name"
		return
	fi
	echo "FAILED: $name: status $got, not $status, or no '$words' in:"
	sed 's/^/    /' "$work/said"
	failed=1
}

# ---- what is listed, and what is seen ----

mkdir "$work/corpus"
cat >"$work/corpus/a.c" <<'END'
one line
DF_FEATURE(kind, first, "words")
DF_OPT(kind, second) DF_DEFAULT(dead, third)
END
printf '%s\t%s\t%s\t%s\t%s\n' kind:first a.c off live words kind:second a.c held live '' \
	dead:third a.c on dead '' >"$work/flags"

# flag KIND NAME LINE BUILT DOC: a flag as `dfpatch list --json` shows it.
flag() {
	printf '"kind":"%s",\n"name":"%s",\n"file":"src/a.c",\n"line":%s,\n' "$1" "$2" "$3"
	printf '"doc":"%s",\n"state":"%s",\n"built":"%s",\n' "$5" "${6-$4}" "$4"
}

judge() {
	CORPUS=$work/corpus PREFIX=src/ awk -v cxx=1 -v plugin=0 -v ndebug=0 "$@"
}

listed() {
	local dead=$1
	cat >"$work/list.json"
	expect "$2" "$3" "$4" judge -v want=listed -v "dead=$dead" -f "$here/judge.awk" \
		"$work/flags" "$work/list.json"
}

seen() {
	cat >"$work/values.$1"
	expect "$2" "$3" "$4" judge -v want=seen -f "$here/judge.awk" "$work/flags" \
		"$work/values.$1"
}

first() { flag kind first 2 off words; }
second() { flag kind second 3 held ''; }
third() { flag dead third 3 on ''; }

{ first; second; third; } | listed kept "all flags" 0 ''
{ first; second; } | listed gone "dead flags gone" 0 ''
{ first; second; } | listed kept "a dead flag that is missing" 1 'not listed: dead:third'
{ first; second; third; } | listed gone "a dead flag that is not gone" 1 'dead, but listed'
{ first; third; } | listed any "a flag that is missing" 1 'not listed: kind:second'
{ first; second; flag kind other 2 off ''; } | listed any "a flag too many" 1 'kind:other'
{ first; flag kind second 3 on ''; } | listed any "another value as built" 1 'built on, not held'
{ second; flag kind first 2 off word; } | listed any "another doc" 1 'the doc is word'
{ second; flag kind first 1 off words; } | listed any "another line" 1 'not in line 1'
{ second; flag kind first 2 off words on; } | listed any "another state" 1 'listed as on'

# Codes are 0 and 1, in the order of `flags`.
printf 'kind:first\t0\nkind:second\t1\n' | seen built "the values as built" 0 ''
printf 'kind:first\t1\nkind:second\t1\n' | seen built "a wrong value as built" 1 'reads as 1'
printf 'kind:first\t0\nkind:second\t1\n' | seen bit0 "the values of a bit" 0 ''
printf 'kind:first\t1\nkind:second\t1\n' | seen bit0 "one that follows another" 1 'bit0: kind:first'
printf 'kind:first\t0\nkind:first\t1\nkind:second\t1\n' |
	seen inside.bit0 "a second site that differs" 1 'inside.bit0: kind:first'
printf 'kind:first\t0\n' | seen off "one that is not shown" 1 'not shown: kind:second'
printf 'kind:first\t0\nkind:second\t0\nkind:x\t0\n' | seen off "one that is unknown" 1 'kind:x'

# ---- the cells ----

cells() {
	local file=plans
	[ "$1" != sample ] || file=sample
	awk -v want="$1" -v "seed=${2:-1}" -v count=4 -v only=. -f "$here/cells.awk" "$work/axes" \
		"$work/exclusions" "$work/found" "$work/$file"
}

printf '%s | %s | | | words\n' compiler a compiler b mode x mode y mode z >"$work/axes"
echo 'compiler=b mode=y|z | why' >"$work/exclusions"
: >"$work/found"
echo 'mode=*' >"$work/plans"
expect "a value in no cell" 1 'in no cell: compiler=b' cells all
echo 'compiler=* mode=*' >>"$work/plans"
expect "all cells" 0 'b x$' cells all
expect "no cell twice, none that is excluded" 0 '^4$' \
	bash -c "$(declare -f cells); work=$work here=$here; cells all | wc -l"
expect "a new sample has every value" 0 'a z$' cells choose
printf '%s\n' 'a x' 'b x' 'a y' 'a z' >"$work/sample"
expect "a sample" 0 'a z$' cells sample
echo 'b y' >>"$work/sample"
expect "a cell of the sample that is excluded" 1 'an exclusion leaves it out' cells sample
printf '%s\n' 'a x' 'b x' 'a y' 'a v' >"$work/sample"
expect "a cell of the sample that is none" 1 'no value v of mode' cells sample
printf '%s\n' 'a x' 'b x' 'a y' >"$work/sample"
expect "a value that the sample lacks" 1 'in no cell: mode=z' cells sample
expect "a cell that is left out" 0 '	b z	compiler=b mode=y[|]z [|] why$' cells excluded
expect "the same with another seed" 0 '	b y	compiler=b' cells excluded 2
printf '%s\n' 'compiler=b \' '	mode=y|z | why' >"$work/exclusions"
expect "an exclusion of two lines" 0 '	compiler=b mode=y[|]z [|] why$' cells excluded
printf '%s | why\n' compiler=b mode=z 'compiler=b mode=z' >"$work/exclusions"
expect "an exclusion that others make needless" 0 'only others forbid it' cells excluded
echo 'compiler=b mode=w | why' >"$work/exclusions"
expect "an exclusion that means nothing" 1 'no value matches mode=w' cells all
echo 'compiler=b' >"$work/exclusions"
expect "an exclusion without a reason" 1 'no reason' cells all
: >"$work/exclusions"
echo 'mode=w' >"$work/plans"
expect "a plan of what is not there" 1 'no value w' cells all
exit "$failed"
