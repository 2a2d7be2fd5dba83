#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: which files of real disk chains are hot and which are cold.
#
# Needs jq, qemu-img and losetup: make vm RUN=selftests/tool_classify_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

setup() { :; }

files_are() {
	out_is "$(printf '%s\n' "$@")"
}

test_classify() {
	local i vm=$scratch/vm
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
	[[ -z $out ]] || fail "guesses $out"
}

test_classify_refuses() {
	local vm=$scratch/vm
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
	[[ -z $out ]] || fail "guesses $out"
	mv "$vm/away" "$vm/base.qcow2"
	qemu-img rebase -u -b top.qcow2 -F qcow2 "$vm/base.qcow2"
	run 1 migsel classify "$vm/top.qcow2"
	err_like 'loop'
	head -c 100 "$vm/top.qcow2" >"$vm/cut.qcow2"
	run 1 migsel classify "$vm/cut.qcow2"
	err_like 'cut.qcow2'
	rm -rf "$vm"
	mkdir "$vm"
	chmod 755 "$scratch" "$vm"
	qemu-img create -q -f qcow2 "$vm/base.qcow2" 1M
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$vm/top.qcow2"
	chmod 644 "$vm/top.qcow2"
	chmod 600 "$vm/base.qcow2"
	run 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v migsel)" \
		classify "$vm/top.qcow2"
	err_like 'base.qcow2.*Permission denied'
	[[ -z $out ]] || fail "guesses $out"
	qemu-img create -q -u -f qcow2 -b json:'{"driver":"null-co"}' -F raw "$vm/net.qcow2" 1M
	run 1 migsel classify "$vm/net.qcow2"
	err_like 'net.qcow2.*null-co.*not a file of this host'
	run 255 migsel classify
}

# A folder of its own for each test.
new_vm() {
	vm=$scratch/$1
	rm -rf "$vm"
	mkdir "$vm"
}

# names TAG ROLE...: of these files, without their folder
names() {
	jq -r --arg tag "$1" --arg role "$2" '.[] | select(.tag == $tag and .role == $role).file | sub(".*/"; "")' \
		<"$scratch/out" | tr '\n' ' '
}

# refuses PATTERN WORD...: in one line, and nothing is printed
refuses() {
	run 1 migsel classify "${@:2}"
	err_like "$1"
	[[ -z $out ]] || fail "guesses $out"
}

# What a guest can write to its raw disk.
test_guest_writes_a_header() {
	local vm secret=$scratch/secret
	new_vm guest
	echo secret >"$secret"
	qemu-img create -q -u -f qcow2 -b "$secret" -F raw "$vm/disk.raw" 1M
	refuses "guest/disk.raw leads to $secret, outside" "$vm/disk.raw"
	run 0 migsel classify outside allow "$vm/disk.raw"
	files_are "hot  active  $vm/disk.raw" "cold backing $secret"
	refuses 'outside' outside refuse "$vm/disk.raw"
	run 0 migsel classify format raw "$vm/disk.raw"
	files_are "hot  active  $vm/disk.raw"
	run 255 migsel classify outside perhaps "$vm/disk.raw"

	# In the image's own folder, another one's.
	cp "$secret" "$vm/other.img"
	qemu-img rebase -u -f qcow2 -b other.img -F raw "$vm/disk.raw"
	run 0 migsel classify format raw -- "$vm/disk.raw"
	files_are "hot  active  $vm/disk.raw"

	printf '%s\n' '# Disk DescriptorFile' version=1 CID=11111111 parentCID=ffffffff \
		'createType="monolithicFlat"' "RW 1 FLAT \"$secret\" 0" >"$vm/disk.raw"
	truncate -s 64k "$vm/disk.raw"
	refuses "guest/disk.raw leads to $secret, outside" "$vm/disk.raw"
	run 0 migsel classify format raw "$vm/disk.raw"
	files_are "hot  active  $vm/disk.raw"
	sed -i "s#\"$secret\"#\"../secret\"#" "$vm/disk.raw"
	refuses 'outside' "$vm/disk.raw"
	sed -i "s#\"../secret\"#\"../guest/../secret\"#" "$vm/disk.raw"
	refuses 'outside' "$vm/disk.raw"

	# The disk was raw once: its overlay does not say so, and it looks otherwise.
	qemu-img create -q -u -f qcow2 -b "$secret" -F raw "$vm/disk.raw" 1M
	qemu-img create -q -u -f qcow2 -b disk.raw -F raw "$vm/top.qcow2" 1M
	LC_ALL=C sed -i 's/\xe2y[*]\xca/\xe2y*\xcb/' "$vm/top.qcow2"
	refuses 'disk.raw looks like qcow2.*give its format' "$vm/top.qcow2"
	run 0 migsel classify format qcow2,raw "$vm/top.qcow2"
	files_are "hot  active  $vm/top.qcow2" "cold backing $vm/disk.raw"
	refuses 'leads to .*outside' format qcow2,qcow2 "$vm/top.qcow2"
	refuses 'disk.raw is the last image of its chain' format qcow2,raw,raw "$vm/top.qcow2"
	refuses 'Unknown driver|nosuch' format nosuch "$vm/top.qcow2"
	# A second disk has a format of its own.
	qemu-img create -q -f qcow2 "$vm/data.qcow2" 1M
	run 0 migsel -j classify format qcow2,raw "$vm/top.qcow2" format qcow2 "$vm/data.qcow2"
	[[ $(names hot active) == 'top.qcow2 data.qcow2 ' ]] || fail "hot: $(names hot active)"
	# External data is led to as well.
	cp "$secret" "$scratch/data"
	qemu-img create -q -f qcow2 -o data_file="$scratch/data" "$vm/ext.qcow2" 1M
	refuses "ext.qcow2 leads to $scratch/data, outside" "$vm/ext.qcow2"
}

