#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# without_flags.sh DFPATCH - programs that nobody built for this: those of /usr/bin, or each so many-th
# of them, are told in one line to carry no flags, and so are some that run, which go on as if nobody
# had asked.
# shellcheck disable=SC2317,SC2016,SC2154 # check calls functions by name; other shells; coproc
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
dfpatch=$1

# says STATUS WORDS COMMAND...: that, in one line on the standard error stream, and nothing else.
says() {
	local status=0 expected=$1 words=$2 said
	shift 2
	timeout 20 "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
	mapfile said <"$WORK/err"
	[ "$status" -eq "$expected" ] && [ ! -s "$WORK/out" ] && [ ${#said[@]} -eq 1 ] &&
		[[ ${said[0]} =~ $words ]] && return 0
	echo "$*: status $status, no line with '$words'"
	cat "$WORK/out" "$WORK/err"
	return 1
}

# ---- files ----

is_elf() {
	local magic
	IFS= read -r -d '' -n 4 magic <"$1" 2>/dev/null
	[ "$magic" = $'\177ELF' ]
}

FILES=200 # of which there are usually a thousand

every_file_is_told() {
	local files=() file number bad=0
	for file in /usr/bin/*; do
		if [ -f "$file" ] && [ ! -h "$file" ] && [ -r "$file" ]; then
			files+=("$file")
		fi
	done
	for ((number = 0; number < ${#files[@]}; number += ${#files[@]} / FILES + 1)); do
		file=${files[number]}
		if is_elf "$file"; then
			says 1 ': carries no flags' "$dfpatch" list --file "$file" || bad=$((bad + 1))
		else
			says 3 ': is not an ELF file' "$dfpatch" list --file "$file" || bad=$((bad + 1))
		fi
	done
	[ ${#files[@]} -gt 50 ] && [ "$bad" -eq 0 ]
}

no_copy_is_made() {
	local file
	for file in /bin/cat /bin/bash /usr/bin/env; do
		says 1 'carries no flags' "$dfpatch" preset "$file" "$WORK/copy" -e '+.' || return 1
		[ ! -e "$WORK/copy" ] || return 1
	done
}

# ---- processes ----

commands=('list' 'enable .' 'enable --quiet .' 'enable --stop .' 'disable --dry-run .' 'init'
	'init --stop' 'apply -e +.' 'audit')

answers() { # LINE
	local line
	echo "$1" >&"${program[1]}" && IFS= read -r -t 20 -u "${program[0]}" line && [ "$line" = "$1" ]
}

# goes_on COMMAND...: a program that says each line again.
goes_on() {
	local command pid status=0
	coproc program { exec "$@"; }
	pid=$program_PID
	answers before || status=1
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086 # words
		says 1 "^dfpatch: process $pid \(.*\) carries no flags in any of its modules" \
			"$dfpatch" $command --pid "$pid" || status=1
		answers "after $command" || status=1
	done
	kill "$pid"
	wait "$pid" 2>/dev/null
	return "$status"
}

check 'each file of /usr/bin' every_file_is_told
check 'no copy with other flags' no_copy_is_made
check 'cat' goes_on cat
check 'sed' goes_on sed -u ''
check 'grep' goes_on grep --line-buffered .
check 'bash' goes_on bash -c 'while IFS= read -r line; do echo "$line"; done'
check 'sh' goes_on sh -c 'while IFS= read -r line; do echo "$line"; done'
if installed perl; then
	check 'perl' goes_on perl -ne '$| = 1; print'
fi
finish
