#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What dynamic_flag.h and an_hook.h have to refuse, with the words, and the way out beside it.
. "$(dirname "${BASH_SOURCE[0]}")/../header/common.sh"

# compile OPTION...: the snippet, with $driver.
compile() {
	"$driver" "${language[@]}" -Wall -Wextra -Werror "-I$INCLUDE" "$@" -c "$WORK/snippet" \
		-o "$WORK/out.o"
}

# accept NAME "OPTIONS" CODE
accept() {
	local -a options
	read -ra options <<<"$2"
	printf '%s\n' "$3" >"$WORK/snippet"
	check "$driver: $1" compile "${options[@]}"
}

# refuse NAME "OPTIONS" WORDS CODE: no object, and one line that matches WORDS.
refuse() {
	local -a options
	read -ra options <<<"$2"
	printf '%s\n' "$4" >"$WORK/snippet"
	if compile "${options[@]}" 2>"$WORK/log"; then
		echo "it compiled" >"$WORK/log"
		bad "$driver: $1" "$WORK/log"
	elif grep -qE -- "$3" "$WORK/log"; then
		ok "$driver: $1"
	else
		bad "$driver: $1, in other words than '$3'" "$WORK/log"
	fi
}

readonly STYLE=-DDYNAMIC_FLAG_IMPLEMENTATION_STYLE
readonly DYNAMIC_FLAG='#include <dynamic_flag.h>'
readonly AN_HOOK='#include <an_hook.h>'

# function HEADER BODY
function_of() {
	printf '%s\nint f(void);\nint f(void) { %s return 0; }\n' "$1" "$2"
}

settings() {
	local -r df_first=$'#include <df.h>\n#include <dynamic_flag.h>'
	local -r flag_first=$'#include <dynamic_flag.h>\n#include <an_hook.h>'

	refuse "style 3" "$STYLE=3" 'dynamic_flag\.h: .*_STYLE must be 0 .*, 1 .* or 2' \
		"$DYNAMIC_FLAG"
	refuse "style -1" "$STYLE=-1" 'dynamic_flag\.h: .*_STYLE must be 0 .*, 1 .* or 2' \
		"$DYNAMIC_FLAG"
	refuse "style 0 after df.h" "$STYLE=0" \
		'dynamic_flag\.h: df\.h was included before.*-DDF_DISABLE' "$df_first"
	accept "style 0 after df.h, with -DDF_DISABLE" "$STYLE=0 -DDF_DISABLE" "$df_first"
	accept "style 2 after df.h" "" "$df_first"
	refuse "no hooks after flags" "-DAN_HOOK_ENABLED=0" \
		'an_hook\.h: AN_HOOK_ENABLED=0 comes too late.*_STYLE=0' "$flag_first"
	refuse "no hooks with style 2" "-DAN_HOOK_ENABLED=0 $STYLE=2" \
		'an_hook\.h: AN_HOOK_ENABLED=0 .* is contradicted.*_STYLE=0' "$AN_HOOK"
	accept "no hooks after style 0" "-DAN_HOOK_ENABLED=0 $STYLE=0" "$flag_first"
	accept "no hooks" "-DAN_HOOK_ENABLED=0" "$AN_HOOK"
	accept "hooks" "-DAN_HOOK_ENABLED=1" "$AN_HOOK"
}

macros() {
	accept "a dummy" "" "$(function_of "$DYNAMIC_FLAG" 'DYNAMIC_FLAG_DUMMY(kind);')"
	refuse "a dummy without a kind" "" 'negative size|is negative' \
		"$(function_of "$DYNAMIC_FLAG" 'DYNAMIC_FLAG_DUMMY();')"
	refuse "a dummy as an expression" "" 'expected' \
		"$(function_of "$DYNAMIC_FLAG" 'return DYNAMIC_FLAG_DUMMY(kind);')"
	accept "a hook for debugging as an expression" "" \
		"$(function_of "$AN_HOOK" 'if (AN_HOOK_DEBUG(name)) { return 1; }')"
	refuse "a hook for debugging as the other hooks" "" 'expected .*;' \
		"$(function_of "$AN_HOOK" 'AN_HOOK_DEBUG(name) { return 1; }')"
	refuse "a hook without a name" "" 'negative size|is negative' \
		"$(function_of "$AN_HOOK" 'AN_HOOK(kind, ) { return 1; }')"
	refuse "hooks over HTTP" "" 'an_hook_handler_http_enable' \
		"$(function_of "$AN_HOOK" 'an_hook_handler_http_enable(0);')"
	accept "a count from a kind" "" \
		"$(function_of "$DYNAMIC_FLAG" 'return (int)dynamic_flag_activate_kind(kind, 0);')"
	refuse "a kind's pattern that is no string" "" 'incompatible|no matching function|cannot convert' \
		"$(function_of "$DYNAMIC_FLAG" \
			'static struct { int i; } s; dynamic_flag_activate_kind(kind, s);')"
}

# The control functions are static inline, which gcc refuses in C within an inline function of
# external linkage.
inline_functions() {
	local -r body='(void) { dynamic_flag_activate("kind:"); }'
	local -r code="$DYNAMIC_FLAG
inline void f(void);
inline void f$body"
	case $driver in
	gcc*)
		refuse "a call in an inline function" "" \
			'static but used in inline function .f. which is not static' "$code"
		;;
	*)
		accept "a call in an inline function" "" "$code"
		;;
	esac
	accept "a call in a static inline function" "" "$DYNAMIC_FLAG
static inline void f$body
void g(void);
void g(void) { f(); }"
}

for compiler in "${COMPILERS[@]}"; do
	driver=$compiler
	language=(-std=gnu11 -x c)
	if installed "$driver"; then
		settings
		macros
		inline_functions
	fi
	driver=$(cxx_of "$compiler")
	language=(-std=c++17 -x c++)
	if installed "$driver"; then
		settings
		macros
		inline_functions
	fi
done
finish
