#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool: save and restore, monitor and exec.
#
# Needs root, the module, jq and ss: make vm RUN=selftests/tool_run_test.sh

# shellcheck source=selftests/tool_lib.sh
# shellcheck disable=SC2317 # the tests are run by name
. "$(dirname "$(readlink -f "$0")")/tool_lib.sh"

restore() {
	printf '%s\n' "$@" >"$scratch/lines"
	m restore <"$scratch/lines"
}

# hears FILE COMMAND...: causes an event, and tells whether it has been heard
hears() {
	m "${@:2}"
	test -s "$scratch/$1"
}

# watch FILE WORD...: migsel writes there in the background, once it hears; its process in $monitor
watch() {
	rm -f "$scratch/$1"
	migsel -n "$host" "${@:2}" >"$scratch/$1" 2>"$scratch/$1.err" &
	monitor=$!
	defer "stop $monitor"
	soon hears "$1" policy set mode enforce
}

test_save_restore() {
	local saved order
	for order in 'vmk2 vmk0' 'vmk0 vmk1 vmk2' 'vmk1' ''; do
		fresh
		for dev in $order; do
			m vmk add "$dev" weight $((RANDOM % 255 + 1))
		done
		m tag set mask 0xff00 hot 0x100 cold 0x$((RANDOM % 8 + 2))00
		m policy set unreachable pass fallback strict
		saved=$(m save)
		three_vmks
		run 0 restore "$saved"
		run 0 m save
		out_is "$saved"
		m -b <(echo "$saved")
		run 0 m save
		out_is "$saved"
	done
	# What is not given is as in a new namespace.
	run 0 restore 'vmk add vmk1'
	run 0 m save
	out_is "vmk flush
tag set mask 0x30000 hot 0x10000 cold 0x20000
policy set mode enforce unreachable refuse fallback first-vmk
vmk add dev vmk1 migration off weight 1"
}

test_restore_refuses() {
	three_vmks
	remember
	refused 255 '-:2: .*weight must be' restore 'vmk flush' \
		'vmk add vmk0 weight 999'
	refused 1 '-:1: Cannot find device "nosuch"' restore 'vmk add nosuch'
	refused 1 '-:3: .*already a vmk .dev vmk0' restore 'vmk add vmk0' '# x' \
		'vmk add vmk0'
	refused 1 '-:1: .*not a vmk .dev vmk0' restore 'vmk set vmk0 weight 2'
	refused 1 '-:1: .*not a vmk .dev vmk0' restore 'vmk del vmk0'
	refused 1 '-:1: .*a loopback device' restore 'vmk add lo'
	refused 1 '-:2: .*beyond the end .position 2' restore 'vmk add vmk0' \
		'vmk add vmk1 position 2'
	refused 1 '-:1: .*outside the mask .hot 0x1' restore 'tag set hot 1'
	refused 1 '-:1: .*must differ .cold 0x10000' restore 'tag set cold 0x10000'
	refused 255 '-:1: "vmk show" is not' restore 'vmk show'
	refused 255 '-:1: "exec hot" is not' restore 'exec hot true'
	kept
}

test_restore_disturbs_nothing() {
	three_vmks
	watch events monitor
	m save >"$scratch/saved"
	m restore <"$scratch/saved"
	m vmk set vmk1 weight 9 position 0
	m restore <"$scratch/saved"
	soon grep -q '^config ' "$scratch/events"
	stop "$monitor"
	run 0 sed -n '/^policy/!p' "$scratch/events"
	out_like '^vmk-set vmk1 [^
]*weight 9
config mask 0x30000 hot 0x10000 cold 0x20000 mode enforce unreachable refuse fallback first-vmk vmk0 [^
]* vmk1 [^
]* position 1 migration on weight 1 vmk2 [^
]*$'
	run 0 m save
	out_is "$(<"$scratch/saved")"
}

