#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs is what it did when the baseline was written, with few vmks and with
# many: selftests/bench/. Counts instructions, so it has to be run with ICOUNT=1:
# ICOUNT=1 make vm RUN=selftests/cost.sh
here=$(dirname "$(readlink -f "$0")")

echo 'KTAP version 1'
((EUID == 0)) || { echo '1..0 # SKIP needs root'; exit 4; }
[[ ${ICOUNT:-0} != 0 ]] || { echo 'Bail out! the clock does not count instructions: ICOUNT=1'; exit 1; }
[[ -x $here/bench/packets ]] || make -s -C "$here" bench/packets || { echo 'Bail out! packets.c does not build'; exit 1; }
exec "$here/bench/bench.py" guard
