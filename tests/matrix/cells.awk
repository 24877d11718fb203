# SPDX-License-Identifier: Apache-2.0
# cells.awk axes exclusions found plans|sample - prints the cells of the matrix, one a line: first
# what its objects are compiled with, so that cells with the same objects can share them, a tab,
# then the value of each axis in the order of the file `axes`.
#   -v want=all        the products that `found` and `plans` name
#   -v want=sample     those of `found` and `sample`, which together must have every value of every
#                      axis
#   -v want=choose     those of `found`, and so many more, -v count=N, chosen by chance, that they
#                      have every value of every axis, and of the pairs of values as many as go:
#                      a new `sample`
#   -v want=excluded   of each exclusion a cell that it alone leaves out, chosen by -v seed=N;
#                      behind it a tab and the line
#   -v only=REGEX      those whose values match, once chosen
# Exit status 1: some file names what is not there, or a value is in no cell.
function fail(text)
{
	print FILENAME ":" FNR ": " text >"/dev/stderr"
	failed = 1
	exit 1
}

function trim(text)
{
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

# "a|b*" as a regular expression that matches as a whole.
function pattern(globs)
{
	gsub(/[.+]/, "\\\\&", globs)
	gsub(/[*]/, ".*", globs)
	return "^(" globs ")$"
}

function add_value(line,   field)
{
	if (split(line, field, /[ \t]*\|[ \t]*/) < 5)
		fail("not AXIS | VALUE | COMPILE | LINK | WORDS")
	axis = trim(field[1])
	if (!(axis in number)) {
		number[axis] = ++axes
		name[axes] = axis
	}
	axis = number[axis]
	value[axis, ++values[axis]] = trim(field[2])
	known[axis, trim(field[2])] = 1
	compile[axis, trim(field[2])] = field[3]
}

function axis_of(word,   at)
{
	at = index(word, "=")
	if (!at || !(substr(word, 1, at - 1) in number))
		fail("no axis in " word)
	word_rest = substr(word, at + 1)
	return number[substr(word, 1, at - 1)]
}

# Each pattern of an exclusion must mean something.
function add_exclusion(line,   words, i, j, axis, found)
{
	if (!index(line, " | "))
		fail("no reason")
	reason[++exclusions] = trim(line)
	conditions[exclusions] = split(substr(line, 1, index(line, " | ") - 1), words, " ")
	for (i = 1; i <= conditions[exclusions]; i++) {
		axis = where[exclusions, i] = axis_of(words[i])
		about[axis, ++abouts[axis]] = exclusions
		found = 0
		for (j = 1; j <= values[axis]; j++)
			if (value[axis, j] ~ pattern(word_rest)) {
				meets[exclusions, i, value[axis, j]] = 1
				found = 1
			}
		if (!found)
			fail("no value matches " words[i])
	}
}

# valid(axis): none of the exclusions that name the axis, whose value was just chosen, holds; an
# axis not chosen yet is "".
function valid(axis,   a, e, i)
{
	for (a = 1; a <= abouts[axis]; a++) {
		e = about[axis, a]
		if (e == ignored)
			continue
		for (i = 1; i <= conditions[e]; i++)
			if (!((e, i, cell[where[e, i]]) in meets))
				break
		if (i > conditions[e])
			return 0
	}
	return 1
}

function compiled_with(   i, text)
{
	for (i = 1; i <= axes; i++) {
		text = text (name[i] == "compiler" || name[i] == "path" ? cell[i] : compile[i, cell[i]]) "|"
		if (name[i] == "mode")
			text = text (cell[i] == "plugin")
		if (name[i] == "library")
			text = text (cell[i] == "none")
		if (name[i] == "pack")
			text = text (cell[i] == "mixed")
	}
	return text
}

function print_cell(behind,   i, text)
{
	text = cell[1]
	for (i = 2; i <= axes; i++)
		text = text " " cell[i]
	if (printed[text]++)
		return
	for (i = 1; i <= axes; i++)
		used[i, cell[i]] = 1
	if (text ~ only)
		print compiled_with() "\t" text behind
}

function product(axis,   i)
{
	if (axis > axes) {
		print_cell()
		return
	}
	for (i = 1; i <= choices[axis]; i++) {
		cell[axis] = choice[axis, i]
		if (valid(axis))
			product(axis + 1)
	}
	cell[axis] = ""
}

function add_plan(line,   words, count, i, j, list, axis)
{
	for (axis = 1; axis <= axes; axis++) {
		choices[axis] = 1
		choice[axis, 1] = value[axis, 1]
	}
	count = split(line, words, " ")
	for (i = 1; i <= count; i++) {
		axis = axis_of(words[i])
		if (word_rest == "*") {
			choices[axis] = values[axis]
			for (j = 1; j <= values[axis]; j++)
				choice[axis, j] = value[axis, j]
			continue
		}
		choices[axis] = split(word_rest, list, ",")
		for (j = 1; j <= choices[axis]; j++) {
			if (!((axis, list[j]) in known))
				fail("no value " list[j] " in " words[i])
			choice[axis, j] = list[j]
		}
	}
	product(1)
}

# A line of `sample`.
function add_cell(line,   i)
{
	if (split(line, cell, " ") != axes)
		fail("not a value of each axis")
	for (i = 1; i <= axes; i++)
		if (!((i, cell[i]) in known))
			fail("no value " cell[i] " of " name[i])
	for (i = 1; i <= axes; i++)
		if (!valid(i))
			fail("an exclusion leaves it out")
	print_cell()
}

# ---- a new sample ----

function random(below)
{
	seed = seed * 16807 % 2147483647
	return 1 + seed % below
}

# A cell of values by chance, of one that is in no cell yet where there is such a one.
function by_chance(   i, tries, axis, wanted)
{
	for (i = 1; i <= axes; i++)
		cell[i] = ""
	if (missing_count) {
		wanted = missing[random(missing_count)]
		axis = substr(wanted, 1, index(wanted, " ") - 1)
		cell[axis] = substr(wanted, index(wanted, " ") + 1)
	}
	for (i = 1; i <= axes; i++) {
		if (cell[i] != "")
			continue
		for (tries = 0; tries < 20; tries++) {
			cell[i] = value[i, random(values[i])]
			if (valid(i))
				break
			cell[i] = ""
		}
		if (cell[i] == "")
			return 0
	}
	return 1
}

# What the cell would add: values first, then pairs.
function worth(   i, j, sum)
{
	for (i = 1; i <= axes; i++) {
		sum += used[i, cell[i]] ? 0 : 1000
		for (j = i + 1; j <= axes; j++)
			sum += (i, cell[i], j, cell[j]) in paired ? 0 : 1
	}
	return sum
}

function find_missing(   i, j)
{
	missing_count = 0
	for (i = 1; i <= axes; i++)
		for (j = 1; j <= values[i]; j++)
			if (!used[i, value[i, j]])
				missing[++missing_count] = i " " value[i, j]
}

function choose_sample(   n, tries, i, j, best, found, most)
{
	seed = 1
	for (n = 0; n < count; n++) {
		find_missing()
		most = -1
		for (tries = 0; tries < 60; tries++) {
			if (!by_chance() || (found = worth()) <= most)
				continue
			most = found
			for (i = 1; i <= axes; i++)
				best[i] = cell[i]
		}
		for (i = 1; i <= axes; i++)
			cell[i] = best[i]
		for (i = 1; i <= axes; i++)
			for (j = i + 1; j <= axes; j++)
				paired[i, cell[i], j, cell[j]] = 1
		print_cell()
	}
}

# ---- what is left out ----

# A cell that the exclusion alone forbids, with first values where there is a choice.
function forbidden(   axis, i, tries, list, count)
{
	for (i = 1; i <= axes; i++)
		cell[i] = ""
	for (i = 1; i <= conditions[ignored]; i++) {
		axis = where[ignored, i]
		count = 0
		for (tries = 1; tries <= values[axis]; tries++)
			if ((ignored, i, value[axis, tries]) in meets)
				list[++count] = value[axis, tries]
		cell[axis] = list[random(count)]
	}
	for (i = 1; i <= axes; i++)
		for (tries = 0; cell[i] == "" && tries < 20; tries++) {
			cell[i] = value[i, tries ? random(values[i]) : 1]
			if (!valid(i))
				cell[i] = ""
		}
	for (i = 1; i <= axes; i++)
		if (cell[i] == "" || !valid(i))
			return 0
	return 1
}

function print_forbidden(   tries)
{
	seed = seed ? seed : 1
	for (ignored = 1; ignored <= exclusions; ignored++) {
		for (tries = 0; tries < 1000 && !forbidden(); tries++)
			;
		if (tries == 1000)
			print "cells.awk: only others forbid it, too: " reason[ignored] >"/dev/stderr"
		else
			print_cell("\t" reason[ignored])
	}
}

# A line that ends with a backslash goes on in the next one.
sub(/\\$/, "") { begun = begun $0; next }
begun != "" { sub(/^[ \t]+/, ""); $0 = begun $0; begun = "" }
/^[ \t]*(#|$)/ { next }
FILENAME == ARGV[1] { add_value($0) }
FILENAME == ARGV[2] { add_exclusion($0) }
FILENAME == ARGV[3] && want != "excluded" { add_plan($0) }
FILENAME == ARGV[4] && want == "all" { add_plan($0) }
FILENAME == ARGV[4] && want == "sample" { add_cell($0) }

END {
	if (failed)
		exit 1
	if (want == "excluded") {
		print_forbidden()
		exit 0
	}
	if (want == "choose")
		choose_sample()
	find_missing()
	for (i = 1; i <= missing_count; i++) {
		split(missing[i], part, " ")
		print "cells.awk: in no cell: " name[part[1]] "=" part[2] >"/dev/stderr"
	}
	exit missing_count > 0
}
