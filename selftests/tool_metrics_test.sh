#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: what it prints for Prometheus, and what is told of severity.
#
# Needs root, the module, jq and promtool: make vm RUN=selftests/tool_metrics_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2016,SC2317 # jq's variables; the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

# What was said is what Prometheus reads, by its own judgement.
is_sound() {
	promtool check metrics <"$scratch/out" >"$scratch/judged" 2>&1 || fail "promtool: $(<"$scratch/judged")"
}

# says SAMPLE...: each is a line
says() {
	local line
	for line; do
		grep -qxF -- "$line" "$scratch/out" || fail "no sample $line in $out"
	done
}

# agrees JQ COMMAND...: the samples that jq makes of what the command says in JSON are
# there, one at least
agrees() {
	local -a samples
	mapfile -t samples < <(m -j -s "${@:2}" | jq -r --arg netns "$host" "$1")
	((${#samples[@]})) || fail "${*:2} says nothing"
	says "${samples[@]}"
}

test_vmk() {
	three_vmks
	m vmk set vmk2 weight 7
	in_host ip link set vmk2 down
	in_host migsel exec hot ping -q -c 2 -i 0.2 192.0.2.21 >/dev/null
	in_host migsel exec cold ping -q -c 3 -i 0.2 192.0.2.21 >/dev/null
	m vmk set vmk2 stack vmotion
	m vmk set vmk1 provisioning on
	run 0 m -prometheus vmk show
	is_sound
	agrees '.[] | "migsel_vmk_position{netns=\"\($netns)\",dev=\"\(.ifname)\"} \(.position)",
		"migsel_vmk_weight{netns=\"\($netns)\",dev=\"\(.ifname)\"} \(.weight)",
		"migsel_vmk_migration{netns=\"\($netns)\",dev=\"\(.ifname)\"} \(if .migration then 1 else 0 end)",
		"migsel_vmk_usable{netns=\"\($netns)\",dev=\"\(.ifname)\"} \(if .usable then 1 else 0 end)",
		"migsel_vmk_stack{netns=\"\($netns)\",dev=\"\(.ifname)\",stack=\"\(.stack)\"} 1",
		"migsel_vmk_provisioning{netns=\"\($netns)\",dev=\"\(.ifname)\"} \(if .provisioning then 1 else 0 end)"' vmk show
	agrees '.[] | .ifname as $dev | .stats | to_entries[] |
		"migsel_vmk_packets_total{netns=\"\($netns)\",dev=\"\($dev)\",class=\"\(.key)\"} \(.value.packets)",
		"migsel_vmk_bytes_total{netns=\"\($netns)\",dev=\"\($dev)\",class=\"\(.key)\"} \(.value.bytes)"' vmk show
	says "migsel_vmk_packets_total{netns=\"$host\",dev=\"vmk0\",class=\"hot\"} 2" \
		"migsel_vmk_packets_total{netns=\"$host\",dev=\"vmk0\",class=\"cold\"} 3" \
		"migsel_vmk_usable{netns=\"$host\",dev=\"vmk2\"} 0" "migsel_vmk_weight{netns=\"$host\",dev=\"vmk2\"} 7"
	run 0 m -prometheus vmk show vmk1
	is_sound
	[[ $(grep -c '^migsel_vmk_weight{' "$scratch/out") == 1 ]] || fail "not one vmk: $out"
	fresh
	run 0 m -prometheus vmk
	is_sound
	in_host ip link set vmk2 up
}

test_stats() {
	three_vmks
	in_host migsel exec hot ping -q -c 2 -i 0.2 192.0.2.21 >/dev/null
	run 0 m -prom stats
	is_sound
	# the kernel's own packets go on: neighbour discovery
	agrees '.[] | select(.reason != "untagged") | "migsel_packets_total{netns=\"\($netns)\",reason=\"\(.reason)\"} \(.packets)",
		"migsel_bytes_total{netns=\"\($netns)\",reason=\"\(.reason)\"} \(.bytes)"' stats show
	says "migsel_packets_total{netns=\"$host\",reason=\"same-subnet\"} 2"
	[[ $(grep -c '^migsel_bytes_total{' "$scratch/out") == "${#all_reasons[@]}" ]] || fail "not every reason: $out"
	# the namespace is that of -n, or none has a name
	run 0 in_host migsel -prometheus stats
	is_sound
	says 'migsel_packets_total{netns="",reason="same-subnet"} 2'
	run 0 migsel -n "/run/netns/$host" -prometheus stats
	is_sound
	says "migsel_packets_total{netns=\"/run/netns/$host\",reason=\"same-subnet\"} 2"
}

test_check() {
	sound_sysctls
	three_vmks
	m vmk set vmk2 migration on
	run 0 m -prometheus check
	is_sound
	says "migsel_module_loaded{netns=\"$host\"} 1" "migsel_check_complete{netns=\"$host\"} 1" \
		"migsel_check_findings{netns=\"$host\",severity=\"error\"} 0"
	! grep -q '^migsel_check_trap{' "$scratch/out" || fail "traps: $out"
	m vmk set vmk2 migration off
	in_host ip link set vmk1 mtu 1400
	in_host sysctl -qw net/ipv4/conf/vmk0/arp_ignore=0
	run 1 m -prometheus check
	is_sound
	agrees 'group_by(.severity)[] | "migsel_check_findings{netns=\"\($netns)\",severity=\"\(.[0].severity)\"} \(length)"' check
	agrees 'group_by([.code, .dev])[] | "migsel_check_trap{netns=\"\($netns)\",code=\"\(.[0].code)\",severity=\"\(.[0].severity)\",dev=\"\(.[0].dev)\"} \(length)"' check
	says "migsel_check_trap{netns=\"$host\",code=\"same-subnet\",severity=\"error\",dev=\"vmk1\"} 1" \
		"migsel_check_findings{netns=\"$host\",severity=\"info\"} 0"
	# two of one kind are one sample
	printf '%s\n' 'rule add pref 10 fwmark 0x10000/0x30000 lookup main' 'rule add pref 11 fwmark 0x20000/0x30000 lookup main' |
		in_host ip -b -
	run 1 m -prometheus check
	is_sound
	says "migsel_check_trap{netns=\"$host\",code=\"tag-conflict\",severity=\"warning\",dev=\"\"} 2"
	in_host ip rule del pref 10
	in_host ip rule del pref 11
	# what could not be looked at
	run 1 nsenter --net="/run/netns/$host" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$(command -v migsel)" -prometheus check
	is_sound
	says 'migsel_check_complete{netns=""} 0'
	in_host ip link set vmk1 mtu 1500
}

# What a device or a namespace is called is never more than a label.
test_hostile_names() {
	local name other="$host \"a\\b"$'\n'"\$(id)\"} 1"
	local -A label=(['a"b']='a\"b' ['c\d']='c\\d' ['e"}_1#']='e\"}_1#' ['-n']=-n
		[$'f\xe9']='f\\xe9' [$'g\x1bh']='g\\x1bh' [$'\xc3\xa4']=$'\xc3\xa4')
	three_vmks
	in_host ip link set vmk1 down
	for name in "${!label[@]}"; do
		in_host ip link set vmk1 name "$name" || { fail "no device \"$name\""; continue; }
		in_host ip link set dev "$name" up
		run 0 m -prometheus vmk
		is_sound
		says "migsel_vmk_migration{netns=\"$host\",dev=\"${label[$name]}\"} 1"
		run 1 m -prometheus check
		is_sound
		says "migsel_check_trap{netns=\"$host\",code=\"same-subnet\",severity=\"error\",dev=\"${label[$name]}\"} 1"
		in_host ip link set dev "$name" down
		in_host ip link set dev "$name" name vmk1
	done
	in_host ip link set vmk1 up
	ln -s "/run/netns/$host" "$scratch/$other"
	run 0 migsel -n "$scratch/$other" -prometheus stats
	is_sound
	[[ $(grep -cF "{netns=\"$scratch/$host \\\"a\\\\b\\\\x0a\$(id)\\\"} 1\",reason=" "$scratch/out") == $((2 * ${#all_reasons[@]})) ]] ||
		fail "the namespace: $out"
}

# What goes with no metrics is refused, and not ignored.
test_refusals() {
	local object
	for object in tag policy monitor save restore; do
		refused 255 "^Error: there are no metrics of \"$object\"" m -prometheus "$object"
	done
	refused 255 'either -json or -prometheus' m -j -prometheus vmk
	refused 255 'either -json or -prometheus' m -prom -p -j check
	refused 255 'severity must be info or warning or error' m check severity bad
	refused 255 'not complete' m check severity
	refused 255 'not a keyword' m check severity error more
	refused 255 'options come first' m check -n x
	run 0 m check help
	out_is 'Usage: migsel check [ severity { error | warning | info } ]'
}

# told SEVERITY STATUS CODES: of who asks for that severity, in both forms
told() {
	run "$2" m -j check severity "$1"
	holds --arg want "$3" 'map(.code) | unique | join(" ") == $want' || fail "severity $1: $out, not $3"
	run "$2" m check -severity "$1"
}

test_severity() {
	sound_sysctls
	in_host ip rule flush && in_host ip rule add priority 32766 lookup main
	three_vmks
	m vmk set vmk2 migration on
	told info 0 ''
	told error 0 ''
	m -b - <<-END
		vmk set vmk1 migration off
		vmk set vmk2 migration off
		vmk set vmk0 migration on
	END
	m vmk del vmk1
	m vmk del vmk2
	told info 3 single-nic
	told warning 0 ''
	in_host ip rule add pref 10 fwmark 0x10000/0x30000 lookup main
	told info 4 'single-nic tag-conflict'
	told warning 4 tag-conflict
	told error 0 ''
	in_host ip link set vmk0 down
	told info 5 'link-down single-nic tag-conflict'
	told error 5 link-down
	# the contract of who asks for none
	run 1 m check
	in_host ip link set vmk0 up
	# with metrics, too
	run 4 m -prometheus check severity warning
	is_sound
	[[ $out != *single-nic* && $out != *'"info"'* ]] || fail "less severe: $out"
	run 2 nsenter --net="/run/netns/$host" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$(command -v migsel)" check severity error
	rmmod migsel
	told error 6 module-missing
	run 1 m check
	run 6 m -prometheus check severity error
	is_sound
	says "migsel_module_loaded{netns=\"$host\"} 0"
	[[ ! -e /sys/module/migsel ]] || fail 'check has loaded the module'
	modprobe migsel
	in_host ip rule del pref 10
}

files_in() { find "$1" -type f -printf '%f\n' | sort | xargs; }

# wrote FILE: as if it had been said
wrote() {
	cp "$1" "$scratch/out"
	out=$(<"$1")
	is_sound
}

# What the timer's service does.
test_textfile() {
	local folder=$scratch/textfile command unit inode
	make -s -C "$top/userspace" -o migsel install PREFIX="$scratch/usr" || fail 'is not installed'
	mkdir "$folder"
	three_vmks
	m vmk set vmk2 migration on
	for unit in '' @; do
		command=$(sed -n 's/^ExecStart=//p' "$scratch/usr/lib/systemd/system/migsel-metrics$unit.service")
		command=${command//\$\{FOLDER\}/$folder}
		run 0 sh -c "${command//%i/$host}"
	done
	[[ $(files_in "$folder") == "migsel-$host.prom migsel.prom" ]] || fail "there is $(files_in "$folder")"
	[[ $(stat -c %a "$folder"/*.prom | xargs) == '644 644' ]] || fail 'cannot be read'
	wrote "$folder/migsel.prom"
	says 'migsel_module_loaded{netns=""} 1'
	wrote "$folder/migsel-$host.prom"
	says "migsel_module_loaded{netns=\"$host\"} 1" "migsel_vmk_position{netns=\"$host\",dev=\"vmk2\"} 2"
	grep -q '^migsel_packets_total{' "$scratch/out" || fail 'no counters'

	# a new one takes the place of the old one as a whole, or not at all
	inode=$(stat -c %i "$folder/migsel.prom")
	run 0 "$scratch/usr/libexec/migsel/metrics" "$folder"
	[[ $(stat -c %i "$folder/migsel.prom") != "$inode" ]] || fail 'it is written in place'
	cp "$folder/migsel.prom" "$scratch/before"
	printf '%s\n' '#!/bin/sh' 'echo "migsel_module_loaded 1"; [ "$2" != vmk ]' >"$scratch/usr/sbin/migsel"
	run 1 "$scratch/usr/libexec/migsel/metrics" "$folder"
	cmp -s "$folder/migsel.prom" "$scratch/before" || fail 'half of it has taken the place of the whole'
	printf '%s\n' '#!/bin/sh' 'exit 2' >"$scratch/usr/sbin/migsel"
	run 1 "$scratch/usr/libexec/migsel/metrics" "$folder"
	cmp -s "$folder/migsel.prom" "$scratch/before" || fail 'nothing has taken its place'
	[[ $(files_in "$folder") == "migsel-$host.prom migsel.prom" ]] || fail "it leaves $(files_in "$folder")"

	# without the module, only that it is missing; it is not loaded for this
	cp "$(command -v migsel)" "$scratch/usr/sbin/migsel"
	rmmod migsel
	run 0 "$scratch/usr/libexec/migsel/metrics" "$folder"
	wrote "$folder/migsel.prom"
	says 'migsel_module_loaded{netns=""} 0'
	[[ ! -e /sys/module/migsel && $out != *migsel_packets_total* ]] || fail 'the module is loaded for it'
	modprobe migsel
}

# instead_of PROGRAM COMMAND...: metrics runs these first, in its own folder
instead_of() {
	local program=$1
	shift
	mkdir -p "$scratch/bin"
	{
		printf '%s\n' '#!/bin/sh' 'PATH=${PATH#*:}' "$@"
		echo "exec $(command -v "$program") \"\$@\""
	} >"$scratch/bin/$program"
	chmod 755 "$scratch/bin/$program"
}

# metrics STATUS FOLDER: with those programs; VICTIM is another file of root's, in another
# folder, and stays as it is
metrics() {
	export VICTIM=$scratch/victim/file
	run "$1" env PATH="$scratch/bin:$PATH" "$scratch/usr/libexec/migsel/metrics" "$2"
	[[ $(<"$VICTIM") == secret && $(stat -c %a "$VICTIM") == 600 ]] ||
		fail "another file was written: $(stat -c %a "$VICTIM") $(head -n 1 "$VICTIM")"
	[[ $(ls "$scratch/victim") == file ]] || fail "another folder was written to: $(ls "$scratch/victim")"
	rm -rf "${scratch:?}/bin"
}

# Root writes to a folder in which another user may do as he likes.
test_hostile_folder() {
	local folder=$scratch/hostile program
	make -s -C "$top/userspace" -o migsel install PREFIX="$scratch/usr" || fail 'is not installed'
	mkdir "$folder" "$scratch/victim"
	(umask 077 && echo secret >"$scratch/victim/file")
	printf '%s\n' '#!/bin/sh' '[ ! -e "$SABOTAGE" ] || . "$SABOTAGE"' 'echo "migsel_module_loaded 1"' >"$scratch/usr/sbin/migsel"
	export SABOTAGE=$scratch/sabotage

	# in the place of what is being written
	echo "for file in $folder/.migsel*; do [ ! -e \"\$file\" ] || ln -sf $scratch/victim/file \"\$file\"; done" >"$SABOTAGE"
	metrics 0 "$folder"
	rm "$SABOTAGE"
	# before it is made: a link, and what a shell opens though it is there
	instead_of dd 'ln -s "$VICTIM" "${1#of=}"'
	metrics 1 "$folder"
	instead_of dd 'mkfifo "${1#of=}"'
	metrics 1 "$folder"
	# and one that somebody has left
	run 0 sh -c "ln -s $scratch/victim/file $folder/.migsel.prom.\$\$; exec $scratch/usr/libexec/migsel/metrics $folder"
	metrics 0 "$folder"
	[[ $(ls -A "$folder") == migsel.prom && -f $folder/migsel.prom ]] || fail "there is $(ls -A "$folder")"

	# in the place of the whole one: a link to a folder gives way, a folder does not
	ln -sfn "$scratch/victim" "$folder/migsel.prom"
	metrics 0 "$folder"
	[[ -f $folder/migsel.prom && ! -L $folder/migsel.prom ]] || fail 'it is still a link'
	rm "$folder/migsel.prom"
	mkdir "$folder/migsel.prom"
	metrics 1 "$folder"
	[[ -z $(find "$folder" -type f) ]] || fail "there is $(find "$folder" -type f)"
	rmdir "$folder/migsel.prom"

	# in the place of the folder, before and at any time
	ln -s "$scratch/victim" "$scratch/link"
	metrics 1 "$scratch/link"
	err_like "reached by a symbolic link: name $scratch/victim\$"
	ln -s "$scratch" "$scratch/above"
	metrics 1 "$scratch/above/hostile"
	metrics 0 "$folder/"
	for program in dd mv; do
		instead_of "$program" "mv $folder $folder.moved; ln -s $scratch/victim $folder"
		metrics 0 "$folder"
		rm "$folder"
		mv "$folder.moved" "$folder"
	done
	echo "[ -L $folder ] || { mv $folder $folder.moved; ln -s $scratch/victim $folder; }" >"$SABOTAGE"
	metrics 1 "$folder"
	rm "$folder" "$SABOTAGE"
	mv "$folder.moved" "$folder"
	[[ $(ls -A "$folder") == migsel.prom ]] || fail "there is $(ls -A "$folder")"
}

# Of what is ended by a signal nothing stays behind.
test_ended() {
	local folder=$scratch/ended signal
	make -s -C "$top/userspace" -o migsel install PREFIX="$scratch/usr" || fail 'is not installed'
	mkdir -p "$folder" "$scratch/victim"
	(umask 077 && echo secret >"$scratch/victim/file")
	for signal in TERM INT HUP; do
		instead_of mv "kill -$signal \$PPID; exit 1"
		metrics 1 "$folder"
		[[ -z $(ls -A "$folder") ]] || fail "$signal leaves $(ls -A "$folder")"
	done
}

need promtool
run_tests "$@"
