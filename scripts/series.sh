#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# series.sh [ TREE [ FOLDER ] ]    the patches that add migsel to the kernel tree TREE (default: the
#                                  newest source that the test kernels have, fetched if it is not
#                                  there), written to FOLDER (default: series), and which they are
#
# TREE is not written to. What is generated from the specification is made by its generator. Git says
# who signs the patches off.
set -euo pipefail
top=$(realpath "$(dirname "$0")/..")
out=$(realpath -m "${2:-$top/series}")

die() {
	echo "series: $*" >&2
	exit 1
}

"$top/selftests/vm/need.sh" series
tree=${1:-$(KERNEL=7.3 "$top/selftests/vm/fetch.sh" --source)}
# What there is in a tree, and is added to.
lists=(MAINTAINERS net/Kconfig net/Makefile Documentation/networking/index.rst tools/testing/selftests/Makefile)
for file in "${lists[@]}"; do
	[[ -f $tree/$file ]] || die "TREE=$tree is no kernel tree: it has no $file"
done
tree=$(realpath "$tree")
[[ ! -e $tree/net/migsel ]] || die "TREE=$tree has net/migsel already"
git var GIT_COMMITTER_IDENT >/dev/null 2>&1 ||
	die 'git does not know who signs the patches off: git config --global user.name and user.email'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$top/Documentation" "$top/include" "$top/module" "$top/scripts" "$work/"
"$work/scripts/generate.sh" "$tree"

mkdir "$work/git"
cd "$work/git"
git init -q -b series
git config core.autocrlf false
git config commit.gpgsign false
(cd "$tree" && cp --parents -t "$work/git" "${lists[@]}")
git add -A
git commit -q -m base

# before LIST PATTERN: standard input into LIST, where the first line is that matches
before() {
	cat >"$work/text"
	awk -v pattern="$2" -v text="$work/text" '
		!done && $0 ~ pattern { while ((getline line <text) > 0) print line; done = 1 }
		{ print }
		END { exit !done }' "$1" >"$work/list" || die "$tree/$1 has no line like '$2'"
	cat "$work/list" >"$1"
}

# module FILE...: into net/migsel
module() {
	mkdir -p net/migsel
	(cd "$work/module" && cp -t "$work/git/net/migsel" "$@")
}

# patch: all that has changed since the last one; its message is standard input
patch() {
	git add -A
	git commit -q -s -F -
}

mkdir -p Documentation/netlink/specs include/uapi/linux
cp "$work/Documentation/netlink/specs/migsel.yaml" Documentation/netlink/specs/
cp "$work/include/uapi/linux/migsel.h" include/uapi/linux/
patch <<'EOF'
netlink: specs: add migsel

The family configures by which network device tagged traffic leaves, tells
why a packet leaves the way it does, and counts. What is generated from the
specification for user space comes with it.
EOF

module rule.c rule.h reasons.h
patch <<'EOF'
net: migsel: add the rule

The rule is a table: each row has a reason, the kinds of packets that it is
for, a condition, and which network devices come into question. It is kept
apart from the code that handles packets, and calls nothing, so that it can
be tested by itself.

Nothing of net/migsel is built before its last file is there.
EOF

module migsel.h upcalls.h cache_find.h {alarm,cache,decide,device,place,refuse,route,size,snap,stats,steered}.{c,h}
patch <<'EOF'
net: migsel: add the decision on a packet

The packet side reads an immutable snapshot of the configuration under RCU.
It looks a route up through the device that the rule has chosen. Flows that
share several devices are remembered, and so are verdicts for packets whose
socket cannot keep the route.
EOF

module sender.h trace.h {egress,hook,learn,path,pmtu,repeat}.{c,h}
patch <<'EOF'
net: migsel: add the hooks

A hook for each family in LOCAL_OUT puts the chosen route into packet and
socket, so that a connected socket pays for it once. A hook in LOCAL_IN
heeds ICMP messages about packets that were steered: the kernel would file
them for the plain route, and the flow would never learn. They are
registered in namespaces that have something to steer, and in no other.
EOF

module Kconfig main.c {draft,netlink,notifier,vmk}.{c,h} netlink_{alarm,config,gen,route}.c netlink_gen.h
cp "$work/module/Kbuild" net/migsel/Makefile
before net/Kconfig '^source "net/mpls/Kconfig"' <<<'source "net/migsel/Kconfig"'
echo $'obj-$(CONFIG_MIGSEL)\t\t+= migsel/' >>net/Makefile
patch <<'EOF'
net: migsel: add the configuration and its netlink family

A request makes a draft, in which all that can be wrong is found and its
attribute named. The draft is published as one snapshot. Devices that leave
take their entry along.

The generator knows no flags of multicast groups. That of the group for
alarms was put into netlink_gen.c by hand.
EOF

