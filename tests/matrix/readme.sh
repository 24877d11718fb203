#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# readme.sh README - the tables of what the header is tried with, and of what is refused, are those
# of the files `axes` and `refused`; and each line of the latter names a test that there is.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
failed=0

# table N: the n-th below the heading, without its head.
table() {
	awk -v wanted="$1" '/^## / { here = ($0 == "## Where the header works") }
		here && /^\|/ && !inside { number++; line = 0 }
		{ inside = /^\|/ }
		here && inside && number == wanted && ++line > 2' "$readme"
}

# same N COMMAND...: that table is what the command prints.
same() {
	local number=$1
	shift
	if ! diff <("$@") <(table "$number"); then
		echo "lines with > are those of table $number in $readme; it should have those with <"
		failed=1
	fi
}

refused() {
	grep -v -e '^#' -e '^$' "$here/refused"
}

refused_rows() {
	refused | awk -F ' [|] ' '{ print "| " $1 " | " $2 " | " $3 " |" }'
}

readme=$1
same 1 awk -f "$here/support.awk" "$here/axes"
same 2 refused_rows
while IFS= read -r line; do
	test=${line##* | }
	grep -qF -e "${test#*: }" "$here/${test%%: *}" || {
		echo "refused: there is no ${test#*: } in ${test%%: *}"
		failed=1
	}
done < <(refused)
exit "$failed"
