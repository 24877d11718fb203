#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# abi.sh TEST DFPATCH - holds df_abi(5) to the headers, and to what the assembler makes of them.
# TEST is one of the functions named at the end.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
test=$1 tool=$(realpath "$2")
page=$top/man/df_abi.5
header=$INCLUDE/df_abi.h
compiler=(gcc "-I$INCLUDE")

dfpatch() { "$tool" "$@"; }

abi_page() {
	! installed mandoc || check 'mandoc has no complaint' says_nothing mandoc -Tlint -Wstyle "$page"
	! installed groff || check 'groff has no complaint' groff_says_nothing
}

abi_example() {
	displayed 1 >"$WORK/program.c"
	{ displayed 2; displayed 3; } >"$WORK/session.txt"
	check 'there is a program' grep -q 'main(' "$WORK/program.c"
	check 'there is a session' grep -q '^\$ readelf' "$WORK/session.txt"
	check 'it goes as is said' session_holds server.c "$WORK/program.c" "$WORK/session.txt"
}

# ---- structures ----

# Lines "STRUCTURE OFFSET TYPE NAME", with _ for a blank in a type.
fields() {
	awk '
		/^\.Vt "?struct / || /^\.Vt struct/ { structure = $3 }
		/^\.El/ { structure = "" }
		structure && /^\.It [0-9]/ {
			split(substr($0, 5), cell, " Ta ")
			gsub(/ /, "_", cell[2]); print structure, cell[1], cell[2], cell[3]
		}' "$page"
}

# "STRUCTURE NAME" of each, as the header has them.
fields_in_header() {
	awk '
		/^struct [a-z_0-9]+ \{/ { structure = $2; next }
		/^\};/ { structure = "" }
		structure && match($0, /^\t[a-z].*;/) {
			name = substr($0, 1, index($0, ";") - 1)
			sub(/\[[0-9]+\]$/, "", name); sub(/.*[ \t]/, "", name); print structure, name
		}' "$header"
}

same_fields() {
	fields_in_header >"$WORK/fields"
	[ -s "$WORK/fields" ] && fields | cut -d ' ' -f 1,4 | sort | diff <(sort "$WORK/fields") -
}

# ---- tables ----

# rows FIRST...: of the table whose heading has these cells, the rows, without macros.
rows() {
	awk -v heading="$1" '
		/^\.It Sy / { gsub(/Sy /, ""); here = (index(substr($0, 5), heading) == 1); next }
		/^\.El/ { here = 0 }
		here { gsub(/(Dv|Li|Ic|Va) /, ""); print substr($0, 5) }' "$page" | sed 's/ Ta /\t/g'
}

constants_in_header() {
	sed -nE 's/^#define (DF_[A-Z0-9_]*[A-Z0-9]) .*/\1/p; s/^#define (DF_INITIALISING).*/\1/p' \
		"$header" | sort -u
}

same_constants() {
	rows $'name Ta value' | cut -f 1 | sort >"$WORK/constants"
	[ -s "$WORK/constants" ] && diff <(constants_in_header) "$WORK/constants"
}

