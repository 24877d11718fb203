#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What cannot work, and what the user is told: by the compiler, the linker, or dfpatch; and the way
# out. README.md has the same list. What the header itself refuses is in tests/header/must_fail.sh.
# Usage: refusals.sh DFPATCH
# shellcheck disable=SC2317 # check calls functions by name
dfpatch=$(realpath "$1")
. "$(dirname "${BASH_SOURCE[0]}")/../header/common.sh"
cd "$WORK" || exit 1

cat >flags.c <<'END'
#include <df.h>
int used(int value);
int nowhere(int value);
int dead(int value);
#ifdef DEAD_CALLS_NOTHING
#define nowhere(VALUE) (VALUE)
#endif
int dead(int value) { return DF_FEATURE(dead, function) ? nowhere(value) : 0; }
int used(int value) { return DF_DEFAULT(live, function) ? value : 0; }
#ifndef WITHOUT_MAIN
int main(void) { return DF_FEATURE(live, main); }
#endif
END

# build COMPILER OPTION...: flags.c
build() {
	local compiler=$1
	shift
	"$compiler" -O2 "-I$INCLUDE" -ffunction-sections -DDEAD_CALLS_NOTHING flags.c "$@"
}

# refused NAME WORDS COMMAND...: it fails, and one line of what it says matches WORDS.
refused() {
	local name=$1 words=$2
	shift 2
	if "$@" >log 2>&1; then
		bad "$name: nothing was refused"
	elif grep -qE -- "$words" log; then
		ok "$name"
	else
		bad "$name: in other words than '$words'" log
	fi
}

lists() {
	"$dfpatch" list --file "$1" --noheadings -o NAME >names && grep -qx 'live:main *' names
}

# ---- the compiler ----

cat >scopes.c <<'END'
#include <df.h>
void end(int *value);
int f(void);
int f(void)
{
	const int before = DF_FEATURE(scope, before);
	__attribute__((cleanup(end))) int value = 0;
	return before + value + DF_FEATURE(scope, inside);
}
END

for compiler in clang-14 clang-16; do
	installed "$compiler" || continue
	refused "$compiler: asm goto around scopes, when it is asked for" \
		'cannot jump from this asm goto statement' \
		"$compiler" -DDF_FORCE_STYLE=1 "-I$INCLUDE" -c scopes.c -o scopes.o
	check "$compiler: the style that it has by itself" \
		"$compiler" "-I$INCLUDE" -c scopes.c -o scopes.o
done

mkdir 'double"quote' && cp flags.c 'double"quote'
mkdir $'line\nfeed' && cp flags.c $'line\nfeed'
line_feed() {
	"$1" "-I$INCLUDE" -DDEAD_CALLS_NOTHING $'line\nfeed/flags.c' -o program 2>warned &&
		grep 'unterminated string; newline inserted' warned
}

# gcc names the file in its assembly, around each asm, and does not quote it.
for compiler in gcc-11 gcc-12; do
	installed "$compiler" || continue
	refused "$compiler: a double quote in the path" 'Error: ' \
		"$compiler" "-I$INCLUDE" -c "$WORK/double\"quote/flags.c" -o quoted.o
	check "$compiler: a line feed in the path, with a warning" line_feed "$compiler"
	check "and its flags" lists program
done
if installed clang-19; then
	check "clang-19: a double quote in the path" \
		clang-19 "-I$INCLUDE" -c "$WORK/double\"quote/flags.c" -o quoted.o
fi

# ---- the linker ----

ld.bfd --verbose | sed '1,/^=====/d;/^=====/,$d' >default.ld
sed 's/\*(\.rodata \.rodata\.\* /&df_* /' default.ld >folds.ld
sed 's,^  /DISCARD/ : {,& *(.note.df),' default.ld >discards.ld
check "the linker's own script, given to it" build gcc -no-pie -Wl,-T,default.ld -o program
check "and its flags" lists program
refused "a linker script that puts the records into another section" \
	"undefined (reference|symbol).*__start_df_sites_v1|__start_df_sites_v1.*undefined" \
	build gcc -no-pie -Wl,-T,folds.ld -o program