# In the module and in a suite are the same functions.
mkdir net/migsel/tests
(cd "$top/selftests" && cp kunit/*.[ch] unit/cases.h unit/{rule,multi,stack}_cases.c "$work/git/net/migsel/tests/")
cat >net/migsel/tests/Makefile <<'EOF'
# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_MIGSEL_KUNIT_TEST) += migsel_kunit.o

migsel_kunit-y := rule_kunit.o place_kunit.o snap_kunit.o

# Each suite includes the file that it tests.
ccflags-y := -I$(src)/.. -I$(src)
EOF
echo $'\nobj-$(CONFIG_MIGSEL_KUNIT_TEST) += tests/' >>net/migsel/Makefile
cat >>net/migsel/Kconfig <<'EOF'

config MIGSEL_KUNIT_TEST
	tristate "KUnit tests for migsel" if !KUNIT_ALL_TESTS
	depends on MIGSEL && KUNIT && FAULT_INJECTION && m
	default KUNIT_ALL_TESTS
	help
	  Tests the rule, the memory of flows and the snapshots of migsel. The
	  tests have copies of the functions that they test, so they can only
	  be built as a module.

	  If unsure, say N.
EOF
patch <<'EOF'
net: migsel: add KUnit tests

Of the rule, the memory of flows and the snapshot. A suite includes the
file that it tests, so that nothing is exported for it.
EOF

selftests=tools/testing/selftests/net/migsel
mkdir -p "$selftests"
(
	cd "$top/selftests"
	# shellcheck disable=SC2016  # for make
	mapfile -t files < <(make -s --eval='files: ; @printf "%s\n" $(TEST_PROGS) $(TEST_FILES) \
		$(wildcard $(TEST_GEN_FILES:=.c) $(TEST_GEN_FILES:=.S))' files | grep -v bench/)
	cp -t "$work/git/$selftests" config settings "${files[@]}"
	grep -v bench/ .gitignore >"$work/git/$selftests/.gitignore"
	# Without what is for the repository alone.
	sed -e '/^# What the module says by the tool/,/^TEST_PROGS_DEBUG/d' \
		-e '/^ifneq /d' -e '/^else$/,/^endif$/d' -e '/^list:/,$d' Makefile |
		cat -s | sed '$d' >"$work/git/$selftests/Makefile"
)
before tools/testing/selftests/Makefile '^TARGETS [+]= net/mptcp$' <<<'TARGETS += net/migsel'
patch <<'EOF'
selftests: net: add migsel

There are two hosts in network namespaces on a switch, which counts by
which port the packets of each flow came in: nothing that migsel says of
itself is taken on trust. The tests need the tool migsel on the path.
EOF

# The pages of the repository have sections on what a kernel tree does not have.
awk '
	{ line[NR] = $0 }
	END {
		for (i = 1; i <= NR; i++) {
			if (line[i + 1] ~ /^(===+|---+)$/ && line[i] ~ /^[A-Z]/)
				skip = line[i] ~ /^(The tool|Tests|Demo|Lab)$/
			if (!skip)
				print line[i]
		}
	}' "$work/Documentation/networking/migsel.rst" >Documentation/networking/migsel.rst
# shellcheck disable=SC2016  # quotes of the page
sed 's/^``selftests\/qmp.sh``, and ``make demo.*/``qmp.sh`` of the selftests:/' \
	"$work/Documentation/networking/migsel-engines.rst" >Documentation/networking/migsel-engines.rst
before Documentation/networking/index.rst '^   mpls-sysctl$' <<<$'   migsel\n   migsel-engines'
patch <<'EOF'
docs: networking: add migsel

The rule in full, how it works, which devices it can choose and what its
limits are; and how engines of virtual machines get their traffic tagged.
EOF

before MAINTAINERS '^MI[H-Z]' <<EOF
MIGSEL (MIGRATION EGRESS SELECTION)
M:	$(git var GIT_AUTHOR_IDENT | sed 's/>.*/>/')
L:	netdev@vger.kernel.org
S:	Maintained
F:	Documentation/netlink/specs/migsel.yaml
F:	Documentation/networking/migsel*
F:	include/uapi/linux/migsel.h
F:	net/migsel/
F:	tools/testing/selftests/net/migsel/

EOF
patch <<'EOF'
MAINTAINERS: add migsel

All of it has one maintainer.
EOF

git config branch.series.description "$(
	cat <<'EOF'
net: migsel: select the egress of migration traffic

ESXi moves a running virtual machine over a network device that is set apart
for it. If that device is in the same subnet as the first one, it gets
nothing to send: the traffic leaves by the first one, and nobody notices.
Linux has the same pitfall for another reason, as of two routes to one subnet
the first wins.

migsel has the rule of ESXi for tagged flows of a network namespace. It is
there to show the pitfall, to teach routing and to debug it; with a policy of
its own it is the cure, too. It is off by default, costs nothing in
namespaces where nothing is configured, and selects routes: it does not
decide who may talk to whom.

Why not a policy route, a VRF or tc: these choose by what a packet says. The
rule asks which devices share a subnet, whether a route by one of them is
there, and how many flows each has, and it has to say why it chose what it
chose.

Each patch builds. The code is not built before the fifth one, which adds
Kconfig and Makefile. The tool that configures it is not part of the series;
the specification of the family does for YNL.
EOF
)"
git format-patch -q --subject-prefix='PATCH net-next' --cover-letter --cover-from-description=subject \
	--no-signature -o "$work/patches" HEAD~9..
rm -rf "$out"
mkdir -p "$(dirname "$out")"
mv "$work/patches" "$out"
printf '%s\n' "$out"/*.patch
