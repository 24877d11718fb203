#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dfpatch.sh TEST DFPATCH - holds dfpatch(1), and what README.md says about the tool, to what is so.
# TEST is one of the functions named at the end.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
script=$(realpath "$0")
test=$1 tool=$(realpath "$2")
page=$top/man/dfpatch.1
compiler=(gcc "-I$INCLUDE")
# What the help of argp(3) looks like, and tables.
unset COLUMNS POSIXLY_CORRECT ARGP_HELP_FMT || true

# Its errors stand behind its report, as on a terminal, where that is not kept back.
dfpatch() {
	local status=0
	"$tool" "$@" 2>"$WORK/errors" || status=$?
	cat "$WORK/errors" >&2
	return $status
}

# ---- the page, taken apart ----

# section TITLE [SUBSECTION]: the lines of the page below that heading.
section() {
	awk -v title="$1" -v sub_title="${2-}" '
		/^\.Sh / { here = (substr($0, 5) == title); below = (sub_title == ""); next }
		/^\.Ss / { below = (sub_title == "" || substr($0, 5) == sub_title); next }
		here && below { print }' "$page"
}

# items: the words after ".It Cm" of what comes in, one a line.
items() { sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g'; }

# same WHAT ONE OTHER: the files must have the same lines, and some.
same() {
	[ -s "$2" ] || { echo "$1: there is none"; return 1; }
	diff "$2" "$3"
}

# ---- commands and options ----

commands() { dfpatch --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# Of the synopsis, "COMMAND TEXT" for each line that belongs to a command, macros and all.
synopsis() {
	section SYNOPSIS | awk '
		/^\.Nm/ { count = 0; next }
		/^\.Cm / { gsub(/ \| /, " "); count = split(substr($0, 5), command, " "); next }
		{ for (i = 1; i <= count; i++) print command[i], $0 }'
}

same_commands() {
	commands | sort >"$WORK/known"
	section COMMANDS | items | sort | same 'commands described' "$WORK/known" - || return 1
	synopsis | cut -d ' ' -f 1 | cat - <(section SYNOPSIS | grep -o '^\.Cm .*' | tr -d '|' |
		cut -c 5- | tr -s ' ' '\n') | sort -u | same 'commands in the synopsis' "$WORK/known" -
}

# options_of COMMAND: lines "SHORT LONG ARGUMENT", of which the first and last may be "-".
options_of() {
	dfpatch "$1" --help |
		sed -nE 's/^ {2}(-(.), | {4})--([a-z-]+)(\[?=([A-Z]+)\]?)?( .*|$)/\2- \3 -\5/p' |
		sed -E -e 's/^([^-])- /\1 /' -e 's/ -([A-Z]+)$/ \1/' | tr '[:upper:]' '[:lower:]' |
		paste -d ' ' - <(dfpatch "$1" --help | sed -nE 's/^ {2}-(.), .*/\1/p; s/^ {6}--.*/-/p') |
		awk '{ print $4, $2, $3 }'
}

options_in_page() {
	section OPTIONS | sed -nE '/^\.It Fl /{ s/^\.It //; s/\\&//g; p }' | awk '
		{
			short = "-"; long = ""; argument = "-"
			count = split($0, part, " , ")
			for (i = 1; i <= count; i++) {
				split(part[i], word, " ")
				if (word[2] == "Fl") long = word[3]; else short = word[2]
				if (match(part[i], /Ar [a-z]+/))
					argument = substr(part[i], RSTART + 3, RLENGTH - 3)
			}
			print short, long, argument
		}'
}

same_options() {
	local command
	options_in_page | sort -u >"$WORK/listed"
	for command in $(commands); do
		options_of "$command"
	done | cat - <(echo '- version -') | sort -u >"$WORK/known"
	same options "$WORK/known" "$WORK/listed"
}

# Those that every command has stand in a line of their own.
same_synopsis() {
	local command
	for command in $(commands); do
		options_of "$command" | cut -d ' ' -f 2 | grep -vx -e help -e usage | sort >"$WORK/known"
		synopsis | sed -n "s/^$command //p" | grep -oE 'Fl Fl [a-z-]+' | cut -d ' ' -f 3 | sort |
			same "options of $command" "$WORK/known" - || return 1
	done
}

# "COMMAND OPERANDS", as the first line of the help has them; and as the page does.
operands_in_help() {
	local command
	for command in $(commands); do
		dfpatch "$command" --help | sed -n "1s/.*\[OPTION\.\.\.\]/$command/p"
	done | tr '[:upper:]' '[:lower:]'
}

operands_in_page() {
	local command
	for command in $(commands); do
		synopsis | sed -n "s/^$command //p" | grep -v 'Fl ' | sed -E -e 's/^\.Op (.*)/[\1]/' \
			-e 's/^\.//' -e 's/Ar //g' -e 's/ \.\.\./.../' | paste -sd ' ' | sed "s/^/$command /"
	done | sed 's/ $//'
}

same_operands() {
	operands_in_help >"$WORK/known"
	operands_in_page | same operands "$WORK/known" -
}

# "OPTION DEFAULT" for each option whose help names one; its item has to do so, too.
same_defaults() {
	local command option default
	for command in $(commands); do
		dfpatch "$command" --help | tr -s ' \n' ' ' |
			grep -oE -- '--[a-z-]+=[A-Z]+ [^()]*\(default [0-9a-z]+' |
			sed -E 's/^.*--([a-z-]+)=.*\(default /\1 /'
	done | sort -u >"$WORK/defaults"
	[ -s "$WORK/defaults" ] || { echo 'no help names a default'; return 1; }
	while read -r option default; do
		section OPTIONS | awk -v item=".It Fl Fl $option " '
			/^\.It / { here = (index($0, item) == 1) } here { print }' |
			grep -q "default is $default\.$" || { echo "--$option: $default"; return 1; }
	done <"$WORK/defaults"
}

# Those of the table in README.md.
readme_commands() {
	fenced '## Flip it' '' | sed -n 's/^dfpatch \([a-z]*\) .*/\1/p' | sort -u >"$WORK/in_readme"
	commands | sort | same 'commands in README.md' "$WORK/in_readme" -
}

tool_options() {
	check 'README.md lists each command' readme_commands
	check 'the page has the commands of --help' same_commands
	check 'the page has the options of --help, with their arguments' same_options
	check 'the synopsis has those of each command' same_synopsis
	check 'and its operands' same_operands
	check 'the defaults are those of --help' same_defaults
}

# ---- the examples of --help ----

# What they are about: a server with flags where they look for them, and an older one.
write_examples() {
	{
		printf '#include <df.h>\n#include <unistd.h>\nint look_up(void);\n'
		yes '' | head -n 37
		echo 'int serve(void) { return DF_FEATURE(http, fast_path, "answer from the cache"); }'
		# With arguments, whether it begins with its flag on.
		echo 'int main(int argc, char **argv) { (void)argv; if (argc > 1) return !serve();'
		echo 'while (serve() + look_up() >= 0) usleep(1000); }'
	} >conn.c
	printf '#include <df.h>\n%s\n' \
		'int look_up(void) { return DF_DEFAULT(cache, slow_log, "log what is slow"); }' >cache.c
	printf '# nothing but this\nrehook .*\n' >flags.txt
}

build_examples() {
	mkdir -p "$WORK/examples/bin" && cd "$WORK/examples" && write_examples &&
		"${compiler[@]}" -O2 conn.c cache.c -o bin/server && ln -s bin/server server &&
		sed s/DF_FEATURE/DF_DEFAULT/ conn.c >old.c && "${compiler[@]}" -O2 old.c cache.c -o server.old
}

commit_examples() {
	HOME=$WORK GIT_CONFIG_NOSYSTEM=1 git init -q && git add conn.c cache.c &&
		git -c user.name=A -c user.email=a@b commit -q -m 'Serve'
}

examples_of() { dfpatch "$1" --help | sed -n '/^Examples:$/,$s/^  \(.*dfpatch .*\)/\1/p'; }

# Each goes through; but the files that are compared differ.
examples_go() {
	local command=$1 line status count=0
	while IFS= read -r line; do
		line=${line//1234/$server} line=${line//\/usr\/sbin\//$WORK/examples/bin/}
		# Otherwise it would end with the server.
		[ "$command" != watch ] ||
			line=${line/ watch / watch --timeout 300ms } line=${line/--timeout 60s/}
		echo "$line"
		status=0
		(eval "$line") </dev/null || status=$?
		case $command in
		diff) [ $status -eq 1 ] || return 1 ;;
		*) [ $status -eq 0 ] || { echo "status $status"; return 1; } ;;
		esac
		count=$((count + 1))
	done < <(examples_of "$command")
	[ $count -gt 0 ] || { echo "the help of '$command' has no example"; return 1; }
}

# The help without a command has the first of each.
first_examples() {
	local command
	for command in $(commands); do
		examples_of "$command" | head -n 1
	done | sort >"$WORK/firsts"
	dfpatch --help | sed -n '/^Examples:$/,/^$/s/^  //p' | sort | diff "$WORK/firsts" -
}

tool_help() {
	local command
	check 'the help without a command has the first example of each' first_examples
	installed git && may_attach || return
	check 'what the examples are about' build_examples
	check 'in a checkout' commit_examples
	cd "$WORK/examples" || return
	bin/server &
	server=$!
	await_program
	dfpatch enable --pid $server http:fast_path >/dev/null
	for command in $(commands); do
		check "the examples of $command" examples_go "$command"
	done
	kill $server
}

# ---- what is printed ----

columns_in_help() { dfpatch "$1" --help | sed -n '/^Columns:/,$s/^  \([A-Z]*\): .*/\1/p'; }

same_columns() {
	columns_in_help "$1" >"$WORK/known"
	section COLUMNS "Of $1" | items | same "columns of $1" "$WORK/known" -
}

tool_columns() {
	local command
	for command in $(commands); do
		[ -z "$(columns_in_help "$command")" ] ||
			check "the columns of $command are those of --help" same_columns "$command"
	done
}

# The names that documents are made of, from the sources.
members() {
	find "$top/dfpatch" -name 'json*.c' -exec sed 's/^ *[/*].*//' {} + |
		grep -v '^#' | grep -oE '"[a-z][a-z_]+"' | tr -d '"' | sort -u
}

# Every word of the sources of the tool and the core that may stand in a document.
words() {
	cat "$top"/dfpatch/*.[ch] "$top"/dfpatch/binary/*.[ch] "$top"/libdf/err.h |
		grep -oE '"[a-z0-9][a-z_0-9-]*"' | tr -d '"' | sort -u
}

# What the page names as a member or a value of one.
named() {
	section DOCUMENTS | sed 's/^\.It Cm \(.*\) , /&Cm /' | grep -oE 'Cm [a-z][a-z0-9_-]*' |
		cut -c 4- | sort -u
}

none_is_left_out() {
	[ -z "$(comm -23 <(members | grep -vxF "$(commands)") <(named) | tee /dev/stderr)" ]
}

none_is_made_up() { [ -z "$(comm -13 <(words) <(named) | tee /dev/stderr)" ]; }

same_error_codes() {
	sed -nE 's/.*X\(DF_E_[A-Z_]+, "([a-z-]+)"\).*/\1/p' "$top/libdf/err.h" >"$WORK/known"
	section 'ERROR CODES' | items | same 'error codes' "$WORK/known" -
}

# "SEVERITY CODE what it means", from the list of them; and from the page.
codes_known() {
	sed -n '/^#define FINDING_LIST/,/^$/p' "$top/dfpatch/binary/finding.h" | tr -d '\\\n' |
		tr -s ' \t' ' ' | grep -oE '"[a-z0-9-]+", (FINDING|NOTE), "[^"]*"' |
		sed -E 's/"(.*)", (FINDING|NOTE), "(.*)"/\2 \1 \3/'
}

codes_in() {
	section AUDITING "Codes of $1" | awk -v severity="$2" '
		/^\.It Cm / { if (line) print line; line = severity " " $3; next }
		/^\./ { next }
		{ line = line " " $0 }
		END { print line }'
}

same_codes() {
	codes_known | sort >"$WORK/known"
	{ codes_in findings FINDING; codes_in notes NOTE; } | sort | same 'codes' "$WORK/known" -
}

tool_documents() {
	check 'the codes of findings, and what they mean, are those of finding.h' same_codes
	check 'every member that documents have is described' none_is_left_out
	check 'every member that is described is one' none_is_made_up
	check 'the codes of errors are those of err.h' same_error_codes
}

# ---- exit statuses ----

# Lines "STATUS what it means", from wherever; how it begins and ends is that place's.
as_meaning() { tr -s ' \t' ' ' | sed -E -e 's/[ .]+$//' -e 's/`//g' | tr '[:upper:]' '[:lower:]'; }

in_readme() { sed -nE 's/^\| ([0-9]+) \| (.*) \|$/\1 \2/p' "$top/README.md" | as_meaning; }

in_help() {
	dfpatch --help | sed '1,/^Exit status:/d' | awk '
		/^  [0-9]/ { if (line) print line; line = $0; next }
		{ line = line " " $0 }
		END { print line }' | sed 's/^ *//' | as_meaning
}

# The first paragraph of each item, without macros.
in_page() {
	section 'EXIT STATUS' | awk '
		/^\.It / { if (line) print line; line = $2; open = 1; next }
		/^\.(Pp|El)/ { open = 0 }
		open { sub(/^\.[A-Z][a-z] /, ""); line = line " " $0 }
		END { print line }' | as_meaning
}

# Those that the program gives, and the one that the kernel does.
in_source() {
	sed -nE 's%^\tEXIT_[A-Z_]+ = ([0-9]+),.*%\1%p' "$top/dfpatch/exit_status.h"
	sed -nE 's%^\tSTART_[A-Z_]+ = ([0-9]+),.*%\1%p' "$top/dfpatch/start.h"
	echo 137
}

same_statuses() {
	in_page >"$WORK/in_page"
	cut -d ' ' -f 1 "$WORK/in_page" >"$WORK/known"
	in_source | same 'exit statuses' "$WORK/known" -
}

tool_statuses() {
	check 'the page has the exit statuses of exit_status.h' same_statuses
	check 'README.md says of them what the page says' same README.md "$WORK/in_page" <(in_readme)
	check 'and so does --help' same --help "$WORK/in_page" <(in_help)
}

# ---- what a stop does to system calls; numbers ----

same_calls() {
	sed -nE 's/^\tcase SYS_([a-z0-9_]+):.*/\1/p' "$top/dfpatch/restart.c" | sort >"$WORK/known"
	section 'SYSTEM CALLS AND A STOP' 'Calls that are made again' | items | sort |
		same 'system calls' "$WORK/known" -
}

# number FILE MACRO: as prose has it.
number() {
	sed -nE "s/^#define $2 ([0-9]+)$/\1/p" "$top/dfpatch/$1" |
		sed -E ':a; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; ta'
}

# limit FILE MACRO BEFORE BEHIND: the page has the number of that macro between these words.
limit() {
	local value
	value=$(number "$1" "$2")
	[ -n "$value" ] && sed '/^\./d' "$page" | tr '\n' ' ' | grep -qF "$3$value$4" && return
	echo "$2 of $1 is '$value'"
	return 1
}

readme_limit() { page=$top/README.md limit quiet.h QUIET_EDITS_MAX 'more than ' ' bytes'; }

tool_calls() {
	check 'the calls that are made again are those of restart.c' same_calls
	check 'how much a quiet change may write' limit quiet.h QUIET_EDITS_MAX 'more than ' ' bytes'
	check 'README.md says so, too' readme_limit
	check 'how many findings are kept' limit binary/finding.h FINDINGS_KEPT 'the first ' ' are kept'
	check 'how many of them are shown' limit binary/report_audit.c SHOWN '; ' ' findings of each'
	check 'how many flags a page lists' limit binary/page.h PAGE_FLAGS 'first ' ' flags are listed'
	check 'and of all modules' limit binary/page.h PAGE_FLAGS_ALL 'of all modules ' ';'
	check 'how many findings a page shows' \
		limit binary/page_findings.h PAGE_FINDINGS_SHOWN 'the first ' ' findings are shown'
}

# ---- the page as a page ----

man_says_nothing() {
	man --warnings=w -l "$page" 2>"$WORK/man" >/dev/null
	says_nothing cat "$WORK/man"
}

tool_page() {
	! installed mandoc || check 'mandoc has no complaint' says_nothing mandoc -Tlint -Wstyle "$page"
	! installed groff || check 'groff has no complaint' groff_says_nothing
	! installed man || check 'man has no complaint' man_says_nothing
}

# ---- examples ----

# On a machine that is very busy a change may not be a quiet one.
with_chances() {
	local chance
	for chance in 1 2 3; do
		echo "$chance:"
		! "$@" || return 0
	done
	return 1
}

tool_example() {
	local number=2
	installed jq && may_attach || return
	displayed 1 >"$WORK/program.c"
	while displayed $number | grep .; do
		number=$((number + 1))
	done >"$WORK/session.txt"
	check 'there is a program' grep -q 'main(' "$WORK/program.c"
	check 'there is a session' grep -q '^\$ dfpatch enable' "$WORK/session.txt"
	check 'it goes as is said' \
		with_chances session_holds server.c "$WORK/program.c" "$WORK/session.txt"
}

# What README.md shows happens in a pid namespace of our own, where processes get the numbers
# that they have there.
in_namespace() {
	local user=(--user --map-root-user)
	[ "$(id -u)" -ne 0 ] || user=()
	unshare "${user[@]}" --pid --fork --mount --mount-proc "$@"
}

# The next process has this number.
number_is() { echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; }

start_server() {
	rm -f "$WORK/port.$1"
	number_is "$1"
	/srv/demo_server >"$WORK/port.$1" &
	while [ ! -s "$WORK/port.$1" ]; do sleep 0.01; done
}

# The debugger that stands in the way is strace(1) under another name.
start_debugger() {
	number_is "$1"
	/srv/gdb -f -o /dev/null -p "$2" 2>/dev/null &
	while grep -q 'TracerPid:\s0$' "/proc/$2/status"; do sleep 0.01; done
}

# session_inside SESSION: with 509 and 522 two servers, and 600 the tracer of the second.
session_inside() {
	mount -t tmpfs none /srv && cp "$WORK/demo_server" /srv/ || return 1
	cp "$(command -v strace)" /srv/gdb
	start_server 509
	start_server 522
	start_debugger 600 522
	[ "$1" != scan ] || dfpatch enable --pid 509 http:fast_path >/dev/null
	session_of "$WORK/$1" >"$WORK/session"
	diff -BZ "$WORK/$1" "$WORK/session"
}

build_here() { "${compiler[@]}" -O2 demo_server.c -o demo_server -pthread; }
build_server() { cp "$top/tests/targets/demo_server.c" "$WORK" && cd "$WORK" && build_here; }

# session_goes NAME HEADING: the first session below it in README.md.
session_goes() {
	fenced "$2" '' >"$WORK/$1"
	grep -q '^\$ dfpatch' "$WORK/$1" || { echo 'there is no session'; return 1; }
	PARENT=$WORK with_chances in_namespace "$script" "inside_$1" "$tool"
}

readme_sessions() {
	installed strace || return
	if ! in_namespace true 2>/dev/null; then
		skip 'sessions: the kernel gives us no namespaces'
		return
	fi
	check 'demo_server' build_server
	check 'README.md: a flag is flipped' session_goes one '# dfpatch'
	check 'README.md: several processes' session_goes several '### Several processes'
	check 'README.md: scan' session_goes scan '### What could be changed here'
}

# ---- before it ships ----

# A release that had another default than what is built now.
build_release() {
	mkdir -p released && sed 's/DF_DEFAULT(http, keep_alive/DF_FEATURE(http, keep_alive/' \
		demo_server.c >released.c &&
		"${compiler[@]}" -O2 "-fmacro-prefix-map=released=demo_server" released.c \
			-o released/demo_server -pthread
}

# What differs between builds with other compilers.
as_shipped() {
	sed -E -e 's/build-id [0-9a-f]+/build-id ID/' -e 's/in [0-9]+ functions?/in FUNCTIONS/'
}

# ships HEADING: the first session below it.
ships() {
	fenced "$1" '' >ships
	grep -q '^\$ dfpatch' ships || { echo 'there is no session'; return 1; }
	session_of ships | as_shipped >"$WORK/session"
	as_shipped <ships | diff -BZ - "$WORK/session"
}

# The job that README.md shows, as a runner carries it out.
job() {
	local line
	fenced '## Before it ships' yaml | sed -n '/run: |$/,$p' | sed 1d >job
	[ -s job ] || { echo 'there is no job'; return 1; }
	while read -r line; do note_run "$line"; done <job
	printf '%s() { "%s" "$@"; }\n' dfpatch "$tool" | cat - job >job.sh
	bash -e job.sh
}

job_stops() { ! job; }

has_code() { jq -e --arg code "$1" 'any(.modules[].findings[]; .code == $code)' audit.json; }

# A checkout whose last commit is from long ago.
commit_source() {
	export HOME=$WORK GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE=2020-01-02T03:04:05Z
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE git -c init.defaultBranch=main init -q &&
		git add demo_server.c && GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE \
		git -c user.name=A -c user.email=a@b commit -q -m 'Serve'
}

# What the source says of a flag is other than before.
rebuild() { sed -i "$1" demo_server.c && build_here && cp demo_server released/; }

# A site holds another instruction than its record says.
damage() {
	local at
	at=$(dfpatch list --file demo_server --noheadings -o ADDRESS http:trace)
	printf '\220' | dd of=demo_server bs=1 seek=$((at)) conv=notrunc status=none
}

readme_ships() {
	installed jq && installed git || return
	check 'demo_server' build_server
	check 'the one that was released' build_release
	check 'README.md: before it ships' ships '## Before it ships'
	check 'README.md: with other flags on' ships '### Ship it with other flags on'
	check 'a checkout' commit_source
	check 'the job stops at another default' job_stops
	cp demo_server released/demo_server
	check 'the job goes through where all is as it was' job
	check 'old flags are told' has_code stale
	check 'there is a page' grep -q Content-Security-Policy audit.html
	rm demo_server
	check 'the job stops where there is nothing to audit' job_stops
	cp released/demo_server demo_server
	check 'a damaged site' damage
	check 'the job stops at a damaged site' job_stops
	check 'it is told' has_code site-bytes
	check 'a flag that has expired' rebuild 's/keep connections open/& (expires=2001-01-01)/'
	check 'the job stops at it' job_stops
	check 'it is told, too' has_code expired
}

case $test in
inside_*)
	rmdir "$WORK"
	trap - EXIT
	WORK=$PARENT
	session_inside "${test#inside_}"
	exit
	;;
tool_page | tool_help | tool_options | tool_columns | tool_documents | tool_statuses | tool_calls) $test ;;
tool_example | readme_sessions | readme_ships) $test ;;
*) bad "no test is named '$test'" ;;
esac
finish
