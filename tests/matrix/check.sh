# SPDX-License-Identifier: Apache-2.0
# What is checked of a cell of the matrix, once it is linked. Sourced by group.sh.
# shellcheck shell=bash disable=SC2154 # variables of group.sh and build.sh

CODE_BITS=7 # so many tell the flags of the corpus apart

# judge WANT ARGUMENT...: judge.awk about this cell.
judge() {
	local want=$1
	shift
	CORPUS=$here/corpus PREFIX=$file_prefix awk -v want="$want" \
		-v cxx="$([ "$compiler" = musl-gcc ] && echo 0 || echo 1)" \
		-v plugin="$([ "$mode" = plugin ] && echo 1 || echo 0)" \
		-v ndebug="$([ "$option" = ndebug ] && echo 1 || echo 0)" \
		-v dead="$(dead_flags)" "${judge_options[@]}" -f "$here/judge.awk" \
		"$here/corpus/flags" "$@"
}

# dead_flags: what is to become of the flags of functions that nobody calls. A shared object keeps
# what it exports, and ld -r makes one section of all records; LTO may drop what is dead with no
# help of a linker's, and so does an archive.
dead_flags() {
	case $link in
	gc*)
		if [ "$mode" = shared ] || [ "$option" = one-section ] || [ "$lto" != none ] ||
			[ "${pack%%-*}" = r ]; then
			echo any
		elif [ "$link $linker" = 'gc-drop bfd' ] || [ "${linker%-*}" = lld ]; then
			echo gone
		else
			echo any
		fi
		;;
	*)
		if [ "$lto" != none ] || [ "$pack" = archive ]; then
			echo any
		else
			echo kept
		fi
		;;
	esac
}

# said LOG: shows a log, and fails if there is more in it than our own commands.
said() {
	cat "$1"
	! grep -q -v '^[$] ' "$1"
}

# linked_silently: the cell links, and nobody has a word to say.
linked_silently() {
	link_cell >"$directory/link.log" 2>&1 || {
		cat "$directory/link.log"
		return 1
	}
	said "$directory/link.log" && return
	echo "the linker had something to say"
	return 1
}

check_cell() {
	linked_silently && check_tables && process_modules && check_listed && check_live
}

# check_tables: what `sites` says of each module.
check_tables() {
	local module
	for module in "${modules[@]}"; do
		run "$sites" "$module" >"$directory/sites" || {
			grep '^broken' "$directory/sites"
			return 1
		}
		grep -qx 'tables 1' "$directory/sites" && grep -qx 'textrel 0' "$directory/sites" &&
			grep -qx 'table_relocations 0' "$directory/sites" &&
			grep -qx "controls $(control_blocks)" "$directory/sites" || {
			grep -v '^site ' "$directory/sites"
			return 1
		}
	done
}

# Two halves whose symbols are their own have a control block each; readers take the first.
control_blocks() {
	case $pack:$module in
	r-local:*/program) echo 2 ;;
	*) echo 1 ;;
	esac
}

# process_modules: what the cell does to each module after the link.
process_modules() {
	local module
	for module in "${modules[@]}"; do
		process "$module" >"$directory/post.log" 2>&1 || {
			cat "$directory/post.log"
			return 1
		}
	done
}

process() {
	case $post in
	strip) run strip "$1" ;;
	eu-strip) run eu-strip -f "$1.debug" "$1" ;;
	llvm-strip) run llvm-strip-19 --strip-all-gnu "$1" ;;
	no-headers) run llvm-strip-19 --strip-sections "$1" ;;
	debuglink)
		run objcopy --only-keep-debug "$1" "$1.debug" && run strip "$1" &&
			run objcopy --add-gnu-debuglink="$1.debug" "$1"
		;;
	compressed) run objcopy --compress-debug-sections "$1" ;;
	rpath) run patchelf --set-rpath "$(rpath)" "$1" ;;
	long-rpath)
		run patchelf --force-rpath --set-rpath \
			"$(rpath):/$(head -c 9000 /dev/zero | tr '\0' x)" "$1"
		;;
	needed) run patchelf --add-needed libm.so.6 "$1" ;;
	interpreter)
		case $1 in
		*.so) return 0 ;;
		esac
		run patchelf --set-interpreter /lib/../lib64/ld-linux-x86-64.so.2 "$1"
		;;
	rpath-no-headers)
		run patchelf --set-rpath "$(rpath)" "$1" && run llvm-strip-19 --strip-sections "$1"
		;;
	esac
}

# What the programs need, and something longer than what they had.
rpath() {
	echo "\$ORIGIN:$DF_BUILD/libdf:/nowhere/in/particular"
}

# audited ARGUMENT...: dfpatch has no findings. clang's UBSan puts data into functions, which is
# found.
audited() {
	local how=()
	case $compiler:$option in
	clang-*:asan) how=(--sites) ;;
	esac
	run timeout 60 "$dfpatch" audit "${how[@]}" "$@" >"$directory/audit" 2>&1 && return
	echo "it ended with $?:"
	cat "$directory/audit"
	return 1
}

