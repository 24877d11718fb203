#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the model of the commit protocol: it holds in every configuration, searched to the
# end, and with each mistake that can be put in, an error is found.
# Usage: check.sh SPIN CC      SPIN: the model checker, or nothing where there is none
set -u
spin=$1
cc=$2
model=$(cd "$(dirname "$0")" && pwd)/protocol.pml

if [ ! -x "$spin" ]; then
	echo "skipped: the model checker spin is not installed"
	exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# build LEVEL DEFINES: makes ./pan, the program that searches. No step is left out because it
# seems to commute (NOREDUCE): that is not sound together with `provided`. Memory in MB.
build() {
	local level=$1 kind=SAFETY
	shift
	case " $* " in *" -DLIVENESS "*) kind=NFAIR=3 ;; esac
	"$spin" -P"$cc -E -x c" -a "$@" "$model" >spin.out 2>&1 &&
		"$cc" "$level" -w -D$kind -DNOREDUCE -DCOLLAPSE -DMEMLIM=900 -o pan pan.c >cc.out 2>&1
}

# search DEFINES: into pan.out. With LIVENESS: is there an endless run in which all who can
# take a step at last do, and somebody never gets done?
search() {
	local how=
	case " $* " in *" -DLIVENESS "*) how='-a -f' ;; esac
	# shellcheck disable=SC2086 # two options
	./pan -m200000 $how >pan.out 2>&1
}

# Everything was searched, and no error found.
is_proved() {
	grep -q '^Full statespace search for:' pan.out && grep -q 'errors: 0$' pan.out &&
		! grep -Eq 'error: |Warning: |out of memory|too small|not completed' pan.out
}

is_refuted() {
	grep -Eq 'assertion violated|invalid end state|acceptance cycle' pan.out &&
		grep -q 'errors: 1$' pan.out
}

# finding: what the search found, in words.
finding() {
	case "$(grep -m 1 '^pan:1: ' pan.out 2>/dev/null)" in
	*'assertion violated (controller==0)'*) echo ', two controllers' ;;
	*'assertion violated ((phase'*) echo ', torn at rest' ;;
	*'invalid end state'*) echo ', stuck' ;;
	*'acceptance cycle'*) echo ', endless' ;;
	*assertion*) echo ', broken' ;;
	esac
}

# check NUMBER HOW NAME DEFINES: leaves a line in NUMBER/line.
check() {
	local how=$2 name=$3 level=-O1 verdict=FAILED states
	cd "$work/$1" || exit 1
	shift 3
	[ "$how" = is_refuted ] && level=-O0
	build $level "$@" && search "$@" && "$how" && verdict=ok
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out 2>/dev/null)
	printf '%-6s %-60s %8.0f states%s\n' $verdict "$name" "${states:-0}" "$(finding)" >line
	[ $verdict = ok ] || tail -n 50 spin.out cc.out pan.out >>line 2>/dev/null
}

total=0
processors=$(nproc)
# Starts a check, when a processor is free.
start() {
	while [ "$(jobs -rp | wc -l)" -ge "$processors" ]; do wait -n; done
	total=$((total + 1))
	mkdir "$work/$total"
	check $total "$@" &
}
holds() { start is_proved "$@"; }
fails() { start is_refuted "$1" "-DMUTANT_$1" "${@:2}"; }

# The defaults are two threads with one operation each, one quiet tool, and one death.
thread_quiet='-DTHREADS=1'
thread_quiet_late='-DTHREADS=1 -DCALLS=2 -DLEFT_BEHIND=1'
thread_quiet_quiet='-DTHREADS=1 -DQUIET=2 -DTOOLS_ALIKE -DONE_SITE'
thread_quiet_stop='-DTHREADS=1 -DSTOP=1 -DONE_SITE'
thread_stop='-DTHREADS=1 -DQUIET=0 -DSTOP=1'
threads='-DQUIET=0'
threads_quiet='-DONE_SITE'
threads_stop='-DQUIET=0 -DSTOP=1'
sleepers='-DTHREADS=3 -DQUIET=0 -DDEATHS=0 -DSLEEPERS'

# shellcheck disable=SC2086 # the words above are several
{
	holds 'all get done: two threads, a quiet tool, no death' \
		$threads_quiet -DDEATHS=0 -DLIVENESS
	holds 'all get done: two threads, a stopping tool' $threads_stop -DONE_SITE -DLIVENESS
	holds 'all get done: a thread, a quiet and a stopping tool' $thread_quiet_stop -DLIVENESS
	holds 'all get done: a thread, a quiet tool, an old claim' $thread_quiet_late -DLIVENESS
	holds 'two threads, a quiet tool, a fault' $threads_quiet -DFAULTS=1
	holds 'two threads, a stopping tool, a fault' $threads_stop -DFAULTS=1
	holds 'a thread, a quiet and a stopping tool, two deaths' $thread_quiet_stop -DDEATHS=2
	holds 'a thread, two quiet tools' $thread_quiet_quiet
	holds 'a thread twice, a quiet tool, two deaths, a fault' \
		$thread_quiet -DCALLS=2 -DDEATHS=2 -DFAULTS=1
	holds 'a thread twice, a stopping tool, two deaths, two faults' \
		$thread_stop -DCALLS=2 -DDEATHS=2 -DFAULTS=2
	holds 'a thread twice, a quiet tool, an old claim, a fault' $thread_quiet_late -DFAULTS=1
	holds 'three threads that sleep on the lock' $sleepers

	# Who owns it: the lock,
	fails STEALS_LIVE_LOCK $threads
	fails KEEPS_LOCK_OF_DEAD $threads
	fails REUSES_ID $threads
	fails FORGETS_SLEEPERS $sleepers
	fails LOCK_NO_FENCE $thread_quiet
	# the claim, as a thread sees it,
	fails IGNORES_CLAIM $thread_quiet
	fails EXTERNAL_BEFORE_LOCK $thread_quiet
	fails TAKES_LIVE_CLAIM $thread_quiet
	fails KEEPS_CLAIM_OF_DEAD $thread_quiet
	# and as a tool does.
	fails CLAIM_NO_FENCE $thread_quiet
	fails LOCK_BEFORE_CLAIM $thread_quiet
	fails QUIET_IGNORES_LOCK $thread_quiet
	fails STOP_IGNORES_LOCK $thread_stop
	fails TRUSTS_CLAIM $thread_quiet_late
	fails TOOLS_TOGETHER $thread_quiet_quiet
	fails GIVES_WAY_AT_ONCE $thread_quiet -DLIVENESS
	# The plan, made while others may be at work.
	fails NO_RECHECK $thread_quiet
	fails RECHECKS_EDITS_ONLY $thread_quiet -DFAULTS=1
	# The steps of a commit, and what is made of them when one dies.
	fails PHASE_BEFORE_NEXT $thread_quiet
	fails NO_PHASE_PREPARING $thread_quiet
	fails CURRENT_BEFORE_CODE $thread_quiet
	fails IDLE_BEFORE_CURRENT $thread_quiet
	fails NO_PHASE_UNDOING $thread_quiet -DFAULTS=1
	fails NO_RECOVERY $thread_quiet
	fails RECOVERS_FORWARD_ONLY $thread_quiet
	fails RECOVERY_FORGETS_CODE $thread_quiet
	fails RECOVERY_FORGETS_INITIALISED $thread_quiet
}
wait

for ((i = 1; i <= total; i++)); do cat "$work/$i/line"; done
if grep -q ^FAILED "$work"/*/line; then
	echo "the model does not hold, or overlooks a mistake: see FAILED above"
	exit 1
fi
