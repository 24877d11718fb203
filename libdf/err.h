/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - errors as values.
 *
 * A function that can fail returns 0 or a count, or the negative of a code
 * below, and takes a `struct df_err *` of the caller's as its last parameter.
 * The message in it is complete where it is made: what was wrong, where, and
 * where possible what to do; it has no final newline and no program name.
 */
#ifndef DF_ERR_H
#define DF_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* Every code with what it stands for; the texts are what df_err_name() gives. */
#define DF_ERROR_LIST(X)                                                                           \
	X(DF_E_USAGE, "usage")		 /* options or arguments make no sense */                  \
	X(DF_E_PATTERN, "pattern")	 /* a bad regular expression */                            \
	X(DF_E_MATCH_FAILED, "match")	 /* regexec gave up: neither a match nor none */           \
	X(DF_E_NO_MATCH, "no-match")	 /* some pattern matched no flag */                        \
	X(DF_E_NO_FLAGS, "no-flags")	 /* the file or process carries no flags */                \
	X(DF_E_SYSTEM, "system")	 /* a system call failed; the text names it */             \
	X(DF_E_MEMORY, "memory")	 /* out of memory */                                       \
	X(DF_E_NOT_ELF, "not-elf")	 /* the file is no ELF file */                             \
	X(DF_E_ARCH, "architecture")	 /* ELF, but not x86-64 little-endian */                   \
	X(DF_E_TABLE, "table")		 /* note, control block or record is damaged */            \
	X(DF_E_VERSION, "version")	 /* a table of a version, style or size we do not know */  \
	X(DF_E_SITE, "site")		 /* the bytes at a site are not what the record says */    \
	X(DF_E_BREAKPOINT, "breakpoint") /* a debugger or uprobe owns the byte at a site */        \
	X(DF_E_NO_PROCESS, "no-process") /* no such process, or it exited meanwhile */             \
	X(DF_E_EXEC, "exec")		 /* the process runs another program by now */             \
	X(DF_E_PERMISSION, "permission") /* the kernel does not let us */                          \
	X(DF_E_TRACED, "traced")	 /* another tracer has the process */                      \
	X(DF_E_BUSY, "busy")		 /* another controller is at work in it */                 \
	X(DF_E_TIMEOUT, "timeout")	 /* a budget of time ran out */                            \
	X(DF_E_CHANGED, "changed")	 /* the module changed since it was planned: plan anew */  \
	X(DF_E_WRITE, "write")		 /* a write failed half-way; everything was undone */      \
	X(DF_E_UNDO, "undo")		 /* a write failed half-way, and so did the undo */

enum df_errc {
	DF_E_NONE,
#define DF_ERROR_ENUM(CODE, NAME) CODE,
	DF_ERROR_LIST(DF_ERROR_ENUM)
#undef DF_ERROR_ENUM
};

#define DF_ERR_TEXT 1024

struct df_err {
	enum df_errc code;
	char text[DF_ERR_TEXT];
};

/* Fills *err (which may be NULL) and returns -code. Text that does not fit is cut. */
int df_fail(struct df_err *err, enum df_errc code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Like df_fail(), with ": " and the description of errno behind the text. */
int df_fail_errno(struct df_err *err, enum df_errc code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Out of memory, with the same return contract; allocates nothing. */
int df_fail_memory(struct df_err *err);

/*
 * Puts `context` and ": " before the text of *err, which must hold an error, and returns its -code.
 * For callers that know where it happened.
 */
int df_err_prefix(struct df_err *err, const char *context);

/* The short stable name of a code, for machines ("no-match"); "none" for DF_E_NONE, never NULL. */
const char *df_err_name(enum df_errc code);

/* Static analysis sees one file at a time: tell it that an error is never 0. */
#if defined(__clang_analyzer__) && !defined(DF_ERR_C)
#define df_fail(ERR, CODE, ...) (df_fail(ERR, CODE, __VA_ARGS__), -(int)(CODE))
#define df_fail_errno(ERR, CODE, ...) (df_fail_errno(ERR, CODE, __VA_ARGS__), -(int)(CODE))
#define df_fail_memory(ERR) (df_fail_memory(ERR), -(int)DF_E_MEMORY)
#endif

#endif
