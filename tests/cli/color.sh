#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# color.sh DFPATCH TARGETS - colours: on a terminal, which script(1) makes, and nowhere else unless
# asked for; and they change nothing but colours.
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
dfpatch=$(realpath "$1")
targets=$(realpath "$2")
export TERM=xterm COLUMNS=200
unset NO_COLOR POSIXLY_CORRECT ARGP_HELP_FMT LIBSMARTCOLS_DEBUG || true
escape=$'\033'

# on_terminal OUTPUT COMMAND...: what a terminal gets, without what it adds to newlines.
on_terminal() {
	local to=$1
	shift
	script -qec "$(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r' >"$to"
}

# Sequences of colours, and the blanks that a table without them does not put at the end of a line.
without_colors() { sed -E -e "s/$escape\[[0-9;]*m//g" -e 's/ +$//' "$1"; }

# Coloured on a terminal, with the same text as in a pipe.
colored() {
	on_terminal "$WORK/colored" "$dfpatch" "$@"
	"$dfpatch" "$@" >"$WORK/piped" 2>&1
	grep -q "$escape" "$WORK/colored" || { echo 'no colour'; return 1; }
	! grep "$escape" "$WORK/piped" || return 1
	diff <(sed 's/ *$//' "$WORK/piped") <(without_colors "$WORK/colored")
}

# holds TEXT FILE: \e stands for the escape character.
holds() { grep -qF "$(printf '%b' "$1")" "$2"; }

# plain COMMAND...: not a colour on a terminal.
plain() {
	on_terminal "$WORK/plain" "$@"
	[ -s "$WORK/plain" ] && ! grep "$escape" "$WORK/plain"
}

always_in_a_pipe() {
	"$dfpatch" list --file "$targets/flags" "$1" >"$WORK/piped" && grep -q "$escape" "$WORK/piped"
}

never_in_a_document() {
	"$dfpatch" "$1" --json --color=always "${@:2}" >"$WORK/document"
	[ -s "$WORK/document" ] && ! grep "$escape" "$WORK/document"
}

# A name that holds an escape sequence shows as text, coloured or not.
escapes_stay_escaped() {
	"$dfpatch" list --file "$targets/flags" --color=always >"$WORK/piped"
	grep -qF '\x1b[31mred' "$WORK/piped" && ! grep -qF "$escape[31m" "$WORK/piped"
}

# A process, changed so that it has something of each.
start() {
	echo '#include <df.h>
	#include <unistd.h>
	int main(void)
	{
		while (DF_FEATURE(a, one) + DF_FEATURE(a, two) + DF_DEFAULT(a, three) >= 0)
			usleep(1000);
	}' >"$WORK/program.c" && gcc -O2 "-I$INCLUDE" "$WORK/program.c" -o "$WORK/program" || return 1
	"$WORK/program" &
	pid=$!
	trap 'kill "$pid"; rm -rf "$WORK"' EXIT
	while [ "$(readlink /proc/$pid/exe)" != "$(realpath "$WORK/program")" ]; do sleep 0.01; done
}

on_a_process() {
	"$dfpatch" unhook --pid $pid a:two >/dev/null || return
	on_terminal "$WORK/change" "$dfpatch" activate --pid $pid a:one a:two
	cat "$WORK/change"
	holds 'a:one@program.c:5: off -> \e[32mon\e[0m' <(sed 's%@.*/program.c%@program.c%' \
		"$WORK/change") && holds '\e[33m (unhooked: left alone)\e[0m' "$WORK/change" || return
	on_terminal "$WORK/list" "$dfpatch" list --pid $pid
	cat "$WORK/list"
	holds '\e[32mon ' "$WORK/list" && grep -qE "$escape\[33m *1" "$WORK/list"
}

# Other processes come and go, so not word by word.
scan_is_colored() {
	on_terminal "$WORK/scan" "$dfpatch" scan
	grep "program " "$WORK/scan" | grep -F "$escape[32myes"
}

failed_is_red() {
	on_terminal "$WORK/failed" "$dfpatch" enable --pid $pid,4194303 a:one
	cat "$WORK/failed"
	holds 'process 4194303: \e[1;31mfailed\e[0m: ' "$WORK/failed" &&
		holds '\e[1;31mdfpatch:\e[0m ' "$WORK/failed"
}

installed script || finish
flags=$targets/flags
check 'list' colored list --file "$flags"
check 'a flag that is on is green' holds '\e[32mon ' "$WORK/colored"
check 'audit' colored audit --verbose "$flags"
check 'findings are red' holds '\e[1;31m1 finding\e[0m' "$WORK/colored"
check 'their codes, too' holds '\e[1;31mstring-utf8\e[0m' "$WORK/colored"
check 'diff' colored diff "$flags" "$targets/flags-next"
check 'what is gone is red' holds '\e[1;31mremoved ' "$WORK/colored"
check 'what is new is green' holds '\e[32madded ' "$WORK/colored"
check 'preset' colored preset --dry-run "$flags" "$WORK/copy" -e 'enable http:'
check 'an error' colored list --file "$targets/nothing"
check 'errors are red' holds '\e[1;31mdfpatch:\e[0m ' "$WORK/colored"
check 'NO_COLOR' plain env NO_COLOR=1 "$dfpatch" list --file "$flags"
check 'a terminal without colours' plain env TERM=dumb "$dfpatch" list --file "$flags"
check '--color=never' plain "$dfpatch" list --color=never --file "$flags"
check '--color=always' always_in_a_pipe --color=always
check '--color' always_in_a_pipe --color
check 'no colour in a document: list' never_in_a_document list --file "$flags"
check 'no colour in a document: audit' never_in_a_document audit "$flags"
check 'no colour in a document: error' never_in_a_document list --file "$targets/nothing"
check 'none in one on a terminal' plain "$dfpatch" list --json --file "$flags"
check 'escape sequences of a doc stay text' escapes_stay_escaped
check 'a process' start
if "$dfpatch" list --pid $pid >/dev/null 2>&1; then
	check 'a change' on_a_process
	check 'scan' scan_is_colored
	check 'one of several that failed' failed_is_red
else
	skip 'a process: we may not look at one that is not our child'
fi
finish
