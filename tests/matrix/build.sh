# SPDX-License-Identifier: Apache-2.0
# How a cell of the matrix is built: what the words of each axis come to. Sourced by group.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of group.sh and check.sh

mapfile -t axis_lines < <(grep -v '^[[:space:]]*\(#\|$\)' "$here/axes")

# options AXIS VALUE FIELD: field 3 or 4 of the file `axes`, as words.
options() {
	local line axis value compile link
	for line in "${axis_lines[@]}"; do
		IFS='|' read -r axis value compile link _ <<<"$line"
		read -r axis <<<"$axis"
		read -r value <<<"$value"
		if [ "$axis $value" = "$1 $2" ]; then
			case $3 in
			3) echo "$compile" ;;
			4) echo "$link" ;;
			esac
			return
		fi
	done
}

# choose CELL: its values, by axis; the arrays compile_options and link_options.
choose() {
	local axis words=()
	read -r compiler standard level mode option lto link pack post linker library path <<<"$1"
	IFS=' ' read -r c_standard cxx_standard <<<"$(options standard "$standard" 3)"
	source_directory=$here/corpus
	[ "$path" = plain ] || source_directory="$work/$(directory_name "$path")"
	compile_options=() link_options=() level_options=()
	read -ra level_options <<<"$(options level "$level" 3)"
	for axis in level mode option lto link; do
		read -ra words <<<"$(options "$axis" "${!axis}" 3)"
		compile_options+=("${words[@]//@DIR@/$source_directory}")
		read -ra words <<<"$(options "$axis" "${!axis}" 4)"
		link_options+=("${words[@]//@CORPUS@/$here/corpus}")
	done
	[ -z "${DF_MATRIX_PLAIN-}" ] || compile_options+=(-DWITHOUT_FLAGS)
	[ "$mode" != plugin ] || compile_options+=(-DWITH_PLUGIN)
	[ "$library" != none ] || compile_options+=(-DWITHOUT_LIBRARY)
	cxx=$compiler
	case $compiler in
	gcc-*) cxx=g++${compiler#gcc} ;;
	clang-*) cxx=clang++${compiler#clang} ;;
	musl-gcc) compile_options+=(-DWITHOUT_CXX) ;;
	esac
	file_prefix=$source_directory/
	case $option in
	*-map) file_prefix=src/ ;;
	esac
}

directory_name() {
	case $1 in
	blank) printf '%s' 'a blank' ;;
	percent) printf '%s' 'per%cent%d%%s' ;;
	quote) printf '%s' "a'quote" ;;
	backslash) printf '%s' 'back\slash\n' ;;
	braces) printf '%s' 'br{a|b}ces' ;;
	dollar) printf '%s' "a\$HOME \`dollar\`" ;;
	hash) printf '%s' 'hash#;and' ;;
	utf8) printf '%s' 'größe 漢字 😀' ;;
	tab) printf '%s' $'a\ttab' ;;
	newline) printf '%s' $'new\nline' ;;
	double) printf '%s' 'double"quote' ;;
	esac
}

other_compiler() {
	case $compiler in
	gcc*) echo clang-19 ;;
	*) echo gcc-12 ;;
	esac
}

# missing_tool: the name of the first tool that the cell needs and that is not there.
missing_tool() {
	local tool tools=("$compiler" "$cxx" "$(linker_program)")
	[ "$pack" != mixed ] || tools+=("$(other_compiler)")
	case $pack in
	archive) tools+=("$(archiver)") ;;
	r-gold) tools+=(ld.gold) ;;
	r-lld) tools+=(ld.lld-19) ;;
	esac
	case $post in
	eu-strip) tools+=(eu-strip) ;;
	llvm-strip | no-headers) tools+=(llvm-strip-19) ;;
	rpath-no-headers) tools+=(patchelf llvm-strip-19) ;;
	rpath | long-rpath | needed | interpreter) tools+=(patchelf) ;;
	esac
	for tool in "${tools[@]}"; do
		command -v "$tool" >/dev/null || {
			echo "$tool"
			return 0
		}
	done
	return 1
}

linker_program() {
	case $linker in
	mold) echo mold ;;
	*) echo "ld.$linker" ;;
	esac
}

# run COMMAND...: shows it in the log, then carries it out.
run() {
	printf '$'
	printf ' %q' "$@"
	echo
	"$@"
}

# compile DRIVER STANDARD SOURCE OBJECT
compile() {
	run "$1" "-std=$2" -pedantic -Wall -Wextra -Werror "${compile_options[@]}" "-I$include" \
		-c "$source_directory/$3" -o "$work/objects/$4.o"
}

