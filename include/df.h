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

#include <stdint.h>

/*
 * The version of this header, and of the libdf that belongs to it. It is said here
 * alone: CMakeLists.txt reads it for the tool, the library and the packages.
 */
#define DF_VERSION_MAJOR 0
#define DF_VERSION_MINOR 1
#define DF_VERSION_PATCH 0

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
	[df_kind] "i"(KIND),                                                                       \
		[df_name] "i"(                                                                     \
			&NAME[3 +                                                                  \
			      0 * sizeof(char[sizeof(KIND) > 1 && sizeof(NAME) > 4 ? 1 : -1])]),   \
		[df_file] "i"(__FILE__), [df_doc] "i"("" DOC), [df_line] "i"(__LINE__)

#if DF_STYLE_ == DF_STYLE_X86_CARRY

#define DF_OPCODE_STRAIGHT_ "0xf8"
#define DF_OPCODE_JUMP_ "0xf9"
/*
 * The expectation stands at the carry itself: of one about the value clang loses
 * sight in C++, and puts the cold code straight ahead.
 */
#define DF_BODY_(OPCODE, BUILT, KIND, NAME, DOC)                                                   \
	int df_jumped = 0, df_carry;                                                               \
	__asm__ __volatile__("72:.byte " OPCODE ";" DF_ASM_SITE_("2", BUILT, "0")                  \
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
#define DF_BODY_(OPCODE, BUILT, KIND, NAME, DOC)                                                   \
	__label__ df_cold;                                                                         \
	int df_jumped = 0;                                                                         \
	__asm__ __inline__ goto("72:.byte " OPCODE ";.long %l[df_cold]-.-4;" DF_ASM_SITE_(         \
					"1", BUILT, "%l[df_cold]-.")                               \
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
#define DF_SITE_(OPCODE, BUILT, KIND, NAME, DOC)                                                   \
	([]() __attribute__((__always_inline__, __nodebug__))->int {                               \
		DF_BODY_(OPCODE, BUILT, KIND, NAME, DOC)                                           \
		return df_jumped;                                                                  \
	}())
#else
#define DF_SITE_(OPCODE, BUILT, KIND, NAME, DOC)                                                   \
	__extension__({                                                                            \
		DF_BODY_(OPCODE, BUILT, KIND, NAME, DOC)                                           \
		df_jumped;                                                                         \
	})
#endif

/*
 * Flags and activation as built, for the assembler: the flags are 1 for inverted, 2 for held and
 * 4 for jump as built.
 */
#define DF_FEATURE_(KIND, NAME, DOC, ...)                                                          \
	(__builtin_expect(DF_SITE_(DF_OPCODE_STRAIGHT_, "0,0", KIND, #NAME, DOC) != 0, 0) ? 1 : 0)
#define DF_DEFAULT_(KIND, NAME, DOC, ...)                                                          \
	(__builtin_expect(DF_SITE_(DF_OPCODE_STRAIGHT_, "1,1", KIND, #NAME, DOC) == 0, 1) ? 1 : 0)
#define DF_DEFAULT_SLOW_(KIND, NAME, DOC, ...)                                                     \
	(__builtin_expect(DF_SITE_(DF_OPCODE_JUMP_, "4,1", KIND, #NAME, DOC) != 0, 0) ? 1 : 0)
#define DF_OPT_(KIND, NAME, DOC, ...)                                                              \
	(__builtin_expect(DF_SITE_(DF_OPCODE_JUMP_, "6,0", KIND, #NAME, DOC) != 0, 0) ? 1 : 0)

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

/*
 * ---------------------------------------------------------------------------
 * The same from within the program. What follows needs libdf (pkg-config libdf;
 * the manual page is df(3)); all of the above does not.
 *
 * libdf and dfpatch share the table, the rules and the state, so either sees and
 * goes on from what the other did. Any number of copies of libdf may be at work
 * in one process, in the executable and in each shared object.
 *
 * Modules. Every function works on the executable and every shared object that
 * carries flags at the time of the call, and initialises those that no controller
 * has initialised yet: the holds of their DF_OPT flags are released, and the
 * start-up wishes of DF_FLAGS and DF_FLAGS_FILE carried out, once per module.
 * Each module changes wholly or not at all. An error in one does not keep the
 * others from being changed; the first error is what the call returns. A module that
 * cannot be initialised, because a breakpoint stands on a DF_OPT site or the system
 * lets nobody write text, stays as built, and its other flags can be flipped all the
 * same: df_init() says why, and every call tries again.
 *
 * Patterns are POSIX extended regular expressions over the full name in the
 * program's locale; they match from its first character, as a whole (`a|b` is
 * anchored on both sides of the bar), and need not reach its end. A kind is
 * compared as it stands. NULL stands for every flag (of the kind). An expression has
 * at most 4096 bytes and 100 opening parentheses; a pattern without special characters
 * may be of any length.
 *
 * Return values. The number of flags, that is of full names in a module, that
 * matched, whether or not they had to be changed; or the negative of a value of
 * enum df_error: df_error() has the text. Nothing is ever printed, and the program is never ended.
 *
 * Threads. Every function may be called from any thread at any time, but not
 * from a signal handler, and not in the child of a vfork. When a function has
 * returned, no thread still runs the instructions from before. A thread must not
 * be ended, by exit(2) as a system call or by longjmp from a signal handler, in
 * the middle of a call.
 *
 * After fork(2) the child goes on with its own copy of all flags; a fork waits for
 * calls of other threads. Where some other thread was inside dl_iterate_phdr(3) or
 * dlopen(3) at that moment, glibc leaves the loader locked in the child for ever,
 * and whoever looks for modules there, as libdf must, stands still.
 */
#ifdef __cplusplus
extern "C" {
#endif

#define DF_API_ __attribute__((__visibility__("default")))

enum df_error {
	DF_ERROR_USAGE = 1,	  /* a line of a script, or an argument, makes no sense */
	DF_ERROR_PATTERN = 2,	  /* a bad regular expression */
	DF_ERROR_MATCH = 3,	  /* regexec(3) gave up: neither a match nor none */
	DF_ERROR_SYSTEM = 6,	  /* a system call failed; the text names it */
	DF_ERROR_MEMORY = 7,	  /* out of memory */
	DF_ERROR_TABLE = 10,	  /* a module's note, control block or record is damaged */
	DF_ERROR_VERSION = 11,	  /* a table of a version, style or size we do not know */
	DF_ERROR_SITE = 12,	  /* the bytes at a site are not what its record says */
	DF_ERROR_BREAKPOINT = 13, /* a debugger or uprobe owns the byte at a site */
	DF_ERROR_PERMISSION = 16, /* the system leaves no way to write one's own text */
	DF_ERROR_BUSY = 18,	  /* controllers outside took the module again and again */
	DF_ERROR_WRITE = 21,	  /* a write failed half-way; everything was undone */
	DF_ERROR_UNDO = 22	  /* and so did the undo; the next operation finishes it */
};

/*
 * Initialises every module that was not yet. No need to call it: every function
 * does so first; but calling it early fixes when DF_OPT flags go off and start-up
 * wishes take effect, and lets libdf open /proc/self/mem while it may (see df(3)).
 * Pages of text are touched only where a DF_OPT flag or a wish changes a byte.
 * Returns 0 or an error, also if a start-up wish cannot be read: all modules are
 * initialised without any wish then, and no other function speaks of it.
 */
DF_API_ int df_init(void);

/* activation + 1; on while it is above 0. Nothing while unhooked. */
DF_API_ int df_activate(const char *pattern);
/* activation - 1, not below 0; at 0, a flag that is held loses its hold. */
DF_API_ int df_deactivate(const char *pattern);
/* activation at least 1: doing it twice is the same as once. Nothing while unhooked. */
DF_API_ int df_enable(const char *pattern);
/* activation 0, and no hold. */
DF_API_ int df_disable(const char *pattern);
/* unhook + 1: the flag ignores activations; one that is on stays on. */
DF_API_ int df_unhook(const char *pattern);
/* unhook - 1, not below 0. */
DF_API_ int df_rehook(const char *pattern);

/* The same on the flags of one kind. DF_ERROR_USAGE if `kind` is NULL. */
DF_API_ int df_activate_kind(const char *kind, const char *pattern);
DF_API_ int df_deactivate_kind(const char *kind, const char *pattern);
DF_API_ int df_enable_kind(const char *kind, const char *pattern);
DF_API_ int df_disable_kind(const char *kind, const char *pattern);
DF_API_ int df_unhook_kind(const char *kind, const char *pattern);
DF_API_ int df_rehook_kind(const char *kind, const char *pattern);

/*
 * Carries out a script, which may be a single line:
 *
 *     +PATTERN  activate    -PATTERN  deactivate
 *     !PATTERN  unhook      ?PATTERN  rehook
 *
 * or one of these words, `enable` or `disable`, and a pattern behind it. One
 * operation a line, in this order. Blanks at both ends of a line and behind the sign
 * or word, empty lines, and lines that begin with # do not count. Every line is read
 * before the first is carried out, and in each module they all happen at once.
 * Returns the sum over all lines.
 */
DF_API_ int df_apply(const char *script);

/*
 * One site of a flag, as df_list() found it. Strings, and the structure itself,
 * are valid until the callback returns; strings of the executable's own flags for
 * as long as the process lives.
 */
struct df_flag_info {
	const char *full_name; /* kind:name@file:line */
	const char *kind;
	const char *name;
	const char *file;
	const char *doc;    /* "" where no doc was given */
	const char *module; /* path as the loader has it; "" for the executable */
	uint32_t line;
	uint32_t activation;
	uint32_t unhook;
	int active;	    /* 1 if it is on */
	int duplicate;	    /* 1 if the entry before this one has the same full name */
	const void *site;   /* run-time address of the instruction */
	const void *target; /* run-time address of the cold path; NULL with clang before 17 */
};

typedef int (*df_list_callback)(void *context, const struct df_flag_info *flag);

/*
 * Calls back for every site that matches, sorted by kind, name, file, line (as a
 * number), module and address, until the callback returns other than 0. The
 * callback is called without any lock and may call every function of libdf; counts
 * are those of a moment during the call. Returns what the callback returned last
 * if that is not 0, else the number of flags listed, or an error.
 */
DF_API_ int df_list(const char *pattern, df_list_callback callback, void *context);

/*
 * A callback that prints to `stream`, a FILE * (stderr if NULL), one line per full name:
 *     full name (off|COUNT[, unhook=N])[: doc]
 * Returns 0 always.
 */
DF_API_ int df_list_print(void *stream, const struct df_flag_info *flag);

/* How this copy of libdf may write text: see df(3). */
enum df_write_policy {
	DF_WRITE_BY_COST = 0, /* whichever way is cheaper, and the other where that is denied */
	DF_WRITE_NEVER_WX = 1 /* never through pages that are writable and executable at once */
};
DF_API_ int df_set_write_policy(enum df_write_policy policy);

/*
 * What went wrong in the last call of this thread that returned an error; "" before
 * the first. Never NULL, no final newline; valid until the thread's next call.
 */
DF_API_ const char *df_error(void);

#ifdef __cplusplus
}
#endif

#endif /* DF_H */
