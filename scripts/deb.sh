#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the Debian packages of debian/ into the folder deb/, with what docs.sh makes, and
# prints where they are. The sources stay as they are.
#
# usage: scripts/deb.sh

set -euo pipefail
top=$(realpath "$(dirname "$0")/..")
cd "$top"
selftests/vm/need.sh build docs package

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/migsel"
cp -r COPYING Documentation Kbuild README.md debian include module "$work/migsel/"
mkdir "$work/migsel/userspace"
cp --parents scripts/dkms.sh "$work/migsel/"
find userspace -type f ! -name '*.[od]' ! -path userspace/migsel -exec cp --parents -t "$work/migsel" {} +

scripts/docs.sh "$work/migsel/docs-html" >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	echo 'deb: the documentation does not build' >&2
	exit 1
}
echo 'deb: building the packages' >&2
# The build must not see what the caller's make was told.
(cd "$work/migsel" && env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u DESTDIR -u PREFIX \
	dpkg-buildpackage -b -us -uc) >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	echo 'deb: the packages do not build' >&2
	exit 1
}
rm -rf deb
mkdir deb
mv "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo deb/
ls "$PWD"/deb/*.deb
