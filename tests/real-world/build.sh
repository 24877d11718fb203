# SPDX-License-Identifier: Apache-2.0
# build.sh - nginx with the flags of flags.patch, from Debian's source package, and dfpatch. Sourced by
# real-world.sh, from whose directories $top, $parts (this one), $build and $nginx it works.
# shellcheck shell=bash disable=SC2154 # variables of real-world.sh

unavailable() {
	echo "real-world.sh: $*" >&2
	exit 3
}

# What only this script needs.
install_packages() {
	local package missing=()
	for package in wrk jq dpkg-dev make patch libpcre2-dev zlib1g-dev; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] || unavailable "install ${missing[*]}, or run this as root"
	echo "installing: ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		"${missing[@]}" >/dev/null
}

# apt with the sources of what it has binary packages of, and lists of its own.
apt_sources() { # COMMAND...
	"$@" -o Dir::Etc::SourceList="$build/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$build/apt/lists" -o Dir::Cache="$build/apt" \
		-o APT::Sandbox::User=root
}

# fetch: the newest revision that the mirror still has; its lists may be ahead of its files.
fetch() {
	local revision
	mkdir -p "$build/apt/lists/partial" "$build/source"
	cd "$build/source" || return 1
	if ! compgen -G '*.dsc' >/dev/null; then
		echo "fetching the source of nginx ..."
		# shellcheck disable=SC2016 # apt fills them in
		apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Created-By: Packages' 'Origin: Debian' | sort -u >"$build/apt/sources.list"
		apt_sources apt-get -qq update || unavailable "no lists of source packages"
		for revision in $(apt_sources apt-cache madison nginx | cut -d '|' -f 2); do
			! apt_sources apt-get -qq --only-source --download-only source \
				"nginx=$revision" >"$build/log" 2>&1 || break
		done
		compgen -G '*.dsc' >/dev/null || {
			cat "$build/log" >&2
			unavailable "the mirror has no source of nginx"
		}
	fi
	cd "$top" || return 1
}

# Built as the package is, but for modules that need other libraries.
configure() {
	local compile link
	export DEB_BUILD_MAINT_OPTIONS=hardening=+all
	compile="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS) -fPIC"
	link="$(dpkg-buildflags --get LDFLAGS) -fPIC"
	./configure --with-cc-opt="$compile -I$top/include" --with-ld-opt="$link" --with-compat \
		--with-debug --with-pcre-jit --with-threads --with-http_stub_status_module \
		--with-http_realip_module --with-http_auth_request_module --with-stream=dynamic
}

build_nginx() {
	local made
	made=$(cat "$parts/flags.patch" include/df*.h "$parts/build.sh" "$build"/source/*.dsc | sha256sum)
	[ "$made" != "$(cat "$nginx/made" 2>/dev/null)" ] || return 0
	echo "building nginx with flags ..."
	rm -rf "$nginx"
	{
		dpkg-source -x "$build"/source/*.dsc "$nginx"
		cd "$nginx"
		patch -p1 <"$parts/flags.patch"
		configure
		make -j "$(nproc)"
		cd "$top"
	} >"$build/log" 2>&1 || {
		tail -n 30 "$build/log"
		exit 1
	}
	echo "$made" >"$nginx/made"
}

build_dfpatch() {
	scripts/packages.sh demo
	echo "building dfpatch ..."
	{
		cmake -S . -B "$build/dfpatch" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDF_TESTS=OFF
		cmake --build "$build/dfpatch" --target dfpatch
	} >"$build/log" 2>&1 || {
		cat "$build/log"
		exit 1
	}
}
