#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# virtiofs.sh FOLDER TAG=PLACE... -- COMMAND...    COMMAND, which is QEMU, while virtiofsd
#                     serves each PLACE at the socket FOLDER/TAG; for a kernel without 9p
set -euo pipefail

folder=$1 places=()
while shift && [[ $1 != -- ]]; do
	places+=("$1")
done
shift

# To / itself its sandbox cannot pivot. Debian's own package, or what came with QEMU before 8.0.
for daemon in /usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd; do
	[[ ! -x $daemon ]] || break
done
for place in "${places[@]}"; do
	socket=$folder/${place%%=*}
	rm -f "$socket"
	options=(--socket-path="$socket")
	if [[ $daemon == */qemu/* ]]; then
		options+=(-f -o sandbox=chroot -o "source=${place#*=}" -o log_level=err)
	else
		options+=(--sandbox=chroot --shared-dir="${place#*=}" --log-level=error)
		[[ $place != host=* || $("$daemon" --help) != *--readonly* ]] || options+=(--readonly)
	fi
	setpriv --pdeathsig KILL "$daemon" "${options[@]}" &
	until [[ -S $socket ]]; do
		kill -0 $! || { echo "virtiofs.sh: virtiofsd does not serve ${place#*=}" >&2; exit 1; }
		sleep 0.1
	done
done
exec "$@"
