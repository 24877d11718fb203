# SPDX-License-Identifier: Apache-2.0
# ask.sh - asks each worker of nginx, over a connection of its own, what the flags of flags.patch do
# there. Sourced by real-world.sh, whose $master, $workers (how many), $port, $stream_port and
# current directory, that of nginx, it uses.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of real-world.sh, and for it

# Each flag as PATTERNs name it, and whether it is on as built; of debug lines all those of http.
debug_lines='debug:line@src/http/'
declare -A built=(
	[http:access_rules]=1 [http:keepalive_hint]=0 [http:server_header]=1
	[log:access]=1 [stat:requests]=1
	[static:etag]=1 [static:last_modified]=1 [static:ranges]=1
	[upstream:reuse]=1 [upstream:via]=0
	["$debug_lines"]=0 [stream:access_log]=1
)

declare -A wanted=() connections=() header=()
asked=0    # requests whose lines in the log have to be told apart
answered=0 # answers that were compared
wrong=0    # those that were not as wanted

# get DESCRIPTOR METHOD PATH: $status, ${header[name in lower case]} and $body of the answer.
get() {
	local line name
	header=() body=
	printf '%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$2" "$3" >&"$1"
	IFS=' ' read -r -t 10 -u "$1" _ status _ || return 1
	while IFS= read -r -t 10 -u "$1" line; do
		line=${line%$'\r'}
		[ -n "$line" ] || break
		name=${line%%:*}
		header[${name,,}]=${line#*: }
	done
	[ "$2" = HEAD ] || IFS= read -r -t 10 -u "$1" -N "${header[content-length]}" body
}

# One connection to each worker. Which of them accepts one, the kernel decides.
connect() {
	local try descriptor worker
	for descriptor in "${connections[@]}"; do
		exec {descriptor}>&-
	done
	connections=()
	for ((try = 0; try < 1000 && ${#connections[@]} < workers; try++)); do
		exec {descriptor}<>"/dev/tcp/127.0.0.1/$port"
		get "$descriptor" HEAD /page || return 1
		worker=${header[x-worker]}
		if [ -n "${connections[$worker]-}" ]; then
			exec {descriptor}>&-
		else
			connections[$worker]=$descriptor
		fi
	done
	[ ${#connections[@]} -eq "$workers" ]
}

# compare FLAG SEEN WHO
compare() {
	answered=$((answered + 1))
	if [ "${wanted[$1]}" != "$2" ]; then
		wrong=$((wrong + 1))
		echo "NOT SEEN: $3: $1 is ${wanted[$1]}, but what it does is that of $2" >&2
	fi
}

ask_worker() { # PID
	local descriptor=${connections[$1]} log=
	local -A seen=()
	asked=$((asked + 1))
	: >asked.log
	: >debug.log

	get "$descriptor" HEAD "/ask/page?$asked" || return 1
	seen[http:server_header]=${header[server]+1}
	seen[http:keepalive_hint]=${header[keep-alive]+1}
	seen[static:etag]=${header[etag]+1}
	seen[static:last_modified]=${header[last-modified]+1}
	seen[static:ranges]=${header[accept-ranges]+1}

	# The log has the line of a request by the time that the next one is answered.
	get "$descriptor" HEAD /ask/denied || return 1
	[ "$status" != 403 ] || seen[http:access_rules]=1
	IFS= read -r -d '' log <asked.log || true
	[[ $log != *"/ask/page?$asked "* ]] || seen[log:access]=1
	IFS= read -r -d '' log <debug.log || true
	[[ $log != *"[debug] $1#"* ]] || seen["$debug_lines"]=1

	# The first request leaves a connection to the upstream behind, if there was none.
	get "$descriptor" HEAD /ask/proxied && get "$descriptor" HEAD /ask/proxied || return 1
	seen[upstream:via]=${header[via]+1}
	[ "${header[x-connection-requests]}" -le 1 ] || seen[upstream:reuse]=1

	local flag
	for flag in "${!wanted[@]}"; do
		case $flag in
		stat:* | stream:*) ;;
		*) compare "$flag" "${seen[$flag]:-0}" "worker $1" ;;
		esac
	done
}

read_count() {
	get "$1" GET /ask/status || return 1
	IFS=$' \n' read -r -d '' _ _ count _ <<<"${body#*requests}" || true
}

# The count that all workers share stands still, under load, if it is off in all of them. A worker
# that was about to count when the flag changed may do so a little later.
ask_count() {
	local descriptors=("${connections[@]}") try count first counts=1
	for ((try = 0; try < 5 && counts; try++)); do
		read_count "${descriptors[0]}" || return 1
		first=$count
		read_count "${descriptors[0]}" || return 1
		counts=$((count != first))
		[ "${wanted[stat:requests]}" = 0 ] || break
	done
	compare stat:requests "$counts" "all workers"
}

# The shared object answers with worker and session, and writes these to its log before it hangs up.
ask_stream() {
	local try descriptor answer log logged worker
	local -A heard=()
	for ((try = 0; try < 1000 && ${#heard[@]} < workers; try++)); do
		: >session.log
		exec {descriptor}<>"/dev/tcp/127.0.0.1/$stream_port"
		IFS= read -r -t 10 -u "$descriptor" answer || return 1
		IFS= read -r -t 10 -u "$descriptor" _ || true
		exec {descriptor}>&-
		worker=${answer% *}
		[ -z "${heard[$worker]-}" ] || continue
		heard[$worker]=1
		log=
		IFS= read -r -d '' log <session.log || true
		logged=0
		[[ $log != *"$answer "* ]] || logged=1
		compare stream:access_log $logged "worker $worker"
	done
	[ ${#heard[@]} -eq "$workers" ]
}

# ask: every flag, of every worker.
ask() {
	local worker
	for worker in "${!connections[@]}"; do
		ask_worker "$worker" || return 1
	done
	ask_count && ask_stream
}
