#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# robust.sh DFPATCH CC INCLUDE - audits of files that are huge, cut, mutilated, of other machines, or
# none at all: one clear line for each, in bounded time and memory. And of tables of a hundred
# thousand sites, whose memory must follow from their size.
set -eu -o pipefail
export LC_ALL=C
dfpatch=$(realpath "$1")
cc=$2 include=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

bad() {
	failures=$((failures + 1))
	echo "FAIL: $1"
	head -n 20 out err | sed 's/^/    /'
}

memory=0
took() { # COMMAND...: its status, and its memory
	status=0
	timeout -k 1 60 time -q -f %M -o memory "$@" >out 2>err </dev/null || status=$?
	memory=$(tail -n 1 memory)
}
audit() {
	took "$dfpatch" audit "$@"
}

# refused FILE WORDS: one line that says so, in no more than the usual memory.
refused() {
	audit "$1"
	[ "$status" -eq 3 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "$2" err &&
		[ "$memory" -lt $((usual + 20000)) ] ||
		bad "$1: status $status, $memory kB, wanted a line with '$2'"
}

# found FILE CODE [COUNT]: a finding of that code, in no more than twenty megabytes.
found() {
	audit "$1"
	[ "$status" -eq 1 ] && grep -qE "^$2 +${3:-[0-9]+} finding" out && [ ! -s err ] ||
		bad "$1: status $status, wanted $2"
}

put() { # FILE OFFSET BYTES, as in printf
	printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

cat >sound.c <<'END'
#include <df.h>
int main(void)
{
	return DF_FEATURE(http, fast, "answer from the cache");
}
END
$cc -O2 "-I$include" sound.c -o sound
$cc -O2 -c "-I$include" sound.c -o sound.o
audit sound
[ "$status" -eq 0 ] || bad "a sound program: status $status"
usual=$memory

# ---- of other machines ----
cp sound big-endian && put big-endian 5 '\2' && refused big-endian 'big-endian'
cp sound wrong-class && put wrong-class 4 '\1' && refused wrong-class 'sections'
cp sound arm && put arm 18 '\267' && refused arm 'aarch64'
cp sound.o arm.o && put arm.o 18 '\267' && refused arm.o 'is for aarch64'
if $cc -m32 -c -x c /dev/null -o i386.o 2>/dev/null; then
	refused i386.o 'is for i386'
fi
cp sound core && put core 16 '\4' && refused core 'neither an executable'

# ---- no files that could be read ----
mkdir directory && refused directory 'no regular file'
mkfifo fifo && refused fifo 'no regular file'
refused /dev/zero 'no regular file'
refused /dev/null 'no regular file'
refused /proc/self/maps 'not an ELF file'
ln -s loop loop && refused loop 'cannot open'
refused nowhere 'cannot open'
: >empty && refused empty 'not an ELF file'
printf '!<thin>\nx' >thin.a && refused thin.a 'thin archive'

# ---- cut ----
for size in 1 4 16 63 64 100 500 2000; do
	head -c "$size" sound >"cut-$size"
	refused "cut-$size" 'ELF\|cut'
done
head -c 300 sound.o >cut.o && refused cut.o 'section headers cut'
ar rc sound.a sound.o sound.c
head -c 500 sound.a >cut.a && refused cut.a 'section headers cut'

# ---- huge ----
# section FILE NAME: where the header of the section lies.
section() {
	local first number
	first=$(od -An -t u8 -j 40 -N 8 "$1")
	number=$(readelf -SW "$1" | sed -n "s/^ *\\[ *\\([0-9]*\\)\\] $2 .*/\\1/p")
	echo $((first + 64 * number))
}
# stretch FROM TO NAME: a copy whose section is one and a half gigabytes of nothing.
stretch() {
	cp "$1" "$2" && truncate -s 4G "$2"
	put "$2" $(($(section "$1" "$3") + 24)) '\0\0\0\100\0\0\0\0\0\0\0\140\0\0\0\0'
}
huge_files() {
	refused zeros 'not an ELF file'
	cp sound.a huge.a && truncate -s 4G huge.a
	audit huge.a
	[ "$status" -eq 3 ] && grep -q 'cut or damaged' err || bad "4 GiB behind an archive"
	cp sound huge && truncate -s 4G huge
	audit huge
	[ "$status" -eq 0 ] && [ "$memory" -lt $((usual + 20000)) ] || bad "4 GiB behind a sound program"
	took "$dfpatch" list --file huge
	[ "$status" -eq 0 ] && [ "$memory" -lt $((usual + 20000)) ] || bad "4 GiB listed: $memory kB"
	took "$dfpatch" preset huge preset -e 'enable http:fast'
	[ "$status" -eq 0 ] && [ "$memory" -lt $((usual + 20000)) ] || bad "4 GiB preset: $memory kB"
	[ "$(stat -c %s preset)" -eq $((4 << 30)) ] && [ "$(du -k preset | cut -f 1)" -lt 1000 ] ||
		bad "the copy of 4 GiB of holes takes $(du -k preset | cut -f 1) kB"
	audit preset
	[ "$status" -eq 0 ] || bad "the copy of 4 GiB: status $status"
	stretch sound.o text.o .text.startup && found text.o site-bytes
	[ "$memory" -lt $((usual + 20000)) ] || bad "text of 1.5 GiB: $memory kB"
	stretch sound.o symbols.o .symtab && refused symbols.o 'more than 256 MiB'
	stretch sound.o names.o .shstrtab && refused names.o 'damaged names of sections'
	stretch sound.o relocations.o .reladf_sites_v1 && found relocations.o site-segment
	[ "$memory" -lt $((usual + 20000)) ] || bad "relocations of 1.5 GiB: $memory kB"
	stretch sound names .shstrtab
	audit names
	[ "$status" -eq 0 ] && [ "$memory" -lt $((usual + 20000)) ] || bad "names of 1.5 GiB"
	# Section headers, as many as fit: 16 million of them.
	cp huge many-sections && put many-sections 40 '\0\0\0\100\0\0\0\0' && put many-sections 60 '\0\0'
	put many-sections $((0x40000000 + 32)) '\0\0\0\1'
	refused many-sections 'more than 65536 sections'
	cp many-sections many-sections.o && put many-sections.o 16 '\1'
	refused many-sections.o 'more than 1048576 sections'
	cp huge many-segments && put many-segments 56 '\377\377' && put many-segments 40 '\0\0\0\100'
	put many-segments $((0x40000000 + 44)) '\0\0\0\1' && refused many-segments 'program headers'
}
if truncate -s 4G zeros 2>err && [ "$(du -k zeros | cut -f 1)" -lt 1000 ]; then
	huge_files
else
	echo "robust: left out what is huge: no file of 4 GiB of holes can be made here: $(cat err)"
fi

# ---- a million records ----
# table COUNT: the source of a module with a table of so many records, all zero.
table() {
	cat <<END
	.section .note.df, "a", @note
	.balign 4
	.long 3, 16, 1
	.ascii "DF\\0\\0DFv1"
	.long control - ., __ehdr_start - ., 0
	.weak __ehdr_start
	.hidden __ehdr_start
	.section .data.df_control, "aw", @progbits
	.balign 64
control: .ascii "DFctl\\r\\n\\001"
	.long table - ., end - .
	.short 36, 16, 128, 0
	.zero 104
	.section df_sites_v1, "a", @progbits
	.balign 4
table:	$2
end:
	.text
	.globl _start
_start:	ud2
END
}
link() {
	$cc -c "$1.s" -o "$1.o" && ld "$1.o" -o "$1"
}
table 1000000 '.zero 36 * 1000000' >bad.s && link bad && found bad record-style 1000000
[ "$memory" -lt $((usual + 60000)) ] || bad "a million bad records: $memory kB"
"$dfpatch" audit --json bad >out 2>err || true
grep -q '"count":1000000' out && grep -q '"listed":1000$' out || bad "JSON of a million"
table 2000000 '.zero 36 * 2000000' >more.s && link more && found more table 1
# All of one string that is as long as one may be: a terabyte to read.
table 1000000 '.rept 1000000; .long _start - ., 0, s - ., s - ., s - ., s - ., state - ., 1, 2;
	.endr; .section .rodata; s: .fill 60000, 1, 0x61; .zero 1; .bss; .balign 16
state: .zero 16; .section df_sites_v1' >long.s && link long && found long table 1

# ---- memory by the size of the table ----
sites() {
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "s%d: .byte 0xa9\n.long c%d - . - 4\nc%d: nop; mov %%eax, %%ebx\n", i, i, i
		print ".section .rodata\nkind: .string \"kind\"\nfile: .string \"file.c\""
		print "doc: .string \"\""
		for (i = 0; i < n; i++)
			printf "n%d: .string \"s%06d\"\n", i, i
		print ".bss\n.balign 16\nstates: .zero 16 *", n
		print ".section df_sites_v1"
		for (i = 0; i < n; i++) {
			printf ".long s%d - ., c%d - ., kind - ., n%d - ., file - ., doc - .,", i, i, i
			printf "states + %d - ., %d, 1\n", 16 * i, i + 1
		}
	}'
}
count=100000
{
	table "$count" '' | sed '/^end:/d; /^_start:/d; /globl/d'
	sites "$count"
	printf 'end:\n.text\n.globl _start\n.type _start, @function\n_start: ud2\n'
} >sites.s && link sites
audit sites
most=$((3 * (36 + 8) * count / 1024 + usual))
[ "$status" -eq 0 ] && [ "$memory" -lt "$most" ] ||
	bad "$count sites: status $status, $memory kB, at most $most"
echo "robust: $count sites took $((memory - usual)) kB above the usual $usual, $failures failures"
[ "$failures" -eq 0 ]
