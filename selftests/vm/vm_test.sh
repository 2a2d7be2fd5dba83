#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the test-kernel harness itself, for test kernel KERNEL: all of them for the
# default one. KTAP on standard output; arguments choose tests by name.
# Tests are called by name; commands are for the test kernel's shell to expand.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2317
. "$(dirname "$(readlink -f "$0")")/test_lib.sh"

# What is kept for a tree of one's own would stay in the cache.
# shellcheck source=selftests/vm/lib.sh
forget_tree() {
	[[ ! -d $scratch/tree ]] ||
		(KERNEL=$scratch/tree && . "$here/vm/lib.sh" && rm -rf "$kernel_dir"{,.lock} "$cache/selftests/$kernel")
}
defer forget_tree

export LOAD=0

dollar_from_environment_through_make() {
	is "$(RUN='a="b c"; echo "$a $((1 + 2)) ${#a}" '"'"'$x $$'"'" make -s vm)" 'b c 3 3 $x $$'
}

# make itself ends with 2 for whatever its recipe ends with.
dollar_doubled_on_the_command_line_of_make() {
	make -s vm RUN='a=x; echo "$$a"; exit 3' >"$scratch/out" 2>"$scratch/err"
	is "$? $(<"$scratch/out")" '2 x' && says 'Error 3'
}

quotes_lines_folder_and_variables() {
	cd selftests/vm/planted || return
	DEMO=a CHURN=5 X='1 $2' VM_ENV=X vm $'printf "%s|" "a  b" \'c"d\' \\\\ \'*\'\necho "é"\npwd; ls; echo "$DEMO$CHURN$X$KERNEL"'
	is "$(<"$scratch/out")" "a  b|c\"d|\\|*|é
$PWD
$(ls)
a51 \$2${KERNEL:-$(default_kernel)}"
}

output_is_whole_though_processes_are_left() {
	local data
	data=$(mktemp -p "$top/.cache")
	head -c 1048576 /dev/urandom >"$data"
	vm "trap '' TERM; sleep 1000 & cat '$data'; echo beside >&2"
	cmp "$data" "$scratch/out" && rm "$data" && is "$status $(<"$scratch/err")" '0 beside'
}

output_without_reader_ends_it() {
	RUN='yes' timeout 120 "$here/vm/run.sh" 2>/dev/null | head -n 1 >"$scratch/out"
	is "${PIPESTATUS[0]} $(<"$scratch/out")" '141 y'
}

# What every command may count on, in one boot, and that its exit status is passed on.
guest_has() {
	vm '
		has() { "${@:2}" >/dev/null 2>&1 && echo "$1" || echo "not $1: ${*:2}"; }
		has root          [ "$(id -u)" = 0 ]
		has no-module     test ! -e /sys/module/migsel
		has same-files    cmp '"$here"'/vm/run.sh selftests/vm/run.sh
		has read-only     bash -c "! touch /etc/vm-test"
		has read-only     bash -c "! touch Makefile"
		has tmp           touch /tmp/a
		has run           touch /run/a
		has var-tmp       touch /var/tmp/a
		has home          touch ~/a
		has cgroup2       mkdir /sys/fs/cgroup/test
		has bpffs         mkdir /sys/fs/bpf/test
		has tracefs       test -e /sys/kernel/tracing/trace
		has debugfs       test -e /sys/kernel/debug/sched
		has pty           bash -c ": </dev/ptmx"
		has fd            bash -c "cat <(true)"
		has loopback      ping -c 1 127.0.0.1
		has modprobe      modprobe veth
		has autoload      ip link add d0 type dummy
		has netns         ip netns add a
		has veth          ip link add v0 type veth peer name v1 netns a
		has netns-exec    ip netns exec a ip link set v1 up
		has bridge        ip link add b0 type bridge
		has macvlan       ip link add m0 link d0 type macvlan
		has vrf           ip link add r0 type vrf table 10
		has nft           nft add table inet t
		has nft-rule      nft "add chain inet t c { type filter hook output priority 0; }; add rule inet t c ct state new counter"
		has netem         tc qdisc add dev d0 root netem delay 1ms
		has own-modules   test -e "/lib/modules/$(uname -r)/modules.dep"
		exit 3
	'
	! grep '^not ' "$scratch/out" | sed 's/^/# /' | grep . && is "$status" 3
}

module_is_loaded_and_out_is_written() {
	cd "$scratch" || return
	BUILD=1 LOAD=1 OUT=report RUN='test -d /sys/module/migsel && mkdir report/a && echo "$OUT" >report/a/b' \
		"$here/vm/run.sh" && is "$(<report/a/b)" "$scratch/report"
}

# A repository and a folder that the test kernel's own /tmp would hide.
clone_below_tmp() {
	local clone result
	clone=$(mktemp -d /tmp/vm-test.XXXXXX)
	cp -r Makefile selftests "$clone"
	(
		cd "$clone" || exit
		is "$(MIGSEL_CACHE=${MIGSEL_CACHE:-$top/.cache} RUN='cat selftests/vm/planted/Kbuild | wc -l; pwd; touch /tmp/x && echo own' make -s vm)" \
			$'2\n'"$clone"$'\nown'
	)
	result=$?
	rm -rf "$clone"
	return "$result"
}

kcov_sees_the_module() {
	[[ $(nm -u "$("$here/vm/build.sh")") == *__sanitizer_cov_trace_pc* ]] &&
		vm 'test -e /sys/kernel/debug/kcov' && is "$status" 0
}

one_cpu_that_counts() {
	ICOUNT=1 vm 'nproc; date +%Y'
	is "$status $(tr '\n' ' ' <"$scratch/out")" '0 1 2026 '
}

planted() {
	"$here/vm/build.sh" selftests/vm/planted 2>/dev/null
}

kernel_warning_fails() {
	vm "insmod $(planted); echo fine"
	is "$status $(<"$scratch/out")" '1 fine' && says 'WARNING: .*planted' && says 'kernel log: '
}

status_of_command_wins_over_warning() {
	vm "insmod $(planted); kill -KILL \$\$"
	is "$status" 137 && says 'WARNING: .*planted' && says 'kernel log: '
}

panic_fails() {
	vm 'echo c >/proc/sysrq-trigger'
	is "$status" 1 && says 'sysrq triggered crash' && says 'died before'
}

reboot_fails() {
	vm 'echo b >/proc/sysrq-trigger'
	is "$status" 1 && says 'died before'
}

# Without memory for it, no kernel boots.
dead_boot_is_tried_again() {
	MEM=24 vm true
	is "$status" 1 && says 'booting it once more' && says 'died before'
}

hang_is_ended() {
	local limit=20
	[[ ${KERNEL-} != debug ]] || limit=120
	TIMEOUT=$limit vm 'echo before; sleep 1000'
	is "$status $(<"$scratch/out")" '124 before' && says "ended after $limit s"
}

# started: a command that stays, in a session of its own; sets $started.
started() {
	env --default-signal=INT setsid env RUN='echo up; sleep 1000' "$here/vm/run.sh" >"$scratch/out" 2>"$scratch/err" &
	started=$!
	while ! grep -q up "$scratch/out"; do
		kill -0 "$started" 2>/dev/null || return
		nap
	done
	true
}

session_ends() {
	local left=200
	while pgrep -r D,R,S,T -s "$started" >/dev/null; do
		((left--)) || { pgrep -as "$started" | cut -c 1-80 | sed 's/^/# left: /'; return 1; }
		nap
	done
	true
}

# Twice as many jobs as CPUs, of which none ends before all have begun.
jobs_are_spread() {
	local cpus number
	number=$(nproc)
	mkfifo "$scratch/go"
	cpus=$(
		exec 3<>"$scratch/go"
		# shellcheck source=selftests/jobs.sh
		. selftests/jobs.sh
		ended() { cat "$3"; }
		JOBS=$((2 * number))
		for ((i = 0; i < 2 * number; i++)); do
			jobs_begin "$i" bash -c 'echo $JOB_CPU; read -rn 1 -u 3'
		done
		printf "%${JOBS}s" '' >&3
		jobs_wait
		jobs_end
	)
	is "$(sort <<<"$cpus" | uniq -c | awk '{ print $1 }' | sort | uniq -c | xargs)" "$number 2"
}

# One that takes one CPU of the host: with two of its own where those take turns.
stays_on_its_cpu_until_interrupted() {
	local number=1 last machine cpus
	[[ ${KERNEL-} == @(uml|debug) || $(accelerator) != tcg ]] || number=2
	last=$(taskset -cp $$)
	last=${last##*[ ,-]}
	SMP=$number JOB_CPU=$last started || return
	machine=$(pgrep -P "$(pgrep -s "$started" -x timeout)")
	cpus=$(taskset -cp "$machine")
	kill -INT -- -"$started"
	wait "$started"
	is "$?" 130 && session_ends && is "${cpus##* }" "$last"
}

# Two that share one place, with two jobs each, each of which would see another.
places_are_shared() {
	local seen
	cat >"$scratch/two-jobs" <<-'EOF'
		. selftests/jobs.sh
		ended() { cat "$3"; }
		trap jobs_end EXIT
		for name in c d; do
			jobs_begin "$name" sh -c "mkdir $1 && sleep 0.2 && rmdir $1 && echo alone"
		done
		jobs_wait
	EOF
	seen=$(
		# shellcheck source=selftests/jobs.sh
		. selftests/jobs.sh
		ended() { cat "$3"; }
		JOBS=1
		jobs_share
		for name in a b; do
			jobs_begin "$name" env JOBS=2 timeout 60 bash "$scratch/two-jobs" "$scratch/place"
		done
		jobs_wait
		jobs_end
	)
	is "$(xargs <<<"$seen")" 'alone alone alone alone'
}

killed_script_takes_the_machine_along() {
	started && kill -KILL "$started"
	wait "$started" 2>/dev/null
	session_ends
}

shell_on_a_terminal() {
	mkfifo "$scratch/keys"
	script -qec "stty rows 33 cols 111; '$here/vm/run.sh'" /dev/null <"$scratch/keys" >"$scratch/out" 2>&1 &
	exec 3>"$scratch/keys"
	until grep -q 'root@.*#' "$scratch/out"; do
		kill -0 $! 2>/dev/null || break
		nap
	done
	printf 'stty size; tty; exit 7\r' >&3
	wait $!
	status=$?
	exec 3>&-
	is "$status" 7 && { grep -q '33 111' "$scratch/out" || is "$(cat "$scratch/out")" '33 111'; }
}

no_terminal_no_shell() {
	vm '' </dev/null
	is "$status" 1 && says 'needs a terminal'
}

# Two flavours of one version, and what is no build folder.
module_is_built_for_what_the_kernel_calls_itself() {
	local flavour headers
	local -a modules=()
	headers=$(headers)
	for flavour in flavour-a flavour-b; do
		cp -rs "$headers" "$scratch/$flavour"
		rm "$scratch/$flavour/include/generated/utsrelease.h"
		echo "#define UTS_RELEASE \"1-$flavour\"" >"$scratch/$flavour/include/generated/utsrelease.h"
		modules+=("$(KDIR=$scratch/$flavour "$here/vm/build.sh")") || return
	done
	is "$(modinfo -F vermagic "${modules[@]}" | cut -d ' ' -f 1 | xargs)" '1-flavour-a 1-flavour-b' || return
	KDIR=$scratch/flavour-a DESTDIR=$scratch/stage "$here/vm/build.sh" --install || return
	is "$(cd "$scratch/stage" && find . -name '*.ko')" ./lib/modules/1-flavour-a/updates/migsel.ko || return
	rm -r "$top"/.cache/build/1-flavour-[ab]
	! KDIR=$scratch "$here/vm/build.sh" 2>"$scratch/err" && says 'not ready to build modules with'
}

# A kernel tree of the caller's own, after the test kernel: with its modules installed in it.
own_tree() {
	local stock release
	stock=$(headers)
	release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' "$stock/include/generated/utsrelease.h")
	rm -rf "$scratch/tree"
	cp -rs "$stock" "$scratch/tree"
	mkdir -p "$scratch/tree/arch/x86/boot" "$scratch/tree/lib/modules"
	cp "$stock/.config" "$scratch/config"
	ln -s "$stock"/../../../boot/vmlinuz-"$release" "$scratch/tree/arch/x86/boot/bzImage"
	ln -s "$stock/../../../lib/modules/$release" "$scratch/tree/lib/modules/$release"
	cp "$scratch/tree/lib/modules/$release/modules.order" "$scratch/tree/"
}

kernel_of_a_tree() {
	own_tree || return
	cd "$scratch" || return
	BUILD=1 LOAD=1 KERNEL=./tree RUN='uname -r; migsel policy show; ip link add d0 type dummy; hostname' \
		"$here/vm/run.sh" >out 2>err || return
	is "$(sed 's/-tree-......$//' out | xargs)" \
		"$(ls tree/lib/modules) mode enforce unreachable refuse fallback first-vmk migsel-own"
}

# What `make kselftest` runs there.
selftests_of_a_tree() {
	own_tree || return
	local source folder net=tools/testing/selftests/net
	! KERNEL=$scratch/tree "$here/vm/fetch.sh" --selftests 2>"$scratch/err" && says 'no sources with it' || return
	source=$(KERNEL=uml "$here/vm/fetch.sh" --source) || return
	ln -s "$source" "$scratch/tree/source"
	folder=$(KERNEL=$scratch/tree "$here/vm/fetch.sh" --selftests) || return
	diff -r "$source/$net" "$folder/$net" && [[ -e $folder/usr/include/linux/if_link.h && $folder != "$source" ]]
}

# By virtiofs, from 6.12 on; and as 7.3 has it, with SYSCTL alone.
kernel_of_a_tree_without_9p() {
	KERNEL=6.12 own_tree || return
	rm "$scratch/tree/.config"
	sed 's/^CONFIG_9P_FS=m/# &/; s/^CONFIG_PROC_SYSCTL=y/# &/' "$scratch/config" >"$scratch/tree/.config"
	KERNEL=$scratch/tree OUT=$scratch/report vm 'grep -o "^[a-z]* /run/vm/share [a-z0-9]*" /proc/mounts; cmp Makefile '"$top"'/Makefile && echo a >"$OUT/b"'
	is "$status $(<"$scratch/out") $(<"$scratch/report/b")" '0 share /run/vm/share virtiofs a'
}

# Each in one line that says what to do. What is changed in the tree stays.
unfit_trees_are_refused() {
	own_tree || return
	local change expected
	rm "$scratch/tree/.config"
	while IFS='|' read -r change expected; do
		(cd "$scratch/tree" && cp -f ../config .config && eval "$change") || return
		KERNEL=$scratch/tree vm true
		is "$status $(wc -l <"$scratch/err")" '1 1' && says "KERNEL=$scratch/tree:* $expected" || return
	done <<-'EOF'
		sed -i 's/CONFIG_VETH=m/# &/; s/CONFIG_9P_FS=m/# &/; s/CONFIG_VIRTIO_FS=m/# &/' .config|lacks CONFIG_VETH CONFIG_9P_FS; to merge there: .*merge_config.sh .config /.*/selftests/config
		sed -i 's/CONFIG_X86_64=y/CONFIG_ARM64=y/' .config|configured for another machine
		rm lib/modules/*|its modules are neither there nor in /lib/modules
		rm modules.order|no modules.order: make modules there
		rm include/generated/utsrelease.h|is not ready
		rm arch/x86/boot/bzImage|no arch/x86/boot/bzImage: build the kernel there
		rm .config|not configured
		rm .config Makefile|no kernel tree
	EOF
	KERNEL=$scratch/none vm true
	is "$status" 1 && says 'there is no such folder'
}

unknown_kernel_is_refused() {
	KERNEL=1.0 vm true
	is "$status" 1 && says 'KERNEL=6.1'
}

unknown_architecture_is_refused() {
	ARCH=vax vm true
	is "$status" 1 && says 'ARCH=vax'
}

unknown_topic_is_refused() {
	! TOPICS='unit golden golded' "$here/check.sh" >"$scratch/out" 2>"$scratch/err" && says "no topic 'golded'"
}

kernels_are_summed_up() {
	! BUILD=1 KERNELS="1.0 $(default_kernel)" TOPICS=unit "$here/check.sh" >"$scratch/out" 2>"$scratch/err" || return
	grep -E '^==|^[0-9]+ passed' "$scratch/out" | sed -E 's/, [0-9]+ s$//; s/[1-9][0-9]* passed/N passed/' >"$scratch/lines"
	is "$(<"$scratch/lines")" "== 1.0: 0 passed, 1 failed, 0 skipped
== $(default_kernel): N passed, 0 failed, 0 skipped
N passed, 1 failed, 0 skipped"
}

# With a filled cache nothing is fetched.
works_without_network() {
	BUILD=1 unshare -rn make -s vm RUN=true
}

# shellcheck source=selftests/vm/lib.sh
default_kernel() { (. "$here/vm/lib.sh" && default_kernel); }

# What modules for the test kernel are built with.
headers() { (. "$here/vm/lib.sh" && "$here/vm/fetch.sh" && readlink -f "$kernel_dir/headers"); }

# What QEMU was last found to have.
accelerator() { (. "$here/vm/lib.sh" && cut -d ' ' -f 2 "$cache/accelerator"); }

# With every kernel; with each kind of machine; what is the scripts' alone, once.
tests=(guest_has kernel_warning_fails panic_fails)
case ${KERNEL-} in
'' | "$(default_kernel)" | uml | debug)
	tests+=(output_is_whole_though_processes_are_left module_is_loaded_and_out_is_written
		clone_below_tmp reboot_fails dead_boot_is_tried_again hang_is_ended
		stays_on_its_cpu_until_interrupted killed_script_takes_the_machine_along shell_on_a_terminal) ;;
esac
[[ ${KERNEL-} != debug ]] || tests+=(kcov_sees_the_module)
case ${KERNEL-} in
'' | "$(default_kernel)")
	tests+=(status_of_command_wins_over_warning
		dollar_from_environment_through_make dollar_doubled_on_the_command_line_of_make
		quotes_lines_folder_and_variables output_without_reader_ends_it
		module_is_built_for_what_the_kernel_calls_itself
		kernel_of_a_tree selftests_of_a_tree kernel_of_a_tree_without_9p unfit_trees_are_refused
		one_cpu_that_counts jobs_are_spread places_are_shared no_terminal_no_shell
		unknown_kernel_is_refused unknown_architecture_is_refused unknown_topic_is_refused
		kernels_are_summed_up works_without_network) ;;
esac
(($# == 0)) || tests=("$@")

run_tests "${tests[@]}"
