#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What make install brings beside the tool, and that the unit restores what was saved.
#
# Needs root, the module and systemd-analyze: make vm RUN=selftests/tool_install_test.sh
# Arguments: the names of the tests to run, without test_.

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

# Below the prefix, in their order.
files=(
	lib/modules-load.d/migsel.conf
	lib/systemd/system/migsel.service
	lib/systemd/system/migsel@.service
	sbin/migsel
	share/bash-completion/completions/migsel
	share/doc/migsel/README.md
	share/doc/migsel/migsel-engines.rst
	share/doc/migsel/migsel.rst
	share/man/man8/migsel.8
)

in_make() { make -s -C "$top/userspace" -o migsel "$@"; }

installed() { find "$tmp/stage" ! -type d | sort; }

test_destdir() {
	run 0 in_make install DESTDIR="$tmp/stage" PREFIX=/usr
	run 0 installed
	out_is "$(printf "$tmp/stage/usr/%s\n" "${files[@]}")"
	run 0 grep ^ExecStart= "$tmp/stage/usr/lib/systemd/system/migsel.service"
	out_is 'ExecStart=/usr/sbin/migsel restore'
	run 0 in_make uninstall DESTDIR="$tmp/stage" PREFIX=/usr
	run 0 installed
	out_is ''
}

# Nothing is loaded or started that was not asked for.
test_off_by_default() {
	run 0 in_make install PREFIX="$tmp/usr"
	run 1 grep -v '^[#;]' "$tmp/usr/lib/modules-load.d/migsel.conf"
	! find "$tmp/usr" -name '*.wants' -o -name '*.preset' | grep . || bad 'switched on'
}

test_units() {
	local unit conf
	run 0 in_make install PREFIX="$tmp/usr"
	for unit in migsel.service migsel@.service; do
		[[ $unit == *@* ]] && conf=/etc/migsel/%i.conf || conf=/etc/migsel.conf
		unit=$tmp/usr/lib/systemd/system/$unit
		run 0 systemd-analyze verify --man=no "$unit"
		[[ -z $err ]] || bad "says $err"
		grep -qx "ConditionPathExists=$conf" "$unit" || bad 'no condition'
		grep -qx "StandardInput=file:$conf" "$unit" || bad 'no input'
		grep -qx 'WantedBy=multi-user.target' "$unit" || bad 'cannot be enabled'
		for service in libvirtd virtqemud pvedaemon pve-guests pve-ha-lrm; do
			grep -q "^Before=.*\b$service.service" "$unit" || bad "not before $service"
		done
	done
}

# One error, what mends it, and nothing half done. This kernel has no headers in sight.
test_no_headers() {
	[[ ! -e /lib/modules/$(uname -r)/build ]] || bad 'there are headers'
	run 2 env -u KERNEL -u KDIR MIGSEL_CACHE="$tmp/cache" make -s -C "$top" install DESTDIR="$tmp/none"
	[[ $(grep -c 'no headers for the running kernel: install linux-headers-' "$tmp/err") == 1 ]] ||
		bad "says $err"
	[[ ! -e $tmp/none ]] || bad 'something is installed'
	run 0 env -u KERNEL -u KDIR MIGSEL_CACHE="$tmp/cache" make -s -C "$top" uninstall DESTDIR="$tmp/none"
}

# What the unit says, done with a file in that one's place.
test_restores() {
	local command
	run 0 in_make install PREFIX="$tmp/usr"
	three_vmks
	remember
	m save >"$tmp/migsel.conf"
	m vmk flush
	command=$(sed -n 's/^ExecStart=//p' "$tmp/usr/lib/systemd/system/migsel.service")
	nsenter --net="/run/netns/$host" sh -c "$command" <"$tmp/migsel.conf" >"$tmp/out" 2>&1 ||
		bad "$command: $(<"$tmp/out")"
	kept
	m vmk flush
	command=$(sed -n 's/^ExecStart=//p' "$tmp/usr/lib/systemd/system/migsel@.service")
	sh -c "${command//%i/$host}" <"$tmp/migsel.conf" >"$tmp/out" 2>&1 || bad "$command: $(<"$tmp/out")"
	kept
}

run_tests "$@"