compile_all() {
	local source driver=$compiler
	if [ "$path" != plain ]; then
		mkdir -p "$source_directory" && cp "$here"/corpus/*.[ch]* "$source_directory" || return
	fi
	for source in main places names generated other fold dead; do
		compile "$compiler" "$c_standard" "$source.c" "$source" || return
	done
	if [ "$pack" = mixed ]; then
		driver=$(other_compiler)
		compile "$driver" "$c_standard" other.c other || return
		driver=${driver/gcc/g++} driver=${driver/clang/clang++}
	fi
	if [ "$compiler" != musl-gcc ]; then
		compile "$cxx" "$cxx_standard" front.cc front &&
			compile "${driver/#$compiler/$cxx}" "$cxx_standard" back.cc back &&
			compile "$cxx" "$cxx_standard" objects.cc objects || return
	fi
	case $option in
	sancov*) run "$compiler" -fPIC -c "$here/corpus/hooks.c" -o "$work/objects/hooks.o" ;;
	esac || return
	[ "$mode" != plugin ] || compile "$compiler" "$c_standard" plugin.c plugin
}

# linker_options: how the driver is told which linker to take.
linker_options() {
	local program name=ld
	program=$(command -v "$(linker_program)")
	case $compiler in
	clang*)
		echo "--ld-path=$program"
		return
		;;
	esac
	case $linker in
	lld*)
		name=ld.lld
		echo -fuse-ld=lld
		;;
	esac
	mkdir -p "$work/$linker" && ln -sf "$program" "$work/$linker/$name"
	echo "-B$work/$linker"
}

# link_into OUTPUT ARGUMENT...
link_into() {
	local output=$1 chosen
	shift
	mapfile -t chosen < <(linker_options)
	run "$cxx" "${level_options[@]}" "${chosen[@]}" "$@" "${link_options[@]}" -o "$output"
}

# archiver: one that reads the intermediate code of the compiler.
archiver() {
	case $compiler in
	gcc*) echo "${compiler/gcc/gcc-ar}" ;;
	clang*) echo llvm-ar-19 ;;
	*) echo gcc-ar ;;
	esac
}

objects_of() {
	local name
	for name in "$@"; do
		[ ! -e "$work/objects/$name.o" ] || echo "$work/objects/$name.o"
	done
}

# partial LINKER OUTPUT OPTION... OBJECT...
partial() {
	local program=$1 output=$2
	shift 2
	run "$program" -r -o "$directory/$output" "$@"
}

# packed OBJECT...: what these become before the final link, into the array `packed`.
packed() {
	local half=$(($# / 2))
	packed=("$@")
	case $pack in
	archive)
		packed=("$1" "$directory/rest.a")
		run "$(archiver)" rcs "$directory/rest.a" "${@:2}"
		return
		;;
	r-bfd) partial ld.bfd whole.o "$@" ;;
	r-gold) partial ld.gold whole.o "$@" ;;
	r-lld) partial ld.lld-19 whole.o "$@" ;;
	r-group) partial ld.bfd whole.o --force-group-allocation "$@" ;;
	r-halves)
		partial ld.bfd first.o "${@:1:half}" && partial ld.bfd second.o "${@:half+1}"
		;;
	r-halves-group | r-local)
		partial ld.bfd first.o --force-group-allocation "${@:1:half}" &&
			partial ld.bfd second.o --force-group-allocation "${@:half+1}"
		;;
	*) return 0 ;;
	esac || return
	packed=("$directory"/*.o)
	[ "$pack" = r-local ] || return 0
	run objcopy --localize-hidden "$directory/first.o" &&
		run objcopy --localize-hidden "$directory/second.o"
}

# link_cell: all modules into $directory; the array `modules` has their names, the program's first.
link_cell() {
	local own own_library=()
	case $library in
	static) own_library=("$DF_BUILD/libdf/libdf.a") ;;
	shared) own_library=("$DF_BUILD/libdf/libdf.so" "-Wl,-rpath,$DF_BUILD/libdf") ;;
	esac
	modules=("$directory/program")
	case $mode in
	shared)
		mapfile -t own < <(objects_of main places names generated front hooks)
		link_shared one other back && link_shared two fold dead objects || return
		packed "${own[@]}" || return
		link_into "$directory/program" "${packed[@]}" "$directory/libone.so" \
			"$directory/libtwo.so" "-Wl,-rpath,\$ORIGIN" "${own_library[@]}"
		;;
	*)
		mapfile -t own < <(objects_of main places names generated front other back fold \
			dead objects hooks)
		packed "${own[@]}" || return
		[ "$mode" != plugin ] || link_shared plugin plugin || return
		link_into "$directory/program" "${packed[@]}" "${own_library[@]}"
		;;
	esac
}

# link_shared NAME OBJECT...: lib$1.so of these, with the linker of the cell.
link_shared() {
	local name=$1 objects
	shift
	mapfile -t objects < <(objects_of "$@")
	local -a link_options=("${link_options[@]/#-pie/-shared}")
	link_into "$directory/lib$name.so" "${objects[@]}" "-Wl,-soname,lib$name.so" &&
		modules+=("$directory/lib$name.so")
}
