# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

tracing=/sys/kernel/tracing

start() {
	[[ -e $tracing/set_ftrace_filter ]] || wrong 'this test kernel has no function tracer: KERNEL=6.1 has' || return
	one_subnet esx-a
}

expected=2
answer() {
	local instance=$tracing/instances/lab n
	mkdir -p "$instance" && echo 1 >"$instance/events/migsel/enable" || return
	stream esx-a hot 192.0.2.21
	n=$(grep -c 'migsel_select: class=hot' "$instance/trace")
	rmdir "$instance"
	if ((n > 100)); then
		echo 1
	elif ((n > 0)); then
		echo 2
	else
		echo 3
	fi
}

check() {
	intact esx-a || return
	grep -q 'migsel_select: class=hot .* reason=same-subnet dev=vmk0$' "$tracing/trace" ||
		wrong 'no decision about a hot packet is in the trace: none was sent while events/migsel/enable was 1, or what came later has overwritten it: set_ftrace_filter comes first' || return
	grep -q 'migsel_decide <-' "$tracing/trace" ||
		wrong 'no function of the module that decides is in the trace: current_tracer has to be function before the packet leaves'
}

solve() {
	echo :mod:migsel >/sys/kernel/tracing/set_ftrace_filter
	echo function >/sys/kernel/tracing/current_tracer
	echo 1 >/sys/kernel/tracing/events/migsel/enable
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 1M
	grep -B 20 -A 20 -m 1 migsel_select /sys/kernel/tracing/trace
}

wrong_1() {
	echo function >$tracing/current_tracer
	echo 1 >$tracing/events/migsel/enable
	on esx-a iperf3 -c 192.0.2.21 -n 1M
}
wrong_1_says='no decision about a hot packet is in the trace'
wrong_2() {
	echo 1 >$tracing/events/migsel/enable
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 1M
}
wrong_2_says='no function of the module that decides is in the trace'
