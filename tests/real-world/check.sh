#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check.sh - holds the parts of scripts/real-world.sh to each other, without a network: each flag of
# flags.patch has a doc, and is asked about in ask.sh as it is built.
# shellcheck disable=SC2317 # check calls functions by name
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
parts=$SOURCE/../real-world

# One line for each flag: kind, name and whether it is on as built.
in_patch() {
	sed -n 's/^+[^+]//p' "$parts/flags.patch" | tr -s ' \t\n' ' ' |
		grep -oE 'DF_(FEATURE|DEFAULT) ?\([a-z_]+, [a-z_]+, "[^"]+"\)' |
		sed -E 's/^DF_FEATURE/0/; s/^DF_DEFAULT/1/; s/^(.) ?\((.*), (.*), ".*$/\2:\3 \1/' | sort
}

in_ask() {
	# shellcheck source=ask.sh
	(. "$parts/ask.sh" && for flag in "${!built[@]}"; do
		echo "${flag%@*} ${built["$flag"]}"
	done) | sort
}

same_flags() { [ -n "$(in_patch)" ] && diff <(in_patch) <(in_ask); }
all_have_docs() { [ "$(grep -cE '^\+.*DF_[A-Z]+\(' "$parts/flags.patch")" -eq "$(in_patch | wc -l)" ]; }

check 'each flag of the patch has a doc' all_have_docs
check 'each is asked about as it is built' same_flags
if installed shellcheck; then
	check 'shellcheck has no complaint' shellcheck -x -P SCRIPTDIR \
		"$parts"/../../scripts/real-world.sh "$parts"/*.sh
fi
finish
