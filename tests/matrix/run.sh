#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD sample|all [REGEX] - builds and checks the cells of the matrix whose values match
# REGEX, on all processors, and prints a table and what failed. BUILD has dfpatch, libdf and the
# program `sites`. Exit status: 0 if all passed, 1 if any failed, 77 if none ran.
# Environment: DF_MATRIX_DIRECTORY, where what is left of failures goes, is emptied first.
set -u -o pipefail
export LC_ALL=C.UTF-8 LANG=C.UTF-8

SKIP=77 # SKIP_RETURN_CODE of the tests in CMakeLists.txt

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DF_BUILD=$(realpath "$1") || exit 2
export DF_BUILD
want=$2 only=${3:-.}
work=${DF_MATRIX_DIRECTORY:-$(mktemp -d "${TMPDIR:-/tmp}/df-matrix.XXXXXX")}
rm -rf "$work"
mkdir -p "$work" || exit 2
work=$(realpath "$work")

cd "$here" || exit 2
file=plans
[ "$want" = all ] || file=sample
awk -v want="$want" -v only="$only" -f cells.awk axes exclusions found "$file" |
	sort >"$work/cells" || exit 2
if [ ! -s "$work/cells" ]; then
	echo "no cell matches $only"
	exit 2
fi

# One file of cells for each set of objects, in an order that has nothing to do with their names,
# so that an early end has seen something of everything.
awk -F '\t' -v work="$work" '
$1 != last { close(file); file = sprintf("%s/group.%05d", work, ++groups); last = $1 }
{ print >file }' "$work/cells"
mkdir -p "$work/results"
find "$work" -name 'group.*' -printf '%f\n' | sort -R --random-source="$work/cells" |
	xargs -P "${DF_MATRIX_JOBS:-$(nproc)}" -I '{}' timeout -k 5 1800 \
		./group.sh "$work/{}" "$work/results/{}" "$work/work.{}"

find "$work/results" -type f -exec cat '{}' + | sort -u >"$work/result"
ran=$(grep -c -v '^skipped' "$work/result")
failed=$(grep -c '^FAILED' "$work/result")
lost=$(($(wc -l <"$work/cells") - $(wc -l <"$work/result")))
awk -f report.awk axes "$work/result"
grep '^FAILED' "$work/result"
grep '^FAILED' "$work/result" | sed -n 's/.*see //p' | sort -u | head -n 10 |
	while IFS= read -r log; do
		printf '\n%s:\n' "${log##*/}"
		tail -n 25 "$log" | cut -c 1-600
	done
echo "matrix: $ran cells, $failed failed, $lost lost, $(grep -c '^skipped' "$work/result") skipped"
if [ "$failed" -gt 0 ] || [ "$lost" -gt 0 ]; then
	echo "matrix: what is left of the failures is in $work"
	exit 1
fi
[ -n "${DF_MATRIX_DIRECTORY-}" ] || rm -rf "$work"
[ "$ran" -gt 0 ] || exit "$SKIP"
