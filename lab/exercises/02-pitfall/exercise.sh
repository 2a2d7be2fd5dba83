# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() { one_subnet esx-a; }

expected=1
answer() {
	case $(carrier esx-a hot 192.0.2.21) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	esac
}

check() {
	local hot
	hot=$(on esx-a migsel -j -s vmk show | jq '[.[].stats.hot.bytes] | add // 0')
	intact esx-a || return
	((hot >= 5000000)) || wrong "esx-a has sent $((hot / 1000)) kB of hot traffic since the exercise began, not 10 MB" || return
	[[ $(reason esx-a hot 192.0.2.21) == same-subnet ]] || wrong 'the rule gives another reason now: lab reset begins again'
}

solve() {
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M
	on esx-a migsel -s vmk show
	on esx-a migsel -d route get 192.0.2.21 tag hot
}

wrong_1() { on esx-a iperf3 -c 192.0.2.21 -n 10M; }
wrong_1_says='sent 0 kB of hot traffic'
wrong_2() { on esx-a migsel exec cold -- iperf3 -c 192.0.2.21 -n 10M; }
wrong_2_says='sent 0 kB of hot traffic'
