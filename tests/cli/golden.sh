#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# golden.sh DFPATCH TARGETS [--update] [NAME...] - runs the command lines of the table `cases` and
# compares standard output, standard error and exit status with expected/NAME.
# TARGETS is where the build put the files to look at. --update writes what it finds as expected,
# to be read before it is committed.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
dfpatch=$(realpath "$1")
targets=$(realpath "$2")
shift 2
update=
if [ "${1:-}" = --update ]; then
	update=yes
	shift
fi

# What outputs depend on besides the command line.
export LC_ALL=C.UTF-8
unset COLUMNS POSIXLY_CORRECT ARGP_HELP_FMT LIBSMARTCOLS_DEBUG || true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/run"
cd "$work/run"
cp "$targets/flags" "$targets/flags-next" "$targets/flags.so" "$targets/flags.o" "$targets/plain" .
echo 'no program' >text
: >empty
head -c 500 flags >./cut
LC_ALL=C sed 's/broken \xc3(/broken ,(/' flags >sound # no byte of it that is not UTF-8
objcopy -R .note.df flags nonote
ar rc flags.a flags.o text
ar rc nested.a plain flags.a flags.o "$targets/flags.so"
printf '!<arch>\ncut' >cut.a
cp flags.o foreign.o
printf '\267' | dd of=foreign.o bs=1 seek=18 conv=notrunc status=none # EM_AARCH64
ar rc half.a flags.o foreign.o
cp flags.o x32.o
printf '\1' | dd of=x32.o bs=1 seek=4 conv=notrunc status=none # ELFCLASS32
cp flags.o no-count.o
printf '\0\0' | dd of=no-count.o bs=1 seek=60 conv=notrunc status=none # e_shnum
cp flags.o no-names.o
printf '\0\0' | dd of=no-names.o bs=1 seek=62 conv=notrunc status=none # e_shstrndx
head -c 40 flags.o >short.o
ar rcS short.a flags.o short.o
ar rc no-count.a flags.o no-count.o
ar rcT thin.a flags.o
objcopy --only-keep-debug flags debug
cp flags 'odd name	é'
cp flags foreign
printf '\267' | dd of=foreign bs=1 seek=18 conv=notrunc status=none # EM_AARCH64
cp flags ./-dash
mkdir directory
ln -s nowhere dangling
printf '# off\n-cache:\ndisable loop:each|loop:twice\n' >script
printf '+http:\n\nhttp:log\n' >bad-script
objcopy --add-section .signature=text flags signed

# The checkout that `sound` comes from: two commits later, and with a line changed since.
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_COMMITTER_NAME=Committer GIT_COMMITTER_EMAIL=c@example.org
commit() {
	GIT_AUTHOR_NAME=$2 GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE=$1 \
		GIT_COMMITTER_DATE=$1 git -C tree commit -qam change
}
git init -q tree
mkdir tree/src
cp "$here/target.c" tree/src
git -C tree add src
commit 2020-01-02T03:04:05Z $'Ann \033[31mOther'
sed -i -e '/DF_OPT(/d' -e 's/^int main/\n&/' tree/src/target.c
commit 2099-05-06T07:08:09Z Bob
sed -i 's/on += DF_DEFAULT(http/on +=  DF_DEFAULT(http/' tree/src/target.c

# An audit without what hangs on where the compiler puts things: functions, cache lines and pages.
audit() {
	"$dfpatch" audit "$@" | sed -E -e 's/ in [0-9]+ functions?;/ in FUNCTIONS;/' \
		-e 's/, [0-9]+ notes?/, NOTES/' -e '/^(cache-line|page) /d'
	return "${PIPESTATUS[0]}"
}

# Hides what may differ: versions, addresses, build-ids, and the quotes of argp(3).
normalise() {
	sed -E \
		-e 's/^dfpatch [0-9]+\.[0-9]+\.[0-9]+$/dfpatch VERSION/' \
		-e 's/"version":"[^"]*"/"version":"VERSION"/' \
		-e 's/"build_id":"[0-9a-f]+"/"build_id":"BUILD-ID"/' \
		-e 's/build-id [0-9a-f]+/build-id BUILD-ID/' \
		-e 's/0x[0-9a-f]+/ADDRESS/g' \
		-e 's/, [0-9]+ days ago: commit [0-9a-f]{12} /, SO LONG ago: commit ID /' \
		-e 's/"[0-9a-f]{40}"/"ID"/g' \
		-e "s/\`/'/g"
}

run() {
	local line=$1 status=0
	(eval "$line") >"$work/out" 2>"$work/err" </dev/null || status=$?
	echo "\$ $line"
	normalise <"$work/out"
	if [ -s "$work/err" ]; then
		echo '--- standard error'
		normalise <"$work/err"
	fi
	echo "--- status $status"
}

dfpatch() {
	"$dfpatch" "$@"
}

selected() {
	local name=$1
	shift
	[ $# -eq 0 ] && return 0
	local one
	for one in "$@"; do
		[ "$one" = "$name" ] && return 0
	done
	return 1
}

count=0
failures=0
while read -r name line; do
	case $name in '' | '#'*) continue ;; esac
	selected "$name" "$@" || continue
	count=$((count + 1))
	run "$line" >"$work/got"
	if [ -n "$update" ]; then
		cp "$work/got" "$here/expected/$name"
	elif ! diff -u --label "expected/$name" --label "got" "$here/expected/$name" "$work/got"; then
		failures=$((failures + 1))
	fi
done <"$here/cases"

# An expectation that no case has is one that nobody looks at.
for file in "$here"/expected/*; do
	if ! grep -q "^${file##*/} " "$here/cases"; then
		echo "expected/${file##*/} belongs to no case"
		failures=$((failures + 1))
	fi
done
echo "golden: $count cases, $failures failed"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]