test_strange_names() {
	local name
	fresh
	for name in 'a#b' "it's" 'a"b' weight dev; do
		ip -n "$host" link add name "$name" type dummy
		run 0 m vmk add dev "$name"
	done
	remember
	three_vmks
	run 0 restore "$before"
	kept
	three_vmks
	run 0 m -b "$scratch/lines"
	kept
	run 0 m -j vmk
	json 'map(.ifname) == ["a#b", "it'\''s", "a\"b", "weight", "dev"]'
	for name in 'a#b' "it's" 'a"b' weight dev; do
		ip -n "$host" link del dev "$name"
	done
}

# Nothing of a name gets to a terminal that obeys it, and none is lost in JSON.
test_names_on_a_terminal() {
	local name command names=($'a\e[31m\b' $'\xc2\x9b2Jx' $'\xe2\x80\xaeevil' $'caf\xe9' $'caf\xe8')
	local seen=('a\x1b[31m\x08' '\xc2\x9b2Jx' '\xe2\x80\xaeevil' 'caf\xe9' 'caf\xe8') i
	fresh
	watch events monitor
	for name in "${names[@]}"; do
		ip -n "$host" link add name "$name" type dummy
		run 0 m vmk add dev "$name" migration on
	done
	for command in 'vmk show' '-s vmk show' '-br vmk show' '-c=always vmk show'; do
		# shellcheck disable=SC2086 # words
		run 0 m $command
		out=$(sed 's/\x1b\[\(1;\)\?[03][0-9]*m//g' "$scratch/out")
		! LC_ALL=C grep -q '[^ -~]' <<<"$out" || fail "a terminal obeys $command: $out"
		for i in "${seen[@]}"; do
			[[ $out == *"$i"* ]] || fail "$command: no $i: $out"
		done
	done
	run 0 m -j vmk
	json 'map(.ifname) | unique | length == 5'
	soon grep -qF 'caf\xe8' "$scratch/events"
	! LC_ALL=C grep -q '[^ -~]' "$scratch/events" || fail "a terminal obeys $(<"$scratch/events")"
	run 0 m -d route get 192.0.2.21 tag hot
	! LC_ALL=C grep -q '[^ -~]' "$scratch/out" || fail "a terminal obeys $out"
	# What is saved is what can be restored.
	remember
	m vmk flush
	run 0 m -b - <<<"$before"
	for name in "${names[@]}"; do
		ip -n "$host" link del dev "$name"
	done
}

test_monitor() {
	fresh
	watch text monitor
	watch events -j monitor

	m -b - <<-'END'
		vmk add vmk0
		vmk add vmk1 migration on weight 2
		vmk set vmk0 weight 3
		tag set hot 0x30000
		policy set mode observe
		policy set mode enforce
		tag set hot 0x10000
	END
	ip netns exec "$host" migsel exec hot -- \
		bash -c 'echo >/dev/udp/192.0.2.21/9'
	soon grep -q alarm "$scratch/events"
	m vmk del vmk0
	ip -n "$host" link add gone type dummy
	m vmk add gone
	ip -n "$host" link del gone
	soon grep -q '^vmk-del gone' "$scratch/text"
	soon grep -q '"vmk-del".*gone' "$scratch/events"

	grep -q '^vmk-add vmk1 ifindex [0-9]* position 1 migration on weight 2$' \
		"$scratch/text" || fail "no vmk-add: $(<"$scratch/text")"
	grep -q '^vmk-set vmk0 .* weight 3$' "$scratch/text" || fail 'no vmk-set'
	grep -q '^tag mask 0x30000 hot 0x30000 cold' "$scratch/text" || fail 'no tag'
	grep -q '^policy mode observe unreachable refuse fallback first-vmk$' "$scratch/text" ||
		fail 'no policy'
	grep -q '^alarm vmk1 .* reason same-subnet dst 192.0.2.21 dev vmk0$' \
		"$scratch/text" || fail "no alarm: $(<"$scratch/text")"
	cp "$scratch/events" "$scratch/out"
	out=$(<"$scratch/out")
	[[ $(jq -c . "$scratch/out") == "$out" ]] || fail 'not an object a line'
	run 0 jq -c -s . "$scratch/events"
	json 'map(select(.event == "alarm"))[0] | .ifname == "vmk1" and
		.dev == "vmk0" and .dst == "192.0.2.21" and
		.reason == "same-subnet" and (.ifindex | type == "number")'
	json 'map(select(.event == "vmk-add" and .ifname == "vmk1"))[0] |
		.position == 1 and .migration == true and .weight == 2'
	json 'any(.event == "vmk-del" and .ifname == "gone")'
	json 'any(.event == "tag" and .hot == "0x30000")'
	json 'any(.event == "policy" and .mode == "observe")'
}

