#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What make install brings beside the tool, and that the unit restores what was saved.
#
# Needs root, the module and systemd-analyze: make vm RUN=selftests/tool_install_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

# Below the prefix, in their order.
files=(
	lib/modules-load.d/migsel.conf
	lib/systemd/system/migsel-metrics.service
	lib/systemd/system/migsel-metrics.timer
	lib/systemd/system/migsel-metrics@.service
	lib/systemd/system/migsel-metrics@.timer
	lib/systemd/system/migsel.service
	lib/systemd/system/migsel@.service
	libexec/migsel/metrics
	sbin/migsel
	share/bash-completion/completions/migsel
	share/doc/migsel/README.md
	share/doc/migsel/comparison.rst
	share/doc/migsel/examples/cure.txt
	share/doc/migsel/examples/fleet.csv
	share/doc/migsel/examples/pitfall.txt
	share/doc/migsel/glossary.rst
	share/doc/migsel/migsel-engines.rst
	share/doc/migsel/migsel-explain.rst
	share/doc/migsel/migsel.rst
	share/doc/migsel/performance-6.1.txt
	share/doc/migsel/performance.rst
	share/doc/migsel/teaching.rst
	share/doc/migsel/tutorial.rst
	share/doc/migsel/wrong-network.rst
	share/man/man8/migsel.8
)

in_make() { make -s -C "$top/userspace" -o migsel "$@"; }

installed() { find "$scratch/stage" ! -type d | sort; }

test_destdir() {
	run 0 in_make install DESTDIR="$scratch/stage" PREFIX=/usr
	run 0 installed
	out_is "$(printf "$scratch/stage/usr/%s\n" "${files[@]}")"
	run 0 grep ^ExecStart= "$scratch/stage/usr/lib/systemd/system/migsel.service"
	out_is 'ExecStart=/usr/sbin/migsel restore'
	run 0 in_make uninstall DESTDIR="$scratch/stage" PREFIX=/usr
	run 0 installed
	out_is ''
}

# Nothing is loaded or started that was not asked for.
test_off_by_default() {
	run 0 in_make install PREFIX="$scratch/usr"
	run 1 grep -v '^[#;]' "$scratch/usr/lib/modules-load.d/migsel.conf"
	! find "$scratch/usr" -name '*.wants' -o -name '*.preset' | grep . || fail 'switched on'
}

test_units() {
	local unit conf
	run 0 in_make install PREFIX="$scratch/usr"
	for unit in migsel.service migsel@.service; do
		[[ $unit == *@* ]] && conf=/etc/migsel/%i.conf || conf=/etc/migsel.conf
		unit=$scratch/usr/lib/systemd/system/$unit
		run 0 systemd-analyze verify --man=no "$unit"
		[[ -z $err ]] || fail "says $err"
		grep -qx "ConditionPathExists=$conf" "$unit" || fail 'no condition'
		grep -qx "StandardInput=file:$conf" "$unit" || fail 'no input'
		grep -qx 'WantedBy=multi-user.target' "$unit" || fail 'cannot be enabled'
		for service in libvirtd virtqemud pvedaemon pve-guests pve-ha-lrm; do
			grep -q "^Before=.*\b$service.service" "$unit" || fail "not before $service"
		done
	done
}

# One error, what mends it, and nothing half done. This kernel has no headers in sight.
test_no_headers() {
	[[ ! -e /lib/modules/$(uname -r)/build ]] || fail 'there are headers'
	run 2 env -u KERNEL -u KDIR MIGSEL_CACHE="$scratch/cache" make -s -C "$top" install DESTDIR="$scratch/none"
	[[ $(grep -c 'no headers for the running kernel: install linux-headers-' "$scratch/err") == 1 ]] ||
		fail "says $err"
	[[ ! -e $scratch/none ]] || fail 'something is installed'
	run 0 env -u KERNEL -u KDIR MIGSEL_CACHE="$scratch/cache" make -s -C "$top" uninstall DESTDIR="$scratch/none"
}

# What the unit says, done with a file in that one's place.
test_restores() {
	local command
	run 0 in_make install PREFIX="$scratch/usr"
	three_vmks
	remember
	m save >"$scratch/migsel.conf"
	m vmk flush
	command=$(sed -n 's/^ExecStart=//p' "$scratch/usr/lib/systemd/system/migsel.service")
	nsenter --net="/run/netns/$host" sh -c "$command" <"$scratch/migsel.conf" >"$scratch/out" 2>&1 ||
		fail "$command: $(<"$scratch/out")"
	kept
	m vmk flush
	command=$(sed -n 's/^ExecStart=//p' "$scratch/usr/lib/systemd/system/migsel@.service")
	sh -c "${command//%i/$host}" <"$scratch/migsel.conf" >"$scratch/out" 2>&1 || fail "$command: $(<"$scratch/out")"
	kept
}

run_tests "$@"
