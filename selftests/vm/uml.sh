# SPDX-License-Identifier: GPL-2.0-only
# How a test kernel runs in user mode, as a process of the host; sourced by run.sh.
# shellcheck shell=bash disable=SC2034,SC2054,SC2154  # lib.sh and run.sh set them

# uml_machine FOLDER TERMINAL: into the array machine_command; the kernel's log is its
# standard output. FOLDER takes what it keeps of its own; the descriptor TERMINAL, where
# there is one, is the guest's /dev/tty1. There is one CPU.
uml_machine() {
	[[ ${ICOUNT:-0} == 0 ]] || die 'ICOUNT=1 needs a test kernel under QEMU, not KERNEL=uml'
	[[ $1 != *[[:space:]]* ]] || die 'KERNEL=uml needs a TMPDIR without spaces'
	machine_command=("$kernel_dir/vmlinux" "mem=${MEM:-1024}M" "initrd=$1/initramfs"
		"uml_dir=$1" umid=machine noreboot con=null ssl=null con0=null,fd:1
		"con1=${2:+fd:$2,fd:}${2:-null}" console=tty0 loglevel=5 cryptomgr.notests
		panic=-1 oops=panic rcupdate.rcu_cpu_stall_timeout=60 "testkernel.share=$1")
}
