# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # what the tests read
#
# The numbers of the netlink family, read from its header; sourced, not run.

uapi_header=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../include/uapi/linux/migsel.h

# Every reason, in the order of their numbers.
mapfile -t all_reasons < <(sed -n 's/^\tMIGSEL_REASON_\([A-Z_]*\),$/\L\1/p' "$uapi_header" | tr _ -)
