# SPDX-License-Identifier: Apache-2.0
# fish completion for dfpatch.

# What is typed before the cursor, without the name of the program.
function __dfpatch_words
	set -l words (commandline -opc)
	string join \n -- $words[2..-1]
end

function __dfpatch_first
	test (count (__dfpatch_words)) -eq 0
end

# Whether this is the command, and not yet that of `dfpatch run`.
function __dfpatch_in
	set -l words (__dfpatch_words)
	test "$words[1]" = $argv[1]; or return 1
	test $argv[1] != run; or test -z (__dfpatch_operand)
end

# Where the first operand is, counted from the command, if it is there.
function __dfpatch_operand
	set -l words (__dfpatch_words)
	set -l i 2
	while test $i -le (count $words)
		if test "$words[$i]" = --
			echo (math $i + 1)
			return
		else if contains -- "$words[1]:$words[$i]" $__dfpatch_takes
			set i (math $i + 2)
		else if string match -q -- '-*' $words[$i]
			set i (math $i + 1)
		else
			echo $i
			return
		end
	end
end

# A column of the list of flags, of what the command line names.
function __dfpatch_column
	set -l words (__dfpatch_words)
	set -l target
	set -l i 2
	while test $i -le (count $words)
		switch $words[$i]
			case -p -f --pid --exe --file
				set -a target $words[$i]
				set i (math $i + 1)
				set -a target (string replace -r '^~/' $HOME/ -- $words[$i])
			case '-p*' '-f*' '--pid=*' '--exe=*' '--file=*' --tree
				set -a target $words[$i]
		end
		set i (math $i + 1)
	end
	if test "$words[1]" = preset -a (count $words) -gt 1
		set target --file (string replace -r '^~/' $HOME/ -- $words[2])
	end
	test -n "$target"; or return
	dfpatch list $target --noheadings -o $argv[1] 2>/dev/null
end

function __dfpatch_flags
	__dfpatch_column NAME
end

function __dfpatch_kinds
	__dfpatch_column NAME | string replace -r ':.*' ''
end

function __dfpatch_names
	__dfpatch_column NAME | string replace -r '^[^:]*:' ''
end

function __dfpatch_places
	__dfpatch_column LOCATION
end

# Lines of a script: with the operation that is typed, or on and off.
function __dfpatch_lines
	set -l typed (commandline -ct | string unescape | string trim -l -c '\'"')
	set -l flags (__dfpatch_column NAME)
	if string match -qr -- '^[-+!?]' $typed
		string join \n -- (string sub -l 1 -- $typed)$flags
	else if string match -q -- '* *' $typed
		string join \n -- (string split -f 1 ' ' -- $typed)' '$flags
	else
		string join \n -- +$flags -$flags
	end
end

# What comes in, behind what is typed up to the last comma.
function __dfpatch_behind
	set -l before (commandline -ct | string replace -r '^--?[a-z]+=' '' |
		string match -r '^.*[,+]')
	while read -l line
		printf '%s%s\n' "$before" $line
	end
end

function __dfpatch_pids
	dfpatch scan --noheadings -o PID,COMMAND 2>/dev/null |
		string replace -r '^ *([0-9]+) +(.*)' '$1\tdfpatch: $2' | __dfpatch_behind
end

function __dfpatch_columns
	dfpatch (__dfpatch_words)[1] --help 2>/dev/null | sed -n '/^Columns:/,$p' |
		string replace -rf '^ +([A-Z]+): (.*)' '$1\t$2' | __dfpatch_behind
end

function __dfpatch_files
	__fish_complete_path (commandline -ct | string replace -r '^--?[a-z]+=' '')
end

function __dfpatch_directories
	__fish_complete_directories (commandline -ct | string replace -r '^--?[a-z]+=' '') ''
end

function __dfpatch_when
	string join \n -- always auto never
end

function __dfpatch_nothing
end

# The command of `dfpatch run`, completed as if it stood alone.
function __dfpatch_command
	complete -C (commandline -ct)
end

function __dfpatch_started
	set -l words (__dfpatch_words)
	test "$words[1]" = run; and test -n (__dfpatch_operand)
end

function __dfpatch_its_own
	set -l words (__dfpatch_words)
	set -l from (__dfpatch_operand)
	complete -C (string join ' ' -- (string escape -- $words[$from..-1]) (commandline -ct))
end

complete -c dfpatch -f
complete -c dfpatch -n __dfpatch_first -l help -d 'Show the commands'
complete -c dfpatch -n __dfpatch_first -l version -d 'Show the version'
complete -c dfpatch -n __dfpatch_started -x -a '(__dfpatch_its_own)'
# @table@
