#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the header has to refuse, and what the user is told; and the way out that the words offer.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
COMPILERS=(gcc-11 gcc-12 clang-14 clang-16 clang-19)

# compile OPTION...: the snippet, with $driver.
compile() {
	"$driver" "${language[@]}" "-I$INCLUDE" "$@" -c "$WORK/snippet" -o "$WORK/out.o"
}

# accept NAME "OPTIONS" CODE: the same code without the fault, or with the way out.
accept() {
	local -a options
	read -ra options <<<"$2"
	printf '#include <df.h>\n%s\n' "$3" >"$WORK/snippet"
	check "$driver: $1" \
		compile "${options[@]}"
}

# refuse NAME "OPTIONS" WORDS CODE: no object, and one line that matches WORDS.
refuse() {
	local -a options
	read -ra options <<<"$2"
	printf '#include <df.h>\n%s\n' "$4" >"$WORK/snippet"
	if compile "${options[@]}" 2>"$WORK/log"; then
		echo "it compiled" >"$WORK/log"
		bad "$driver: $1" "$WORK/log"
	elif grep -qE -- "$3" "$WORK/log"; then
		ok "$driver: $1"
	else
		bad "$driver: $1, in other words than '$3'" "$WORK/log"
	fi
}

in_function() {
	printf 'int f(void);\nint f(void) { return %s; }\n' "$1"
}

# What a machine is refused for, with and without flags in the file.
targets() {
	local code
	code=$(in_function 'DF_FEATURE(kind, name)')
	refuse "-m32 is no target" "-m32 -ffreestanding" \
		'error: .*df\.h: dynamic flags need x86-64 Linux \(LP64\).*-DDF_DISABLE' "$code"
	accept "-m32 with -DDF_DISABLE" "-m32 -ffreestanding -DDF_DISABLE" "$code"
	refuse "-mx32 is no target" "-mx32 -ffreestanding" \
		'error: .*df\.h: dynamic flags need x86-64 Linux \(LP64\).*-DDF_DISABLE' "$code"
	refuse "-mcmodel=large is no target" "-mcmodel=large" \
		'error: .*df\.h: -mcmodel=large puts text out of reach.*-DDF_DISABLE' "$code"
	accept "-mcmodel=large with -DDF_DISABLE" "-mcmodel=large -DDF_DISABLE" "$code"
	accept "-mcmodel=medium" "-mcmodel=medium" "$code"
	refuse "an unknown style" "-DDF_FORCE_STYLE=3" \
		'error: .*DF_FORCE_STYLE must be 1 \(test or jmp\) or 2 \(clc or stc\)' "$code"
}

names() {
	accept "a name" "" "$(in_function 'DF_FEATURE(kind, name)')"
	refuse "no name" "" 'negative size|size of unnamed array is negative|is negative' \
		"$(in_function 'DF_FEATURE(kind, )')"
	refuse "no kind" "" 'negative size|size.*is negative' \
		"$(in_function 'DF_FEATURE(, name)')"
	refuse "no kind, with a doc" "" 'negative size|size.*is negative' \
		"$(in_function 'DF_OPT(, name, "doc")')"
	refuse "no name for DF_DEBUG" "" 'is negative|negative size' "$(in_function 'DF_DEBUG()')"
	refuse "a name that begins with a sign" "" 'pasting.*df_-|pasting.*"-"' \
		"$(in_function 'DF_FEATURE(kind, -name)')"
	refuse "a name that begins with a fraction" "" 'pasting.*df_1\.5|pasting.*"1\.5"' \
		"$(in_function 'DF_FEATURE(kind, 1.5)')"
	refuse "a name in quotes" "" 'pasting' "$(in_function 'DF_FEATURE(kind, "name")')"
}

