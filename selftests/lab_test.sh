#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab_test.sh [TEST...]    tests of `make lab` and of the shell that `make vm` gives: used by
#                          keys, on a terminal that tmux has, and judged by what NICs have
#                          counted. is_ready comes first. KTAP on standard output.
# shellcheck disable=SC2016,SC2088,SC2317  # for a shell in there; the tests are run by name
. "$(dirname "$(readlink -f "$0")")/lib.sh"
cd "$top" || exit

home=$scratch/home
terminals=0
end_terminals() {
	for ((; terminals > 0; terminals--)); do
		tmux -L "lab-test-$$-$terminals" kill-server 2>/dev/null
	done
}
defer end_terminals

# begin COMMAND: on a terminal of its own
begin() {
	terminal=(tmux -L "lab-test-$$-$((++terminals))")
	"${terminal[@]}" -f /dev/null new-session -d -x 180 -y 50 "OUT=$home $1; echo ended with \$? >$scratch/ended; sleep 1000"
	began_at=$SECONDS
}

screen() { "${terminal[@]}" capture-pane -p; }

# shows REGEX: on one line of the screen
shows() { screen | grep -qE -- "$1"; }

soon() { wait_for "${patience:-60}" "$@" || { fail "in vain: $*"; screen | sed '/^$/d; s/^/# /'; return 1; }; }

# at PLACE: the shell waits there for what is to be typed next
at() { soon ends_with "$1#"; }
ends_with() { [[ $(screen | sed '/^ *$/d' | tail -n 1) == "$1" ]]; }

type_line() { "${terminal[@]}" send-keys -l "$1" && "${terminal[@]}" send-keys Enter; }

# run_there LINE: into REPLY, what it says
run_there() {
	rm -f "$home/said" "$home/all-said"
	type_line "{ $1; } >~/said 2>&1; echo >~/all-said"
	soon test -e "$home/all-said" || return
	REPLY=$(<"$home/said")
}

# sent NIC: what that one of esx-a has sent, into REPLY
sent() {
	run_there "esx-a awk '\$1 == \"$1:\" { print \$10 }' /proc/net/dev"
}

# leaves_by NIC CLASS: a stream with that tag, and little by another NIC
leaves_by() {
	local nic
	local -A before=()
	for nic in vmk0 vmk1 vmk2; do
		sent "$nic" && before[$nic]=$REPLY || return
	done
	# it takes one at a time, and may not be done with the one before
	run_there "until esx-a migsel exec $2 -- iperf3 -c 192.0.2.21 -n 4M; do :; done" || return
	for nic in vmk0 vmk1 vmk2; do
		sent "$nic" || return
		((REPLY -= before[$nic]))
		# What iperf3 has not sent when it ends is dropped.
		if [[ $nic == "$1" ]]; then
			((REPLY > 2000000)) || fail "$2: only $REPLY bytes by $nic"
		else
			((REPLY < 100000)) || fail "$2: $REPLY bytes by $nic, not by $1"
		fi
	done
}