# differencing FILE OFFSET: a footer of the kind of VHD that has a parent, sum and all
differencing() {
	local sum
	sum=$((0x$(od -An -tx1 -j $(($2 + 64)) -N 4 "$1" | tr -d ' ') - 1))
	# shellcheck disable=SC2059 # it is a format
	printf "\\x4\\x$(printf '%08x' "$sum" | sed 's/../&\\x/g; s/..$//')" |
		dd of="$1" bs=1 seek=$(($2 + 63)) conv=notrunc status=none
}

test_broken_chains() {
	local vm cid
	new_vm broken
	qemu-img create -q -f vmdk "$vm/base.vmdk" 1M
	qemu-img create -q -f vmdk -b base.vmdk -F vmdk "$vm/delta.vmdk"
	cp "$vm/base.vmdk" "$vm/kept"
	cid=$(qemu-img info --output=json "$vm/base.vmdk" | jq '."format-specific".data.cid')
	cid=$(printf %08x "$cid")
	LC_ALL=C sed -i "s/^CID=${cid##*(0)}/CID=deadbeef/; s/^CID=.*/CID=deadbeef/" "$vm/base.vmdk"
	refuses 'base.vmdk is not what the image above it was based on' "$vm/delta.vmdk"
	run 0 migsel classify "$vm/base.vmdk"
	cp "$vm/kept" "$vm/base.vmdk"
	run 0 migsel classify "$vm/delta.vmdk"
	rm "$vm/kept"
	# The same length: the descriptor lies inside of the file.
	LC_ALL=C sed -i 's/^parentFileNameHint=/#arentFileNameHint=/' "$vm/delta.vmdk"
	refuses 'delta.vmdk is based on an image that it does not name' "$vm/delta.vmdk"

	qemu-img create -q -f vpc "$vm/child.vhd" 16M
	run 0 migsel classify "$vm/child.vhd"
	differencing "$vm/child.vhd" 0
	differencing "$vm/child.vhd" $(($(stat -c %s "$vm/child.vhd") - 512))
	refuses 'child.vhd is a differencing disk' "$vm/child.vhd"
	refuses 'child.vhd is a differencing disk' format vpc "$vm/child.vhd"

	# A base whose end is gone, and one that is shorter than what it is taken for.
	qemu-img create -q -f qcow2 "$vm/base.qcow2" 16M
	qemu-io -c 'write -q -P 7 1M 4M' "$vm/base.qcow2"
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$vm/top.qcow2"
	run 0 migsel classify "$vm/top.qcow2"
	truncate -s 1M "$vm/base.qcow2"
	refuses 'base.qcow2: qemu-img check finds it damaged' "$vm/top.qcow2"
	qemu-img create -q -f raw "$vm/raw.img" 1M
	qemu-img create -q -u -f qcow2 -b raw.img -F qcow2 "$vm/liar.qcow2" 1M
	refuses 'raw.img' "$vm/liar.qcow2"
	qemu-img create -q -u -f qcow2 -b self.qcow2 -F qcow2 "$vm/self.qcow2" 1M
	refuses 'loop' "$vm/self.qcow2"
	qemu-img create -q -f qcow2 -o data_file="$vm/gone" "$vm/ext.qcow2" 1M
	rm "$vm/gone"
	refuses 'gone.*No such file' "$vm/ext.qcow2"
}

