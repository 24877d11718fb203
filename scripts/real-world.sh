#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# real-world.sh [ROUNDS [FLIPS]] - flags in nginx, flipped while it serves. Fetches the source of
# Debian's nginx from the mirror that apt uses here (but leaves its configuration alone), adds the
# flags of tests/real-world/flags.patch, and builds it in build/real-world. Then, in each of 3 ROUNDS,
# wrk loads a master and its workers three times: without flips, with 100 FLIPS that stop nobody, and
# with as many that stop every thread; each flip is one of the whole tree, and after each all flags
# are asked of every worker. Prints throughput, pauses and times as medians of the rounds. Exit
# status 1 if a request failed or a flip was not seen; 3 if something is not to be had here.
set -eu -o pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

rounds=${1-3} flips=${2-100}
case $rounds:$flips:$# in
*[!0-9:]* | :* | *::* | 0:* | *:0:* | *:*:[3-9])
	echo "usage: real-world.sh [ROUNDS [FLIPS]]" >&2
	exit 2
	;;
esac
top=$PWD
build=$top/build/real-world
parts=$top/tests/real-world
nginx=$build/nginx
dfpatch=$build/dfpatch/dfpatch/dfpatch
# shellcheck source=../tests/real-world/build.sh
. "$parts/build.sh"
# shellcheck source=../tests/real-world/ask.sh
. "$parts/ask.sh"

# ---- the server ----

workers=$(nproc)
[ "$workers" -ge 2 ] || workers=2
[ "$workers" -le 8 ] || workers=8
connections_of_load=32

free_port() {
	local try
	for ((try = 0; try < 100; try++)); do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
	done
	unavailable "no free port"
}

# Who drops the rights of root has to reach the files.
start_server() {
	local try
	work=$(mktemp -d)
	chmod 755 "$work"
	cd "$work"
	mkdir logs flips
	head -c 1000 /dev/zero | tr '\0' x >page
	free_port
	stream_port=$port
	while [ "$port" = "$stream_port" ]; do free_port; done
	sed -e "s|@workers@|$workers|; s|@port@|$port|; s|@stream_port@|$stream_port|" \
		-e "s|@objects@|$nginx/objs|" "$parts/nginx.conf" >nginx.conf
	"$nginx/objs/nginx" -p "$work" -c nginx.conf -e error.log 2>start.log &
	master=$!
	for ((try = 0; try < 100; try++)); do
		sleep 0.1
		[ "$(children | wc -w)" -ne "$workers" ] || ! connect 2>/dev/null || return 0
	done
	cat start.log error.log >&2
	exit 1
}

children() { cat "/proc/$master/task/$master/children" 2>/dev/null; }

# shellcheck disable=SC2317 # called by the trap
end() {
	local pid
	for pid in ${load-} ${master-}; do
		kill "$pid" 2>/dev/null || true
	done
	[ -z "${master-}" ] || wait "$master" 2>/dev/null || true
	[ -z "${work-}" ] || rm -rf "$work"
}
trap end EXIT

# ---- flips under load ----

failed=0 failed_requests=0 bitten=0
bad() {
	failed=1
	echo "FAIL: $*" >&2
}

# flip FLAG MODE DOCUMENT: to the value that it does not have, in master and workers. On a machine
# that is too busy for the limits of time, dfpatch's watchdog ends it: then once more.
flip() {
	local operation=enable try status begun=${EPOCHREALTIME/./}
	[ "${wanted[$1]}" = 0 ] || operation=disable
	for ((try = 0; try < 5; try++)); do
		status=0
		"$dfpatch" $operation --pid "$master" --tree "--$2" --json "$1" >"$3" 2>error ||
			status=$?
		[ $status -eq 137 ] || break
		bitten=$((bitten + 1))
	done
	if [ $status -ne 0 ]; then
		bad "dfpatch $operation $1: status $status: $(cat error)"
		return
	fi
	echo $((${EPOCHREALTIME/./} - begun)) >>"times-$2"
	wanted[$1]=$((!wanted[$1]))
}

# Each flag of the mode in turn is thrown, and thrown back.
flips_of() { # MODE
	local names=() name i begun next
	for name in "${!built[@]}"; do
		[ "$1:$name" = quiet:stream:access_log ] || names+=("$name")
	done
	begun=${EPOCHREALTIME/./}
	for ((i = 0; i < flips; i++)); do
		[ "$1" = none ] ||
			flip "${names[i / 2 % ${#names[@]}]}" "$1" "flips/$1-$round-$i.json"
		ask || { bad "a worker gives no answer"; return; }
		# Ten a second, if the machine is quick enough.
		next=$((begun + (i + 1) * 100000 - ${EPOCHREALTIME/./}))
		[ $next -le 0 ] || sleep "$(printf '0.%06d' $next)"
	done
}

