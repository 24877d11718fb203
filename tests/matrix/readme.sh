#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# readme.sh README - the table of what the header is tried with is that of the file `axes`.
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The first table below the heading.
table() {
	awk '/^## / { here = ($0 == "## Where the header works") }
		here && /^\|/ { print; seen = 1 }
		here && seen && !/^\|/ { exit }' "$1"
}

if ! diff <(awk -f "$here/support.awk" "$here/axes") <(table "$1"); then
	echo "lines with > are those of $1; it should have those of tests/matrix/support.awk"
	exit 1
fi
