# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a shell in the test kernel reads: it completes, has the page of migsel, and keeps
# its history in the folder that is kept.

repository=$(readlink -f "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..")
PS1='\u@\h:\w\$ '
HISTFILE=$HOME/.bash_history
shopt -s checkwinsize histappend
# shellcheck source=/dev/null
[[ ! -r /usr/share/bash-completion/bash_completion ]] || . /usr/share/bash-completion/bash_completion
# shellcheck source=userspace/completion/migsel.bash
. "$repository/userspace/completion/migsel.bash"
if [[ ! -e /tmp/man ]]; then
	mkdir -p /tmp/man/man8
	ln -s "$repository/Documentation/man/migsel.8" /tmp/man/man8/
fi
# What ends in a colon goes before the pages of the host.
export MANPATH=/tmp/man:
