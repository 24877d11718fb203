#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# excluded.sh BUILD [REGEX] - shows the reasons in the file `exclusions` whose line matches REGEX:
# of each a cell that it alone leaves out is built without flags, and has to fail all the same, by
# the compiler, the linker, a tool or the program itself. Those marked "(choice)" say what was
# chosen not to try, and those marked "(refusals.sh)" what is refused because of flags: they are
# left out here.
# Prints of each how it failed. Exit status 1: a reason is not so; 77: nothing to show.
# Environment: DF_MATRIX_SEED, a number: other numbers choose other cells.
set -u -o pipefail
export LC_ALL=C.UTF-8 LANG=C.UTF-8 DF_MATRIX_PLAIN=1
SKIP=77 # SKIP_RETURN_CODE of the tests in CMakeLists.txt

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DF_BUILD=$(realpath "$1") || exit 2
export DF_BUILD
only=${2:-.}
work=$(mktemp -d "${TMPDIR:-/tmp}/df-matrix.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

cd "$here" || exit 2
awk -v want=excluded -v "seed=${DF_MATRIX_SEED:-1}" -v only=. \
	-f cells.awk axes exclusions found plans |
	grep -v -e '(choice)$' -e '(refusals[.]sh)$' |
	awk -F '\t' -v only="$only" '$3 ~ only' >"$work/cells" || exit 2
mkdir "$work/results"
number=0
while IFS= read -r line; do
	printf '%s\n' "$line" >"$work/cell.$((++number))"
done <"$work/cells"
find "$work" -maxdepth 1 -name 'cell.*' -printf '%f\n' |
	xargs -P "${DF_MATRIX_JOBS:-$(nproc)}" -I '{}' \
		timeout -k 5 600 ./group.sh "$work/{}" "$work/results/{}" "$work/work.{}"

# how NAME: what was said, which are the last words of a log that is left.
how() {
	local log
	log=$(sed -n 's/.*see //p' "$work/results/$1")
	grep -v '^[$ ]' "$log" | grep -m 1 -i -e error -e warning -e undefined -e unknown -e TEXTREL ||
		tail -n 1 "$log"
}

wrong=0 shown=0
while IFS= read -r file; do
	reason=$(cut -f 3 "$work/$file")
	case $(cat "$work/results/$file" 2>/dev/null) in
	FAILED*)
		shown=$((shown + 1))
		printf 'shown: %s\n    %s\n' "$reason" "$(how "$file" | cut -c 1-160)"
		;;
	skipped*) printf 'skipped: %s: %s\n' "$reason" "$(cut -f 3 "$work/results/$file")" ;;
	*)
		wrong=$((wrong + 1))
		printf 'NOT SO: %s\n    %s\n' "$reason" "$(cut -f 2 "$work/$file")"
		;;
	esac
done < <(find "$work" -maxdepth 1 -name 'cell.*' -printf '%f\n' | sort -V)
echo "exclusions: $shown shown, $wrong not so"
[ "$wrong" -eq 0 ] || exit 1
[ "$shown" -gt 0 ] || exit "$SKIP"