# What all processes took that the terminal has started, in seconds, into REPLY
cpu_time() {
	local pid fields
	local -a pids=("$("${terminal[@]}" display-message -p '#{pane_pid}')")
	REPLY=0
	while ((${#pids[@]})); do
		pid=${pids[0]}
		mapfile -t -O ${#pids[@]} pids < <(pgrep -P "$pid")
		pids=("${pids[@]:1}")
		fields=$(</proc/"$pid"/stat) || continue
		read -ra fields <<<"${fields##*) }"
		((REPLY += fields[11] + fields[12] + fields[13] + fields[14]))
	done
	((REPLY /= $(getconf CLK_TCK)))
}

ends() {
	type_line exit
	soon test -e "$scratch/ended" || return
	[[ $(<"$scratch/ended") == 'ended with 0' ]] || fail "$(<"$scratch/ended")"
	rm "$scratch/ended"
}

# By the time that it takes of a CPU, as others may have the CPUs meanwhile.
is_ready() {
	local patience=180 # where many others have the CPUs
	begin 'make -s lab'
	soon shows '^lab: starting a test kernel' && soon shows '^lab: building esx-a, esx-b, switch' && at esx-a || return
	cpu_time
	ktap_print_msg "ready after $((SECONDS - began_at)) s, of a CPU $REPLY s"
	((REPLY <= 15)) || fail "it took $REPLY s of a CPU"
}

# What the picture says of each NIC is so.
picture_is_true() {
	local line host nic number n=0
	run_there welcome || return
	while read -r line; do
		[[ $line =~ ^\|\ *(vmk.)\ +([0-9]+)\ .*\ (a-vmk.)\ +(b-vmk.)\ .*\ ([0-9]+)\ +(vmk.)\ +\|$ ]] || continue
		((++n))
		line=("${BASH_REMATCH[@]}")
		for host in esx-a esx-b; do
			nic=${line[1]} number=${line[2]}
			[[ $host == esx-a ]] || { nic=${line[6]} number=${line[5]}; }
			run_there "$host ip -br address show $nic" || return
			[[ $REPLY == *" 192.0.2.$number/24 2001:db8::$number/64 "* ]] || fail "$host: $nic is not $number: $REPLY"
		done
		for nic in "${line[3]}" "${line[4]}"; do
			run_there "switch ip -br link show $nic master switch" || return
			[[ $REPLY == "$nic@"*' UP '* ]] || fail "no $nic on the switch: $REPLY"
		done
	done <<<"$REPLY"
	((n == 3)) || fail "the picture has $n NICs"
}

# Where the rule does not send, plain Linux does.
rule_differs_from_plain_linux() {
	leaves_by vmk1 hot
	run_there 'migsel vmk add vmk0; migsel vmk add vmk1 migration on; migsel route get 192.0.2.21 from 192.0.2.11'
	[[ $REPLY == *' dev vmk0 src 192.0.2.11 reason same-subnet' ]] || fail "route get: $REPLY"
	leaves_by vmk0 hot
	leaves_by vmk0 cold
	run_there 'migsel vmk set vmk1 migration off; migsel vmk add vmk2 migration on; ip route get 192.0.2.21 | head -n 1'
	[[ $REPLY == *' dev vmk1 '* ]] || fail "plain: $REPLY"
	leaves_by vmk0 hot
}

# The shell goes there, with a prompt that says so.
places() {
	local place
	for place in esx-b switch esx-a; do
		type_line "$place"
		at "$place" || return
		run_there 'ip netns identify $$'
		[[ $REPLY == "$place" ]] || fail "in $place it is '$REPLY'"
	done
	run_there 'esx-b ip netns identify'
	[[ $REPLY == esx-b ]] || fail "of esx-b it is '$REPLY'"
}

# completes: by the tabulator; "migsel policy " is what comes of it
completes() {
	"${terminal[@]}" send-keys -l 'migsel po' && "${terminal[@]}" send-keys Tab
	soon shows '# migsel policy *$'
	"${terminal[@]}" send-keys -l 's' && "${terminal[@]}" send-keys Tab Tab
	soon shows '^set +show|^show +set'
	"${terminal[@]}" send-keys C-u
}

has_pages_and_programs() {
	local tool
	completes
	run_there 'man migsel | head -n 1; man ip | head -n 1'
	[[ $REPLY == MIGSEL\(8\)*$'\n'IP\(8\)* ]] || fail "man: $REPLY"
	for tool in tcpdump tshark iperf3 nft nano jq; do
		run_there "command -v $tool"
		[[ $REPLY == /* ]] || fail "no $tool"
	done
}

# The folder that stays: for the next one, and on the host.
home_is_kept() {
	run_there 'cd; pwd; echo mine >note'
	[[ $REPLY == "$home" ]] || fail "home is $REPLY, not $home"
	# what was tried last and failed is no fault of the lab
	type_line false
	ends
	[[ $(<"$home/note") == mine ]] || fail 'nothing is kept'
}

# Beside the shell, what happens meanwhile.
panes() {
	begin 'LAB=tmux make -s lab'
	at_pane esx-a || return
	run_there 'cat note'
	[[ $REPLY == mine ]] || fail "no note: $REPLY"
	run_there 'migsel vmk add vmk0; migsel vmk add vmk1 migration on'
	soon shows 'vmk-add.*vmk1|add vmk1|vmk1 .*migration on' || return
	type_line 'migsel exec hot -- iperf3 -c 192.0.2.21 -n 400M >/dev/null'
	soon shows 'vmk0 +Out IP 192\.0\.2\.1.*192\.0\.2\.21\.5201' || return
	soon shows '^vmk0 +[0-9]{4,} +[0-9]+'
	soon shows 'alarm.*same-subnet' || return
	# An exercise builds the host anew, and what is shown is of that.
	type_line 'clear; lab start 4'
	soon shows '^esx-a# *(│|$)' || return
	type_line 'migsel vmk add vmk2'
	soon shows 'vmk-add.*vmk2|add vmk2' || return
	type_line 'migsel exec hot -- iperf3 -c 192.0.2.21 -n 400M >/dev/null'
	soon shows '^vmk0 +[0-9]{4,} +[0-9]+'
	ends
}

# An exercise by keys: what is mistyped is asked again, and the shell is on the new host.
exercise() {
	type_line 'lab start 2'
	soon shows '^Your prediction, a number: *$' || return
	type_line nonsense
	soon shows "^lab: 'nonsense' is none of the numbers: 1 2 3" || return
	type_line 1
	at esx-a || return
	run_there 'until migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M >/dev/null; do :; done; lab check'
	[[ $REPLY == *$'\nSolved.\nYour prediction was right: vmk0, '* ]] || fail "lab check: $REPLY"
	run_there lab
	[[ $REPLY == *'[x] 2 '*'[ ] 3 '* ]] || fail "lab: $REPLY"
}

# at_pane PLACE: likewise, where there are others beside it
at_pane() { soon shows "^$1# *(│|\$)"; }

vm_has_them_too() {
	begin 'make -s vm'
	soon shows '^root@.*# *$' || return
	completes
	run_there 'man migsel | head -n 1; cat ~/note'
	[[ $REPLY == MIGSEL\(8\)*$'\n'mine ]] || fail "it says $REPLY"
	ends
}

# Another host, as it was described: the rule is told of it, and shows.
described_host() {
	begin "HOST=$top/Documentation/examples/pitfall.txt make -s lab"
	soon shows '^lab: reading .*pitfall.txt' && soon shows '^lab: building host, peer' && at host || return
	run_there 'migsel -j vmk show'
	jq -e 'map(select(.migration)) | length == 1' "$home/said" >/dev/null || fail "no migration vmk: $REPLY"
	run_there welcome
	[[ $REPLY == *'though vmk1 is enabled'*'The peer is '* ]] || fail "it says $REPLY"
	run_there 'migsel route get $(welcome | sed -n "s/^The peer is \([^:]*\):.*/\1/p" | tail -n 1)'
	[[ $REPLY == *' reason same-subnet' ]] || fail "route get: $REPLY"
	type_line peer
	at peer
	ends
}

selftests/vm/need.sh build vm lab shell || exit
# What is timed is how it starts, with everything built.
[[ ${BUILD-} == 0 ]] || { KDIR='' selftests/vm/build.sh >/dev/null && make -s tool; } || exit
tests=(is_ready picture_is_true rule_differs_from_plain_linux exercise places has_pages_and_programs home_is_kept
	panes described_host vm_has_them_too)
(($# == 0)) || tests=("$@")
ktap_print_header
ktap_set_plan ${#tests[@]}
for test in "${tests[@]}"; do
	run_test "$test" "$test"
done
ktap_finished
