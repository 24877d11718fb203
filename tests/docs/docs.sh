#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh TEST BUILD STAGE [SANITIZERS] - holds README.md, SECURITY.md and df(3) to what is so.
# TEST is one of the functions named at the end; STAGE is where the test package.install put what is
# installed of BUILD, which was built with SANITIZERS.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
test=$1 build=$2 stage=$3 sanitizers=${4-}
page=$top/man/df.3

lib=$(find "$stage" -name libdf.a -printf %h)
header=$(find "$stage" -name df.h)
if [ -z "$lib" ] || [ -z "$header" ]; then
	echo "nothing is installed in $stage"
	exit 1
fi
export PKG_CONFIG_LIBDIR=$lib/pkgconfig
export LD_LIBRARY_PATH=$lib

compiler=(gcc)
if [ -n "$sanitizers" ]; then
	# Another compiler has another run-time library of the sanitizers.
	compiler=("$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")"
		"-fsanitize=$sanitizers")
fi

readme_example() {
	fenced '## Flip them from within' c >"$WORK/program.c"
	fenced '## Flip them from within' '' >"$WORK/session.txt"
	example README.md "$WORK/program.c" "$WORK/session.txt"
}

man_example() {
	displayed 1 >"$WORK/program.c"
	displayed 2 >"$WORK/session.txt"
	example 'df(3)' "$WORK/program.c" "$WORK/session.txt"
}

# ---- the manual page ----

# Prototypes, one a line, spaces and the names of attributes aside; sorted.
tidy() {
	sed -E -e 's/[ \t]+/ /g' -e 's/^ | $//g' -e 's/ ?\* ?/ */g' -e 's/ ?([(),]) ?/\1/g' | sort
}

in_header() {
	gcc -E -P "$header" | tr '\n' ' ' | sed 's/[;{}]/&\n/g' |
		sed -En -e 's/__attribute__\(\(.*\)\) //' -e 's/^ *((const char|int).*df_[a-z_]+\(.*\));$/\1/p' |
		tidy
}

in_page() {
	awk '
		function end() { if (open) print type, text ")"; open = 0 }
		/^\.Sh / { here = ($2 == "SYNOPSIS") }
		!here { next }
		/^\.Ft/ { type = substr($0, 5); next }
		/^\.Fn/ {
			count = split(substr($0, 5), part, "\"")
			name = part[1]; sub(/ .*/, "", name)
			text = name "("
			if (count == 1) text = text "void"
			for (i = 2; i <= count; i += 2)
				text = text (i > 2 ? "," : "") part[i]
			open = 1; end()
		}' "$page" | tidy
}

same_prototypes() {
	in_header >"$WORK/in_header"
	in_page >"$WORK/in_page"
	[ -s "$WORK/in_header" ] && diff "$WORK/in_header" "$WORK/in_page"
}

named() { sed -n 's/^\.Nm \(df_[a-z_]*\).*/\1/p' "$page" | sort -u; }
declared() { in_header | grep -oE 'df_[a-z_]+\(' | tr -d '(' | sort -u; }
same_names() { diff <(declared) <(named); }

errors_in_header() { grep -oE '\bDF_ERROR_[A-Z]+' "$header" | sort -u; }
errors_in_page() { sed -n 's/^\.It Bq Er \(DF_ERROR_[A-Z]*\)$/\1/p' "$page" | sort; }
same_errors() { diff <(errors_in_header) <(errors_in_page); }

# What the public headers define for programs, functions and macros; a name that ends in _ is
# none of these, nor is the one by which a header sees that it was read before.
public_names() {
	sed -nE -e 's/^#define ([A-Za-z][A-Za-z0-9_]*[A-Za-z0-9])([ (].*|$)/\1/p' \
		-e 's/^static inline [a-z_]+ (\*?)([a-z_]*[a-z])\(.*/\2/p' \
		"$INCLUDE/df.h" "$INCLUDE/dynamic_flag.h" "$INCLUDE/an_hook.h" |
		grep -vE '^(DF|DYNAMIC_FLAG|AN_HOOK)_H$' | sort -u
	# What changes the macros, and is defined by nobody there.
	printf '%s\n' NDEBUG DF_ONE_SECTION
}

each_name_is_there() {
	local name count=0
	for name in $(public_names); do
		grep -qE "(^|[^A-Za-z0-9_])$name([^A-Za-z0-9_]|$)" "$page" || { echo "$name"; return 1; }
		count=$((count + 1))
	done
	[ $count -gt 30 ]
}

# The members of the structure that callbacks are given, with their types.
info_in() {
	sed -n '/^struct df_flag_info {/,/^};/p' "$1" | sed -E -e 's/\/\*.*//' -e 's/[ \t]+/ /g' \
		-e 's/ $//'
}

same_info() { [ -n "$(info_in "$page")" ] && diff <(info_in "$header") <(info_in "$page"); }

# A page of its own for each function leads to this one.
is_found_by_name() {
	local name
	for name in $(declared); do
		grep -qx '\.so man3/df\.3' "$stage"/*/*/share/man/man3/"$name".3 || {
			echo "no page $name(3)"
			return 1
		}
	done
}

