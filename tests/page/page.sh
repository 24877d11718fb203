#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# page.sh DFPATCH DIRECTORY - opens pages of `dfpatch audit --html` in headless Chromium: of the
# programs server and hostile in DIRECTORY, as they are and damaged. What the browser made of a
# page is its document, printed when the script of the page has run.
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
dfpatch=$1 programs=$2

browser=
for name in chromium chromium-browser google-chrome; do
	browser=${browser:-$(command -v "$name")}
done
if [ -z "$browser" ]; then
	skip "chromium is not installed: scripts/packages.sh test does it"
	finish
fi

# chromium ARGUMENTS...: root has no sandbox of its own, and what a test needs no network.
chromium() {
	rm -rf "$WORK/profile"
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--disable-dev-shm-usage --user-data-dir="$WORK/profile" --enable-logging=stderr --v=0 \
		--virtual-time-budget=10000 "$@"
}

# open PAGE [FRAGMENT [ARGUMENTS...]]: the document goes to $WORK/dom, messages to $WORK/messages.
open() {
	local page=$1 fragment=${2-}
	shift $(($# < 2 ? $# : 2))
	chromium "$@" --dump-dom "file://$WORK/$page.html${fragment:+#$fragment}" \
		2>"$WORK/messages" | sed 's/<tr/\n&/g' >"$WORK/dom" || return 1
	grep -q '</html>' "$WORK/dom"
}

# What the page said, or what was refused to it, on its console.
console() {
	grep -E ':CONSOLE|Content Security Policy|Uncaught' "$WORK/messages"
}

silent() {
	! console
}

# Rows of flags that are to be seen.
rows() {
	grep -E '^<tr( class="finding")?><td class="kind">' "$WORK/dom"
}

row_count() {
	rows | wc -l
}

# column CLASS: of the rows to be seen, as text.
column() {
	rows | sed -E -e "s|.*<td class=\"$1( number)?\">||" -e 's|</td>.*||' -e 's|<[^>]*>||g'
}

says() {
	grep -qF -- "$1" "$WORK/dom" || { echo "not there: $1"; return 1; }
}

says_not() {
	! grep -F -- "$1" "$WORK/dom"
}

same() {
	[ "$1" = "$2" ] || { echo "is '$1' and not '$2'"; return 1; }
}

# listed COLUMN [VALUE]: how many flags `dfpatch list` shows, with that value in that column.
listed() {
	"$dfpatch" list --file "$programs/server" -o "$1" --noheadings | grep -cE -- "${2-.}"
}

files() {
	"$dfpatch" list --file "$programs/server" -o file --noheadings | sort -u | wc -l
}

# make_page PAGE FILE...: whatever is found.
make_page() {
	local page=$1
	shift
	"$dfpatch" audit --html "$WORK/$page.html" "$@" >"$WORK/report" 2>&1
	[ -s "$WORK/$page.html" ] || { cat "$WORK/report"; return 1; }
}

# damage FILE NUMBER: so many flags' first sites, in a copy of it that is called damaged.
damage() {
	local offset virtual
	cp "$1" "$WORK/damaged"
	read -r offset virtual < <(readelf -lW "$1" | awk '$1 == "LOAD" && / R E / { print $2, $3 }')
	"$dfpatch" list --file "$1" -o address --noheadings | sed 's/,.*//' | head -n "$2" |
		while read -r address; do
			printf '\220' | dd of="$WORK/damaged" bs=1 conv=notrunc status=none \
				seek=$((address - virtual + offset)) || return 1
		done
}

# ---- what is so ----

opens() {
	check "$1: is made" make_page "$1" "$programs/$1"
	check "$1: opens" open "$1"
	check "$1: neither complains nor is refused anything" silent
	check "$1: shows its tools" says_not '<div id="tools" role="search" hidden'
}

whole_page() {
	opens server
	check "server: lists every flag" same "$(row_count)" "$(listed name)"
	check "server: says so" says "$(listed name) of $(listed name) flags"
	check "server: bears its name" says '<title>server – dfpatch audit</title>'
	check "server: draws where sites lie" says '<svg class="strip"'
}

searches() {
	local state
	check "a word opens" open server 'q=http:header_cache@'
	check "a word finds a flag" same "$(column name)" header_cache
	check "a word leaves the others out" says "1 of $(listed name) flags"
	check "a word: silent" silent
	open server 'q=SRC/cache%20fsync'
	check "two words find what has both" same "$(column name | sort | xargs)" \
		'fsync fsync_check'
	open server 'q=nothing+like+this'
	check "a word that nothing has finds nothing" same "$(row_count)" 0
	for state in on off held; do
		open server "state=$state"
		check "flags that are $state" same "$(row_count)" "$(listed built "^$state\$")"
		check "flags that are $state, each" same "$(column built | sort -u)" "$state"
	done
	open server 'only=nodoc'
	check "flags without doc" same "$(row_count)" "$(listed doc '^ *$')"
}

sorts() {
	open server 'sort=name&group=none'
	check "by name: all" same "$(row_count)" "$(listed name)"
	check "by name: sorted" same "$(column name)" "$(column name | sort -f)"
	check "by name: the column says so" says 'class="name" aria-sort="ascending"'
	open server 'sort=-at&group=none'
	check "by address, downwards" same "$(column at | sed 's/ .*//')" \
		"$(column at | sed 's/ .*//' | sort -r)"
	check "by address: the column says so" says 'class="at number" aria-sort="descending"'
	open server 'sort=-sites&group=none'
	check "by number of sites" same "$(column sites | head -n 1)" 4
	open server 'group=file&sort=name'
	check "by file: groups" same "$(grep -c '<tr class="group"><th scope="rowgroup"' "$WORK/dom")" \
		"$(files)"
	check "nonsense is taken for nothing" open server 'sort=constructor&group=__proto__&state=%00&q='
	check "nonsense: silent" silent
}

damaged() {
	check "damage is done" damage "$programs/server" 7
	check "damaged: is made" make_page damaged --sites "$WORK/damaged"
	check "damaged: opens" open damaged
	check "damaged: silent" silent
	check "damaged: the verdict" says '<strong class="verdict bad">7 findings</strong>'
	check "damaged: flags are marked" same "$(rows | grep -c '<tr class="finding">')" 7
	open damaged 'only=findings'
	check "damaged: only those" same "$(row_count)" 7
	check "damaged: and their findings" says '<details id="m1-site-bytes" class="finding" open="">'
}

# Whatever a name holds is text: no element and no attribute comes of it, and nothing runs.
hostile() {
	opens hostile
	check "hostile: all its flags" same "$(row_count)" 8
	check "hostile: the title" says '<title>hostile – dfpatch audit</title>'
	check "hostile: one script" same "$(grep -o '<script' "$WORK/dom" | wc -l)" 1
	check "hostile: no picture" says_not '<img'
	check "hostile: no heading" says_not '<h1 id='
	check "hostile: no handler" says_not ' onmouseover="'
	check "hostile: owners are a column" says '<td class="owner">&lt;img</td>'
	check "hostile: no direction" says_not $'\u202e'
	open hostile 'q=__proto__'
	check "hostile: is searched" same "$(column kind)" constructor
	check "hostile: is grouped" open hostile 'group=file&sort=doc&q=%3Cimg'
	check "hostile: silent, searched and grouped" silent
	check "hostile: still no picture" says_not '<img'
}

# The policy refuses what a hole in all of the above would let in; and this test would hear of it.
policy() {
	sed 's|</main>|<script>document.title = "taken"</script><img src="http://127.0.0.1:9/x">&|' \
		"$WORK/server.html" >"$WORK/holed.html"
	check "policy: opens" open holed
	check "policy: no other script runs" says_not '<title>taken'
	check "policy: its refusal is heard" console
	check "policy: pictures are refused" grep -q 'img-src\|127.0.0.1' "$WORK/messages"
}

no_script() {
	sed "s|script-src [^;]*;|script-src 'none';|" "$WORK/server.html" >"$WORK/mute.html"
	check "no script: opens" open mute 'q=http'
	check "no script: every flag" same "$(row_count)" "$(listed name)"
	check "no script: no tools" says '<div id="tools" role="search" hidden'
}

# fits PAGE WIDTH: nothing sticks out of a window so wide but what scrolls by itself. A copy of the
# page measures itself.
fits() {
	local measure='addEventListener("load", () => {
		const width = document.documentElement.clientWidth;
		const parts = [...document.querySelectorAll("body *")];
		const out = parts.filter((part) => !part.closest(".scroll *, thead") &&
			part.getBoundingClientRect().right > width);
		document.documentElement.lang = out[0]?.outerHTML.slice(0, 60) ?? "fits"; });'
	awk -v measure="<script>$measure</script>" '
		/http-equiv/ { next }
		/<\/main>/ { print measure }
		{ print }' "$WORK/$1.html" >"$WORK/measured.html"
	open measured group=file --window-size="$2,800" && says '<html lang="fits"' || { head -n 3 "$WORK/dom"; return 1; }
}

