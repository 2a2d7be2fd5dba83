#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# enter.sh PLACE [COMMAND...]    a shell on a host of the lab or its switch, or a command there
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

place=$1
netns=/run/netns/$place
# What `migsel explain as-lab` calls it.
[[ -e $netns ]] || netns=/run/netns/migsel-lab-$place
shift
(($#)) || set -- env LAB_PLACE="$place" bash --rcfile "$here/shell.sh" -i
exec nsenter --net="$netns" "$@"
