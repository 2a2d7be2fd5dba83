# SPDX-License-Identifier: GPL-2.0-only
# The first packet of each connection that esx-a opens, as its NICs send it; sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # demo.sh, topology.sh and console.sh set the rest

capture=
# SYN without ACK; a filter looks into TCP over IPv6 by offset only.
first_packets='tcp[tcpflags] & (tcp-syn | tcp-ack) == tcp-syn or (ip6[6] == 6 and ip6[53] & 0x12 == 2)'

# It may take seconds to begin: meanwhile the scenario goes on.
begin_capture() {
	local enter nic
	local -a options=(-q -s 128 -f "$first_packets")
	for nic in $nics; do
		options+=(-i "$nic")
	done
	enter esx-a
	"${enter[@]}" dumpcap "${options[@]}" -w "$measured/capture" >/dev/null 2>"$measured/capture.log" &
	capture=$!
}

# Told by name of the file, once all of the NICs are open.
await_capture() {
	until [[ -s $measured/capture.log && $(<"$measured/capture.log") == *File:* ]]; do
		kill -0 "$capture" 2>/dev/null || die "cannot capture: $(<"$measured/capture.log")"
		read -rt 0.02 -u "$never" || :
	done
}

end_capture() { [[ -z $capture ]] || kill "$capture" 2>/dev/null || :; }

# libpcap hands packets over after a quarter of a second at most: those that it still
# has when the capture ends are lost.
keep_capture() {
	read -rt 1 -u "$never" || :
	end_capture
	wait "$capture" || die "the capture failed: $(<"$measured/capture.log")"
	capture=
	"${fast}cat" "$measured/capture" >"$OUT/scenario-${measured##*/}.pcapng"
}
