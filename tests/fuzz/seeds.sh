#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# seeds.sh DIRECTORY - what the fuzzers begin with: small programs with flags as the compiler and
# the linker make them, and texts as the kernel and people write them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
CC=${CC:-gcc}
for name in audit blame eh_frame elf image maps match mentions prove script status text; do mkdir -p "$out/$name"; done

cat >"$out/tiny.c" <<'END'
#include <df.h>
void _start(void)
{
	volatile int on = 0;
	if (DF_FEATURE(http, log, "say it"))
		on = 1;
	if (DF_DEFAULT(http, log))
		on = 2;
	if (DF_OPT(cache, each))
		on = 3;
	for (;;)
		on++;
}
END
small="-O2 -nostdlib -fmacro-prefix-map=$out/=src/ -I$here/../../include
	-Wl,-z,noseparate-code -Wl,-z,max-page-size=64"
tiny() {
	name=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	$CC $small "$@" "$out/tiny.c" -o "$out/image/$name"
	cp "$out/image/$name" "$out/elf/$name"
}
tiny static -static -s -Wl,--build-id=none
tiny build-id -static -s -Wl,--build-id
tiny shared -s -shared -fPIC
tiny pie -s -pie -fPIE
tiny sections -static
# Some functions, by frames and by symbols; the header of the frames first.
$CC $small -fasynchronous-unwind-tables -static -Wl,--eh-frame-hdr "$out/tiny.c" -o "$out/prove/both"
$CC $small -fno-asynchronous-unwind-tables -static "$out/tiny.c" -o "$out/prove/symbols"
$CC $small -fasynchronous-unwind-tables -s -shared -fPIC "$out/tiny.c" -o "$out/prove/frames"
objcopy -O binary -j .eh_frame_hdr -j .eh_frame "$out/prove/both" "$out/frames"
{
	printf '\000\024'
	cat "$out/frames"
} >"$out/eh_frame/header"
objcopy -O binary -j .eh_frame "$out/prove/both" "$out/frames"
{
	printf '\001\000.'
	cat "$out/frames"
} >"$out/eh_frame/frames"

cp "$out"/image/* "$out/prove/both" "$out/audit"
$CC $small -c "$out/tiny.c" -o "$out/audit/object"
$CC $small -c -DDF_ONE_SECTION -g0 "$out/tiny.c" -o "$out/audit/one-section"
strip --strip-unneeded "$out/audit/object" "$out/audit/one-section"
(cd "$out/audit" && echo text >note && ar rc archive object note one-section && rm note)

head -c 4096 /proc/self/maps | sed '$d' >"$out/maps/self"
printf '%s\n' '400000-401000 r-xp 00000000 08:01 42                 /bin/a b (deleted)' \
	'7f0000000000-7f0000001000 rw-s 00001000 00:05 7          /dev/a\012b' \
	'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]' >"$out/maps/odd"

pattern() { printf '%s\0http\0log\0src/a.c\0\007' "$2" >"$out/match/$1"; }
pattern kind 'http:'
pattern flag 'http:log'
pattern full 'http:log@src/a.c:7'
pattern regex 'h.*(log|each)@[a-z/]+\.c:[0-9]+$'
pattern back '(h)t\1'
pattern anchor '^http|x$'
pattern word '\<http\b'
printf '\001+http:log; -http:.*\n# no\nenable x|y;!a?\n?b' >"$out/script/all"
printf '\000+a\n\n  disable   [a-z]+  \r\n' >"$out/script/lines"
sed 's/^/&/' /proc/self/status | head -c 900 >"$out/status/self"
printf 'Uid\000\377\003Name:\tx\nUid:\t0\t0\nState:\tR (running)\n' >"$out/status/field"
printf '\040caf\303\251 \033]0;x\007 \302\205 \342\200\256 \377\200 \360\237\230\200' \
	>"$out/text/odd"

a=0123456789abcdef0123456789abcdef01234567
b=ffffffffffffffffffffffffffffffffffffffff
blamed() {
	printf '%s 1 1 2\nauthor Ann\nauthor-time 1577934245\nsummary x\nfilename f\n\ta\n' $a
	printf '%s 2 2\n\tb\n%s 9 3 1\nauthor Bob\nauthor-time -5\nboundary\n\tc\n' $a $b
}
blamed >"$out/blame/one"
{ blamed; printf '\000'; blamed; } >"$out/blame/two"
wanted() { printf 'k\000n\000\003'; }
{ wanted; printf '\n\nif (DF_FEATURE(k, n, "doc") || DF_DEBUG(n))\n'; } >"$out/mentions/call"
{ wanted; printf '#define MY(x) DF_OPT(k, x) \\\n ,\n#define N DF_DEFAULT(k,\tn)\nMY(n) N'; } \
	>"$out/mentions/macros"
{ wanted; printf "f(R\"x(\n)x\", '\\\\'', 1'000,\n/* DF */ // \\\n\n DF_OPT(k,\n\tn));\n}\n"; } \
	>"$out/mentions/literals"
