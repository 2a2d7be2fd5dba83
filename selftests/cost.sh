#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs is what it did when the baseline was written, with few vmks and with
# many: selftests/bench/. Counts instructions, so it has to be run with ICOUNT=1:
# ICOUNT=1 make vm RUN=selftests/cost.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

need python3
[[ ${ICOUNT:-0} != 0 ]] || ktap_exit_fail_msg 'the clock does not count instructions: ICOUNT=1'
[[ -x $here/bench/packets ]] || make -s -C "$here" bench/packets || ktap_exit_fail_msg 'packets.c does not build'
"$here/bench/bench.py" guard
