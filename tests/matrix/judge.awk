# SPDX-License-Identifier: Apache-2.0
# judge.awk flags FILE... - holds what a cell listed and showed against the file `flags`; prints
# what is wrong, at most 20 lines. Exit status 1 if anything is.
#   -v cxx=0           no parts in C++        -v plugin=1   with the plugin
#   -v ndebug=1        built with NDEBUG
#   -v dead=kept|gone|any      what becomes of functions that nobody calls
# and, in the environment, CORPUS, the directory of the sources, and PREFIX, what the compiler had
# before the name of each,
# and one of
#   -v want=patterns   prints NAME, tab, its code (below), tab, the pattern that means it alone
#   -v want=listed     FILEs are JSON documents of `list`, of all modules
#   -v want=state -v round=ROUND        as listed, and states are those of the round
#   -v want=seen       FILEs are values as the program wrote them; the name ends in the round
# Rounds: `built`, `off`, `on`, and `bitN`, where a flag is on if bit N of its code is. No two flags
# have the same code, so in one of the rounds one is on and the other off.
function wrong(text)
{
	if (++problems <= 20)
		print text
}

# A string of JSON or, where it is not one, a word, behind the colon of a line.
function member(line)
{
	sub(/^[^:]*: */, "", line)
	sub(/,$/, "", line)
	if (line ~ /^"/)
		line = substr(line, 2, length(line) - 2)
	return line
}

# As it stands in a string of JSON. By characters, since versions of awk differ about backslashes
# in what gsub() puts in.
function escaped(text,   i, c, out)
{
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		out = out (c in escape ? escape[c] : c)
	}
	return out
}

function plain(text)
{
	gsub(/\\"/, "\"", text)
	return text
}

# As it stands in a regular expression that means it.
function expression(text,   i, c, out)
{
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		out = out (index("\\[].*^$()+?{}|", c) ? "\\" : "") c
	}
	return out
}

function wanted(name, file)
{
	if (file ~ /\.(cc|hh)$/ && !cxx)
		return 0
	return file != "plugin.c" || plugin
}

# What no file is called: generated.c says it.
function outside(file)
{
	return file ~ /\.y$/
}

function add_flag(name, file, state, class, text)
{
	if (ndebug && name ~ /^debug:/)
		state = "off"
	if (!(name in code)) {
		code[name] = codes++
		names[codes] = name
	}
	how[name] = class
	built[name] = state
	file = outside(file) ? file : escaped(prefix) file
	expected[name "\t" file] = 1
	doc[name "\t" file] = text
}

# 1 or 0 as the round has it.
function value_in(round, name)
{
	if (round == "built")
		return built[name] != "off"
	if (round == "on" || round == "off")
		return round == "on"
	return int(code[name] / 2 ^ substr(round, 4)) % 2
}

function state_in(round, name)
{
	if (round == "built")
		return built[name]
	return value_in(round, name) ? "on" : "off"
}

function judge_flag(   name, where)
{
	name = kind ":" flag
	where = name "\t" source
	if (!(where in expected)) {
		wrong("listed, but in no source: " name " in " source)
		return
	}
	if (how[name] == "dead" && dead == "gone")
		wrong("dead, but listed: " name)
	listed[where]++
	if (words != doc[where])
		wrong(name ": the doc is " words)
	if (as_built != built[name])
		wrong(name ": built " as_built ", not " built[name])
	if (how[name] != "dead" && state != state_in(round == "" ? "built" : round, name))
		wrong(name ": listed as " state ", not " state_in(round == "" ? "built" : round, name))
	if (!outside(source))
		stands[source "\t" line] = name
}

function judge_value(name, value,   right)
{
	right = value_in(how[name] == "once" ? "built" : round, name)
	if (value != right)
		wrong(file_round ": " name " reads as " value ", not " right)
	shown[file_round, name] = 1
}

# Each line that was listed must have the name of its flag in it; the corpus is read for that.
function judge_lines(   key, part, text, at, name)
{
	for (key in stands) {
		split(key, part, "\t")
		name = stands[key]
		sub(/.*\//, "", part[1])
		sub(/^[^:]*:/, "", name)
		# Macros paste names, and blanks of a name come in any number.
		sub(/_(first|second)$/, "", name)
		sub(/ .*/, "", name)
		if (name == "in_a_macro")
			name = "SHOW_HEADER"
		text = source_line(corpus "/" part[1], part[2])
		if (!index(text, plain(name)))
			wrong(stands[key] ": its name is not in line " part[2] " of " part[1])
	}
}

function source_line(path, wanted_line,   text, at)
{
	while ((at++ < wanted_line) && (getline text <path) > 0)
		;
	close(path)
	return text
}

BEGIN {
	FS = "\t"
	codes = 0
	corpus = ENVIRON["CORPUS"]
	prefix = ENVIRON["PREFIX"]
	escape["\\"] = "\\\\"
	escape["\""] = "\\\""
	escape["\t"] = "\\t"
	escape["\n"] = "\\n"
}

FNR == 1 { file++ }
file == 1 && /^#/ { next }
file == 1 && wanted($1, $2) { add_flag($1, $2, $3, $4, $5) }
file == 1 { next }

want == "seen" && FNR == 1 {
	file_round = FILENAME
	sub(/.*values[.]/, "", file_round)
	rounds[file_round] = 1
	round = file_round
	sub(/^inside[.]/, "", round)
}
want == "seen" {
	if (!(escaped($1) in code))
		wrong("shown, but no flag: " $1)
	else
		judge_value(escaped($1), $2)
	next
}

/^ *"kind":/ { kind = member($0) }
/^ *"name":/ { flag = member($0) }
/^ *"file":/ { source = member($0) }
/^ *"line":/ { line = member($0) }
/^ *"doc":/ { words = member($0) }
/^ *"state":/ { state = member($0) }
/^ *"built":/ { as_built = member($0); judge_flag() }

END {
	if (want == "patterns")
		for (i = 1; i <= codes; i++)
			if (how[names[i]] != "dead")
				print plain(names[i]) "\t" code[names[i]] "\t" expression(plain(names[i])) "@"
	if (want == "seen")
		for (round in rounds)
			for (name in code)
				if (how[name] != "dead" && !((round, name) in shown))
					wrong(round ": not shown: " name)
	if (want == "listed" || want == "state") {
		for (where in expected) {
			name = substr(where, 1, index(where, "\t") - 1)
			if (!(where in listed) && (how[name] != "dead" || dead == "kept"))
				wrong("not listed: " where)
		}
		judge_lines()
	}
	exit problems > 0
}