# A program of assertions. What is no constant expression is compared when it runs.
write_program() {
	local structure offset type name value length straight jump flags activation opcode
	cat <<-'END'
		#include <df.h>
		#include <string.h>
		#include "claim.h"
		#include "insn.h"
		#include "sync.h"
		#include "table.h"
		#define IS(A, B) _Static_assert((A) == (B), #A)
		#define MEMBER(S, M) __typeof__(((struct S *)0)->M)
		#define HAS_TYPE(S, M, T) _Static_assert( \
			__builtin_types_compatible_p(MEMBER(S, M), T) || \
			__builtin_types_compatible_p(MEMBER(S, M), T[sizeof(MEMBER(S, M)) / sizeof(T)]), #M)
		#define HIDDEN __attribute__((visibility("hidden")))
		extern const struct df_site_v1 __start_df_sites_v1[] HIDDEN;
		extern const struct df_site_v1 __stop_df_sites_v1[] HIDDEN;
		static const void *follow(const int32_t *field) { return (const char *)field + *field; }
		/* Whether the record of the flag of this name is so. */
		static int made(const char *name, int flags, int activation, int opcode)
		{
			const struct df_site_v1 *r = __start_df_sites_v1;
			while (r < __stop_df_sites_v1 && strcmp(follow(&r->name), name) != 0)
				r++;
			return r < __stop_df_sites_v1 && r->flags == flags && r->activation == activation &&
			       *(const unsigned char *)follow(&r->site) == opcode;
		}
		IS(SYNC_CLAIM_MAX_NS, 1000000000); /* "a second" */
		IS(5 * CLAIM_NS, SYNC_CLAIM_MAX_NS); /* "a fifth" */
		IS(DF_INSN_INT3, 0xcc);
	END
	while read -r structure offset type name; do
		echo "IS(offsetof(struct $structure, $name), $offset);"
		echo "HAS_TYPE($structure, $name, ${type/#struct_/struct });"
	done < <(fields)
	while IFS=$'\t' read -r name value _; do
		[ "$name" = DF_CONTROL_MAGIC ] || echo "IS($name, $value);"
	done < <(rows 'name Ta value'; rows 'more than Ta limit')
	echo 'int main(void) { int bad = 0;'
	while IFS=$'\t' read -r name value _; do
		value=$(sed -e 's/\\(dq/"/g' -e 's/\\e/\\/g' <<<"$value")
		[ "$name" != DF_CONTROL_MAGIC ] || echo "bad |= strcmp($name, $value) != 0;"
	done < <(rows 'name Ta value')
	while IFS=$'\t' read -r name length straight jump _; do
		echo "bad |= (df_insn_size($name) != $length) << 1;"
		echo "bad |= (df_insn_opcode($name, false) != $straight) << 2;"
		echo "bad |= (df_insn_opcode($name, true) != $jump) << 3;"
	done < <(rows 'style Ta length')
	while IFS=$'\t' read -r name flags activation opcode; do
		echo "bad |= $name(made, $name) > 1;"
		echo "bad |= !made(\"$name\", $flags, $activation, $opcode) << 4;"
	done < <(rows 'macro Ta flags')
	echo 'return bad; }'
}

numbers_hold() {
	write_program >"$WORK/numbers.c"
	gcc -std=gnu11 "-I$INCLUDE" "-I$top/libdf" "-I$top/dfpatch" "$WORK/numbers.c" \
		-o "$WORK/numbers" && "$WORK/numbers"
}

# Each table is there, with as many rows as it has to have.
tables_are_read() {
	[ "$(fields | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 5 ] &&
		[ "$(rows 'style Ta length' | wc -l)" -eq 2 ] &&
		[ "$(rows 'macro Ta flags' | wc -l)" -eq 4 ] &&
		[ "$(rows 'more than Ta limit' | wc -l)" -eq 3 ]
}

# "NAME TYPE ACCESS ALIGNMENT" of the sections that a flag makes, without groups and numbers.
sections_made() {
	echo 'int main(void) { return DF_FEATURE(a, b); }' |
		"${compiler[@]}" -include df.h -c -x c - -o "$WORK/sections.o" || return 1
	readelf -W -S "$WORK/sections.o" | sed -nE 's/^ *\[ *[0-9]+\] //p' |
		awk '$1 ~ /df/ && $2 ~ /^(NOTE|PROGBITS|NOBITS)$/ {
			access = $7; sub(/G/, "", access); sub(/\.[0-9]+$/, "", $1)
			print $1, $2, access, $NF }' | sort -u
}

same_sections() {
	sections_made >"$WORK/sections"
	[ -s "$WORK/sections" ] && rows 'name Ta type Ta access' | cut -f 1-4 | tr '\t' ' ' | sort |
		diff "$WORK/sections" -
}

# Numbers that stand elsewhere than in a table or an example: 32 bits are those of int32_t.
numbers_in_prose() {
	sed -e '/^\.Bd/,/^\.Ed/d' -e '/^\.It [0-9]/d' -e '/^\.It Dv/d' -e '/^\.It Li/d' \
		-e '/^\.\(Bl\|Dd\|Dt\|\\"\)/d' -e 's/Xr [a-z_]* [0-9]//g' "$page" | grep -oE '\b[0-9][0-9a-fx]*\b' | sort -u
}

no_other_numbers() { numbers_in_prose | diff <(printf '%s\n' 0xcc 32) -; }

abi_numbers() {
	check 'the tables of the page can be read' tables_are_read
	check 'each field of each structure is described, and no other' same_fields
	check 'so is each constant of df_abi.h' same_constants
	check 'offsets, types, constants, styles, macros and limits are as is said' numbers_hold
	check 'so are the sections of an object file' same_sections
	check 'numbers stand in tables, where they are held to the headers' no_other_numbers
}

case $test in
abi_page | abi_example | abi_numbers) $test ;;
*) bad "no test is named '$test'" ;;
esac
finish
