/* SPDX-License-Identifier: Apache-2.0 */
/*
 * df_abi.h - the flag-site table, version 1, as bytes.
 *
 * Everything that a linked module (executable or shared object) says about its
 * flags lies in four kinds of data, all of them in allocated sections, so that
 * they survive strip and are found in memory as well as in the file:
 *
 *   PT_NOTE -> note (.note.df) -> control block -> site table -> strings, states
 *
 *   note     32 bytes  read-only, leads to the control block
 *   control 128 bytes  writable, one per module: bounds of the table, locks
 *   record   36 bytes  read-only, one per site (a patchable instruction)
 *   state    16 bytes  writable, one per site, zero as built (no file space)
 *
 * Every reference is a 32-bit distance from the field that holds it to the
 * thing it names ("X - ." for the assembler). Such a distance needs no dynamic
 * relocation, and it is the same in the file (ELF addresses) and in a process
 * (run-time addresses).
 *
 * The version is part of the section, symbol and group names: objects built
 * with another version of this header give the module a second, separate
 * table. The layout under the name v1 never changes, not even by growing.
 *
 * This header is valid C (C99 on) and C++ (C++11 on). The assembler text at
 * its end is what the macros of df.h emit; it stands beside the structures
 * that read it, and tests/unit/test_abi.c holds one against the other.
 */
#ifndef DF_ABI_H
#define DF_ABI_H

#include <stddef.h>
#include <stdint.h>

#define DF_ABI_VERSION 1

/* Sizes and alignments in bytes; decimal literals, since the assembler reads them too. */
#define DF_NOTE_SIZE 32
#define DF_CONTROL_SIZE 128
#define DF_SITE_SIZE 36
#define DF_STATE_SIZE 16

/* Note header (gABI, chapter 5, "Note Section"): owner "DF", type DF_ABI_VERSION. */
#define DF_NOTE_OWNER_SIZE 3
#define DF_NOTE_DESC_SIZE 16
#define DF_NOTE_MAGIC 0x31764644 /* "DFv1" in a little-endian file */

/* First 8 bytes of a control block; CR, LF and a control character show text-mode damage. */
#define DF_CONTROL_MAGIC "DFctl\r\n\001"

/*
 * Styles: which pair of encodings may stand at a site. Only the first byte of
 * the instruction ever changes.
 *   GOTO   a9 imm32  test eax, imm32   <->  e9 rel32  jmp target
 *   CARRY  f8        clc               <->  f9        stc
 * In both the second of the pair is called the jump, because control leaves
 * the straight path there (with CARRY, at the conditional jump that follows).
 */
#define DF_STYLE_X86_GOTO 1
#define DF_STYLE_X86_CARRY 2

/* Flags of a record. */
#define DF_SITE_INVERTED 1   /* the jump means "inactive" (DF_DEFAULT) */
#define DF_SITE_HELD 2	     /* active until a controller initialises the module (DF_OPT) */
#define DF_SITE_JUMP_BUILT 4 /* the jump stands in the file */

/*
 * One site. A reader finds what a distance names at
 *   address of the field + value of the field.
 */
struct df_site_v1 {
	int32_t site;	    /* first byte of the instruction */
	int32_t target;	    /* first byte of the cold path; 0 with the CARRY style */
	int32_t kind;	    /* C string */
	int32_t name;	    /* C string */
	int32_t file;	    /* C string, __FILE__ as the compiler saw it */
	int32_t doc;	    /* C string, "" where no doc was given */
	int32_t state;	    /* struct df_state_v1 of this site */
	uint32_t line;	    /* __LINE__ */
	uint8_t style;	    /* DF_STYLE_* */
	uint8_t flags;	    /* DF_SITE_* */
	uint8_t activation; /* counts as built */
	uint8_t unhook;
};

/*
 * A pair of counts as stored: XOR the counts as built, so that zero bytes mean
 * "as built". Bit 31 of `unhook` says that the hold of a DF_SITE_HELD site was
 * released; the count itself has bits 0 to 30.
 */
struct df_count_v1 {
	uint32_t activation;
	uint32_t unhook;
};
#define DF_HOLD_RELEASED 0x80000000u

/* `next` equals `current` at every site while the module's phase is DF_PHASE_IDLE. */
struct df_state_v1 {
	struct df_count_v1 current;
	struct df_count_v1 next;
};

