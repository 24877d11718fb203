# SPDX-License-Identifier: Apache-2.0
# support.awk axes - the rows of the table of README.md that says what the header is tried with.
function add(title, text)
{
	if (!(title in row))
		titles[++count] = title
	row[title] = row[title] (row[title] == "" ? "" : ", ") text
}

BEGIN {
	title["compiler"] = "compilers"
	title["standard"] = "standards"
	title["level"] = "optimisation"
	title["mode"] = "programs"
	title["option"] = "options of the compiler"
	title["lto"] = "link-time optimisation"
	title["linker"] = "linkers"
	title["link"] = "options of the linker"
	title["pack"] = "what is linked"
	title["post"] = "afterwards"
	title["library"] = "linked with"
	title["path"] = "names of directories with"
}

/^[ \t]*(#|$)/ { next }
{
	split($0, field, /[ \t]*\|[ \t]*/)
	gsub(/[ \t]/, "", field[1])
	# The first value of these is that there is nothing of the kind.
	if ((field[2] != "none" && field[2] != "plain") || field[1] == "library")
		add(title[field[1]], field[5])
}

END {
	for (i = 1; i <= count; i++)
		print "| " titles[i] " | " row[titles[i]] " |"
}
