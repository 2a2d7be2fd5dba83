#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the demo, for test kernel KERNEL: that it runs, that its report is whole,
# and that it fails where the rule does not hold. KTAP on standard output; arguments
# choose tests by name.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
work=$(mktemp -d /var/tmp/demo-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$top" || exit

unset RUN HOST DEMO ICOUNT TIMEOUT VM_ENV MAKEFLAGS
export OUT=$work/report

is() {
	[[ $1 == "$2" ]] || { echo "# expected '$2', got '$1'"; return 1; }
}

# says FILE PATTERN
says() {
	grep -q -e "$2" "$work/$1" || { echo "# standard $1 lacks '$2'"; return 1; }
}

# in_vm COMMAND: in the test kernel; its output in $work, its status in $status.
in_vm() {
	RUN=$1 "$top/selftests/vm/run.sh" >"$work/output" 2>"$work/error"
	status=$?
}

pitfall_is_shown() {
	DEMO=3 "$top/demo/run.sh" >"$work/output" 2>"$work/error"
	is $? 0 && says output 'dev vmk0 .*reason same-subnet' && says output '^PASS$' &&
		says output '^1 of 1 scenarios'
}

# report CHECK [ FOLDER ]: see report_test.py
report() { python3 "$here/report_test.py" "$1" "${2-$OUT}" 2>"$work/error"; }

measured() { [[ -e $OUT/index.html ]] || pitfall_is_shown; }

# The page is written as XML, too, so that a slip in quoting shows.
report_is_whole() { measured && report whole; }
pictures_are_as_counted() { measured && report pictures; }
charts_are_as_counted() { measured && report charts; }
captures_tell_the_reason() { measured && report captures; }

# changed FILTER: a report of other results, in $work/changed
changed() {
	measured || return
	rm -rf "$work/changed"
	cp -r "$OUT" "$work/changed"
	jq "$1" "$OUT/result.json" >"$work/changed/result.json"
	"$top/demo/report.sh" "$work/changed" 2>"$work/error"
}

# Counters of which a page was not drawn contradict it, those of which it was do not.
changed_counter_is_drawn() {
	changed '.scenarios[0].transfers[-1] |= (.sent.vmk0 += 9000000 | .received.vmk0 += 9000000)' || return
	report pictures "$work/changed" && report charts "$work/changed" || return
	cp "$OUT/result.json" "$work/changed/"
	! report pictures "$work/changed" && says error "'vmk0', 'cold'" && ! report charts "$work/changed"
}

# Two NICs on a third: each of their flows is captured twice, and commented on once.
physical_nic_is_told_apart() {
	local check
	OUT=$work/below DEMO=5 "$top/demo/run.sh" >"$work/output" 2>"$work/error" || return
	for check in whole pictures charts captures; do
		report "$check" "$work/below" || return
	done
}

# A file of the older format holds no comments.
missing_comment_is_seen() {
	changed . && report captures "$work/changed" || return
	editcap -F pcap "$OUT/scenario-3.pcapng" "$work/changed/scenario-3.pcapng"
	! report captures "$work/changed" && says error "flow 0: comment ''"
}

# unenforced SCENARIO: whatever is asked of migsel, the rule is not enforced.
unenforced() {
	local -x OUT=$work/unenforced
	# shellcheck disable=SC2016
	DEMO=$1 in_vm '
		real=$(type -P migsel)
		mkdir /tmp/bin
		printf "#!/bin/sh\n%s policy set mode observe\nexec %s \"\$@\"\n" "$real" "$real" >/tmp/bin/migsel
		chmod +x /tmp/bin/migsel
		PATH=/tmp/bin:$PATH demo/demo.sh
	'
	"$top/demo/report.sh" "$OUT" || return
	is "$status" 1 && ! grep 'the kernel reports' "$work/error" && says output '^FAIL$' &&
		grep -q 'class="fail"' "$OUT/index.html"
}

rule_not_enforced_fails() {
	unenforced 3 &&
		says error 'scenario 3: hot, IPv4: esx-a sent .* by vmk1 where it is to be none' &&
		says error 'scenario 3: cold: esx-a sent .* by vmk1 where it is to be none'
}

# It migrates well, only by the wrong NICs.
migration_not_steered_fails() {
	unenforced 8 &&
		says output '^its state on esx-b  *running$' &&
		says error 'scenario 8: cold files: esx-a sent .* by vmk1 where it is to be none' &&
		says error 'scenario 8: active disk: esx-a sent .* by vmk1 where it is to be none' &&
		says error 'scenario 8: memory: esx-a sent .* by vmk1 where it is to be none'
}

# QEMU in a slow test kernel is not waited for. All in one boot, as none gets far.
refusals_are_told() {
	in_vm '
		KERNEL=uml DEMO=migrate demo/demo.sh; echo $?
		DEMO=99 demo/demo.sh; echo $?
		rmmod migsel
		demo/demo.sh; echo $?
	'
	is "$(xargs <"$work/output")" '1 1 1' &&
		says error '^demo: without scenarios 7 8 9 10 11: KERNEL=uml is too slow' &&
		says error "^demo: there is no scenario '99', only 1 2 3" &&
		says error '^demo: the module is not loaded'
}

# With every kernel; what is the page's alone and a real migration, where it is fast.
tests=(pitfall_is_shown captures_tell_the_reason rule_not_enforced_fails refusals_are_told)
[[ ${KERNEL-} == @(uml|debug) ]] || tests+=(report_is_whole pictures_are_as_counted
	charts_are_as_counted changed_counter_is_drawn missing_comment_is_seen
	physical_nic_is_told_apart migration_not_steered_fails)
(($# == 0)) || tests=("$@")

echo 'KTAP version 1'
echo "1..${#tests[@]}"
number=0 failed=0
for name in "${tests[@]}"; do
	: >"$work/output"
	: >"$work/error"
	if "$name"; then
		echo "ok $((++number)) $name"
	else
		sed 's/^/# /' "$work/error" | head -n 20
		echo "not ok $((++number)) $name"
		failed=1
	fi
done
exit $failed
