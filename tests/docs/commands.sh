#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# commands.sh TEST DIRECTORY - whether the other tests of this directory ran each command that
# README.md and the manual pages show. They noted in DF_DOCS_RAN what they ran.
# TEST is `commands`, or `newcomer`: what README.md says first, done in an empty directory with
# nothing but what was installed below DIRECTORY.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
test=$1 stage=${2-}

# ---- each command was run ----

# Commands that no test runs as they stand, each with the reason.
not_run() {
	sed -E 's/^\t+//' <<-'END'
		scripts/test.sh: it runs all tests, this one among them
		scripts/demo.sh: it builds everything once more; readme_sessions has its server and flips
		scripts/real-world.sh: it fetches a program over the network, and takes minutes
		cmake --preset release: a second build; test_presets sees that there is such a preset
		cmake --build --preset release: likewise
		cmake --install build/release: package.install does it with the build that is tested
		scripts/packages.sh demo: it installs, as root, what had to be there to build what is tested
		cmake --preset package: package.debian does it in a directory of its own
		cmake --build --preset package: likewise
		cpack --preset package: likewise
		apt install ./build/package/*.deb: package.debian unpacks them and changes no system
	END
}

in_readme() {
	awk '
		/^```/ { fence = !fence; job = 0; next }
		fence && /^\$ / { print substr($0, 3) }
		fence && job { sub(/^ +/, ""); print }
		fence && /run: \|$/ { job = 1 }
		!fence && /^    [a-z]/ { print substr($0, 5) }' "$top/README.md"
}

in_pages() {
	local page
	for page in "$top"/man/*.[1-9]; do
		awk '
			/^\.Ed/ { inside = 0 }
			inside && /^\$ / { print substr($0, 3) }
			/^\.Bd -literal/ { inside = 1 }' "$page"
	done | as_read
}

shown() { { in_readme; in_pages; } | sed 's/ *$//' | sort -u; }
ran() { cat "$DF_DOCS_RAN"/ran.* | sed 's/ *$//' | sort -u; }

every_one_was_run() {
	shown >"$WORK/shown"
	{ ran; not_run | cut -d : -f 1; } | sort -u >"$WORK/known"
	comm -23 "$WORK/shown" "$WORK/known" >"$WORK/missing"
	cat "$WORK/missing"
	[ -s "$WORK/shown" ] && [ ! -s "$WORK/missing" ]
}

no_reason_is_left_over() {
	not_run | cut -d : -f 1 | sort | comm -13 <(shown) - >"$WORK/left_over"
	cat "$WORK/left_over"
	[ ! -s "$WORK/left_over" ]
}

test_presets() { cmake -S "$top" --list-presets | grep -q '"release"'; }

commands() {
	if [ ! -e "$DF_DOCS_RAN/ran.readme_ships" ]; then
		skip 'the tests that run them have not run'
	elif [ -e "$DF_DOCS_RAN/skipped" ]; then
		sort -u "$DF_DOCS_RAN/skipped"
		skip 'some of the tests that run them were skipped'
	else
		check 'each command that is shown was run' every_one_was_run
	fi
	check 'each one that is not is one that is shown' no_reason_is_left_over
	check 'there are the presets of CMake that README.md names' test_presets
	rm -rf "$DF_DOCS_RAN"
}

# ---- a new user ----

# With another home, and neither build nor source within reach.
as_newcomer() { env -i "PATH=$bin:/usr/bin:/bin" HOME="$WORK/new" LC_ALL=C.UTF-8 "$@"; }

# The first example of README.md, with what it leaves out around it.
write_first_example() {
	fenced '# dfpatch' c >first
	grep -q '^if (DF_FEATURE(http, fast_path' first || { cat first; return 1; }
	{
		grep '^#include' first
		printf '#include <stdio.h>\n#include <unistd.h>\n'
		echo 'static void serve_cached(int conn) { (void)conn; puts("from the cache"); }'
		echo 'static void serve(int conn) { (void)conn; puts("rendered"); }'
		echo 'int main(void) { for (int conn = 0;; conn++) {'
		grep -v '^#include' first
		echo 'fflush(stdout); usleep(1000); } }'
	} >server.c
}

begin() {
	mkdir "$WORK/new" && cd "$WORK/new" || return
	bin=$(find "$stage" -path '*/bin/dfpatch' -printf %h)
	cp "$(find "$stage" -name df.h)" "$(find "$stage" -name df_abi.h)" .
	[ -x "$bin/dfpatch" ] && write_first_example && as_newcomer cc -O2 -I. server.c -o server
}

# Its last line, once it has written one behind those there are.
says_soon() {
	local chance before
	before=$(wc -l <out)
	for ((chance = 0; chance < 500; chance++)); do
		[ "$(wc -l <out)" -le "$before" ] || { tail -n 1 out | grep -qx "$1" && return; }
		sleep 0.01
	done
	tail -n 1 out
	return 1
}

run_server() {
	./server >out &
	server=$!
	await_program
	says_soon rendered
}

newcomer_lists() {
	as_newcomer dfpatch list --pid $server >list && cat list
	grep -q '^http:fast_path off .* answer from the cache$' list
}

newcomer_flips() { as_newcomer dfpatch "$1" --pid $server http:fast_path && says_soon "$2"; }

# The tool leads on: from its help to the manual page.
newcomer_reads() {
	as_newcomer dfpatch --help | grep -q '^  list ' &&
		as_newcomer dfpatch enable --help | grep -q '^  dfpatch enable --pid'
}

has_pages() {
	local name
	for name in dfpatch.1 df_abi.5; do
		[ -n "$(find "$stage" -path "*/man/man${name##*.}/$name")" ] || return
	done
}

newcomer() {
	check 'the first example of README.md is a program' begin
	check 'it runs' run_server
	check 'its flag is listed' newcomer_lists
	check 'and switched on' newcomer_flips enable 'from the cache'
	check 'and off' newcomer_flips disable rendered
	check 'the help shows commands, and how to use one' newcomer_reads
	check 'there are manual pages' has_pages
	kill $server
}

case $test in
commands) commands ;;
newcomer) may_attach && newcomer ;;
*) bad "no test is named '$test'" ;;
esac
finish
