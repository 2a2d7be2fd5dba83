# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the first shell of the lab reads: it builds the hosts, shows them, and becomes a
# shell on the first of them.

lab=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
export LAB_PLACES='esx-a esx-b switch'
if [[ -e $HOME/described.sh ]]; then
	LAB_PLACES='host peer'
fi
echo "lab: building ${LAB_PLACES// /, }"
"$lab/build.sh" || exit
cd || exit
if [[ ${LAB-} == tmux ]]; then
	exec "$lab/panes.sh" "${LAB_PLACES%% *}"
fi
"$lab/welcome.sh"
exec "$lab/enter.sh" "${LAB_PLACES%% *}"