widths() {
	local page width
	for page in server damaged hostile several; do
		for width in 400 900 1020 1300; do
			check "$page fits into $width" fits $page $width
		done
	done
}

# More flags than a page lists: what is left out is told.
many() {
	local i
	{
		echo '#include <df.h>'
		echo 'int main(void) { int on = 0;'
		for ((i = 0; i < 5001; i++)); do
			echo "on += DF_FEATURE(many, n$i);"
		done
		echo 'return on; }'
	} >"$WORK/many.c"
	check "many: are compiled" gcc -O0 -w -I"$INCLUDE" "$WORK/many.c" -o "$WORK/many"
	check "many: is made" make_page many "$WORK/many"
	check "many: opens" open many 'q=n4999'
	check "many: silent" silent
	check "many: says so" says '<output role="status" aria-live="polite">1 of 5000 flags listed (5001 in all)'
}

several() {
	make_page several "$programs/server" "$programs/hostile" "$WORK/damaged" /etc/passwd
	check "several: opens" open several
	check "several: silent" silent
	check "several: contents" same "$(grep -c '<li><a href="#m[1-4]">' "$WORK/dom")" 4
	check "several: one that is none" says 'Not audited'
	check "several: all flags" same "$(row_count)" $((2 * $(listed name) + 8))
}

prints() {
	check "prints" chromium --print-to-pdf="$WORK/page.pdf" "file://$WORK/server.html"
	check "prints something" grep -qa '^%PDF' "$WORK/page.pdf"
}

whole_page
searches
sorts
damaged
hostile
policy
no_script
several
many
widths
prints
finish
