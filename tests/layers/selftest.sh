#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# selftest.sh - shows that check-layers.sh can fail: one violation each in a copy of the tree.
set -eu -o pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fresh_tree() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cp -r "$top/libdf" "$top/dfpatch" "$top/include" "$work/tree"
}

# Whether the check of the tree ends with `status` and prints a line that `pattern` matches.
expect() {
	local want=$1 pattern=$2 row=$3 got=0
	"$top/scripts/check-layers.sh" "$work/tree" >"$work/out" 2>&1 || got=$?
	if [ "$got" -ne "$want" ] || ! grep -qE "$pattern" "$work/out"; then
		echo "FAIL: $row: status $got, expected $want and a line like: $pattern"
		sed 's/^/    /' "$work/out"
		failures=$((failures + 1))
	fi
}

# append FILE LINE PATTERN: the line, appended to the file, is a violation found there.
append() {
	fresh_tree
	printf '%s\n' "$2" >>"$work/tree/$1"
	local line
	line=$(wc -l <"$work/tree/$1")
	expect 1 "^$1:$line: .*$3" "$1: $2"
}

# allowed FILE LINE: the line, appended to the file, is none.
allowed() {
	fresh_tree
	printf '%s\n' "$2" >>"$work/tree/$1"
	expect 0 'clean$' "$1: $2"
}

fresh_tree
expect 0 ': clean$' 'the tree as it is'

append dfpatch/maps.c '#include <libelf.h>' 'elf_file,dfpatch/binary/elf_symbols,dfpatch/binary/object,dfpatch/binary/archive owns'
append dfpatch/image.c '#include <gelf.h>' 'elf_file,dfpatch/binary/elf_symbols,dfpatch/binary/object,dfpatch/binary/archive owns'
append dfpatch/image.h '#include <capstone/capstone.h>' 'disasm owns'
append dfpatch/process.c '#include <sys/ptrace.h>' 'tracee owns'
append dfpatch/proc_mem.c '	x = ptrace(1, 2, 3, 4);' 'ptrace, which dfpatch/tracee owns'
append dfpatch/run.c '	waitpid(1, &s, 0);' 'waitpid, which dfpatch/tracee,dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/stand_in,dfpatch/binary/git owns'
append dfpatch/run.c '	x = fork();' 'fork, which dfpatch/watchdog,dfpatch/helper,dfpatch/keeper,dfpatch/stand_in,dfpatch/binary/git owns'
append dfpatch/watchdog.c '	execve("", a, e);' 'execve, which dfpatch/start,dfpatch/binary/git owns'
append dfpatch/binary/checkout.c '	posix_spawn(&p, f, 0, 0, a, e);' 'posix_spawn, which dfpatch/binary/git owns'
append dfpatch/image.c '	system("true");' 'system, which dfpatch/binary/git owns'
append dfpatch/threads.c '	ptrace(1, 2, 3, 4);' 'ptrace, which dfpatch/tracee owns'
append dfpatch/threads.c '	pwrite(fd, "", 1, at);' 'pwrite, which'
append libdf/apply.c '	process_vm_writev(1, 2, 3, 4, 5, 6);' 'process_vm_writev, which'
append dfpatch/select.c '	regcomp(&r, "", 0);' 'libdf/expression owns'
append libdf/plan.c '#include <regex.h>' 'libdf/expression owns'
append dfpatch/report.c '#include <json-c/json.h>' 'dfpatch/json_document owns'
append dfpatch/json.c '#include <libsmartcols/libsmartcols.h>' 'dfpatch/grid owns'
append dfpatch/main.c '#include <argp.h>' 'dfpatch/cli,dfpatch/option_values,dfpatch/commands owns'
append dfpatch/cli.c '	exit(2);' 'exit, which dfpatch/main owns'
append libdf/table.c '	abort();' 'abort, which dfpatch/main owns'
append libdf/err.c '	printf("x");' 'printf, which libdf/print owns'
append libdf/match.c '	f(stderr);' 'stderr, which libdf/print owns'
append dfpatch/verify.c '	fprintf(f, "x");' 'fprintf, which'
append dfpatch/image.c '	write_to(stdout);' 'stdout, which'
append dfpatch/snapshot.c '	mprotect(a, 1, 2);' 'mprotect, which libdf/self_mem owns'
append dfpatch/text.c '#include "image.h"' 'does not stand below it'
append dfpatch/report.c '#include "json.h"' 'does not stand below it'
append libdf/err.c '#include "plan.h"' 'does not stand below it'
append libdf/err.c '#include "../dfpatch/text.h"' 'libdf knows nothing of dfpatch|no header of the tree'
append dfpatch/text.c '#include "nowhere.h"' 'no header of the tree'
append dfpatch/image.c '/* a comment */ abort();' 'abort, which'
append dfpatch/image.c 'f("\"", abort());' 'abort, which'

allowed dfpatch/image.c '/* abort(); printf(stdout) */'
allowed dfpatch/image.c 'f("abort(); /* stdout", 0);'
allowed dfpatch/image.c '	snprintf(text, 1, "x");'
allowed dfpatch/image.c '	thing->wait(1);'
allowed dfpatch/report.c '#include "summary.h"'

fresh_tree
echo '/* no module */' >"$work/tree/dfpatch/stray.c"
expect 1 '^dfpatch/stray\.c:1: .*not in the map' 'a source that is not in the map'
fresh_tree
echo '/* no module */' >"$work/tree/libdf/stray.h"
expect 1 '^libdf/stray\.h:1: .*not in the map' 'a header that is not in the map'
fresh_tree
rm "$work/tree/dfpatch/denial.c" "$work/tree/dfpatch/denial.h"
expect 1 '^dfpatch/main\.c:1: .*denial, which is not there' 'a module of the map that is gone'
fresh_tree
sed -i 's/^ \*   text  .*/ */; s/^ \*   main  .*/&\n *   text             at the top/' \
	"$work/tree/dfpatch/main.c"
expect 1 '^dfpatch/diag\.c:[0-9]+: .*text\.h|^dfpatch/diag\.c:[0-9]+: .*text, which does not' \
	'the map is what the order comes from'
fresh_tree
sed -i 's/^ \*   [a-z].*/ */' "$work/tree/dfpatch/main.c"
expect 1 'no map of the tree' 'a main.c without a map'

[ "$failures" -eq 0 ] && echo "every violation was found" || exit 1
