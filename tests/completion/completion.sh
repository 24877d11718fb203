#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# completion.sh SHELL BUILD - completes the lines of `cases` in bash, zsh or fish, and all options
# that --help names.
# shellcheck source=../header/common.sh
. "$(dirname "$0")/../header/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
shell=$1 build=$2
files=$build/completion
PATH=$build/dfpatch:$PATH
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$WORK"' EXIT

installed "$shell" || finish
[ "$shell" = fish ] || installed expect || finish

# ---- what there is to complete ----

# The flag of ./odd has a name as long as the one whose place it takes.
prepare() {
	mkdir -p "$WORK/there/directory"
	cd "$WORK/there" || return 1
	gcc -O1 -I"$INCLUDE" -ffile-prefix-map="$here/=" "$here/server.c" -o server &&
		sed "s/take_the_place_of_me/\$(touch_.\/broken)\`x\`/" server >odd &&
		chmod +x odd &&
		dfpatch list --file ./odd --noheadings -o NAME | grep -F "odd:\$(touch_./broken)"
}

# "LINE | CANDIDATES" for each line of the table; then for all options of each command.
commands() { dfpatch --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }
named() { sed -n "s/^ *\(-[^-], *\)\?\(--[a-z-]*\).*/\2/p" | sort -u; }
cases() {
	local command
	sed -e '/^#/d' -e "s/%PID%/$pid/g" -e "s/%SHORT%/${pid%?}/g" "$here/cases"
	echo "dfpatch  | some $(commands | paste -sd ' ')"
	for command in $(commands); do
		echo "dfpatch $command -- | $(dfpatch "$command" --help | named | paste -sd ' ')"
	done
}

# ---- the shells: each line completed, its words one a line, and "." ----

# Inserts all candidates where the cursor is, and gives the line to a function.
type_in() { sed $'s/$/\030a\001shown /' lines >typed; }
shown="shown() { printf '%s\\n' \"\$@\" . >>words; echo done; }"

complete_bash() {
	cat >rc <<-EOF
		PS1= PS2= HISTFILE=
		. /usr/share/bash-completion/bash_completion
		. "$files/dfpatch"
		bind 'set enable-bracketed-paste off'
		bind '"\C-xa": insert-completions'
		$shown
		echo done
	EOF
	type_in
	expect "$here/drive.exp" typed bash --noprofile --rcfile rc -i
}

complete_zsh() {
	cat >.zshrc <<-EOF
		PS1= PS2= RPS1=
		unset zle_bracketed_paste
		fpath=("$files" \$fpath)
		autoload -U compinit && compinit -D -u
		bindkey -e
		zle -C all-matches complete-word _generic
		bindkey '^Xa' all-matches
		zstyle ':completion:all-matches::::' completer _all_matches _complete
		zstyle ':completion:all-matches:*' insert true
		$shown
		echo done
	EOF
	type_in
	ZDOTDIR=$PWD expect "$here/drive.exp" typed zsh -d -i
}

# Its own engine, asked for what it would show; it inserts it as one word itself.
complete_fish() {
	cat >rc.fish <<-EOF
		source "$files/dfpatch.fish"
		while read -l line
			string match -r '^.* ' -- \$line | string trim | string split ' '
			complete -C \$line | string replace -r '\t.*' ''
			echo .
		end
	EOF
	fish --no-config rc.fish <lines >words
}

# ---- what is wanted of a line ----

# candidates LINE: from the words in the file `got`; none where the line stayed as it was.
candidates() {
	local line=$1 before=${1% *} last=${1##* }
	tail -n +"$(($(wc -w <<<"$before") + 1))" got | grep -vxF -e "${last//\\/}" |
		sed 's,[/=]$,,' | sort -u
}

# judge LINE WANTED
judge() {
	candidates "$1" >candidates
	tr ' ' '\n' <<<"$2" | grep . | sort -u >wanted
	case $2 in
	' some'*) ! grep -vx some wanted | grep -vxFf candidates ;;
	*) diff wanted candidates ;;
	esac
}

check 'programs to complete' prepare
./server &
pid=$!
cases >cases
sed 's/ |.*//' cases >lines
check "$shell completes" "complete_$shell"
[ "${failed:-1}" -eq 0 ] || finish
while IFS= read -r line; do
	sed '/^\.$/,$d' words >got
	sed -i '1,/^\.$/d' words
	check "${line%% |*}" judge "${line%% |*}" "${line#*|}"
done <cases
check 'no name was carried out' test ! -e broken
finish
