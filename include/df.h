/* SPDX-License-Identifier: Apache-2.0 */
/*
 * df.h - dynamic flags: switches that cost nothing until they are thrown.
 *
 *     #include <df.h>
 *
 *     if (DF_FEATURE(http, fast_path, "answer from the cache"))
 *             serve_cached(conn);
 *     else
 *             serve(conn);
 *
 * The compiler emits one 5-byte instruction where the macro stands (clang
 * before 17 two: clc or stc, and a conditional jump), and a record that
 * describes it. The flag's value is which of two opcodes stands there; reading
 * it is executing it. Flags are flipped from outside by
 *
 *     dfpatch activate --pid PID http:fast_path
 *
 * for which the program needs nothing but this header: no library, no control
 * code, no start-up work.
 *
 * A flag has a kind, a name and, optionally, a doc. Its full name is
 * kind:name@file:line, as in http:fast_path@src/conn.c:41. Kind and name are
 * written bare (no quotes), are not macro-expanded, and may hold any run of
 * preprocessing tokens without a comma; a name begins with an identifier or with
 * a number that has no point and no sign (3d, but not 1.5). The doc is a string
 * literal in UTF-8. Each place in text is a site of its own: a flag in an inlined
 * function or an unrolled loop has several, and every operation takes them all.
 *
 *   macro            before a controller     after    compiled for
 *                    initialises the module
 *   DF_FEATURE       off                     off      off
 *   DF_DEFAULT       on                      on       on
 *   DF_DEFAULT_SLOW  on                      on       off
 *   DF_OPT           on                      off      off
 *   DF_DEBUG         on, or off with NDEBUG  same     off
 *
 * "Compiled for" is the value whose code lies straight ahead; the other value
 * costs a jump to a block out of line. A DF_OPT flag is on for whoever has no
 * controller (a test run, a build without control code) and opt-in for whoever
 * has one. DF_DEBUG(name) has the kind `debug`.
 *
 * Each macro takes (KIND, NAME) or (KIND, NAME, "doc"), DF_DEBUG takes (NAME)
 * or (NAME, "doc"). Each is an expression of type int with the value 0 or 1
 * and can stand wherever one is evaluated inside a function: conditions,
 * arguments, initialisers, constructors, templates, coroutines. It is no
 * constant expression, and it cannot stand outside a function. To gcc a default
 * argument and a default member initialiser of C++ are outside; a constructor's
 * own initialisers are not.
 *
 * Reading a flag is safe from every thread and from signal handlers, and it
 * orders nothing: a thread that sees a flag on need not see memory that the
 * controller wrote before it switched it on.
 *
 * Counts. Each site has an activation count and an unhook count. Activation
 * adds one, deactivation takes one away but never below zero, and the flag is
 * on while the count is above zero; so several parties can want a flag without
 * knowing of each other. A flag that is unhooked (count above zero) ignores
 * activations; one that is on stays on. `dfpatch --help` has all operations.
 *
 * -DDF_DISABLE turns every macro into its value as built and emits nothing.
 * Builds with the same macros and without this header's sections are thus one
 * option away, and the only way for targets other than x86-64 Linux (LP64,
 * every code model but large) and compilers other than gcc 9 and clang 11 on.
 */
#ifndef DF_H
#define DF_H

#include "df_abi.h"

#if defined(DF_DISABLE)

#define DF_FEATURE(KIND, ...) 0
#define DF_DEFAULT(KIND, ...) 1
#define DF_DEFAULT_SLOW(KIND, ...) 1
#define DF_OPT(KIND, ...) 1
#if defined(NDEBUG)
#define DF_DEBUG(...) 0
#else
#define DF_DEBUG(...) 1
#endif

#else /* flags are compiled in */

#if !defined(__x86_64__) || !defined(__LP64__)
#error "df.h: dynamic flags need x86-64 Linux (LP64); build this file with -DDF_DISABLE"
#elif defined(__code_model_large__)
#error "df.h: -mcmodel=large puts text out of reach of 32-bit distances; use -mcmodel=small or medium, or -DDF_DISABLE"
#elif defined(__clang__) ? __clang_major__ < 11 : __GNUC__ < 9
#error "df.h: dynamic flags need gcc 9 or clang 11 (asm inline goto); build this file with -DDF_DISABLE"
#endif

/*
 * Which pair of encodings. clang before 17 takes each asm goto of a function to
 * jump to the labels of all, and refuses two with a scope between them that has
 * a cleanup, a destructor or a VLA. A lambda around each is no way out, since it
 * looks into lambdas as well where the function has a switch or a goto; so the
 * value goes through the carry flag there. -DDF_FORCE_STYLE=1 takes the 5-byte
 * instruction all the same, for code that has no such scopes.
 */
#if defined(DF_FORCE_STYLE)
#define DF_STYLE_ DF_FORCE_STYLE
#elif defined(__clang__) && __clang_major__ < 17
#define DF_STYLE_ DF_STYLE_X86_CARRY
#else
#define DF_STYLE_ DF_STYLE_X86_GOTO
#endif

/*
 * Strings are string literals given as operands, never pasted into the text of
 * the assembler: so the compiler quotes, merges and places them, and %, braces,
 * backslashes and UTF-8 pass unharmed. The name was pasted to df_ before, which
 * keeps the preprocessor from expanding it, and is read from its fourth
 * character on; an empty kind or name is an array of negative size.
 */
