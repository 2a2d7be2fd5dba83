#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Writes what is generated from the netlink specification: the uapi header and
# the module's family with its operations and policies. Needs the tree of a
# linux-source package, 6.12 or later, for its YNL generator.
#
# usage: scripts/generate.sh LINUX_SOURCE_TREE

set -euo pipefail

[ $# -eq 1 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 255; }
tree=$(realpath "$1")
top=$(realpath "$(dirname "$0")/..")
generator=$tree/tools/net/ynl/ynl-gen-c.py
[ -f "$generator" ] || generator=$tree/tools/net/ynl/pyynl/ynl_gen_c.py
[ -f "$generator" ] || {
	echo "generate: no YNL generator in $tree: give the tree of a linux-source package, 6.12 or later" >&2
	exit 1
}

# The generator finds the top of a tree by its MAINTAINERS file and the schema
# one folder above the specification.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/Documentation/netlink/specs"
touch "$work/MAINTAINERS"
cp "$tree"/Documentation/netlink/*.yaml "$work/Documentation/netlink/"
cp "$top/Documentation/netlink/specs/migsel.yaml" "$work/Documentation/netlink/specs/"
# The generator of 6.12 knows this flag, its schema only that of older protocols.
sed -i 's/enum: \[ admin-perm \]/enum: [ admin-perm, uns-admin-perm ]/' "$work/Documentation/netlink/genetlink.yaml"
cd "$work"

ynl() {
	python3 "$generator" --spec Documentation/netlink/specs/migsel.yaml "$@"
}

ynl --mode uapi --header -o migsel.h

ynl --mode kernel --source -o netlink_gen.c
ynl --mode kernel --header -o netlink_gen.h

# The generator drops the flags of multicast groups.
sed -i 's/{ "alarm", }/{ "alarm", GENL_MCAST_CAP_NET_ADMIN, }/' netlink_gen.c
grep -q '"alarm", GENL_MCAST_CAP_NET_ADMIN' netlink_gen.c

cp migsel.h "$top/include/uapi/linux/migsel.h"
cp netlink_gen.c netlink_gen.h "$top/module/"