test_monitor_timestamps() {
	local option form='[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}'
	fresh
	for option in '-t monitor' '-timestamp monitor' 'monitor -t'; do
		# shellcheck disable=SC2086 # words
		watch events $option
		stop "$monitor"
		out=$(head -n 1 "$scratch/events")
		out_like "^\[$form\] policy mode enforce"
	done
	watch events -j -t monitor
	out=$(head -n 1 "$scratch/events" | jq -r .timestamp)
	out_like "^$form\$"
	(($(date +%s) - $(date -d "$out" +%s) <= 60)) || fail "it is not $out"
}

# hot_flows COUNT PACKETS: hot flows, each of so many packets
# shellcheck disable=SC2016 # that shell expands it
hot_flows() {
	ip netns exec "$host" migsel exec hot -- bash -c '
		for ((i = 0; i < $1; i++)); do
			exec 3>/dev/udp/192.0.2.21/9
			for ((j = 0; j < $2; j++)); do echo >&3; done
		done' - "$@" 2>/dev/null
}

# many_flows FAMILY DESTINATION: 1000 hot flows, faster than that many are told
many_flows() {
	ip netns exec "$host" migsel exec hot -- python3 -c '
import socket, sys
sock = socket.socket(socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET, socket.SOCK_DGRAM)
for port in range(1001, 2001):
    sock.sendto(b"x", (sys.argv[2], port))' "$@"
}

