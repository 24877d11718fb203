/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen STYLE FLAGGED.o PLAIN.o: what a flag costs where it is not taken. Walks
 * each function of codegen_flags.c in both objects from its first instruction
 * straight to the return, and checks that the flagged one runs the plain one's
 * instructions, byte for byte as long and in the same registers, and one
 * instruction of 5 bytes per flag besides; with STYLE carry (else goto) two, clc
 * or stc and the conditional jump. The other value's code must lie off that path.
 */
#include <df_abi.h>

#include <capstone/capstone.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MAX_INSNS = 128, TEXT_MAX = 160 };

struct insn {
	uint64_t offset;
	size_t size;
	char text[TEXT_MAX]; /* mnemonic, operands, what it is relocated to */
};

struct site {
	uint64_t offset;
	uint8_t opcode;
	size_t size;	 /* with the jump that belongs to it */
	bool has_target; /* else it is in another section, which is off the path */
	uint64_t target;
};

/* One function from its entry to its return. */
struct path {
	struct insn insns[PATH_MAX_INSNS];
	size_t count;
	struct site sites[PATH_MAX_INSNS];
	size_t site_count;
	const char *problem;
};

struct object {
	Elf *elf;
	Elf_Scn *symbols;
	GElf_Shdr symbol_head;
};

/* The functions, with the opcodes of their flags in the goto style. */
static const struct {
	const char *name;
	size_t flags;
	uint8_t opcodes[2];
} functions[] = {
	{"feature", 1, {0xa9}},	    {"default_on", 1, {0xa9}},	  {"default_slow", 1, {0xe9}},
	{"opt", 1, {0xe9}},	    {"feature_value", 1, {0xa9}}, {"two_flags", 2, {0xa9, 0xa9}},
	{"live_values", 1, {0xa9}}, {"loop", 1, {0xa9}},	  {"store", 1, {0xe9}},
};

static void die(const char *what)
{
	fprintf(stderr, "codegen: %s\n", what);
	exit(2);
}

static struct object open_object(const char *path)
{
	struct object object = {0};
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	object.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!object.elf)
		die("cannot read an object");
	while ((object.symbols = elf_nextscn(object.elf, object.symbols))) {
		if (!gelf_getshdr(object.symbols, &object.symbol_head))
			die("bad section");
		if (object.symbol_head.sh_type == SHT_SYMTAB)
			return object;
	}
	die("an object without symbols");
	return object;
}

/* The symbol of a section has no name of its own. */
static const char *symbol_name(const struct object *object, const GElf_Sym *sym)
{
	GElf_Shdr head;
	size_t names;

	if (GELF_ST_TYPE(sym->st_info) != STT_SECTION)
		return elf_strptr(object->elf, object->symbol_head.sh_link, sym->st_name);
	if (elf_getshdrstrndx(object->elf, &names) ||
	    !gelf_getshdr(elf_getscn(object->elf, sym->st_shndx), &head))
		die("bad section");
	return elf_strptr(object->elf, names, head.sh_name);
}

static GElf_Sym find_function(const struct object *object, const char *name)
{
	Elf_Data *data = elf_getdata(object->symbols, NULL);
	GElf_Sym sym;

	for (int i = 0; gelf_getsym(data, i, &sym); i++)
		if (GELF_ST_TYPE(sym.st_info) == STT_FUNC &&
		    !strcmp(symbol_name(object, &sym), name))
			return sym;
	die("a function is missing");
	return sym;
}

/* Relocations of a section, in one SHT_RELA. */
static Elf_Data *relocations_of(const struct object *object, size_t section)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr head;

	while ((scn = elf_nextscn(object->elf, scn)))
		if (gelf_getshdr(scn, &head) && head.sh_type == SHT_RELA && head.sh_info == section)
			return elf_getdata(scn, NULL);
	return NULL;
}

/* A relocation in [offset, offset + size) of one of the two classes: ties of sites, or real ones.
 */
static bool find_relocation(Elf_Data *relocations, uint64_t offset, size_t size, bool tie,
			    GElf_Rela *found)
{
	for (int i = 0; relocations && gelf_getrela(relocations, i, found); i++)
		if ((GELF_R_TYPE(found->r_info) == R_X86_64_NONE) == tie &&
		    found->r_offset >= offset && found->r_offset - offset < size)
			return true;
	return false;
}