refused "a linker script that discards the note" "df_note_v1" \
	build gcc -no-pie -Wl,-T,discards.ld -o program

dead_calls() {
	gcc -O2 "-I$INCLUDE" -ffunction-sections flags.c -Wl,--gc-sections "$@" -o program
}
for linker in bfd gold mold; do
	installed "$([ "$linker" = mold ] || echo ld.)$linker" || continue
	refused "$linker --gc-sections: a dead function with a flag calls what is nowhere" \
		"undefined (reference|symbol).*nowhere" dead_calls "-fuse-ld=$linker"
done
check "bfd --gc-sections -z start-stop-gc: it goes" dead_calls -Wl,-z,start-stop-gc
installed ld.lld && check "lld --gc-sections: it goes" dead_calls -fuse-ld=lld

# Two joined halves, each of which keeps its hidden names for itself.
halves() {
	build gcc -c -o first.o && build gcc -c -DWITHOUT_MAIN -Dused=used_too -Ddead=dead_too \
		-o second.o &&
		ld.bfd -r "$@" first.o -o first-half.o && ld.bfd -r "$@" second.o -o second-half.o &&
		objcopy --localize-hidden first-half.o && objcopy --localize-hidden second-half.o &&
		gcc first-half.o second-half.o -o program
}
refused "ld -r and objcopy --localize-hidden, twice" \
	'relocation refers to local symbol .*df_|defined in discarded section' halves
check "the same with --force-group-allocation" halves --force-group-allocation
check "and its flags" lists program

# Objects built with another version of the header make a table of their own, beside this one.
another_version() {
	local header
	mkdir later || return
	for header in df df_abi; do
		sed 's/_v1/_v2/g;s/\.long 3,16,1;/.long 3,16,2;/;s/0x31764644/0x32764644/g' \
			"$INCLUDE/$header.h" >"later/$header.h" || return
	done
	echo '#include <df.h>
	int later(void);
	int later(void) { return DF_FEATURE(later, version); }' >later.c
	gcc -O2 -Ilater -c later.c -o later.o && readelf -SW later.o | grep ' df_sites_v2 ' &&
		build gcc later.o -o program && readelf -SW program | grep ' df_sites_v2 '
}
check "an object of another version of the table" another_version
check "and the flags of this one" lists program
check "and those alone" [ "$(grep -c : names)" = 3 ]

# clang 14 leaves such pieces with -fbasic-block-sections; there is no flag in this.
cat >pieces.cc <<'END'
__asm__(".pushsection .text.pieces,\"ax\",@progbits; .cfi_startproc; .cfi_endproc; .popsection");
__attribute__((noinline, section(".text.pieces"))) int thrower();
int thrower()
{
	try {
		throw 0;
	} catch (int thrown) {
		return thrown;
	}
}
int main() { return thrower(); }
END

pieces() {
	g++ "-fuse-ld=$1" pieces.cc -o pieces && ./pieces
}
check "bfd: an empty piece of code with unwind data" pieces bfd
installed ld.lld && refused "lld: it hides that of the code behind, in any program" \
	'terminate' pieces lld

# ---- dfpatch ----

check "a program" build gcc -o program
check "and its flags" lists program
check "linked with --unique" build gcc -Wl,--unique -o unique
refused "linked with --unique: the sections are seen" \
	'sections are named df_sites_v1, only the first would be seen \(linked with --unique\?\)' \
	"$dfpatch" list --file unique
check "its note removed" objcopy -R .note.df program without-note
refused "its note removed: the records are seen" \
	'section df_sites_v1 is there, but no note leads to it' \
	"$dfpatch" list --file without-note
check "a file of debug information" objcopy --only-keep-debug program program.debug
refused "a file of debug information: it is called that" \
	'is this a file of debug information only\?' "$dfpatch" list --file program.debug
finish