# alarms_are REGEX: of alarms and lost ones, as "3 0"
alarms_are() {
	[[ $(jq -rs 'map(select(.event == "alarm")) as $alarms | [.[].lost // 0 | numbers] | add as $lost |
		"\($alarms | length) \($lost)"' "$scratch/events") =~ ^($1)$ ]]
}

test_alarms() {
	local begin took
	three_vmks
	watch events -j monitor
	hot_flows 1 50
	soon alarms_are '1 0'
	hot_flows 3 20
	soon alarms_are '4 0'
	# The next reason of a flow that is remembered is worth an alarm, too.
	ip netns exec "$host" migsel exec hot -- bash -c '
		exec 3>/dev/udp/192.0.2.21/9
		echo >&3
		echo >&3
		migsel vmk set vmk1 migration off
		echo >&3
		echo >&3' 2>/dev/null
	soon alarms_are '6 0'

	# As many as were raised are told, or told to be lost.
	three_vmks
	begin=$SECONDS
	many_flows 4 192.0.2.21
	took=$((SECONDS - begin))
	soon alarms_told 1006
	# At most 64 are told in a second.
	((took > 10)) || alarms_are '([0-9]+) ([1-9][0-9]*)' || fail "none of 1000 alarms in $took s is lost"
	many_flows 6 2001:db8::21
	soon alarms_told 2006
}

alarms_told() {
	alarms_are '([0-9]+) ([0-9]+)'
	((BASH_REMATCH[2] + BASH_REMATCH[3] == $1))
}

# It hears of what comes once it has caught up.
hears_again() {
	m vmk set vmk1 weight 77
	grep -q 'weight 77$' "$scratch/events"
}

test_monitor_overrun() {
	three_vmks
	watch events monitor
	kill -STOP "$monitor"
	yes 'vmk set vmk1 weight 2' | head -6000 | m -b -
	kill -CONT "$monitor"
	soon grep -q 'No buffer space available.*lost' "$scratch/events.err"
	soon hears_again
}

# What a socket of either family made below a command has for a mark.
mark_below() {
	ip netns exec "$host" "$@" bash -c '
		exec 3>/dev/udp/192.0.2.21/9 4>/dev/udp/2001:db8::21/9
		ss -Hune state all "( dport = :9 )"' 2>/dev/null |
		grep -o 'fwmark:[^ ]*' | sort | uniq -c | sed 's/^ *//'
}

test_exec_marks() {
	three_vmks
	[[ -z $(mark_below env) ]] || fail 'marked without exec'
	[[ $(mark_below migsel exec hot --) == '2 fwmark:0x10000' ]] ||
		fail "not hot: $(mark_below migsel exec hot --)"
	[[ $(mark_below migsel exec cold) == '2 fwmark:0x20000' ]] ||
		fail 'not cold'
	[[ $(mark_below migsel exec hot migsel exec cold) == \
		'2 fwmark:0x20000' ]] || fail 'not cold inside hot'
	[[ $(mark_below migsel exec hot bash -c \
		'migsel exec cold true; exec "$@"' -) == '2 fwmark:0x10000' ]] ||
		fail 'not hot again after cold'
	m tag set mask 0x0f hot 0x3 cold 0x5
	[[ $(mark_below migsel exec cold) == '2 fwmark:0x5' ]] ||
		fail 'not the tag that is configured'

	# TCP, counted by the module.
	three_vmks
	m exec hot -- bash -c 'exec 3<>/dev/tcp/192.0.2.21/9' 2>/dev/null
	m exec hot -- bash -c 'exec 3<>/dev/tcp/2001:db8::21/9' 2>/dev/null
	run 0 m -j stats
	json 'any(.reason == "same-subnet" and .packets >= 2)'
}

test_exec_command() {
	local pid status
	fresh
	run 7 m exec hot -- sh -c 'exit 7'
	run 143 m exec hot -- sh -c 'kill -TERM $$'
	run 0 env A=b migsel -n "$host" exec cold printenv A
	out_is b
	run 0 m exec hot -- printf '%s|' -n 'a b' --
	out_is '-n|a b|--|'
	run 0 m exec hot -- readlink /proc/self/ns/net
	out_is "$(ip netns exec "$host" readlink /proc/self/ns/net)"
	[[ $(echo in | m exec hot cat) == in ]] || fail 'no standard input'
	refused 1 'exec of "/nosuch/program" failed' m exec hot /nosuch/program

	# The command is the process that was started, for signals, too.
	migsel -n "$host" exec hot sleep 1000 &
	pid=$!
	soon grep -q sleep "/proc/$pid/comm"
	kill -INT "$pid"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	[[ $status == 137 ]] || fail "ends with $status"

	printf '%s\n' 'exec hot true' 'exec cold false' tag >"$scratch/lines"
	run 1 m -b "$scratch/lines"
	err_like ':2: "false" has failed'
}

cgroups() {
	find /sys/fs/cgroup -name 'migsel-*'
}

no_cgroups() {
	[[ -z $(cgroups) ]]
}

test_exec_cgroup() {
	local own inner
	fresh
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	run 0 m exec hot sed -n 's/^0:://p' /proc/self/cgroup
	out_like "^${own%/}/migsel-hot-"
	soon no_cgroups
	run 0 m exec hot migsel exec cold sed -n 's/^0:://p' /proc/self/cgroup
	out_like "^${own%/}/migsel-hot-[^/]*/migsel-cold-"
	soon no_cgroups

	# Who is left behind keeps it.
	m exec hot sh -c 'sleep 1000 >/dev/null 2>&1 & echo $! >'"$scratch/pid"
	inner=$(<"$scratch/pid")
	[[ -n $(cgroups) ]] || fail 'the cgroup of a child is gone'
	kill "$inner"
	soon no_cgroups
	m exec hot /nosuch/program 2>/dev/null
	soon no_cgroups

	# What limits the caller limits the command.
	mkdir /sys/fs/cgroup/limited
	bash -c "echo \$\$ >/sys/fs/cgroup/limited/cgroup.procs &&
		exec migsel -n $host exec hot sleep 1000" &
	inner=$!
	soon grep -q sleep "/proc/$inner/comm"
	echo 1 >/sys/fs/cgroup/limited/cgroup.freeze
	soon grep -q 'frozen 1' /sys/fs/cgroup/limited/migsel-hot-*/cgroup.events
	echo 0 >/sys/fs/cgroup/limited/cgroup.freeze
	kill "$inner"
	wait "$inner" 2>/dev/null
	soon no_cgroups
	soon rmdir /sys/fs/cgroup/limited

	# Without a cgroup tree in sight, as below "ip netns exec".
	run 0 ip netns exec "$host" migsel exec hot true
	run 0 unshare -m sh -c "umount -R /sys/fs/cgroup &&
		migsel -n $host exec hot true"
	refused 1 'mount -t cgroup2' nsenter --net="/run/netns/$host" \
		unshare -m sh -c 'umount -R /sys/fs/cgroup &&
		exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		migsel exec hot true'
	refused 1 'mount -o remount,rw' nsenter --net="/run/netns/$host" \
		unshare -m sh -c 'mount -o remount,ro,bind /sys/fs/cgroup &&
		exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		migsel exec hot true'
	soon no_cgroups
}

# Seen from the cgroup namespace of a container, the caller's own cgroup is elsewhere.
test_exec_in_another_cgroup_namespace() {
	local box enter
	fresh
	mkdir /sys/fs/cgroup/box /sys/fs/cgroup/mine
	# shellcheck disable=SC2016 # that shell expands it
	bash -c 'echo $$ >/sys/fs/cgroup/box/cgroup.procs && exec unshare -C -m bash -c \
		"umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec sleep 1000"' &
	box=$!
	defer "stop $box"
	soon grep -q sleep "/proc/$box/comm"
	enter=(bash -c 'echo $$ >/sys/fs/cgroup/mine/cgroup.procs && exec "$@"' -
		nsenter --net="/run/netns/$host" -C -t "$box")
	# Where the caller's own tree is mounted, it is found there.
	run 0 "${enter[@]}" migsel exec hot sed -n 's/^0:://p' /proc/self/cgroup
	out_like '^/\.\./mine/migsel-hot-'
	refused 1 'cgroup "/../mine" is in no cgroup2 tree that can be seen' \
		"${enter[@]}" -m migsel exec hot true
	refused 1 'cgroup "/../mine" is in no cgroup2 tree that can be seen' \
		"${enter[@]}" unshare -m sh -c 'umount -R /sys/fs/cgroup && exec migsel exec hot true'
	echo "$BASHPID" >/sys/fs/cgroup/cgroup.procs
	refused 1 'cgroup "/.." is in no cgroup2 tree that can be seen' \
		nsenter --net="/run/netns/$host" -C -m -t "$box" migsel exec hot true
	# A part of the tree that does not have the caller.
	refused 1 'cgroup "/mine" is in no cgroup2 tree that can be seen' "${enter[@]:0:4}" \
		nsenter --net="/run/netns/$host" unshare -m sh -c '
		mount --bind /sys/fs/cgroup/box /sys/fs/cgroup &&
		exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin migsel exec hot true'
	[[ $(</sys/fs/cgroup/box/cgroup.procs) == "$box" ]] || fail 'somebody is in the box'
	[[ -z $(find /sys/fs/cgroup/box -name 'migsel-*') ]] || fail 'there is a cgroup in the box'
	kill "$box"
	wait "$box" 2>/dev/null
	soon no_cgroups
	soon rmdir /sys/fs/cgroup/box
	soon rmdir /sys/fs/cgroup/mine
}

# The last to set the mark has it.
test_exec_and_so_mark() {
	three_vmks
	[[ $(mark_below migsel exec hot python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("first", hex(s.getsockopt(socket.SOL_SOCKET, 36)), file=sys.stderr)
s.setsockopt(socket.SOL_SOCKET, 36, 7)
s.connect(("192.0.2.21", 9))
os.set_inheritable(s.fileno(), True)
os.execvp("ss", ["ss", "-Hune", "state", "all", "( dport = :9 )"])') == '1 fwmark:0x7' ]] ||
		fail 'SO_MARK does not replace the tag'
}

test_exec_below_vrf() {
	fresh
	ip -n "$host" link add tool-vrf type vrf table 100
	ip -n "$host" link set tool-vrf up
	refused 1 'forbids it' nsenter --net="/run/netns/$host" \
		ip vrf exec tool-vrf migsel exec hot true
	ip -n "$host" link del tool-vrf
	soon no_cgroups
}

run_tests "$@"
