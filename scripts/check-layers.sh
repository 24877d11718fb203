#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check-layers.sh [TREE] - holds the sources to the house: includes lead down only, in the order of
# the map at the head of dfpatch/main.c, and each dependency has one owner.
# Prints what it checked and each violation as file:line; exit status 1 if there is one.
set -eu -o pipefail
export LC_ALL=C
cd "${1:-$(dirname "$0")/..}"

# Who may do what: WHERE it is forbidden, WHO may all the same (modules by name, - for nobody),
# INC a header or SYM a name in code (without comments and strings), as a regular expression.
# The rules are about our own sources; argp(3) ends the program from within cli on its own.
rules() {
	cat <<'RULES'
all     dfpatch/elf_file,dfpatch/binary/elf_symbols,dfpatch/binary/object,dfpatch/binary/archive INC  libelf\.h|gelf\.h|nlist\.h|elfutils/.*
all     dfpatch/disasm                  INC  capstone(/.*|\.h)
all     dfpatch/tracee                  INC  sys/ptrace\.h|linux/ptrace\.h
all     dfpatch/tracee                  SYM  ptrace
all     dfpatch/tracee,dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/stand_in,dfpatch/binary/git INC sys/wait\.h
all     dfpatch/tracee,dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/stand_in,dfpatch/binary/git SYM wait|waitpid|waitid|wait3|wait4
all     dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/stand_in,dfpatch/binary/git SYM fork|vfork|_Fork|clone
all     dfpatch/start,dfpatch/binary/git SYM  execve|execv|execvp|execvpe|execl|execlp|execle
all     dfpatch/binary/git              SYM  fexecve|execveat|posix_spawn|posix_spawnp|system|popen
all     dfpatch/binary/confine          INC  linux/seccomp\.h|linux/filter\.h
all     dfpatch/proc_mem,dfpatch/binary/file_copy,libdf/self_mem SYM  pwrite|pwrite64|pwritev|pwritev2|process_vm_writev
all     libdf/self_mem                  SYM  mprotect|pkey_mprotect
all     libdf/expression                INC  regex\.h
all     libdf/expression                SYM  regcomp|regexec|regfree|regerror
all     dfpatch/json_document           INC  json-c/.*
all     dfpatch/grid                    INC  libsmartcols.*
all     dfpatch/cli,dfpatch/option_values,dfpatch/commands INC argp\.h|getopt\.h
all     dfpatch/cli,dfpatch/option_values SYM argp_[a-z_]+|getopt|getopt_long
all     dfpatch/main,dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/binary/git SYM _exit
all     dfpatch/main                    SYM  exit|_Exit|quick_exit|abort|assert|longjmp
all     dfpatch/main                    SYM  err|errx|verr|verrx|error
libdf   libdf/print                     SYM  printf|vprintf|puts|putchar|putc|fputs|fputc|perror
libdf   libdf/print                     SYM  fprintf|vfprintf|dprintf|vdprintf|syslog|warn|warnx
libdf   libdf/print                     SYM  stdout|stderr
dfpatch dfpatch/report,dfpatch/report_scan,dfpatch/report_time,dfpatch/report_watch,dfpatch/binary/report_diff,dfpatch/binary/report_preset,dfpatch/binary/report_audit,dfpatch/json_document,dfpatch/json_stream,dfpatch/progress,dfpatch/binary/html,dfpatch/diag,dfpatch/help,dfpatch/cli,dfpatch/main SYM printf|vprintf|puts|putchar|putc|fputs|fputc|perror
dfpatch dfpatch/report,dfpatch/report_scan,dfpatch/report_time,dfpatch/report_watch,dfpatch/binary/report_diff,dfpatch/binary/report_preset,dfpatch/binary/report_audit,dfpatch/json_document,dfpatch/json_stream,dfpatch/progress,dfpatch/binary/html,dfpatch/diag,dfpatch/help,dfpatch/cli,dfpatch/main SYM fprintf|vfprintf|dprintf|vdprintf|syslog|warn|warnx
dfpatch dfpatch/report,dfpatch/report_scan,dfpatch/report_time,dfpatch/report_watch,dfpatch/flush,dfpatch/binary/report_diff,dfpatch/binary/report_preset,dfpatch/binary/report_audit,dfpatch/json_document,dfpatch/json_stream,dfpatch/progress,dfpatch/diag,dfpatch/cli,dfpatch/main SYM stdout|stderr
RULES
}

