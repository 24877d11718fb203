# SPDX-License-Identifier: Apache-2.0
# What the scripts of this directory share: README.md and manual pages, taken apart; sessions.
# $page is the page that is looked at.
# shellcheck shell=bash disable=SC2154,SC2317
# shellcheck source=../header/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../header/common.sh"
top=$(cd "$SOURCE/../.." && pwd)

# ---- examples: a program, and a session that builds and runs it ----

# fenced HEADING LANGUAGE: the first block of this language below a heading of README.md.
fenced() {
	awk -v heading="$1" -v fence="\`\`\`$2" '
		/^```/ && open { open = 0; if (wanted) exit; next }
		/^```/ { open = 1; wanted = here && $0 == fence; next }
		/^#/ && !open { here = ($0 == heading) }
		wanted { print }' "$top/README.md"
}

# What is written in a page, as it is read.
as_read() { sed -e 's/\\-/-/g' -e 's/\\e/\\/g' -e 's/\\&//g' -e "s/\\\\(aq/'/g"; }

# displayed NUMBER: that literal display of the examples in the page, as it is read.
displayed() {
	awk -v wanted="$1" '
		/^\.Sh / { here = ($2 == "EXAMPLES") }
		/^\.Ed/ { inside = 0 }
		here && inside && number == wanted { print }
		/^\.Bd -literal/ && here { inside = 1; number++ }' "$page" | as_read
}

# For commands.sh: what was run, and that some was not.
note_run() {
	[ -n "${DF_DOCS_RAN-}" ] || return 0
	mkdir -p "$DF_DOCS_RAN" && printf '%s\n' "$1" >>"$DF_DOCS_RAN/ran.${test#inside_}"
}

skip() {
	echo "skipped: $1"
	skipped=$((skipped + 1))
	[ -z "${DF_DOCS_RAN-}" ] || { mkdir -p "$DF_DOCS_RAN" && echo "$1" >>"$DF_DOCS_RAN/skipped"; }
}

# Who types has to wait for nothing: a process in the background is another program by then.
await_program() {
	while [ "$(readlink "/proc/$!/exe")" = "$(readlink /proc/$$/exe)" ]; do
		sleep 0.01
	done
}

# session_of FILE: what stands behind each "$ " is carried out, in this shell, with its output
# behind it.
session_of() {
	local line
	while IFS= read -r line; do
		case $line in
		'$ '*)
			note_run "${line#??}"
			printf '%s\n' "$line" && { eval "${line#??}"; } 2>&1 </dev/null
			;;
		esac
		case $line in
		'$ '*'&') await_program ;;
		esac
	done <"$1"
}

# session_holds NAME PROGRAM SESSION: with the program in a file NAME, the output of the session
# must be what stands in it.
session_holds() {
	mkdir -p "$WORK/example"
	cd "$WORK/example" || return 1
	cp "$2" "$1"
	cc() { "${compiler[@]}" "$@"; }
	session_of "$3" >"$WORK/session"
	diff -BZ "$3" "$WORK/session"
}

# example NAME PROGRAM SESSION: neither may be empty.
example() {
	check "$1: there is a program" grep -q 'main(' "$2"
	check "$1: there is a session" grep -q '^\$ .*\./example' "$3"
	check "$1: it does what is said" session_holds example.c "$2" "$3"
}

# Whether the pages that it refers to are installed here is none of its business.
says_nothing() {
	local said
	said=$("$@" 2>/dev/null | grep -v 'referenced manual not found')
	[ -z "$said" ] || { echo "$said"; return 1; }
}

groff_says_nothing() {
	groff -mdoc -Tutf8 -ww -z "$page" >"$WORK/groff" 2>&1
	says_nothing cat "$WORK/groff"
}

# Whether we may change a process that is not our child.
may_attach() {
	local scope=/proc/sys/kernel/yama/ptrace_scope
	[ "$(id -u)" -eq 0 ] || [ ! -e $scope ] || [ "$(cat $scope)" -eq 0 ] && return 0
	skip "sessions: $scope keeps us from processes that are not our children"
	return 1
}
