#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sweep.sh [--sample RUNS] [--seed N] [--built DIR] [PATTERN] - the death of the tool.
# Runs dfpatch against a process of 16 threads and 1,000 sites, once for each of its system
# calls, and kills it there, sends it a signal, or makes the call fail in each plausible way.
# After each run the target must go on, with whole instructions, and the next call must bring
# all flags to where they were before, or to where they were to be. Two processes that are named
# by a list, an executable or descent are swept as well, and a scan: whoever lives must not be
# passed over. Builds what that takes (in build/dev), uses all processors, prints what was done;
# exit status 1 if anything went wrong.
#
# --sample takes only so many runs of each sweep, at calls chosen by chance; --seed repeats them.
# --built names a directory where all is built already. PATTERN (of grep) chooses among the sweeps.
set -eu
cd "$(dirname "$0")/.."

sample='' seed=$(date +%s) built='' pattern=.
while [ $# -gt 0 ]; do
	case $1 in
	--sample) sample=$2 && shift ;;
	--seed) seed=$2 && shift ;;
	--built) built=$2 && shift ;;
	-*)
		echo "usage: sweep.sh [--sample RUNS] [--seed N] [--built DIR] [PATTERN]" >&2
		exit 2
		;;
	*) pattern=$1 ;;
	esac
	shift
done

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

if [ -z "$built" ]; then
	built=build/dev
	echo "building ..."
	{ cmake --preset dev && cmake --build "$built" --target sweep; } >"$logs/build" 2>&1 ||
		{ cat "$logs/build"; exit 1; }
fi
program=$built/tests/sweep/sweep

# Quiet where that is safe is the default; each way can be chosen as well.
modes=default
if "$built/dfpatch/dfpatch" enable --help | grep -q -e --quiet; then
	modes="--stop --quiet"
fi

# What the target is, what is done to it first, who makes the next call, and the operation.
# From the state as built, the sites that change do not lie together in memory.
operations() {
	cat <<-END
		--target plain enable MODE crowd:
		--target plain --setup disable enable MODE crowd:
		--target plain --setup enable disable MODE crowd:
		--target plain unhook MODE crowd:
		--target plain init MODE
	END
	[ -e "$built/tests/sweep/sweep-inside" ] || return 0
	cat <<-END
		--target inside --init --setup disable --next inside enable MODE crowd:
		--target inside --init --setup enable --next tool disable MODE crowd:
		--target inside --next inside activate MODE crowd:
	END
}

# Each operation in each mode, disturbed in each way. Where it is held until its watchdog ends
# it, each run takes a second: so that is done at some calls of one operation.
# Whoever is looked for among all processes there are has more calls to sweep, the more there are.
several() {
	for what in fail fail-on; do
		echo "--as scan --do $what --target plain scan --noheadings -o PID"
		for as in list exe tree; do
			for mode in $modes; do
				echo "--as $as --do $what --part 0/8 --target plain enable" \
					"${mode#default} crowd:"
			done
		done
	done
}

sweeps() {
	several | grep -e "$pattern" || true
	for mode in $modes; do
		operations | sed "s/MODE/${mode#default}/" | while read -r operation; do
			for what in kill int,term fail fail-on orphan helper-kill,helper-fail; do
				echo "--do $what $operation"
			done
		done
		echo "--do hold --part 0/8 --target plain --setup disable enable ${mode#default} crowd:"
	done | grep -e "$pattern" || true
}

# A pid namespace of its own holds no more than what a sweep starts.
alone="unshare --pid --fork --kill-child --mount-proc"
$alone true 2>/dev/null || alone=

sweeps >"$logs/sweeps"
jobs=$(nproc)
how=
if [ -n "$sample" ]; then
	echo "seed $seed"
	how="--sample $sample --seed $seed"
fi

# One line is one process, with a log of its own.
export program how logs alone
xargs -d '\n' -P "$jobs" -n 1 sh -c '
	log=$(mktemp "$logs/log.XXXXXX")
	status=0
	{
		echo "$ sweep $how $1"
		case $1 in
		"--as exe"* | "--as tree"* | "--as scan"*) within=$alone ;;
		*) within= ;;
		esac
		# shellcheck disable=SC2086 # words
		$within "$program" $how $1
	} >"$log" 2>&1 || status=$?
	[ "$status" -eq 0 ] || echo "status $status: $1" >>"$logs/failed"
	cat "$log"
' sh <"$logs/sweeps"

awk '
/ runs, .* disturbed; / {
	sweeps++
	for (i = 2; i <= NF; i++) {
		if ($i ~ /^runs,/) runs += $(i - 1)
		if ($i ~ /^disturbed;/) disturbed += $(i - 1)
		if ($i == "before,") before += $(i - 3)
		if ($i == "after,") after += $(i - 2)
		if ($i == "WRONG") wrong += $(i - 1)
	}
}
/longest next call/ { if ($(NF - 1) > longest) longest = $(NF - 1) }
END {
	printf "sweep: %d sweeps, %d runs, %d disturbed; %d ended as before, %d as after, " \
		"%d WRONG; longest next call %d ms\n",
		sweeps, runs, disturbed, before, after, wrong, longest
}' "$logs"/log.*
if [ -s "$logs/failed" ]; then
	echo "sweep: SOMETHING WENT WRONG, see above:"
	cat "$logs/failed"
	exit 1
fi
