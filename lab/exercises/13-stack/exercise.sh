# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034

start() { one_subnet esx-a; }

expected=2
answer() {
	on esx-a migsel vmk set vmk1 stack vmotion || return
	case $(carrier esx-a hot 192.0.2.21) in
	vmk0) echo 1 ;;
	vmk1) echo 2 ;;
	esac
	on esx-a migsel vmk set vmk1 stack default
}

check() {
	local why
	intact esx-a || return
	why=$(reason esx-a hot 192.0.2.21)
	[[ $why == vmotion-stack ]] || wrong "the reason is $why, not vmotion-stack" || return
	[[ $(carrier esx-a hot 192.0.2.21) == vmk1 ]] || wrong 'hot traffic does not leave by vmk1' || return
	[[ $(carrier esx-a cold 192.0.2.21) == vmk0 ]] || wrong 'cold traffic does not leave by vmk0 any more'
}

solve() {
	on esx-a migsel vmk set vmk1 stack vmotion
	on esx-a migsel -d route get 192.0.2.21 tag hot
}

wrong_1() { on esx-a migsel vmk set vmk1 stack provisioning; }
wrong_1_says='the reason is no-migration-vmk'
# What the stack is there for is a policy here, too, but ESXi has none.
wrong_2() { on esx-a migsel policy set fallback strict; }
wrong_2_says='the reason is strict'