# check_listed: the flags of the files, all modules together, are those of the corpus, and sound.
check_listed() {
	local module documents=()
	for module in "${modules[@]}"; do
		documents+=("$module.json")
		run timeout 60 "$dfpatch" list --file "$module" --json >"$module.json" || return
		! readelf -dW "$module" 2>/dev/null | grep TEXTREL || return
		audited "$module" || return
	done
	judge_options=()
	judge listed "${documents[@]}"
}

# ---- the running program ----

start_program() {
	local launcher=() arguments=()
	[ "$option" != tsan ] || launcher=(setarch -R)
	[ "$mode" != plugin ] || arguments=("$directory/libplugin.so")
	mkfifo "$directory/to" "$directory/from" || return
	(
		cd "$directory" || exit
		exec "${launcher[@]}" ./program "${arguments[@]}" <to >from 2>errors
	) &
	pid=$!
	exec {to}>"$directory/to" {from}<"$directory/from"
	answered
}

# end_program STATUS: lets it end, or ends it; it must have had nothing to complain of.
end_program() {
	[ "$1" -eq 0 ] || kill -KILL "$pid"
	exec {to}>&- {from}<&-
	wait "$pid" || {
		echo "the program ended with $?"
		return 1
	}
	! grep . "$directory/errors"
}

# answered: the program has done what it was told.
answered() {
	local reply='nothing in 60 s'
	read -t 60 -r reply <&"$from"
	[ "$reply" = done ] && return
	echo "the program says: $reply"
	cat "$directory/errors"
	return 1
}

values() {
	echo "values values.$1" >&"$to"
	answered && seen+=("$directory/values.$1")
}

# flip OPERATION PATTERN...: from outside. On a machine that has no time for it, dfpatch is ended by
# its watchdog, and what it began is for the next one to finish.
flip() {
	local operation=$1 turn status
	shift
	for turn in 1 2 3 4 5; do
		echo "\$ dfpatch $operation --pid $pid, $# patterns, turn $turn"
		timeout 60 "$dfpatch" "$operation" --pid "$pid" "$@" >"$directory/report" 2>&1
		status=$?
		[ "$status" -eq 137 ] || break
	done
	[ "$status" -ne 0 ] || return 0
	echo "it ended with $status:"
	tail -n 5 "$directory/report"
	return 1
}

# apply SCRIPT: from inside.
apply() {
	printf 'apply\n%s\n.\n' "$1" >&"$to"
	answered
}

# divide BIT: `with` and `without` get the patterns of flags whose code has it or not, and `script`
# the same for libdf.
divide() {
	local i
	with=() without=() script=''
	for i in "${!names[@]}"; do
		if ((codes[i] >> $1 & 1)); then
			with+=("${names[i]}")
			script+="enable ${expressions[i]}"$'\n'
		else
			without+=("${names[i]}")
			script+="disable ${expressions[i]}"$'\n'
		fi
	done
}

from_outside() {
	local bit
	values built && listed_as built && flip disable . && values off &&
		flip enable . && values on || return
	for ((bit = 0; bit < CODE_BITS; bit++)); do
		divide "$bit"
		flip enable "${with[@]}" && flip disable "${without[@]}" && values "bit$bit" || return
	done
	listed_as "bit$((CODE_BITS - 1))"
}

from_inside() {
	local bit
	[ "$library" != none ] || return 0
	apply 'disable .' && values inside.off && apply 'enable .' && values inside.on || return
	for ((bit = 0; bit < CODE_BITS; bit++)); do
		divide "$bit"
		apply "$script" && values "inside.bit$bit" || return
	done
	listed_as "bit$((CODE_BITS - 1))"
}

# listed_as ROUND: dfpatch sees the running program's flags in that state.
listed_as() {
	timeout 60 "$dfpatch" list --pid "$pid" --json >"$directory/live.json" || return
	judge_options=(-v "round=$1")
	judge state "$directory/live.json"
}

check_live() {
	local names=() codes=() expressions=() seen=() with without script name code expression
	judge_options=()
	while IFS=$'\t' read -r name code expression; do
		names+=("$name") codes+=("$code") expressions+=("$expression")
	done < <(judge patterns)
	start_program || {
		end_program 1
		return 1
	}
	[ "$post" != deleted ] || rm -f "${modules[@]}"
	from_outside && from_inside && audited --pid "$pid"
	end_program $? || return
	judge_options=()
	judge seen "${seen[@]}"
}

# check_plain_cell: a cell that is built without flags runs, with what they would switch off and on.
check_plain_cell() {
	local seen=() on
	linked_silently && process_modules || return
	for module in "${modules[@]}"; do
		! readelf -dW "$module" 2>/dev/null | grep TEXTREL || return
	done
	for on in '' yes; do
		rm -f "$directory/to" "$directory/from"
		[ -z "$on" ] || export CORPUS_ON=yes
		start_program && values plain
		end_program $? || return
	done
}