# A virtual machine runs on it: it is written to, and not damaged.
test_in_use() {
	local vm to from
	new_vm used
	qemu-img create -q -f qcow2 "$vm/disk.qcow2" 16M
	coproc qemu-io "$vm/disk.qcow2"
	to=${COPROC[1]} from=${COPROC[0]}
	echo 'write -P 1 0 4M' >&"$to"
	read -rt 60 -u "$from" || fail 'nothing is written'
	run 0 migsel classify "$vm/disk.qcow2"
	files_are "hot  active  $vm/disk.qcow2"
	echo quit >&"$to"
	wait "$COPROC_PID"
}

test_devices() {
	local vm loop inside=$scratch/dev
	new_vm devices
	mkdir "$inside"
	truncate -s 3M "$vm/back"
	modprobe -q loop
	loop=$(losetup -f --show "$vm/back") || { fail 'no loop device'; return; }
	touch "$inside/other"
	cp -a "$loop" "$inside/lv"
	run 0 migsel -j classify format raw "$inside/lv"
	json '. == [{tag: "hot", role: "active", size: 3145728, file: "'"$inside"'/lv"}]'
	run 0 migsel -j classify format raw "$loop"
	json 'length == 1 and .[0].size == 3145728'
	# It holds a guest's disk: what that says leads nowhere.
	qemu-img create -q -u -f qcow2 -b /etc/hostname -F raw "$loop" 1M
	refuses 'leads to /etc/hostname, outside' "$loop"
	# An image on a device, by a name that leads there.
	qemu-img create -q -f qcow2 "$loop" 1M
	ln -s "$loop" "$vm/lv"
	qemu-img create -q -f qcow2 -b lv -F qcow2 "$vm/top.qcow2"
	run 0 migsel -j classify "$vm/top.qcow2"
	[[ $(names hot active) == 'top.qcow2 ' ]] || fail "hot: $(names hot active)"
	[[ $(names cold backing) == 'lv ' ]] || fail "backing: $(names cold backing)"
	losetup -d "$loop"
	refuses 'neither a file nor a block device' /dev/null
	mkfifo "$vm/fifo"
	refuses 'neither a file nor a block device' "$vm/fifo"
}

# Many virtual machines in one folder: each has what is named after it.
test_pool() {
	local vm name
	new_vm pool
	for name in web web-db db; do
		qemu-img create -q -f qcow2 "$vm/$name.qcow2" 1M
		touch "$vm/$name.nvram" "$vm/$name-cloud.txt" "$vm/${name}_VARS.fd"
	done
	qemu-img create -q -f qcow2 -b web.qcow2 -F qcow2 "$vm/web.snap1"
	mkdir "$vm/.ssh" "$vm/web.d"
	touch "$vm/.ssh/id_rsa" "$vm/.web" "$vm/web.d/file" "$vm/website.txt" "$vm/notes" "$vm/web"
	run 0 migsel -j classify "$vm/web.snap1"
	[[ $(names hot active) == 'web.snap1 ' ]] || fail "hot: $(names hot active)"
	[[ $(names cold backing) == 'web.qcow2 ' ]] || fail "backing: $(names cold backing)"
	[[ $(names cold other) == 'web web-cloud.txt web.nvram web_VARS.fd ' ]] || fail "other: $(names cold other)"
	run 0 migsel -j classify "$vm/db.qcow2"
	[[ $(names cold other) == 'db-cloud.txt db.nvram db_VARS.fd ' ]] || fail "other: $(names cold other)"

	# A disk that is known by what it holds only, and one that is not the installer's.
	new_vm alone
	qemu-img create -q -f qcow2 "$vm/disk.qcow2" 1M
	touch "$vm/vm.xml" "$vm/.hidden"
	head -c 1M /dev/zero >"$vm/installer.iso"
	printf '\x55\xaa' | dd of="$vm/installer.iso" bs=1 seek=510 conv=notrunc status=none
	run 0 migsel -j classify "$vm/disk.qcow2"
	[[ $(names cold other) == 'installer.iso vm.xml ' ]] || fail "other: $(names cold other)"
	for name in qcow2 vdi vmdk raw; do
		qemu-img create -q -f "$name" "$vm/second" 1M
		[[ $name != raw ]] || cp "$vm/installer.iso" "$vm/second"
		run 0 migsel -j classify "$vm/disk.qcow2"
		[[ $(names cold other) == '' ]] || fail "other, beside a $name: $(names cold other)"
	done
	run 0 migsel -j classify "$vm/disk.qcow2" format raw "$vm/second"
	[[ $(names cold other) == 'installer.iso vm.xml ' ]] || fail "other: $(names cold other)"
}

