#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh [BUILD] - formatting and static analysis of libdf/, dfpatch/ and include/.
# BUILD has a compile_commands.json; it is build/dev unless given. Exit status 1 on any finding.
set -eu -o pipefail
cd "$(dirname "$0")/.."
build=${1:-build/dev}

for tool in clang-format clang-tidy; do
	if ! command -v $tool >/dev/null; then
		echo "lint.sh: $tool is not installed" >&2
		exit 3
	fi
done
if [ ! -f "$build/compile_commands.json" ]; then
	echo "lint.sh: no $build/compile_commands.json; run cmake --preset dev first" >&2
	exit 3
fi

failed=0
sources=(libdf/*.c dfpatch/*.c dfpatch/binary/*.c)
headers=(libdf/*.h dfpatch/*.h dfpatch/binary/*.h include/*.h)
clang-format --dry-run -Werror "${sources[@]}" "${headers[@]}" || failed=1
# One process per file and processor; headers are seen through the sources that include them.
printf '%s\0' "${sources[@]}" |
	xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet 2>/dev/null || failed=1

if [ $failed -ne 0 ]; then
	echo "lint: findings above"
	exit 1
fi
echo "lint: ${#sources[@]} sources and ${#headers[@]} headers are clean"
