#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# welcome.sh    what is where in the lab, and what to do there

kept() { printf '  %s\n\n' "What is written to $HOME stays; all else goes with the lab."; }

if [[ -e $HOME/described.sh ]]; then
	cat "$HOME/described.txt"
	echo
	for place in host peer; do
		echo "$place"
		ip -n "migsel-lab-$place" -br address | sed '/^lo\|^port/d; s/^/  /'
	done
	sed -n 's/^# \(The peer is\)/\1/p' "$HOME/described.sh"
	printf '  %s\n' '' 'host, peer      this shell goes there; peer COMMAND runs one there' \
		'welcome         this again; man migsel and TAB tell more' 'exit            ends the lab'
	kept
	exit
fi
cat <<'END'

        esx-a                        switch                        esx-b
  +-----------------+          +-----------------+          +-----------------+
  |  vmk0        10 +----------+ a-vmk0   b-vmk0 +----------+ 20        vmk0  |
  |  vmk1        11 +----------+ a-vmk1   b-vmk1 +----------+ 21        vmk1  |
  |  vmk2        12 +----------+ a-vmk2   b-vmk2 +----------+ 22        vmk2  |
  +-----------------+          +-----------------+          +-----------------+

  The numbers end the addresses: 10 is 192.0.2.10/24 and 2001:db8::10/64.
  esx-b has an iperf3 that listens. migsel knows no NIC yet: this is plain Linux.

  esx-a, esx-b, switch    this shell goes there; esx-b COMMAND runs one there
  welcome                 this picture; man migsel and TAB tell more
  exit                    ends the lab

  lab                     the exercises; for a start: lab start 1
END
kept