/* Jumps differ in their distances where a flag lies between, so only their mnemonics count. */
static void describe(struct insn *insn, const struct object *object, Elf_Data *relocations,
		     const cs_insn *decoded, bool jump)
{
	Elf_Data *symbols = elf_getdata(object->symbols, NULL);
	GElf_Rela rela;
	GElf_Sym sym;
	int length;

	insn->offset = decoded->address;
	insn->size = decoded->size;
	length = snprintf(insn->text, sizeof(insn->text), "%s %s", decoded->mnemonic,
			  jump ? "" : decoded->op_str);
	if (jump || !find_relocation(relocations, decoded->address, decoded->size, false, &rela) ||
	    !gelf_getsym(symbols, (int)GELF_R_SYM(rela.r_info), &sym))
		return;
	snprintf(insn->text + length, sizeof(insn->text) - (size_t)length, " -> %s%+jd",
		 symbol_name(object, &sym), (intmax_t)rela.r_addend);
}

static uint64_t jump_target(const cs_insn *decoded)
{
	return (uint64_t)decoded->detail->x86.operands[0].imm;
}

/* At a site of the carry style the jump is the next instruction. */
static void take_carry(struct path *path, struct site *site, const cs_insn *jump)
{
	if (jump->id != X86_INS_JB)
		path->problem = "clc or stc is not followed by jb";
	site->size = 1u + jump->size;
	site->has_target = true;
	site->target = jump_target(jump);
}

static void take_goto(struct site *site, const uint8_t *code, Elf_Data *relocations)
{
	GElf_Rela rela;
	int32_t distance;

	memcpy(&distance, code + 1, sizeof(distance));
	site->size = 5;
	site->has_target = !find_relocation(relocations, site->offset, 5, false, &rela);
	site->target = site->offset + 5 + (uint64_t)(int64_t)distance;
}

struct walk {
	csh capstone;
	cs_insn *decoded;
	const uint8_t *text;
	size_t text_size;
	uint64_t offset;
};

static bool decode(struct walk *walk)
{
	const uint8_t *code = walk->text + walk->offset;
	size_t left = walk->text_size - walk->offset;

	return walk->offset < walk->text_size &&
	       cs_disasm_iter(walk->capstone, &code, &left, &walk->offset, walk->decoded);
}

static void take_site(struct path *path, struct walk *walk, Elf_Data *relocations, bool carry)
{
	struct site *site = &path->sites[path->site_count++];
	const uint8_t *code = walk->text + walk->decoded->address;

	*site = (struct site){.offset = walk->decoded->address, .opcode = code[0]};
	if (carry && (code[0] == 0xf8 || code[0] == 0xf9) && decode(walk))
		take_carry(path, site, walk->decoded);
	else if (!carry && walk->decoded->size == 5 && (code[0] == 0xa9 || code[0] == 0xe9))
		take_goto(site, code, relocations);
	else
		path->problem = "a site that is none of this style";
	walk->offset = site->offset + site->size;
}

static bool is_on_path(const struct path *path, uint64_t offset)
{
	for (size_t i = 0; i < path->count; i++)
		if (path->insns[i].offset == offset)
			return true;
	for (size_t i = 0; i < path->site_count; i++)
		if (path->sites[i].offset == offset)
			return true;
	return false;
}

/* Straight on to the return: through conditional jumps, along unconditional ones. */
static void walk_path(struct path *path, struct walk *walk, const struct object *object,
		      Elf_Data *relocations, bool carry)
{
	GElf_Rela rela;

	while (!path->problem) {
		if (path->count == PATH_MAX_INSNS || !decode(walk)) {
			path->problem = "no return in sight";
			return;
		}
		if (find_relocation(relocations, walk->decoded->address, 1, true, &rela)) {
			take_site(path, walk, relocations, carry);
			continue;
		}
		/* Padding in front of a loop depends on where the code before it ends. */
		if (walk->decoded->id == X86_INS_NOP)
			continue;
		describe(&path->insns[path->count++], object, relocations, walk->decoded,
			 cs_insn_group(walk->capstone, walk->decoded, X86_GRP_JUMP));
		if (walk->decoded->id == X86_INS_RET)
			return;
		if (walk->decoded->id == X86_INS_JMP)
			walk->offset = jump_target(walk->decoded);
	}
}

