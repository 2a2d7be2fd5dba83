# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

files=$lab/exercises/15-own-rule/files

# A folder with what is to be changed.
start() {
	mkdir -p ~/rule && cp "$lab/../module/rule.c" "$run/rule.c" &&
		cp --backup=numbered "$run/rule.c" "$files"/* ~/rule/ || return
	one_subnet esx-a && on esx-a migsel vmk add vmk2
}

# passes RULE: the learner's test, with a rule.c
passes() { make -s -C ~/rule check RULE="$1" >/dev/null 2>&1; }

check() {
	local to why nic
	intact esx-a || return
	passes rule.c || wrong 'the test does not pass with your rule.c: make check in ~/rule says what is wrong' || return
	! passes "$run/rule.c" || wrong 'the test passes with the rule as it was, too: it has to ask for the last vmk' || return
	for to in 192.0.2.21 2001:db8::21; do
		why=$(reason esx-a hot "$to")
		[[ $why == same-subnet ]] || wrong "to $to the reason is $why, not same-subnet: the vmks were changed" || return
		nic=$(carrier esx-a hot "$to")
		[[ $nic == vmk2 ]] || wrong "hot traffic to $to leaves by ${nic:-no NIC}, not by vmk2: make load in ~/rule loads the module with your rule.c" || return
	done
}

solve() {
	sed -i 's/SAME_SUBNET, 0/SAME_SUBNET, 2/' ~/rule/own_test.c
	sed -i 's/return rule->first_vmk;/return row->bypasses ? rule->n_vmks - 1 : rule->first_vmk;/' ~/rule/rule.c
	make -C ~/rule check
	on esx-a make -C ~/rule load
	on esx-a migsel exec hot -- iperf3 -c 192.0.2.21 -n 10M
}

wrong_1() { sed -i 's/SAME_SUBNET, 0/SAME_SUBNET, 2/' ~/rule/own_test.c; }
wrong_1_says='the test does not pass with your rule.c'
wrong_2() {
	sed -i 's/SAME_SUBNET, 0/SAME_SUBNET, 2/' ~/rule/own_test.c
	sed -i 's/return rule->first_vmk;/return row->bypasses ? rule->n_vmks - 1 : rule->first_vmk;/' ~/rule/rule.c
}
wrong_2_says='hot traffic to 192.0.2.21 leaves by vmk0, not by vmk2: make load'