# As known programs lay virtual machines out.
test_layouts() {
	local vm name
	# OpenNebula: a link to the newest snapshot, and a link to the folder in itself; the
	# base is in another datastore, and the second disk is raw.
	new_vm one
	mkdir -p "$vm/1" "$vm/101/139/disk.0.snap"
	qemu-img create -q -f qcow2 "$vm/1/e2c4" 1M
	qemu-img create -q -f raw "$vm/101/139/disk.1" 1M
	(
		cd "$vm/101/139" || exit
		touch deployment.0 vm.xml disk.0.log
		qemu-img create -q -f qcow2 -F qcow2 -b "$vm/1/e2c4" disk.0.snap/0
		ln -s . disk.0.snap/disk.0.snap
		cd disk.0.snap && qemu-img create -q -f qcow2 -F qcow2 -b disk.0.snap/0 1
		ln -s disk.0.snap/1 ../disk.0
	)
	refuses "disk.0.snap/0 leads to $vm/1/e2c4, outside" "$vm/101/139/disk.0"
	run 0 migsel -j classify outside allow "$vm/101/139/disk.0"
	[[ $(names hot active) == 'disk.0 ' ]] || fail "hot: $(names hot active)"
	[[ $(names cold backing) == '0 e2c4 ' ]] || fail "backing: $(names cold backing)"
	[[ $(names cold other) == 'disk.0.log ' ]] || fail "other: $(names cold other)"
	run 0 migsel -j classify outside allow "$vm/101/139/disk.0" format raw "$vm/101/139/disk.1"
	[[ $(names cold other) == 'deployment.0 disk.0.log vm.xml ' ]] || fail "other: $(names cold other)"
	qemu-img create -q -u -f qcow2 -F qcow2 -b disk.0.snap/1 "$vm/101/139/disk.0" 1M
	refuses 'loop' "$vm/101/139/disk.0"

	# CloudStack: a pool of names without suffixes, bases without a recorded format.
	new_vm cloudstack
	for name in 66990fcc 11110fcc; do
		qemu-img create -q -f qcow2 "$vm/$name" 1M
	done
	qemu-img create -q -f qcow2 -F qcow2 -b 66990fcc "$vm/a3dd1f0f"
	LC_ALL=C sed -i 's/\xe2y[*]\xca/\xe2y*\xcb/' "$vm/a3dd1f0f"
	touch "$vm/KVMHA-heartbeat"
	refuses '66990fcc looks like qcow2.*give its format' "$vm/a3dd1f0f"
	run 0 migsel classify format qcow2,qcow2 "$vm/a3dd1f0f"
	files_are "hot  active  $vm/a3dd1f0f" "cold backing $vm/66990fcc"

	# ESXi: descriptors, and data beside them.
	new_vm esxi
	qemu-img create -q -f vmdk -o subformat=monolithicFlat "$vm/vm.vmdk" 1M
	qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse -b vm.vmdk -F vmdk "$vm/vm-000001.vmdk"
	for name in vmx vmxf vmsd nvram; do touch "$vm/vm.$name"; done
	touch "$vm/vmware.log"
	run 0 migsel -j classify "$vm/vm-000001.vmdk"
	[[ $(names hot active) == 'vm-000001.vmdk vm-000001-s001.vmdk ' ]] || fail "hot: $(names hot active)"
	[[ $(names cold backing) == 'vm.vmdk vm-flat.vmdk ' ]] || fail "backing: $(names cold backing)"
	[[ $(names cold other) == 'vm.nvram vm.vmsd vm.vmx vm.vmxf vmware.log ' ]] || fail "other: $(names cold other)"

	# Lima: a base and what differs, without suffixes; sockets are no files.
	new_vm lima
	qemu-img create -q -f qcow2 "$vm/basedisk" 1M
	qemu-img create -q -f qcow2 -F qcow2 -b "$vm/basedisk" "$vm/diffdisk"
	touch "$vm/lima.yaml" "$vm/serial.log"
	truncate -s 300k "$vm/cidata.iso"
	mkfifo "$vm/ha.fifo"
	run 0 migsel -j classify "$vm/diffdisk"
	[[ $(names hot active) == 'diffdisk ' ]] || fail "hot: $(names hot active)"
	[[ $(names cold other) == 'cidata.iso lima.yaml serial.log ' ]] || fail "other: $(names cold other)"

	# Proxmox VE: a linked clone of a template in another folder.
	new_vm pve
	mkdir "$vm/100" "$vm/9000"
	qemu-img create -q -f qcow2 "$vm/9000/base-9000-disk-0.qcow2" 1M
	qemu-img create -q -f qcow2 -F qcow2 -b ../9000/base-9000-disk-0.qcow2 "$vm/100/vm-100-disk-0.qcow2"
	refuses 'outside' "$vm/100/vm-100-disk-0.qcow2"
	run 0 migsel -j classify outside allow "$vm/100/vm-100-disk-0.qcow2"
	[[ $(names cold backing) == 'base-9000-disk-0.qcow2 ' ]] || fail "backing: $(names cold backing)"
}

