#!/run/vm/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Process 1 of the test kernel once the host's files are in place: loads the
# module, runs what run.sh asked for, and leaves its exit status in the share. The
# kernel powers off at the end of it. Run by busybox, see init.
# shellcheck shell=dash
share=/run/vm/share
bin=/run/vm/bin

# Everything but this process, kernel threads and the processes named.
kill_others() {
	found=1
	while [ "$found" ]; do
		found=
		for dir in /proc/[0-9]*; do
			pid=${dir#/proc/}
			case " 1 $* " in *" $pid "*) continue ;; esac
			[ -e "$dir/exe" ] && kill -KILL "$pid" 2>/dev/null && found=1
		done
	done
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
	kill_others $relays
	# shellcheck disable=SC2086
	wait $relays
}

# The terminal forgets its size when nothing has it open.
run_shell() {
	exec 3<>/dev/ttyS1
	# shellcheck disable=SC2154  # rows and columns are from the environment file
	$bin/stty sane rows "$rows" cols "$columns" <&3
	$bin/setsid -c /bin/bash -i <&3 >&3 2>&1 3>&- &
	wait $!
	status=$?
	kill_others
}

# Unloading waits for the namespaces that are being taken down: what they leaked
# shows in the kernel's log, or in a removal that never ends.
unload() {
	[ -d /sys/module/migsel ] || return
	$bin/umount /run/netns/* 2>/dev/null
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

status=0
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
	unload
fi
echo $status >"$share/status"
echo o >/proc/sysrq-trigger
$bin/sleep 1000
