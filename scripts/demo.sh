#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh - installs what is needed (Debian 12), builds, starts a multi-threaded
# server, lists its flags, flips one while it serves, and shows the difference.
set -eu
cd "$(dirname "$0")/.."

scripts/packages.sh demo
echo "building ..."
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DDF_TESTS=OFF >build-demo.log 2>&1 ||
	{ cat build-demo.log; exit 1; }
cmake --build build/demo >>build-demo.log 2>&1 || { cat build-demo.log; exit 1; }
rm -f build-demo.log
gcc -O2 -Iinclude tests/targets/demo_server.c -o build/demo/demo_server -pthread

dfpatch=build/demo/dfpatch/dfpatch
server=build/demo/demo_server
port_file=$(mktemp)
trap 'kill "$server_pid" 2>/dev/null; rm -f "$port_file"' EXIT

show() {
	echo
	echo "\$ $*"
	"$@"
}

$server >"$port_file" &
server_pid=$!
while [ ! -s "$port_file" ]; do sleep 0.1; done
port=$(cat "$port_file")
echo "demo_server, process $server_pid, serves on 127.0.0.1:$port with 8 threads"

show $dfpatch list --pid $server_pid
echo
echo "load from 4 connections:"
$server "$port" 6 &
load_pid=$!
sleep 2.05
show $dfpatch enable --pid $server_pid http:fast_path
echo
sleep 2
show $dfpatch disable --pid $server_pid http:fast_path
echo
wait $load_pid
echo
echo "The server has no control code, and was never restarted."