# Ten times as many files take ten times as long, not a hundred.
test_many_files() {
	local vm start
	new_vm many
	qemu-img create -q -f qcow2 "$vm/disk.qcow2" 1M
	(cd "$vm" && seq -f 'f%.0f' 40000 | xargs touch)
	start=${EPOCHREALTIME/./}
	run 0 migsel -j classify "$vm/disk.qcow2"
	((${EPOCHREALTIME/./} - start < 20000000)) || fail "it takes $((${EPOCHREALTIME/./} - start)) us"
	json 'length == 40001'
	rm -rf "$vm"
}

test_names() {
	local vm latin=$'caf\xe9' name
	new_vm names
	# Not UTF-8: the folder, the image, what it is based on, and other files.
	mkdir "$vm/$latin"
	qemu-img create -q -f qcow2 "$vm/$latin/$latin.qcow2" 1M
	(cd "$vm/$latin" && qemu-img create -q -f qcow2 -F qcow2 -b "$latin.qcow2" "$latin.snap")
	touch "$vm/$latin/"$'a\xe8' "$vm/$latin/"$'a\xe9'
	run 0 migsel classify "$vm/$latin/$latin.snap"
	files_are "hot  active  $vm/$latin/$latin.snap" "cold backing $vm/$latin/$latin.qcow2" \
		"cold other   $vm/$latin/"$'a\xe8' "cold other   $vm/$latin/"$'a\xe9'
	run 0 migsel -j classify "$vm/$latin/$latin.snap"
	json 'length == 4 and (map(.file) | unique | length == 4) and all(.escaped == true)'
	while read -r name; do
		[[ -e $(printf %b "$name") ]] || fail "there is no $name"
	done < <(jq -r '.[].file' <"$scratch/out")
	rm -r "${vm:?}/$latin"

	# A line, a tabulator, a backslash, what qemu-img or the shell would take otherwise.
	for name in $'a\nhot  active  b' $'a\tb' 'a\b' 'nbd:x' 'json:{' -x 'a,b=c' 'a"b' '#x' 'ü' 'a b' $'\xc2\x9b2J' $'\xe2\x80\xaex'; do
		new_vm names
		qemu-img create -q -f qcow2 "$vm/base" 1M
		qemu-img create -q -f qcow2 -F qcow2 -b base "$vm/top"
		mv "$vm/top" "$vm/$name"
		run 0 env -C "$vm" migsel -j classify -- "$name"
		[[ $(jq -j '.[0].file' <"$scratch/out") == "$vm/$name" ]] || fail "it is $out"
		json 'length == 2 and all(has("escaped") | not)'
		run 0 env -C "$vm" migsel classify -- "$name"
		[[ $(wc -l <"$scratch/out") == 2 ]] || fail "$name forges a line: $out"
		! grep -q $'\xc2\x9b\|\xe2\x80\xae' "$scratch/out" || fail "a terminal obeys $out"
		[[ $(printf %b "$(sed -n 's/^hot  active  //p' "$scratch/out")") == "$vm/$name" ]] || fail "it is $out"
		# In an error, too.
		rm "$vm/base"
		run 1 env -C "$vm" migsel classify -- "$name"
		err_like 'No such file'
	done

	# A word that would be an option.
	new_vm words
	qemu-img create -q -f qcow2 "$vm/format" 1M
	run 255 env -C "$vm" migsel classify format
	run 0 env -C "$vm" migsel classify -- format
	files_are "hot  active  $vm/format"
	run 0 env -C "$vm" migsel classify ./format
	run 255 migsel classify --
}