/* Phases of a module: how far an operation has come. What a controller that finds one must do. */
#define DF_PHASE_IDLE 0
#define DF_PHASE_PREPARING 1 /* `next` is being written: take it back to `current` */
#define DF_PHASE_WRITING 2   /* opcode bytes follow `next`: finish */
#define DF_PHASE_CLOSING 3   /* `current` follows `next`: finish */
#define DF_PHASE_UNDOING 4   /* a write failed: bytes from `current`, then `next` too */

/* Bits of `initialised`. */
#define DF_INITIALISED 1 /* the holds were released */
#define DF_INITIALISING                                                                            \
	2 /* they are being released: recovery forward sets DF_INITIALISED, back neither */

/*
 * Bits of `lock`, as the kernel's own of a priority-inheriting futex (futex(2)):
 * who has it, and whether anybody sleeps on it and must be woken.
 */
#define DF_LOCK_OWNER 0x3fffffffu
#define DF_LOCK_WAITERS 0x80000000u

/*
 * Control block. `lock` and `external` have eight aligned bytes each to
 * themselves: a writer outside the process may write byte by byte or in words
 * of eight, so a reader tests them for zero only, or reads until two readings
 * agree. A controller outside never writes `lock`.
 */
struct df_control_v1 {
	uint8_t magic[8];	 /* DF_CONTROL_MAGIC */
	int32_t start;		 /* first record */
	int32_t stop;		 /* one past the last record */
	uint16_t site_size;	 /* DF_SITE_SIZE */
	uint16_t state_size;	 /* DF_STATE_SIZE */
	uint16_t control_size;	 /* DF_CONTROL_SIZE */
	uint16_t minor;		 /* 0; a reader accepts every value */
	uint32_t lock;		 /* futex: 0, or the id of the owning thread of this process */
	uint32_t lock_reserved;	 /* 0 */
	uint32_t external;	 /* 0, or the claim of a controller outside */
	uint32_t external_nonce; /* tells one claim from the next */
	uint32_t phase;		 /* DF_PHASE_* */
	uint32_t initialised;	 /* DF_INITIALISED */
	uint64_t generation;	 /* committed operations */
	uint64_t changed_at;	 /* wall clock of the last commit, ns since the epoch */
	uint32_t changed_by;	 /* process id of its controller, as that process sees itself */
	uint32_t reserved[15];	 /* 0 */
};

/* The distances of a note are right where the linker put it; tools that move notes do not mend
 * them. */
struct df_note_v1 {
	uint32_t owner_size; /* DF_NOTE_OWNER_SIZE */
	uint32_t desc_size;  /* DF_NOTE_DESC_SIZE */
	uint32_t type;	     /* DF_ABI_VERSION */
	char owner[4];	     /* "DF" */
	uint32_t magic;	     /* DF_NOTE_MAGIC */
	int32_t control;     /* control block */
	int32_t ehdr;	   /* ELF header of the module (weak: a wild value where none is loaded) */
	uint32_t reserved; /* 0 */
};

#if defined(__cplusplus)
#define DF_ABI_ASSERT_(ID, CONDITION) static_assert(CONDITION, #ID)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define DF_ABI_ASSERT_(ID, CONDITION) _Static_assert(CONDITION, #ID)
#else
#define DF_ABI_ASSERT_(ID, CONDITION) extern char df_abi_assert_##ID[(CONDITION) ? 1 : -1]
#endif
DF_ABI_ASSERT_(note_size, sizeof(struct df_note_v1) == DF_NOTE_SIZE);
DF_ABI_ASSERT_(note_control, offsetof(struct df_note_v1, control) == 20);
DF_ABI_ASSERT_(note_ehdr, offsetof(struct df_note_v1, ehdr) == 24);
DF_ABI_ASSERT_(control_size, sizeof(struct df_control_v1) == DF_CONTROL_SIZE);
DF_ABI_ASSERT_(control_start, offsetof(struct df_control_v1, start) == 8);
DF_ABI_ASSERT_(control_stop, offsetof(struct df_control_v1, stop) == 12);
DF_ABI_ASSERT_(control_sizes, offsetof(struct df_control_v1, site_size) == 16);
DF_ABI_ASSERT_(control_lock, offsetof(struct df_control_v1, lock) == 24);
DF_ABI_ASSERT_(control_external, offsetof(struct df_control_v1, external) == 32);
DF_ABI_ASSERT_(control_phase, offsetof(struct df_control_v1, phase) == 40);
DF_ABI_ASSERT_(control_generation, offsetof(struct df_control_v1, generation) == 48);
DF_ABI_ASSERT_(site_size, sizeof(struct df_site_v1) == DF_SITE_SIZE);
DF_ABI_ASSERT_(site_state, offsetof(struct df_site_v1, state) == 24);
DF_ABI_ASSERT_(site_style, offsetof(struct df_site_v1, style) == 32);
DF_ABI_ASSERT_(state_size, sizeof(struct df_state_v1) == DF_STATE_SIZE);
DF_ABI_ASSERT_(state_next, offsetof(struct df_state_v1, next) == 8);