check() {
	awk -v RULES="$1" '
function violation(line, text)
{
	print FILENAME ":" line ": " text
	failed = 1
}

# The map: a line "  NAME[, NAME]...  what for" is a level; names on one level do not see each other.
function take_level(line,    names, count, i, name)
{
	sub(/^ \*   /, "", line)
	sub(/  .*/, "", line)
	count = split(line, names, /, */)
	levels++
	for (i = 1; i <= count; i++) {
		name = names[i]
		sub(/\.h$/, "", name)
		if (name !~ /^(libdf|include)\//)
			name = "dfpatch/" name
		level[name] = levels
	}
}

function read_map(    line)
{
	while ((getline line < "dfpatch/main.c") > 0) {
		if (line ~ /^ \*   [a-z]/)
			take_level(line)
		else if (line ~ /\*\// && levels)
			break
	}
	close("dfpatch/main.c")
}

function take_rule(line)
{
	split(line, field, / +/)
	rule_where[rules] = field[1]
	rule_who[rules] = "," field[2] ","
	rule_what[rules] = field[3]
	rule_pattern[rules] = field[4]
	rules++
}

# The line without comments, and what stands in quotes made empty. in_comment spans lines.
function code_of(line,    out, quote)
{
	out = ""
	while (line != "") {
		if (in_comment) {
			if (!match(line, /\*\//))
				return out
			in_comment = 0
			line = substr(line, RSTART + 2)
		} else if (!match(line, /\/\*|\/\/|["\047]/)) {
			return out line
		} else if (substr(line, RSTART, 2) == "//") {
			return out substr(line, 1, RSTART - 1)
		} else if (substr(line, RSTART, 2) == "/*") {
			out = out substr(line, 1, RSTART - 1) " "
			line = substr(line, RSTART + 2)
			in_comment = 1
		} else {
			quote = substr(line, RSTART, 1)
			out = out substr(line, 1, RSTART) quote
			line = substr(line, RSTART + 1)
			if (quote == "\"")
				match(line, /^([^"\\]|\\.)*"/)
			else
				match(line, /^([^\047\\]|\\.)*\047/)
			line = RSTART ? substr(line, RLENGTH + 1) : ""
		}
	}
	return out
}

function exists(path,    line, status)
{
	status = (getline line < path)
	close(path)
	return status >= 0
}

# Where an include in quotes leads: the including directory first, as for the compiler.
function module_of(header,    base)
{
	base = header
	sub(/.*\//, "", base)
	sub(/\.h$/, "", base)
	if (dir == "dfpatch" && exists("dfpatch/binary/" base ".h"))
		return "dfpatch/binary/" base
	if (dir == "dfpatch" && exists("dfpatch/" base ".h"))
		return "dfpatch/" base
	if (exists("libdf/" base ".h"))
		return "libdf/" base
	if (exists("include/" base ".h"))
		return "include/" base
	return ""
}

function check_include(line,    header, to, i)
{
	header = line
	sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", header)
	sub(/[">].*/, "", header)
	includes++
	for (i = 0; i < rules; i++)
		if (rule_what[i] == "INC" && header ~ ("^(" rule_pattern[i] ")$") && !may(i))
			violation(FNR, module " includes " header ", which " owner(i) " owns")
	if (line !~ /"/)
		return
	to = module_of(header)
	if (to == "")
		violation(FNR, header " is no header of the tree")
	else if (to ~ /^include\//)
		return
	else if (dir == "libdf" && to ~ /^dfpatch\//)
		violation(FNR, module " includes " to ": libdf knows nothing of dfpatch")
	else if (to != module && level[to] >= level[module])
		violation(FNR, module " includes " to ", which does not stand below it")
}

function may(i)
{
	return (rule_where[i] != "all" && rule_where[i] != dir) || index(rule_who[i], "," module ",")
}

function owner(i,    who)
{
	who = rule_who[i]
	gsub(/^,|,$/, "", who)
	return who == "-" ? "nobody here" : who
}

function check_symbols(code,    i, rest)
{
	for (i = 0; i < rules; i++) {
		if (rule_what[i] != "SYM" || may(i))
			continue
		rest = " " code " "
		# A name that is called or used; not a member, a part of a name, or a field with a dot.
		if (match(rest, "[^A-Za-z0-9_.>](" rule_pattern[i] ")[^A-Za-z0-9_]") &&
		    (rule_pattern[i] ~ /^std/ || rest ~ ("[^A-Za-z0-9_.>](" rule_pattern[i] ")[ \t]*\\(")))
			violation(FNR, module " uses " substr(rest, RSTART + 1, RLENGTH - 2) \
				       ", which " owner(i) " owns")
	}
}

BEGIN {
	rules = 0
	while ((getline line < RULES) > 0)
		take_rule(line)
	read_map()
	if (!levels) {
		print "dfpatch/main.c:1: no map of the tree"
		failed = 1
		exit 1
	}
}

FNR == 1 {
	files++
	in_comment = 0
	module = FILENAME
	sub(/\.[ch]$/, "", module)
	dir = FILENAME
	sub(/\/.*/, "", dir)
	present[module] = 1
	if (dir != "include" && !(module in level))
		violation(1, module " is not in the map at the head of dfpatch/main.c")
}

/^[ \t]*#[ \t]*include/ && !in_comment { check_include($0) }
{ check_symbols(code_of($0)) }

END {
	for (name in level)
		if (!(name in present)) {
			print "dfpatch/main.c:1: the map names " name ", which is not there"
			failed = 1
		}
	printf "check-layers: %d files, %d includes, %d levels, %d rules: %s\n", files, includes,
	       levels, rules, failed ? "VIOLATIONS" : "clean"
	exit failed
}' libdf/*.[ch] dfpatch/*.[ch] $(find dfpatch/binary -name '*.[ch]' 2>/dev/null) include/*.h
}
check <(rules)
