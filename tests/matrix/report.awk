# SPDX-License-Identifier: Apache-2.0
# report.awk axes RESULTS - how many cells passed with each value, by compiler; where some failed,
# "failed/all". Then what was skipped, and why.
FNR == 1 { file++ }
file == 1 && /^[ \t]*(#|$)/ { next }
file == 1 {
	split($0, field, /[ \t]*\|[ \t]*/)
	gsub(/[ \t]/, "", field[1])
	if (field[1] != axis)
		name[++axes] = axis = field[1]
	value[axes, ++values[axes]] = field[2]
	next
}

{
	split($0, part, "\t")
	count = split(part[2], cell, " ")
	if (part[1] == "skipped") {
		skipped[part[3]]++
		next
	}
	for (i = 1; i <= count; i++) {
		ran[i, cell[i], cell[1]]++
		if (part[1] == "FAILED")
			failed[i, cell[i], cell[1]]++
	}
}

function entry(i, v, c)
{
	if (!ran[i, v, c])
		return "-"
	return failed[i, v, c] ? failed[i, v, c] "/" ran[i, v, c] : ran[i, v, c]
}

END {
	printf "%-9s %-16s", "", ""
	for (c = 1; c <= values[1]; c++)
		printf " %9s", value[1, c]
	print ""
	for (i = 2; i <= axes; i++)
		for (v = 1; v <= values[i]; v++) {
			printf "%-9s %-16s", v == 1 ? name[i] : "", value[i, v]
			for (c = 1; c <= values[1]; c++)
				printf " %9s", entry(i, value[i, v], value[1, c])
			print ""
		}
	for (why in skipped)
		print "skipped " skipped[why] ": " why
}
