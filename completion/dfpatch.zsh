#compdef dfpatch
# SPDX-License-Identifier: Apache-2.0
# zsh completion for dfpatch, as a file _dfpatch of a directory of $fpath.

local -a _dfpatch_commands specs
local _dfpatch_command

# @table@

# What of the command line names a process or file, in `reply`.
_dfpatch_target()
{
	local i word
	reply=()
	for ((i = 2; i <= $#words; i++)); do
		((i == CURRENT)) && continue
		word=${(Q)words[i]}
		case $word in
		(-p | -f | --pid | --exe | --file)
			((++i == CURRENT)) || reply+=($word "${${(Q)words[i]}/#\~\//$HOME/}")
			;;
		(-p* | -f* | --pid=* | --exe=* | --file=* | --tree) reply+=($word) ;;
		esac
	done
	if [[ $_dfpatch_command == preset ]] && ((CURRENT > 2)); then
		reply=(--file "${${(Q)words[2]}/#\~\//$HOME/}")
	fi
}

# A column of the list of flags, in `column`.
_dfpatch_column()
{
	local -a reply
	_dfpatch_target
	column=()
	(($#reply)) || return 1
	column=(${(fu)"$(dfpatch list $reply --noheadings -o $1 2>/dev/null)"})
}

_dfpatch_flags()
{
	local -a column expl
	_dfpatch_column NAME && _wanted flags expl flag compadd -a column
}

_dfpatch_kinds()
{
	local -aU column
	local -a expl
	_dfpatch_column NAME
	column=(${column%%:*})
	_wanted kinds expl kind compadd -a column
}

_dfpatch_names()
{
	local -aU column
	local -a expl
	_dfpatch_column NAME
	column=(${column#*:})
	_wanted names expl name compadd -a column
}

_dfpatch_places()
{
	local -a column expl
	_dfpatch_column LOCATION && _wanted places expl place compadd -a column
}

# Lines of a script: with the operation that is typed, or on and off.
_dfpatch_lines()
{
	local -a column lines expl
	local typed=${(Q)PREFIX}
	_dfpatch_column NAME || return
	case $typed in
	([-+\!\?]*) lines=(${typed[1]}${^column}) ;;
	(*' '*) lines=("${typed%% *} "${^column}) ;;
	(*) lines=(+${^column} -${^column}) ;;
	esac
	_wanted lines expl line compadd -a lines
}

_dfpatch_pids()
{
	local -a pids shown expl
	shown=(${(f)"$(dfpatch scan --noheadings -o PID,COMMAND 2>/dev/null)"})
	shown=(${shown## #})
	pids=(${shown%% *})
	compset -P '*,'
	_wanted pids expl 'process with flags' compadd -ld shown -a pids
}

_dfpatch_columns()
{
	local -a columns expl
	columns=(${(f)"$(dfpatch $_dfpatch_command --help 2>/dev/null |
		sed -n '/^Columns:/,$s/^ *\([A-Z]*\): .*/\1/p')"})
	compset -P '*[,+]'
	_wanted columns expl column compadd -a columns
}

_dfpatch_when() { compadd -- always auto never; }
_dfpatch_files() { _files; }
_dfpatch_directories() { _files -/; }

if ((CURRENT == 2)); then
	_describe -t commands command _dfpatch_commands
	[[ $PREFIX != -* ]] || compadd -- --help --version
	return
fi
_dfpatch_command=$words[2]
_dfpatch_describe $_dfpatch_command || return 1
shift words
((CURRENT--))
if [[ $_dfpatch_command == run ]]; then
	_arguments -s -S -A '-*' $specs
else
	_arguments -s -S $specs
fi