#define DF_OPERANDS_(KIND, NAME, DOC)                                                              \
	[df_kind] "i"(&KIND[0 * sizeof(char[sizeof(KIND) > 1 ? 1 : -1])]),                         \
		[df_name] "i"(&NAME[3 + 0 * sizeof(char[sizeof(NAME) > 4 ? 1 : -1])]),             \
		[df_file] "i"(__FILE__), [df_doc] "i"("" DOC), [df_line] "i"(__LINE__)

#if DF_STYLE_ == DF_STYLE_X86_CARRY

#define DF_OPCODE_STRAIGHT_ "0xf8"
#define DF_OPCODE_JUMP_ "0xf9"
/*
 * The expectation stands at the carry itself: of one about the value clang loses
 * sight in C++, and puts the cold code straight ahead.
 */
#define DF_BODY_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                                       \
	int df_jumped = 0, df_carry;                                                               \
	__asm__ __volatile__("72: .byte " OPCODE                                                   \
			     "\n\t" DF_ASM_SITE_(DF_STYLE_X86_CARRY, FLAGS, ACTIVATION, "0")       \
			     : "=@ccc"(df_carry)                                                   \
			     : DF_OPERANDS_(KIND, NAME, DOC));                                     \
	if (__builtin_expect(df_carry, 0))                                                         \
		df_jumped = 1;

#elif DF_STYLE_ == DF_STYLE_X86_GOTO

#define DF_OPCODE_STRAIGHT_ "0xa9"
#define DF_OPCODE_JUMP_ "0xe9"
#if defined(__clang__)
#define DF_COLD_LABEL_
#else
#define DF_COLD_LABEL_ __attribute__((__cold__));
#endif
/*
 * Data directives, not mnemonics: no dialect and no padding of jumps can touch
 * them. `asm inline`, so that gcc counts the many lines as one instruction when
 * it decides on inlining.
 */
#define DF_BODY_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                                       \
	__label__ df_cold;                                                                         \
	int df_jumped = 0;                                                                         \
	__asm__ __inline__ goto("72: .byte " OPCODE                                                \
				"\n\t.long %l[df_cold] - . - 4\n\t" DF_ASM_SITE_(                  \
					DF_STYLE_X86_GOTO, FLAGS, ACTIVATION, "%l[df_cold] - .")   \
				:                                                                  \
				: DF_OPERANDS_(KIND, NAME, DOC)                                    \
				:                                                                  \
				: df_cold);                                                        \
	if (0) {                                                                                   \
	df_cold:                                                                                   \
		DF_COLD_LABEL_ df_jumped = 1;                                                      \
	}

#else
#error "df.h: DF_FORCE_STYLE must be 1 (test or jmp) or 2 (clc or stc)"
#endif

#if defined(__clang__) && defined(__cplusplus)
/*
 * A function of its own per site: clang refuses the labels of an asm goto in
 * coroutines, and statement expressions in default arguments and default member
 * initialisers.
 */
#define DF_SITE_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                                       \
	([]() __attribute__((__always_inline__, __nodebug__))->int {                               \
		DF_BODY_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                               \
		return df_jumped;                                                                  \
	}())
#else
#define DF_SITE_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                                       \
	__extension__({                                                                            \
		DF_BODY_(OPCODE, FLAGS, ACTIVATION, KIND, NAME, DOC)                               \
		df_jumped;                                                                         \
	})
#endif

/* Flags are numbers, since the assembler reads them: 1 inverted, 2 held, 4 jump as built. */
#define DF_FEATURE_(KIND, NAME, DOC, ...)                                                          \
	(__builtin_expect(DF_SITE_(DF_OPCODE_STRAIGHT_, 0, 0, KIND, #NAME, DOC) != 0, 0) ? 1 : 0)
#define DF_DEFAULT_(KIND, NAME, DOC, ...)                                                          \
	(__builtin_expect(DF_SITE_(DF_OPCODE_STRAIGHT_, 1, 1, KIND, #NAME, DOC) == 0, 1) ? 1 : 0)
#define DF_DEFAULT_SLOW_(KIND, NAME, DOC, ...)                                                     \
	(__builtin_expect(DF_SITE_(DF_OPCODE_JUMP_, 4, 1, KIND, #NAME, DOC) != 0, 0) ? 1 : 0)
#define DF_OPT_(KIND, NAME, DOC, ...)                                                              \
	(__builtin_expect(DF_SITE_(DF_OPCODE_JUMP_, 6, 0, KIND, #NAME, DOC) != 0, 0) ? 1 : 0)

/* The empty doc stands behind the caller's arguments: it is the third where no doc was given. */
#define DF_FEATURE(KIND, ...) DF_FEATURE_(#KIND, df_##__VA_ARGS__, "", 0)
#define DF_DEFAULT(KIND, ...) DF_DEFAULT_(#KIND, df_##__VA_ARGS__, "", 0)
#define DF_DEFAULT_SLOW(KIND, ...) DF_DEFAULT_SLOW_(#KIND, df_##__VA_ARGS__, "", 0)
#define DF_OPT(KIND, ...) DF_OPT_(#KIND, df_##__VA_ARGS__, "", 0)
#if defined(NDEBUG)
#define DF_DEBUG(...) DF_FEATURE_("debug", df_##__VA_ARGS__, "", 0)
#else
#define DF_DEBUG(...) DF_DEFAULT_SLOW_("debug", df_##__VA_ARGS__, "", 0)
#endif

#endif /* DF_DISABLE */

#endif /* DF_H */