/*
 * ---------------------------------------------------------------------------
 * The assembler text. Local labels: 72 the instruction, 73 its record, 74 its
 * state. They are not 0 or 1 because clang with -masm=intel reads "1b" as a
 * binary number.
 */
/*
 * `"?"` puts a section into the section group of the function around it, so a
 * discarded COMDAT function takes its records along. A state has a section name
 * of its own, and `unique` gives every record a section of its own, so
 * --gc-sections drops exactly the dead ones. `unique` needs GNU as 2.35, and
 * -DDF_ONE_SECTION does without at the price of that.
 */
#ifdef DF_ONE_SECTION
#define DF_ASM_OWN_NAME_ ""
#define DF_ASM_UNIQUE_ ""
#else
#define DF_ASM_OWN_NAME_ ".%="
#define DF_ASM_UNIQUE_ ",unique,%="
#endif

/*
 * Statements of the assembler with semicolons between, many to a literal and with neither blanks
 * nor pushes to spare, and with numbers for the names above. Every site of a program has all of
 * it: each token and character is read, copied and joined a thousand times in a file of a thousand
 * flags, of each line clang notes where it came from, and among sections of one name GNU as
 * looks for the one that is meant from the first on: only the records need that name. test_abi.c
 * finds what does not fit the structures.
 */
/* clang-format off */

/*
 * Note and control block, once per assembly file and once per linked module; then the section of
 * the code again. Weak and hidden: of several copies (ThinLTO, ld -r) the linker takes one. The
 * __start_/__stop_ symbols are strong on purpose: a linker script that drops or
 * folds the table must be a link error and not an empty table.
 */
#define DF_ASM_MODULE_ ".ifndef df_note_v1;\
.section .data.df_control_v1,\"awG\",@progbits,df_module_v1,comdat;\
.weak df_module_v1,df_note_v1,__ehdr_start;\
.hidden df_module_v1,df_note_v1,__ehdr_start,__start_df_sites_v1,__stop_df_sites_v1;\
.type df_module_v1,@object;.size df_module_v1,128;\
.balign 64;df_module_v1:.byte 0x44,0x46,0x63,0x74,0x6c,0x0d,0x0a,0x01;\
.long __start_df_sites_v1-.,__stop_df_sites_v1-.;.short 36,16,128,0;.skip 104;\
.section .note.df,\"aG\",@note,df_module_v1,comdat;\
.type df_note_v1,@object;.size df_note_v1,32;\
.balign 4;df_note_v1:.long 3,16,1;.byte 0x44,0x46,0,0;.long 0x31764644,df_module_v1-.,\
__ehdr_start-.,0;\
.endif;.popsection"

/*
 * Record and state of the instruction at label 72; operands are named in df.h. STYLE and BUILT
 * are strings: a number, and the flags and the activation as built with a comma between.
 * The two R_X86_64_NONE relocations move nothing. They tell the linker that
 * code keeps its record and a record keeps the note under --gc-sections, and
 * they make functions with different flags differ under identical code folding.
 */
#define DF_ASM_SITE_(STYLE, BUILT, TARGET) ".reloc 72b,R_X86_64_NONE,73f;\
.pushsection .bss.df_state_v1" DF_ASM_OWN_NAME_ ",\"aw?\",@nobits;.balign 16;74:.skip 16;\
.section df_sites_v1,\"a?\",@progbits" DF_ASM_UNIQUE_ ";.balign 4;73:.long 72b-.," TARGET ",\
%c[df_kind]-.,%c[df_name]-.,%c[df_file]-.,%c[df_doc]-.,74b-.,%c[df_line];\
.byte " STYLE "," BUILT ",0;.reloc 73b,R_X86_64_NONE,df_note_v1;" DF_ASM_MODULE_

/* clang-format on */

#endif /* DF_ABI_H */
