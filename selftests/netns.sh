#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each network namespace has a configuration of its own, which who owns the namespace
# may change.
. "$(dirname "$(readlink -f "$0")")/hosts.sh"

# For whom the way to the tool may be barred.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# The same flows from both hosts at once; plain Linux sends them all by vmk0.
apart() {
	local b_flows
	shape S S 0 1 2
	from_b
	vmks vmk0 vmk1+ vmk2+
	from_a
	vmks vmk0+ vmk1 vmk2
	migsel -n "$A" tag set hot 0x30000 || fail 'no tag'
	defer "migsel -n $A tag set hot 0x10000"

	meter_anew
	exec {b_flows}< <(exec "$work/flows" -n "$B" -l "4-hot-udp,udp,$(address 4 S 1 1),mark=0x10000,n=4" \
		"6-hot-udp,udp,$(address 6 S 1 1),mark=0x10000,n=4" 2>&1)
	defer "stop $!"
	start_flows $(hot=0x30000 both hot 1 'tcp udp')
	end_flows
	meter_read
	leaves_by '*' vmk0
	reasons single-nic
	shows_vmks '^0: vmk0 .* migration on .*1: vmk1 .* migration off .*2: vmk2 .* migration off'

	from_b
	flows_fd=$b_flows
	result=() port=()
	read_flows 8
	wait_for 5 both_b_nics || fail "B has sent by $REPLY"
	reasons multi-nic
	shows_vmks '^0: vmk0 .* migration off .*1: vmk1 .* migration on .*2: vmk2 .* migration on'
	migsel -n "$B" vmk flush
	from_a
	shows_vmks '^0: vmk0 '
}

both_b_nics() {
	homes
	REPLY=${home[*]}
	[[ $REPLY == *1* && $REPLY == *2* && $REPLY != *0* ]]
}

# Each command registers the hooks (+), unregisters them (-), or neither.
hook_where_vmks_are() {
	local command want words
	migsel -n "$A" vmk flush
	migsel -n "$B" vmk flush
	cd /sys/kernel/tracing || { fail 'no tracefs'; return; }
	printf 'p:migsel/%s nf_%sregister_net_hooks\n' hook '' unhook un >kprobe_events || fail 'no kprobes'
	# shellcheck disable=SC2016  # at the end
	defer 'echo 0 >events/migsel/unhook/enable; echo 0 >events/migsel/hook/enable; echo >kprobe_events; cd "$OLDPWD"'
	echo 1 >events/migsel/hook/enable
	echo 1 >events/migsel/unhook/enable
	while read -r want command; do
		echo >trace
		read -ra words <<<"$command"
		migsel -n "$A" "${words[@]}" || fail "$command fails"
		command+=": $(grep -c ' hook: ' trace) $(grep -c ' unhook: ' trace)"
		[[ $command == *": ${want/-/ }" ]] || fail "$command, not ${want/-/ }"
	done <<-END
		0-0 policy show
		1-0 vmk add vmk0
		0-0 vmk add vmk1 migration on
		0-1 policy set mode off
		0-0 vmk add vmk2
		1-0 policy set mode observe
		0-0 policy set mode enforce
		0-0 vmk del vmk0
		0-1 vmk flush
		0-0 policy set mode observe
		0-0 policy set mode enforce
	END
}

# as_nobody REGEX COMMAND...: in A; the output or error is so, the status is in $?
as_nobody() {
	local text status
	text=$(in_netns "$A" "${nobody[@]}" "${@:2}" 2>&1)
	status=$?
	[[ $text =~ $1 ]] || fail "${*:2}: $text"
	return "$status"
}

unprivileged_reads() {
	shape S S 0 1 2
	vmks vmk0 vmk1+
	as_nobody '^0: vmk0' migsel vmk show || fail 'vmk show fails'
	as_nobody '"mode":"enforce"' migsel -j policy show || fail 'policy show fails'
	as_nobody 'vmk0.* same-subnet' migsel route get "$(to 4 1)" || fail 'route get fails'
	as_nobody 'untagged' migsel stats show || fail 'stats show fails'
}

unprivileged_changes_nothing() {
	local command
	shape S S 0 1 2
	vmks vmk0 vmk1+
	for command in 'vmk add vmk2' 'vmk set vmk1 migration off' 'vmk del vmk1' 'vmk flush' \
		'tag set hot 0x30000' 'policy set mode off' 'stats reset'; do
		# shellcheck disable=SC2086  # words
		! as_nobody 'not permitted' migsel $command || fail "$command succeeds"
	done
	shows_vmks $'^0: vmk0 [^\n]*off[^\n]*\n1: vmk1 [^\n]* migration on [^\n]*$'
}

# Root of a user namespace rules the network namespace made in it, and no other.
user_namespace() {
	local text
	text=$("${nobody[@]}" unshare --user --map-root-user --net bash -c '
		ip link add vmk0 type veth && migsel vmk add vmk0 migration on && migsel vmk show' 2>&1)
	[[ $text =~ ^'0: vmk0 '.*'migration on' ]] || fail "in its own: $text"
	text=$(in_netns "$A" "${nobody[@]}" unshare --user --map-root-user migsel vmk flush 2>&1)
	[[ $text == *'not permitted'* ]] || fail "in another: $text"
	shows_vmks '^0: vmk0'
}

# A new namespace begins with nothing.
fresh() {
	local text C
	add_netns C
	text=$(migsel -n "$C" -j vmk show; migsel -n "$C" -j tag show; migsel -n "$C" -j policy show)
	[[ $text == '[]'*'"mask":"0x30000","hot":"0x10000","cold":"0x20000"'*'"mode":"enforce","unreachable":"refuse","fallback":"first-vmk"'* ]] ||
		fail "a new namespace has $text"
	! migsel -n "$C" vmk add lo 2>/dev/null || fail 'a loopback device is taken'
}

# There are no kprobes in user mode.
kprobes=1
! grep -q 'User Mode Linux' /proc/cpuinfo || kprobes=0

need setpriv unshare
ktap_print_header
ktap_set_plan $((5 + kprobes))
make_hosts
chmod 755 "$scratch"
cp "$(command -v migsel)" "$scratch/migsel" || ktap_exit_fail_msg 'no copy of migsel'
PATH=$scratch:$PATH
run_test 'two namespaces at once' apart
((kprobes == 0)) || run_test 'the hook is where vmks are' hook_where_vmks_are
run_test 'anybody may read' unprivileged_reads
run_test 'only an administrator may change' unprivileged_changes_nothing
run_test 'root of a user namespace' user_namespace
run_test 'a new namespace' fresh
ktap_finished
