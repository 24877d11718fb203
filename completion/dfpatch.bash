# SPDX-License-Identifier: Apache-2.0
# bash completion for dfpatch; the package bash-completion loads it. What processes and files say
# of themselves is untrusted: it is compared and quoted, and never expanded.
# shellcheck shell=bash disable=SC2034,SC2154 # the table and bash-completion share variables

# @table@

# _dfpatch_target: what of the command line names a process or file, in `target`.
_dfpatch_target()
{
	local i
	target=()
	for ((i = 2; i < ${#words[@]}; i++)); do
		[ "$i" -eq "$cword" ] && continue
		case ${words[i]} in
		-p | -f | --pid | --exe | --file)
			target+=("${words[i]}" "$(_dfpatch_typed "${words[i + 1]-}")")
			((i++))
			;;
		-p* | -f* | --pid=* | --exe=* | --file=*)
			target+=("$(_dfpatch_typed "${words[i]}")")
			;;
		--tree) target+=(--tree) ;;
		esac
	done
	if [ "${words[1]}" = preset ] && [ "$cword" -gt 2 ]; then
		target=(--file "$(_dfpatch_typed "${words[2]}")")
	fi
}

# What a word means, as far as that takes no expansion but of ~.
_dfpatch_typed()
{
	local word=$1
	case $word in
	\'*\' | \"*\") word=${word:1:${#word}-2} ;;
	*) word=${word//\\/} ;;
	esac
	printf '%s' "${word/#\~\//$HOME/}"
}

# _dfpatch_offer TYPED: the lines of standard input that begin like that are candidates. With an
# open quote they stand as they are, where nothing in them would mean more than itself.
_dfpatch_offer()
{
	local typed=$1 line quoted=
	case $typed in
	[\'\"]*) quoted=1 typed=${typed:1} ;;
	*) typed=${typed//\\/} ;;
	esac
	while IFS= read -r line; do
		[[ -n $line && $line == "$typed"* ]] || continue
		if [ -n "$quoted" ]; then
			[[ $line == *[\'\"\\\$\`!]* ]] || COMPREPLY+=("$line")
		else
			COMPREPLY+=("$(printf %q "$line")")
		fi
	done
}

_dfpatch_column()
{
	local -a target
	_dfpatch_target
	[ ${#target[@]} -gt 0 ] || return
	dfpatch list "${target[@]}" --noheadings -o "$1" 2>/dev/null | sort -u
}

# _dfpatch_lines TYPED: lines of a script, with the operation that is typed, or on and off.
_dfpatch_lines()
{
	local sign=${1#[\'\"]} names line
	sign=${sign//\\/}
	mapfile -t names < <(_dfpatch_column NAME)
	case $sign in
	[-+!?]*) sign=${sign:0:1} ;;
	*' '*) sign="${sign%% *} " ;;
	*) sign= ;;
	esac
	for line in "${names[@]}"; do
		if [ -n "$sign" ]; then
			printf '%s\n' "$sign$line"
		else
			printf '%s\n' "+$line" "-$line"
		fi
	done
}

# _dfpatch_complete HOW TYPED
_dfpatch_complete()
{
	local how=$1 typed=$2 before=
	case $how in
	files) _filedir ;;
	directories) _filedir -d ;;
	flags) _dfpatch_offer "$typed" < <(_dfpatch_column NAME) ;;
	kinds) _dfpatch_offer "$typed" < <(_dfpatch_column NAME | sed 's/:.*//' | sort -u) ;;
	names) _dfpatch_offer "$typed" < <(_dfpatch_column NAME | sed 's/^[^:]*://' | sort -u) ;;
	places) _dfpatch_offer "$typed" < <(_dfpatch_column LOCATION) ;;
	when) _dfpatch_offer "$typed" < <(printf '%s\n' always auto never) ;;
	lines) _dfpatch_offer "$typed" < <(_dfpatch_lines "$typed") ;;
	pids | columns)
		before=${typed%"${typed##*[,+]}"}
		before=${before//[!0-9A-Za-z,+@]/}
		_dfpatch_offer "$typed" < <("_dfpatch_$how" | sed "s/^/$before/")
		;;
	esac
}

_dfpatch_pids() { dfpatch scan --noheadings -o PID 2>/dev/null | tr -d ' '; }

_dfpatch_columns()
{
	dfpatch "${words[1]}" --help 2>/dev/null | sed -n '/^Columns:/,$s/^ *\([A-Z]*\): .*/\1/p'
}

# Where the command of `dfpatch run` begins, in `first`; 0 if it does not yet.
_dfpatch_first()
{
	local i
	first=0
	for ((i = 2; i <= cword; i++)); do
		case ${words[i]} in
		--) first=$((i + 1)) && return ;;
		-*) [ -z "${takes[${words[i]}]-}" ] || ((i++)) ;;
		*) first=$i && return ;;
		esac
	done
}

_dfpatch()
{
	local cur prev words cword operands first
	local -a options
	local -A takes
	COMPREPLY=()
	_get_comp_words_by_ref -n := cur prev words cword || return
	if [ "$cword" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$_dfpatch_commands" -- "$cur")
		return
	fi
	_dfpatch_describe "${words[1]}" || return
	if [ "$operands" = command ]; then
		_dfpatch_first
		if [ "$first" -gt 0 ] && [ "$first" -le "$cword" ]; then
			_command_offset "$first"
			return
		fi
	fi
	if [[ $cur == --*=* ]]; then
		local option=${cur%%=*}
		cur=${cur#*=}
		_dfpatch_complete "${takes[$option]-${takes[$option=]-}}" "$cur"
	elif [ -n "${takes[$prev]-}" ]; then
		_dfpatch_complete "${takes[$prev]}" "$cur"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$cur")
	else
		_dfpatch_complete "$operands" "$cur"
	fi
	[[ $cur == [\'\"]* ]] || __ltrim_colon_completions "$cur"
}

complete -F _dfpatch dfpatch
