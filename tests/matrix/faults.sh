#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# faults.sh BUILD - that each check of a cell can fail: one is built and passes, and then with one
# fault after another, each of which must be found, in the words that are meant for it.
# shellcheck disable=SC2317,SC2034 # functions are called by name, variables read by others
set -u
export LC_ALL=C.UTF-8
SKIP=77 # SKIP_RETURN_CODE of the test in CMakeLists.txt

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
include=$(cd "$here/../../include" && pwd)
DF_BUILD=$(realpath "$1") || exit 2
dfpatch=$DF_BUILD/dfpatch/dfpatch
sites=$DF_BUILD/tests/header/sites
work=$(mktemp -d "${TMPDIR:-/tmp}/df-matrix.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/objects"
. "$here/build.sh"
. "$here/check.sh"

failed=0 cells=0
choose 'gcc-12 gnu17 O0 pie none none none objects none bfd static plain'
if lacks=$(missing_tool); then
	echo "skipped: $lacks is not installed"
	exit "$SKIP"
fi

# clean COMMAND...: it passes; found NAME WORDS COMMAND...: it fails, and says WORDS. Each has a
# directory of its own, and changes nothing of what the others see.
clean() {
	directory=$work/cell.$((++cells))
	mkdir "$directory"
	if ("$@") >"$work/said" 2>&1; then
		echo "ok: a cell without a fault"
		return
	fi
	echo "FAILED: a cell without a fault:"
	tail -n 20 "$work/said"
	exit 1
}

found() {
	local name=$1 words=$2
	shift 2
	directory=$work/cell.$((++cells))
	mkdir "$directory"
	if ("$@") >"$work/said" 2>&1; then
		echo "FAILED: $name: nobody saw it"
		failed=1
	elif grep -q -e "$words" "$work/said"; then
		echo "ok: $name"
	else
		echo "FAILED: $name: no '$words' in:"
		tail -n 20 "$work/said" | sed 's/^/    /'
		failed=1
	fi
	rm -rf "$directory" "$work/objects/hooks.o"
}

# with CODE COMMAND...: the command, and CODE linked into the program.
with() {
	echo "$1" | "$compiler" "-I$include" -O2 -fPIE -x c - -c -o "$work/objects/hooks.o" || exit 0
	shift
	"$@"
}

# linked OPTION... -- COMMAND...: the command, and these given to the linker.
linked() {
	while [ "$1" != -- ]; do
		link_options+=("$1")
		shift
	done
	shift
	"$@"
}

# instead TOOL SCRIPT COMMAND...: the command, where TOOL, dfpatch or sites, is a script of the
# shell that has the tool itself in $tool.
instead() {
	local -n tool=$1
	printf '#!/bin/sh\ntool=%q\n%s\n' "$tool" "$2" >"$directory/instead"
	chmod +x "$directory/instead"
	tool=$directory/instead
	shift 2
	"$@"
}

# ---- the compiler ----

# compiled CODE: main.c with CODE behind it.
compiled() {
	cp -r "$here/corpus" "$directory/corpus" && echo "$1" >>"$directory/corpus/main.c" || exit 0
	source_directory=$directory/corpus
	compile_all >"$directory/compile.log" 2>&1
	said "$directory/compile.log"
}

found "a warning of the compiler" 'unused-variable' compiled 'static int unused;'
found "a word of the assembler" 'Warning: a word' compiled '__asm__(".warning \"a word\"");'
compile_all >"$work/said" 2>&1
clean check_cell

# ---- the linker, and the tables ----

found "a word of the linker" 'is dangerous' \
	with 'char *tmpnam(char *s); char *f(void); char *f(void) { return tmpnam(0); }' check_cell
readonly text_relocation='__asm__(".text; .quad main");'
found "a text relocation" '^textrel [1-9]' \
	with "$text_relocation" linked -Wl,-z,notext -- check_cell

listed_only() {
	link_cell && check_listed
}

found "a text relocation, that readelf sees" 'TEXTREL' \
	with "$text_relocation" linked -Wl,-z,notext -- listed_only
found "more tables than one" 'does not start at the table' linked -Wl,--unique -- check_cell
found "half a record" 'not whole records' \
	with '__asm__(".pushsection df_sites_v1,\"a\"; .long 1; .popsection");' check_cell
for figure in 'tables 1' 'textrel 0' 'table_relocations 0' 'controls 1'; do
	found "another figure than $figure" "^${figure% *} 7" \
		instead sites "\"\$tool\" \"\$@\" | sed 's/^$figure\$/${figure% *} 7/'" check_cell
done

# broken_site COMMAND...: the command, and the first site has another instruction.
broken_site() {
	local address
	link_cell || exit 0
	address=$("$sites" "$directory/program" | sed -n 's/^site place:if@.* code=\([^ ]*\) .*/\1/p')
	printf '\x90' | dd of="$directory/program" bs=1 seek=$((address)) conv=notrunc status=none
	"$@"
}

found "a site that is none" 'not the opcode as built' broken_site check_tables
found "a site that is none, in an audit" 'it ended with 1' broken_site eval \
	'audited "${modules[@]}"'

# ---- what is listed ----

found "a flag too many" 'listed, but in no source: extra:flag' \
	with '#include <df.h>
int extra(void); int extra(void) { return DF_FEATURE(extra, flag); }' check_cell
found "a flag too few" 'not listed: place:if' \
	instead dfpatch '"$tool" "$@" | sed "s/\"name\": *\"if\"/\"name\": \"of\"/"' check_cell

# ---- the running program ----

found "a flip from outside that is none" 'bit0: .* reads as 1, not 0' \
	instead dfpatch 'case $1-$#-$(ls "$0".*) in disable-??*-) >"$0.done"; exit 0 ;; esac
exec "$tool" "$@"' check_cell
found "a flip from outside that fails" 'it ended with 3' \
	instead dfpatch '[ "$1" != disable ] || exit 3; exec "$tool" "$@"' check_cell
found "another state of a process" 'listed as on, not off' \
	instead dfpatch 'case "$*" in *--pid*--json*) ;; *) exec "$tool" "$@" ;; esac
"$tool" "$@" | sed "s/\(\"state\": *\)\"off\"/\1\"on\"/"' check_cell
found "a finding in a process" 'it ended with 1' \
	instead dfpatch 'case "$*" in audit*--pid*) exit 1 ;; esac; exec "$tool" "$@"' check_cell
found "a flip from inside that is none" 'inside.off: .* reads as 1' \
	with 'int df_apply(const char *s); int df_apply(const char *s) { return !s; }
const char *df_error(void); const char *df_error(void) { return ""; }' check_cell
found "a flip from inside that fails" 'the program says: out of order' \
	with 'int df_apply(const char *s); int df_apply(const char *s) { return -!!s; }
const char *df_error(void); const char *df_error(void) { return "out of order"; }' check_cell
found "a program that complains" 'a complaint' \
	with '#include <stdio.h>
__attribute__((destructor)) static void end(void) { fputs("a complaint\n", stderr); }' check_cell
found "a program that fails" 'the program ended with 3' \
	with '#include <unistd.h>
__attribute__((destructor)) static void end(void) { _exit(3); }' check_cell
exit "$failed"
