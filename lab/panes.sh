#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# panes.sh PLACE    the lab in tmux: a shell on this host, and what can be watched there meanwhile
set -euo pipefail
place=$1
# As a word for sh.
here=$(printf %q "$(dirname "$(readlink -f "$0")")")

# What begins a connection, or asks for an echo, by the NIC that it leaves by.
new='outbound and (tcp[tcpflags] == tcp-syn or (ip6[6] == 6 and ip6[53] == 2) or icmp[icmptype] == icmp-echo)'

# tmux ends with the shell, unless that was killed: then the host is being built anew.
tmux -u -L lab new-session -d -s lab "$here/welcome.sh; $here/enter.sh $place && tmux -L lab kill-session -t lab"
pane() { tmux -L lab split-window -d "$@"; }
pane -t lab:0.0 -v -l 40% "$here/enter.sh $place $here/rates.sh"
pane -t lab:0.1 -h "$here/enter.sh $place tcpdump -i any -n -l -q '$new'"
pane -t lab:0.1 -v "$here/enter.sh $place migsel -t monitor"
tmux -L lab set-option -g mouse on
# What an exercise ends by building its host anew, begins again there.
tmux -L lab set-option -g remain-on-exit on
exec tmux -u -L lab attach-session -t lab
