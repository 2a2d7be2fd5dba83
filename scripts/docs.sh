#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# docs.sh [ FOLDER ]    Documentation/ as HTML, written to FOLDER (default: docs-html).
#                       A warning is an error, and so is a reference that leads nowhere.
#                       The page where the rule runs is among them
#
# What the pages of the netlink family and of the module's functions say is in the
# specification and in the comments of the sources. The generators are those of the kernel's
# source, which is fetched if it is not there.
set -euo pipefail
export LC_ALL=C.UTF-8
top=$(realpath "$(dirname "$0")/..")
out=$(realpath -m "${1:-$top/docs-html}")
"$top/selftests/vm/need.sh" docs
tree=$(KERNEL=uml "$top/selftests/vm/fetch.sh" --source)
generator=$tree/tools/net/ynl/ynl-gen-rst.py
[[ -f $generator ]] || generator=$tree/tools/net/ynl/pyynl/ynl_gen_rst.py
[[ -f $generator ]] || { echo "docs: no YNL generator in $tree" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$top/Documentation" "$work/pages"
python3 -B "$generator" -i "$top/Documentation/netlink/specs/migsel.yaml" -o "$work/pages/family.rst"

# title TEXT CHARACTER
title() { printf '%s\n%s\n\n' "$1" "${1//?/$2}"; }

# The rule first, then a section for each pair of source and header. Structures have a
# namespace of their own in C, but not in Sphinx.
cd "$top/module"
{
	title 'The functions of the module' =
	mapfile -t units < <(grep -l '^/\*\*' -- *.[ch] | sed 's/\.[ch]$//' | sort -u)
	for unit in rule "${units[@]/#rule/}"; do
		[[ $unit ]] || continue
		title "module/$unit" -
		mapfile -t files < <(grep -l '^/\*\*' -- "$unit".[ch])
		"$tree/scripts/kernel-doc" -Werror -rst "${files[@]}" |
			sed 's/^\.\. c:function::/.. c:namespace:: functions\n\n&/; s/^\.\. c:\(struct\|union\|enum\)::/.. c:namespace:: NULL\n\n&/'
	done
} >"$work/pages/functions.rst"

sphinx-build -q -W -n --keep-going -E -d "$work/trees" -b html "$work/pages" "$work/html"
"$top/explore/build.sh" "$work/html/explore.html" networking/migsel.html
rm -rf "$work/html/.buildinfo" "$out"
mkdir -p "$(dirname "$out")"
mv "$work/html" "$out"
echo "$out/index.html"
