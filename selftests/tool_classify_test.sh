#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: which files of real disk chains are hot and which are cold.
#
# Needs jq and qemu-img: make vm RUN=selftests/tool_classify_test.sh
# Arguments: the names of the tests to run, without test_.

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

setup() { :; }

files_are() {
	out_is "$(printf '%s\n' "$@")"
}

test_classify() {
	local i vm=$tmp/vm
	mkdir "$vm"
	qemu-img create -q -f qcow2 "$vm/disk.qcow2" 1M
	touch "$vm/vm.nvram" "$vm/vm.xml"
	run 0 migsel classify "$vm/disk.qcow2"
	files_are "hot  active  $vm/disk.qcow2" "cold other   $vm/vm.nvram" \
		"cold other   $vm/vm.xml"

	qemu-img create -q -f qcow2 -b disk.qcow2 -F qcow2 "$vm/snap1.qcow2"
	for i in 2 3 4 5; do
		qemu-img create -q -f qcow2 -b "snap$((i - 1)).qcow2" -F qcow2 \
			"$vm/snap$i.qcow2"
	done
	run 0 migsel -j classify "$vm/snap5.qcow2"
	json 'map(select(.tag == "hot").file | sub(".*/"; "")) == ["snap5.qcow2"]'
	json 'map(select(.role == "backing").file | sub(".*/"; "")) ==
		["snap4.qcow2", "snap3.qcow2", "snap2.qcow2", "snap1.qcow2",
		"disk.qcow2"]'
	json 'all((.tag == "hot") == (.role == "active")) and length == 8 and
		all(.size | type == "number")'

	qemu-img create -q -f vmdk "$vm/base.vmdk" 1M
	qemu-img create -q -f vmdk -b base.vmdk -F vmdk "$vm/delta.vmdk"
	run 0 migsel -j classify "$vm/delta.vmdk"
	json 'map(select(.role != "other") | [.tag, (.file | sub(".*/"; ""))]) ==
		[["hot", "delta.vmdk"], ["cold", "base.vmdk"]]'
	rm "$vm/base.vmdk" "$vm/delta.vmdk"

	qemu-img create -q -f vmdk -o subformat=monolithicFlat "$vm/b.vmdk" 1M
	run 0 env -C "$vm" migsel classify snap5.qcow2 b.vmdk
	out_like "hot  active  $vm/b-flat.vmdk"
	run 1 migsel classify "$vm/snap5.qcow2" "$vm/snap1.qcow2"
	err_like 'snap1.qcow2 is an active image and also'
	[[ -z $out ]] || bad "guesses $out"
}

test_classify_refuses() {
	local vm=$tmp/vm
	rm -rf "$vm"
	mkdir "$vm"
	run 1 migsel classify "$vm/nosuch"
	err_like "$vm/nosuch.*No such file"
	run 1 migsel classify "$vm"
	err_like "$vm"
	qemu-img create -q -f qcow2 "$vm/base.qcow2" 1M
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$vm/top.qcow2"
	mv "$vm/base.qcow2" "$vm/away"
	run 1 migsel classify "$vm/top.qcow2"
	err_like "base.qcow2.*No such file"
	[[ -z $out ]] || bad "guesses $out"
	mv "$vm/away" "$vm/base.qcow2"
	qemu-img rebase -u -b top.qcow2 -F qcow2 "$vm/base.qcow2"
	run 1 migsel classify "$vm/top.qcow2"
	err_like 'loop'
	head -c 100 "$vm/top.qcow2" >"$vm/cut.qcow2"
	run 1 migsel classify "$vm/cut.qcow2"
	err_like 'cut.qcow2'
	rm -rf "$vm"
	mkdir "$vm"
	chmod 755 "$tmp" "$vm"
	qemu-img create -q -f qcow2 "$vm/base.qcow2" 1M
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$vm/top.qcow2"
	chmod 644 "$vm/top.qcow2"
	chmod 600 "$vm/base.qcow2"
	run 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v migsel)" \
		classify "$vm/top.qcow2"
	err_like 'base.qcow2.*Permission denied'
	[[ -z $out ]] || bad "guesses $out"
	qemu-img create -q -u -f qcow2 -b json:'{"driver":"null-co"}' -F raw "$vm/net.qcow2" 1M
	run 1 migsel classify "$vm/net.qcow2"
	err_like 'net.qcow2.*null-co'
	run 255 migsel classify
}

run_tests "$@"