# run MODE: a load, and flips while it lasts.
run() {
	local requests seconds fails half most slowest
	wrk -t 1 -c $connections_of_load -d 10m --timeout 10 -s "$parts/load.lua" \
		"http://127.0.0.1:$port" >"load-$1" 2>&1 &
	load=$!
	sleep 0.5
	flips_of "$1"
	kill -INT "$load" || bad "the load was over before the flips were"
	wait "$load" || true
	load=
	read -r requests seconds fails half most slowest \
		< <(sed -n 's/^load: //p' "load-$1") || { cat "load-$1"; bad "no result of the load"; return; }
	failed_requests=$((failed_requests + fails))
	[ "$fails" = 0 ] || bad "$fails requests failed: $(grep -E 'errors|Non-2xx' "load-$1")"
	[ "$(children)" = "$tree" ] || bad "the workers are others: $tree before, $(children) now"
	awk -v r="$requests" -v s="$seconds" 'BEGIN { print r / s }' >>"rate-$1"
	echo "$requests" >>"requests-$1"
	echo "$half" >>"half-$1"
	echo "$most" >>"most-$1"
	echo "$slowest" >>"slowest-$1"
}

# ---- results ----

median() {
	sort -g | awk '{ value[NR] = $1 }
		END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

# Each flip changed each process in the way that it was told to.
judge_documents() { # MODE
	local processes=$((workers + 1)) strange
	strange=$(jq -c --argjson n "$processes" --arg mode "$1" 'select(
		.summary.changed + .summary.already != $n or .summary.targets != $n or
		any(.targets[]? | select(.outcome == "changed");
			.mode != $mode or .stopped != ($mode == "stop")))
		| [input_filename, .error, (.targets[]? | del(.flags))]' flips/"$1"-*.json)
	[ -z "$strange" ] || bad "not as it was told to: $strange"
}

pauses() { # in ms
	jq '.targets[]?.pause_ns // empty | . / 1e6' flips/stop-*.json
}

row() { # NAME MODE PAUSE
	local ratio=1 flip=-
	[ "$2" = none ] || ratio=$(paste "rate-$2" rate-none | awk '{ print $1 / $2 }' | median)
	[ "$2" = none ] || flip=$(median <"times-$2" | awk '{ printf "%.1f", $1 / 1000 }')
	printf '%-20s %10.0f %6.2f %7.2f %7.2f %8.1f %9s  %s\n' "$1" "$(median <"rate-$2")" "$ratio" \
		"$(median <"half-$2")" "$(median <"most-$2")" "$(median <"slowest-$2")" "$flip" "$3"
}

report() {
	local pause
	pause=$(printf '%.2f (at most %.2f)' "$(pauses | median)" "$(pauses | sort -g | tail -n 1)")
	echo
	echo "nginx $revision, its stream module a shared object:"
	sed -n 's/^.* modules with/ /p' "$build/log"
	echo "$((workers + 1)) processes, $connections_of_load connections, $rounds rounds; medians, times in ms"
	printf '%-20s %10s %6s %7s %7s %8s %9s  %s\n' '' requests/s ratio half '99 %' slowest \
		'one flip' 'pause of a process'
	row 'no flips' none -
	row "$flips flips, quiet" quiet none
	row "$flips flips, stop" stop "$pause"
	echo "$(awk '{ n += $1 } END { print n }' requests-*) requests, $failed_requests failed;" \
		"$(cat times-* | wc -l) flips, $wrong of $answered answers of workers not as their flags say"
	[ $bitten -eq 0 ] || echo "$bitten times a watchdog ended dfpatch on this busy machine"
}

# ---- and besides ----

# nginx unloads what it has loaded when its configuration says so: nothing to write to quietly.
shared_object_needs_stop() {
	local status=0
	"$dfpatch" disable --pid "$master" --tree --quiet stream:access_log >refused 2>&1 || status=$?
	[ $status -eq 3 ] || bad "a quiet change of a shared object ended with $status: $(cat refused)"
	ask || bad "a worker gives no answer"
}

# Workers that the master starts later have what was changed in it.
reload() {
	local try
	flip http:server_header quiet flips/last.json
	flip stream:access_log stop flips/last.json
	kill -HUP "$master"
	for ((try = 0; try < 100; try++)); do
		sleep 0.1
		[ "$(children | wc -w)" -ne "$workers" ] || [ "$(children)" = "$tree" ] || break
	done
	if ! connect || ! ask; then
		bad "new workers give no answer"
	fi
}

# ---- all of it ----

mkdir -p "$build"
install_packages
fetch
build_nginx
build_dfpatch

revision=$(sed -n 's/^Version: //p' "$build"/source/*.dsc)
"$dfpatch" audit "$nginx/objs/nginx" "$nginx/objs/ngx_stream_module.so" >"$build/log" ||
	bad "the audit found something: see $build/log"
start_server
tree=$(children)
for name in "${!built[@]}"; do
	wanted["$name"]=${built["$name"]}
done

modes=(none quiet stop)
for ((round = 1; round <= rounds; round++)); do
	for ((i = 0; i < 3; i++)); do
		echo "round $round of $rounds: ${modes[(i + round) % 3]}"
		run "${modes[(i + round) % 3]}"
	done
done
for mode in quiet stop; do
	judge_documents $mode
done
shared_object_needs_stop
reload
! grep -E '\[(alert|crit|emerg)\]' error.log >&2 || bad "nginx is not well"

if [ "$wrong" -gt 0 ]; then
	bad "$wrong of $answered answers of workers were not as their flags say"
fi
report
exit "$failed"