# Other ways for an image to name a file of this host.
test_names_of_backing_files() {
	local vm name
	new_vm by
	qemu-img create -q -f qcow2 "$vm/base.qcow2" 1M
	for name in "file:$vm/base.qcow2" "json:{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"$vm/base.qcow2\"}}" \
		"json:{\"driver\":\"qcow2\",\"file.driver\":\"file\",\"file.filename\":\"$vm/base.qcow2\"}" \
		"json:{\"file.filename\":\"$vm/base.qcow2\",\"driver\":\"qcow2\"}" \
		"json:{\"driver\":\"file\",\"filename\":\"$vm/base.qcow2\"}" "$vm/../by/base.qcow2" "../by/base.qcow2"; do
		qemu-img create -q -u -f qcow2 -F qcow2 -b "$name" "$vm/top.qcow2" 1M
		run 0 migsel -j classify "$vm/top.qcow2"
		[[ $(names cold backing) == 'base.qcow2 ' ]] || fail "$name: $(names cold backing)"
		qemu-img create -q -u -f qcow2 -F qcow2 -b "${name//by\/base/base}" "$vm/top.qcow2" 1M
		refuses 'outside' "$vm/top.qcow2"
	done
	for name in nbd://192.0.2.1/x rbd:pool/image 'json:{"driver":"nbd","host":"192.0.2.1"}' \
		'json:{"driver":"raw","file":{"driver":"https","url":"https://x/y"}}' 'json:{' 'json:[]' 'C:\VMs\base.vmdk' fat:/etc; do
		qemu-img create -q -u -f qcow2 -F raw -b "$name" "$vm/top.qcow2" 1M
		refuses 'top.qcow2 is based on .*, which is not a file of this host' "$vm/top.qcow2"
	done
	# A link to a folder would let an image name all that is in it, one to a file leads there.
	mkdir "$scratch/elsewhere"
	mv "$vm/base.qcow2" "$scratch/elsewhere/"
	ln -s "$scratch/elsewhere" "$vm/templates"
	for name in templates/base.qcow2 templates/../elsewhere/base.qcow2 "$vm/templates/base.qcow2"; do
		qemu-img create -q -u -f qcow2 -F qcow2 -b "$name" "$vm/top.qcow2" 1M
		refuses 'outside' "$vm/top.qcow2"
		run 0 migsel -j classify outside allow "$vm/top.qcow2"
		[[ $(names cold backing) == 'base.qcow2 ' ]] || fail "by a link: $(names cold backing)"
	done
	ln -s "$scratch/elsewhere/base.qcow2" "$vm/base"
	qemu-img create -q -u -f qcow2 -F qcow2 -b base "$vm/top.qcow2" 1M
	run 0 migsel -j classify "$vm/top.qcow2"
	[[ $(names cold backing) == 'base ' ]] || fail "by a link: $(names cold backing)"
	# The folder of the image may be reached by a link.
	ln -s "$vm" "$scratch/linked"
	mkdir "$vm/sub"
	qemu-img create -q -f qcow2 "$vm/sub/base.qcow2" 1M
	for name in sub/base.qcow2 "$vm/sub/base.qcow2" "$scratch/linked/sub/base.qcow2"; do
		qemu-img create -q -u -f qcow2 -F qcow2 -b "$name" "$vm/top.qcow2" 1M
		run 0 migsel classify "$scratch/linked/top.qcow2"
	done
	qemu-img create -q -u -f qcow2 -F qcow2 -b nofolder/base "$vm/top.qcow2" 1M
	refuses 'nofolder/base: No such file' "$vm/top.qcow2"
}