static void follow(struct path *path, const struct object *object, const char *name, bool carry)
{
	const GElf_Sym sym = find_function(object, name);
	Elf_Data *text = elf_getdata(elf_getscn(object->elf, sym.st_shndx), NULL);
	struct walk walk = {.text = text->d_buf, .text_size = text->d_size, .offset = sym.st_value};

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &walk.capstone) ||
	    cs_option(walk.capstone, CS_OPT_DETAIL, CS_OPT_ON))
		die("no Capstone");
	walk.decoded = cs_malloc(walk.capstone);
	walk_path(path, &walk, object, relocations_of(object, sym.st_shndx), carry);
	cs_free(walk.decoded, 1);
	cs_close(&walk.capstone);
}

static void check_same(struct path *flagged, const struct path *plain)
{
	for (size_t i = 0; i < flagged->count && i < plain->count; i++)
		if (flagged->insns[i].size != plain->insns[i].size ||
		    strcmp(flagged->insns[i].text, plain->insns[i].text) != 0)
			flagged->problem = "another instruction than without flags";
	if (flagged->count != plain->count)
		flagged->problem = "not the number of instructions as without flags";
	for (size_t i = 0; i < flagged->site_count; i++)
		if (flagged->sites[i].has_target && is_on_path(flagged, flagged->sites[i].target))
			flagged->problem = "the cold code lies on the straight path";
}

static void check_sites(struct path *flagged, size_t function, bool carry)
{
	if (flagged->site_count != functions[function].flags) {
		flagged->problem = "not one site per flag on the straight path";
		return;
	}
	for (size_t i = 0; i < flagged->site_count; i++) {
		const uint8_t opcode = functions[function].opcodes[i];
		const uint8_t carried = opcode == 0xa9 ? 0xf8 : 0xf9;

		if (flagged->sites[i].opcode != (carry ? carried : opcode))
			flagged->problem = "not the opcode as built";
	}
}

static size_t size_of(const struct path *path)
{
	size_t size = 0;

	for (size_t i = 0; i < path->count; i++)
		size += path->insns[i].size;
	for (size_t i = 0; i < path->site_count; i++)
		size += path->sites[i].size;
	return size;
}

static void print_path(const char *which, const struct path *path)
{
	printf("  %s\n", which);
	for (size_t i = 0, s = 0; i < path->count; i++) {
		for (; s < path->site_count && path->sites[s].offset < path->insns[i].offset; s++)
			printf("    %#jx site %#x\n", (uintmax_t)path->sites[s].offset,
			       path->sites[s].opcode);
		printf("    %#jx %s\n", (uintmax_t)path->insns[i].offset, path->insns[i].text);
	}
}

static bool check_function(size_t function, const struct object *with, const struct object *without,
			   bool carry)
{
	struct path flagged = {.count = 0}, plain = {.count = 0};
	const char *name = functions[function].name;

	follow(&flagged, with, name, carry);
	follow(&plain, without, name, carry);
	if (plain.problem || plain.site_count)
		flagged.problem = "the object without flags is no measure";
	if (!flagged.problem)
		check_sites(&flagged, function, carry);
	if (!flagged.problem)
		check_same(&flagged, &plain);
	printf("%s: %zu bytes without, %zu with %zu flags%s%s\n", name, size_of(&plain),
	       size_of(&flagged), flagged.site_count, flagged.problem ? ": " : "",
	       flagged.problem ? flagged.problem : "");
	if (flagged.problem) {
		print_path("with flags", &flagged);
		print_path("without", &plain);
	}
	return !flagged.problem;
}

int main(int argc, char **argv)
{
	struct object with, without;
	bool good = true;

	if (argc != 4)
		die("usage: codegen goto|carry FLAGGED.o PLAIN.o");
	elf_version(EV_CURRENT);
	with = open_object(argv[2]);
	without = open_object(argv[3]);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		good &= check_function(i, &with, &without, !strcmp(argv[1], "carry"));
	elf_end(with.elf);
	elf_end(without.elf);
	return good ? 0 : 1;
}
