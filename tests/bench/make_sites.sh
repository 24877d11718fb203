#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_sites.sh part FIRST COUNT EVERY - C source with COUNT sites from number FIRST on, one per
#                                        function.
# make_sites.sh names COUNT EVERY      - C source that tells the measuring program what it is
#                                        linked with, a table of COUNT sites.
#
# Every site number EVERY has the kind `hundred`, all others one of k0 to k7. These mix without a
# period, as in programs of many parts: a table that is spread out has every kind in two pages of
# three.
set -eu

sites() {
	awk -v what="$1" -v first="$2" -v count="$3" -v every="$4" '
function kind(i)
{
	if (i % every == every / 2)
		return "hundred"
	return "k" (i * i % 1000003 * 7919 + i * 104729) % 1000003 % 8
}

# As a build system names it to the compiler: CMake, for one, by its whole path.
function file(i)
{
	return sprintf("/home/user/project/src/network/part%02d.c", int(i / 5000))
}

function full_name(i)
{
	return sprintf("%s:s%06d@%s:%d", kind(i), i, file(i), i % 5000 + 1)
}

function print_part(    i)
{
	printf "#include \"bench_sites.h\"\n#line %d \"%s\"\n", first % 5000 + 1, file(first)
	for (i = first; i < first + count; i++)
		printf "SITE(%s, s%06d)\n", kind(i), i
}

# Sixteen names from all over the table, the first one that of the first site.
function print_names(    i, names)
{
	names = count < 16 ? count : 16
	print "#include \"bench_sites.h\"\nvoid s000000(void);"
	print "void (*const bench_site)(void) = s000000;"
	print "const size_t bench_name_count = " names ";"
	print "const char *const bench_names[] = {"
	for (i = 0; i < names; i++)
		print "\t\"" full_name(i * int(count / (names + 1))) "\","
	print "};"
}

BEGIN {
	if (what == "part")
		print_part()
	else
		print_names()
}'
}

case $#${1-} in
4part) sites part "$2" "$3" "$4" ;;
3names) sites names 0 "$2" "$3" ;;
*)
	echo "usage: make_sites.sh part FIRST COUNT EVERY | names COUNT EVERY" >&2
	exit 2
	;;
esac