# Nobody can look through it without its key, which is no damage.
test_encrypted() {
	local vm
	new_vm encrypted
	qemu-img create -q -f qcow2 --object secret,id=s,data=x -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 "$vm/x.qcow2" 1M
	qemu-img create -q -f luks --object secret,id=s,data=x -o key-secret=s,iter-time=10 "$vm/x.luks" 1M
	qemu-img create -q -u -f qcow2 -F qcow2 -b x.qcow2 "$vm/top.qcow2" 1M
	run 0 migsel classify "$vm/top.qcow2" "$vm/x.luks"
	files_are "hot  active  $vm/top.qcow2" "cold backing $vm/x.qcow2" "hot  active  $vm/x.luks"
	qemu-img create -q -u -f qcow2 --object secret,id=s,data=x -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 \
		-F raw -b /etc/shadow "$vm/x.qcow2" 1M
	refuses 'leads to /etc/shadow, outside' "$vm/x.qcow2"
}

# What takes forever to check, or has no end of damage, is ended, and that is said.
test_endless_images() {
	local vm=$scratch/endless start
	new_vm endless
	"$top/selftests/hostile_image.py" "$vm/slow.qcow2" 1000000 endless
	# Two minutes are long: a lower limit stays.
	# shellcheck disable=SC2016 # that shell expands it
	run 1 bash -c 'ulimit -S -t 2; migsel classify "$1"' - "$vm/slow.qcow2"
	err_like 'slow.qcow2: qemu-img was ended, as it took more than two minutes of CPU time'
	[[ -z $out ]] || fail "guesses $out"
	"$top/selftests/hostile_image.py" "$vm/loud.qcow2" 64 damaged
	refuses 'loud.qcow2: qemu-img was ended, as it printed more than 16 MiB' "$vm/loud.qcow2"
	# Some damage is not endless; that a name has a lock in it hides none.
	"$top/selftests/hostile_image.py" "$vm/a \"write\" lock" 2 damaged
	refuses 'finds it damaged' "$vm/a \"write\" lock"

	# One that does nothing, with all limits; what is ten minutes to others is a second here.
	mkdir "$vm/bin"
	# shellcheck disable=SC2016 # that shell expands it
	printf '%s\n' '#!/bin/bash' 'ulimit -S -t -d -f -c >"$LIMITS"' 'exec sleep 4711' >"$vm/bin/qemu-img"
	chmod +x "$vm/bin/qemu-img"
	cc -shared -fPIC -o "$vm/short.so" -x c - <<-'END' || fail 'no compiler'
		#include <poll.h>
		#include <unistd.h>
		#include <sys/syscall.h>
		int poll(struct pollfd *fds, nfds_t n, int timeout)
		{
			return syscall(SYS_poll, fds, n, timeout / 600);
		}
	END
	start=$SECONDS
	run 1 env PATH="$vm/bin:$PATH" LIMITS="$vm/limits" LD_PRELOAD="$vm/short.so" "$(command -v migsel)" classify "$vm/loud.qcow2"
	err_like 'loud.qcow2: qemu-img was ended, as it took more than ten minutes'
	((SECONDS - start < 60)) || fail "it took $((SECONDS - start)) s"
	[[ $(grep -o '[0-9]*$' "$vm/limits" | tr '\n' ' ') == '120 1048576 16384 0 ' ]] || fail "limits: $(<"$vm/limits")"
	! pgrep -fx 'sleep 4711' >/dev/null || fail 'it is left behind'
}

run_tests "$@"