docs() {
	accept "a doc" "" "$(in_function 'DF_FEATURE(kind, name, "doc")')"
	accept "a doc of two literals" "" "$(in_function 'DF_FEATURE(kind, name, "one, " "two")')"
	refuse "a doc that is a variable" "" "expected '\)'|expected ‘\)’" \
		"const char doc[] = \"doc\";
$(in_function 'DF_FEATURE(kind, name, doc)')"
	refuse "a doc that is a number" "" "expected '\)'|expected ‘\)’" \
		"$(in_function 'DF_FEATURE(kind, name, 7)')"
	refuse "a doc without quotes" "" "expected '\)'|expected ‘\)’" \
		"$(in_function 'DF_FEATURE(kind, name, doc)')"
}

# A flag is no constant, and C has no code outside of functions.
places_in_c() {
	local -r outside='only inside a function|at file scope|not allowed outside'
	refuse "an initialiser at file scope" "" "$outside" 'int outside = DF_FEATURE(kind, name);'
	refuse "an enumerator" "" \
		'not an integer constant|not constant' \
		"int f(void);
int f(void) { enum { value = DF_DEFAULT(kind, name) }; return value; }"
	accept "an initialiser in a function" "" "int f(void);
int f(void) { int inside = DF_FEATURE(kind, name); return inside; }"
}

places_in_cxx() {
	refuse "a constexpr variable" "" 'constant expression|constexpr' \
		"int f(void);
int f(void) { constexpr int value = DF_FEATURE(kind, name); return value; }"
	refuse "a constexpr function" "" \
		'inline assembly is not a constant expression|never produces a constant expression' \
		"constexpr int f(int x) { return DF_FEATURE(kind, name) ? x : 0; }
int g(); int g() { return f(1); }"
	refuse "a constant of a constexpr function, in C++20" "-std=c++20" \
		'inline assembly is not|must be initialized by a constant|never produces a constant' \
		"constexpr int f(int x) { return DF_FEATURE(kind, name) ? x : 0; }
int g(); int g() { constexpr int value = f(1); return value; }"
	accept "a constexpr function with -DDF_DISABLE" "-DDF_DISABLE" \
		"constexpr int f(int x) { return DF_FEATURE(kind, name) ? x : 0; }
int g(); int g() { constexpr int value = f(1); return value; }"
	refuse "static_assert" "" \
		'constant expression|not an integral constant|statement-expression' \
		"static_assert(DF_DEFAULT(kind, name), \"flag\");"
	accept "static_assert with -DDF_DISABLE" "-DDF_DISABLE" \
		"static_assert(DF_DEFAULT(kind, name), \"flag\");"
	local -r argument='int f(int value = DF_FEATURE(kind, name)); int g(); int g() { return f(); }'
	local -r member='struct object { int value = DF_FEATURE(kind, name); };
int g(); int g() { return object().value; }'
	accept "a constructor's own initialiser" "" \
		"struct object { int value; object() : value(DF_FEATURE(kind, name)) {} };
int g(); int g() { return object().value; }"
	case $driver in
	clang*)
		accept "a default argument" "" "$argument"
		accept "a default member initialiser" "" "$member"
		;;
	g++*)
		refuse "a default argument" "" \
			'statement-expressions are not allowed outside functions' "$argument"
		refuse "a default member initialiser" "" \
			'statement-expressions are not allowed outside functions' "$member"
		accept "a default argument with -DDF_DISABLE" "-DDF_DISABLE" "$argument"
		refuse "an initialiser at namespace scope" "" \
			'statement-expressions are not allowed outside functions' \
			'int outside = DF_FEATURE(kind, name);'
		;;
	esac
}

for compiler in "${COMPILERS[@]}"; do
	driver=$compiler
	language=(-std=gnu11 -x c)
	if installed "$driver"; then
		targets
		names
		docs
		places_in_c
	fi
	driver=$(cxx_of "$compiler")
	language=(-std=c++17 -x c++)
	if installed "$driver"; then
		names
		docs
		places_in_cxx
	fi
done
finish