man_page() {
	if installed mandoc; then
		check 'mandoc has no complaint' says_nothing mandoc -Tlint -Wstyle "$page"
	fi
	if installed groff; then
		check 'groff has no complaint' groff_says_nothing
	fi
	check 'the synopsis has the prototypes of df.h' same_prototypes
	check 'the page bears the name of each function' same_names
	check 'each function has a page' is_found_by_name
	check 'each error of df.h is described' same_errors
	check 'each macro and function of the headers is described' each_name_is_there
	check 'what a callback is given has the members of df.h' same_info
}

# ---- system calls ----

# calls_of PAGE-SECTION: the calls that the page lists there.
calls_of() {
	awk -v section="$1" '
		/^\.S[sh] / { here = (substr($0, 5) == section) }
		here && /^\.It Cm / { gsub(/ , /, "\n"); print substr($0, 8) }' "$page" | sed 's/^.It Cm //' |
		sort -u
}

# What libdf calls while the program runs under strace with these options.
traced() {
	strace -f -o "$WORK/trace" "$@" && sed -nE '
		/write\(-1, "begin"/,/write\(-1, "end"/ {
			/write\(-1, "/d
			s/^[0-9]+ +(<\.\.\. )?([a-z_0-9]+).*/\2/p
		}' "$WORK/trace" >>"$WORK/seen"
}

# Every way that libdf has to get by without a call.
trace_all() {
	local denied
	echo '+many:flag_10' >"$WORK/wishes"
	export DF_FLAGS_FILE=$WORK/wishes
	traced "$WORK/all_calls" || return 1
	for denied in membarrier ioctl madvise; do
		traced -e inject=$denied:error=EPERM "$WORK/all_calls" || return 1
	done
	traced -e inject=pwrite64:error=EPERM "$WORK/all_calls" --no-policy
}

build_all_calls() {
	gcc -O2 "$(dirname "$0")/all_calls.c" -I"$(dirname "$header")" "$lib/libdf.a" -pthread \
		-o "$WORK/all_calls"
}

none_is_missing() {
	sort -u "$WORK/seen" >"$WORK/made"
	cat "$WORK/own" "$WORK/others" | sort -u >"$WORK/listed"
	[ -s "$WORK/made" ] && [ -z "$(comm -23 "$WORK/made" "$WORK/listed" | tee /dev/stderr)" ]
}

none_is_idle() { [ -z "$(comm -13 "$WORK/made" "$WORK/own" | tee /dev/stderr)" ]; }

system_calls() {
	if [ -n "$sanitizers" ]; then
		skip "system calls: -fsanitize=$sanitizers makes some of its own"
		return
	fi
	installed strace || return
	if ! strace -o /dev/null true 2>/dev/null; then
		skip 'system calls: strace(1) may not trace here'
		return
	fi
	calls_of 'Of libdf itself' >"$WORK/own"
	calls_of 'Of the C library on its behalf' >"$WORK/others"
	check 'a program that has libdf make every call' build_all_calls
	check 'it gets by where a filter has some fail' trace_all
	check 'df(3) lists every call that was made' none_is_missing
	check 'every call of its own that df(3) lists was made' none_is_idle
}

# ---- differences from dynamic_flag ----

# Lines "TEST: PART" from the comments of that section.
held_by() {
	awk '/^\.Sh / { here = /DIFFERENCES/ } here' "$page" |
		sed -nE 's/^\.\\" ([a-z]+\.[^ :]+): (.+)$/\1\t\2/p'
}

# Whether there is such a test, and such a part in a source of the tests.
is_held() {
	grep -qE "Test +#[0-9]+: ${1//\*/.*}\$" "$WORK/tests" && grep -rqF -e "$2" "$top/tests"
}

every_item_is_commented() {
	awk '/^\.Sh / { here = /DIFFERENCES/ }
		here && /^\.\\" / { commented = 1 }
		here && /^\.It$/ { items++; if (!commented) { print "line " FNR; bad = 1 }; commented = 0 }
		END { exit bad || !items }' "$page"
}

differences() {
	local name part
	ctest --test-dir "$build" -N >"$WORK/tests"
	check 'each difference names its test' every_item_is_commented
	while IFS=$'\t' read -r name part; do
		check "$name: $part" is_held "$name" "$part"
	done < <(held_by)
}

# ---- SECURITY.md ----

exists() {
	case $1 in
	*/*) [ -e "$top/$1" ] ;;
	*) grep -qE "Test +#[0-9]+: ${1//\*/.*}\$" "$WORK/tests" ;;
	esac
}

# What it says shows that a promise is kept.
security() {
	local name
	ctest --test-dir "$build" -N >"$WORK/tests" 2>&1
	sed -nE 's/^\|.*\|(.*)\|$/\1/p' "$top/SECURITY.md" | grep -o '`[^`]*`' | tr -d '`' | sort -u \
		>"$WORK/names"
	check 'it names tests' [ -s "$WORK/names" ]
	while IFS= read -r name; do
		check "SECURITY.md: $name" exists "$name"
	done <"$WORK/names"
}

case $test in
security | readme_example | man_example | man_page | system_calls | differences) "$test" ;;
*) bad "no test is named '$test'" ;;
esac
finish
