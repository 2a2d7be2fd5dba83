#!/run/vm/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Process 1 of the test kernel once the host's files are in place: loads the
# module, runs what run.sh asked for, and leaves its exit status in the share. The
# kernel powers off at the end of it. Run by busybox, see init.
# shellcheck shell=dash
share=/run/vm/share
bin=/run/vm/bin

# Everything but this process, kernel threads and the processes named. One that waits
# for a reference to be dropped cannot be killed.
kill_others() {
	found=/proc/1 tries=0
	while [ "$found" ]; do
		[ $((tries += 1)) -lt 300 ] || {
			echo "a process cannot be killed: $($bin/cat "$found/comm" 2>/dev/null)" >>"$share/trouble"
			return 1
		}
		[ $tries -lt 20 ] || $bin/usleep 100000
		found=
		for dir in /proc/[0-9]*; do
			pid=${dir#/proc/}
			case " 1 $* " in *" $pid "*) continue ;; esac
			[ -e "$dir/exe" ] && kill -KILL "$pid" 2>/dev/null && found=$dir
		done
	done
	return 0
}

# A command's output goes through a pipe, as it would on the host, and from there
# into a file of the share: nothing is lost when the kernel stops.
run_command() {
	$bin/mkfifo /run/vm/stdout /run/vm/stderr
	$bin/cat </run/vm/stdout >"$share/stdout" &
	relays=$!
	$bin/cat </run/vm/stderr >"$share/stderr" &
	relays="$relays $!"
	$bin/setsid /bin/bash -c "$(cat "$share/command")" \
		</dev/null >/run/vm/stdout 2>/run/vm/stderr &
	wait $!
	status=$?
	# shellcheck disable=SC2086  # a list
	kill_others $relays || kill $relays
	# shellcheck disable=SC2086
	wait $relays
}

# The terminal forgets its size when nothing has it open.
run_shell() {
	# shellcheck disable=SC2154  # terminal, rows, columns: from the environment file
	exec 3<>"$terminal"
	# shellcheck disable=SC2154
	$bin/stty sane rows "$rows" cols "$columns" <&3
	# shellcheck disable=SC2154  # likewise
	$bin/setsid -c /bin/bash --rcfile "$rc" -i <&3 >&3 2>&1 3>&- &
	wait $!
	status=$?
	kill_others
}

# Unloading waits for the namespaces that are being taken down: what they leaked
# shows in the kernel's log, or in a removal that never ends.
unload() {
	[ -d /sys/module/migsel ] || return
	$bin/rmmod migsel 2>>"$share/trouble" &
	left=300
	while kill -0 $! 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || {
			echo 'migsel cannot be unloaded within 30 s' >>"$share/trouble"
			return
		}
		$bin/usleep 100000
	done
}

seconds() {
	read -r now _ </proc/uptime
	echo "${now%.*}"
}

# Namespaces are taken down in the background. While one of root's is left, no other
# may be made where one is the most there may be.
check_namespaces() {
	most=/proc/sys/user/max_net_namespaces
	[ -e $most ] || return
	echo 1 >$most
	end=$(($(seconds) + 30))
	until $bin/unshare -n $bin/true 2>/dev/null; do
		[ "$(seconds)" -lt $end ] || {
			echo 'leaked namespace: a network namespace is left that nothing is in' >>"$share/trouble"
			return
		}
		$bin/usleep 100000
	done
}

# Memory that nothing refers to: kmemleak tells of what two scans have missed and is
# older than 5 s. Only modules of ours are worth the wait: one was there if it tainted.
# What the kernel lost while it booted is none of theirs.
leaks=/sys/kernel/debug/kmemleak
check_leaks() {
	[ -w $leaks ] && [ "$($bin/cat /proc/sys/kernel/tainted)" != 0 ] || return
	end=$(($(seconds) + 6))
	while [ "$(seconds)" -lt $end ]; do
		$bin/usleep 200000
	done
	echo scan >$leaks
	echo scan >$leaks
	# shellcheck disable=SC2016  # for awk
	$bin/awk '
		/^unreferenced/ { head = $0; next }
		/^ *comm / { ours = !/"swapper[^"]*", pid [01],/; if (ours) print head }
		ours' $leaks |
		while IFS= read -r line; do
			echo "kmemleak: $line" >/dev/kmsg
		done
}

status=0
: >>"$share/trouble"
[ ! -w $leaks ] || echo scan=off >$leaks
# shellcheck source=/dev/null
. "$share/environment"
echo "migsel-$KERNEL" | $bin/tr . - >/proc/sys/kernel/hostname
$bin/ip link set lo up
# shellcheck disable=SC2154  # from the environment file
cd "$folder" || status=1
if [ "$LOAD" != 0 ]; then
	/sbin/modprobe migsel 2>>"$share/trouble" || status=1
fi
if [ $status = 0 ]; then
	if [ -s "$share/command" ]; then
		run_command
	else
		run_shell
	fi
	# A mount keeps a namespace, as ip netns has it.
	while read -r type place _; do
		[ "$type" != nsfs ] || $bin/umount "$place"
	done </proc/mounts
	unload
	check_namespaces
	check_leaks
fi
[ ! -e "$share/told" ] || $bin/cat "$share/trouble" >"$share/told"
echo $status >"$share/status"
echo o >/proc/sysrq-trigger
$bin/sleep 1000
