# SPDX-License-Identifier: GPL-2.0-only
"""Where is measured: a network namespace with some vmks and, for TCP, one that answers;
and the rows of the table, each with what makes such a place what the row says."""

import dataclasses
import itertools
import os
import select
import subprocess
import sys

HOT, COLD, TAG_MASK = 0x10000, 0x20000, 0x30000
FAR = {4: "198.18.0.1", 6: "2001:db8:ffff::1"}
OTHER = {4: "192.0.2.1", 6: "2001:db8:fffe::1"}
UNROUTED = {4: "192.0.2.9", 6: "2001:db8:fffe::9"}
FAR_NET = {4: "198.18.0.0/16", 6: "2001:db8:ffff::/64"}
TABLE = 100

numbers = itertools.count(1)


def key_of(figure):
    """What a figure is of, in the baseline."""
    return ", ".join(str(figure[word]) for word in ("size", "row", "family", "workload") if word in figure)


class Failed(Exception):
    """A command, with what it says."""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def own_address(family, shape, vmk, which=0):
    """An address of a vmk: S the same subnet for all vmks, D one for each of its addresses."""
    if shape == "S":
        return f"10.0.0.{vmk + 1}/24" if family == 4 else f"2001:db8::{vmk + 1:x}/64"
    if family == 4:
        return f"10.{vmk}.{which}.1/24"
    return f"2001:db8:{vmk:x}:{which:x}::1/64"


def peer_address(family, shape, vmk):
    if shape == "S":
        return f"10.0.0.{vmk + 101}/24" if family == 4 else f"2001:db8::{vmk + 0x101:x}/64"
    return f"10.{vmk}.0.101/24" if family == 4 else f"2001:db8:{vmk:x}::101/64"


def bare(address):
    return address.split("/", maxsplit=1)[0]


class Place:
    """A namespace with vmks that all have a route to FAR; the plain one is vmk0's. None has one
    to UNROUTED, but another device."""

    def __init__(self, shape="D", *, veth=False, vmks=3, addresses=1):
        self.shape, self.veth, self.vmks = shape, veth, vmks
        self.netns = f"bench-{os.getpid()}-{next(numbers)}"
        self.peer = f"{self.netns}-peer"
        self.background = []
        run("ip", "netns", "add", self.netns)
        if veth:
            run("ip", "netns", "add", self.peer)
        self.ip("link set lo up")
        self.ip(*self.links())
        self.ip(*(f"addr add {own_address(family, shape, vmk, which)} dev vmk{vmk}{self.nodad(family)}"
                  for vmk in range(vmks) for which in range(addresses) for family in (4, 6)))
        if veth:
            self.answer()
        self.ip(*(f"route add {self.route(family, vmk)} metric {vmk + 1}"
                  for vmk in range(vmks) for family in (4, 6)))
        self.ip("link add other up type dummy",
                *(f"addr add {address}/{24 if family == 4 else 64} dev other{self.nodad(family)}"
                  for family, address in OTHER.items()))

    @staticmethod
    def nodad(family):
        return " nodad" if family == 6 else ""

    def links(self):
        for vmk in range(self.vmks):
            if self.veth:
                yield f"link add vmk{vmk} type veth peer name peer{vmk} netns {self.peer}"
                yield f"link set vmk{vmk} up"
            else:
                yield f"link add vmk{vmk} up type dummy"

    def answer(self):
        lines = ["link set lo up"]
        lines += [f"addr add {address}/{32 if family == 4 else 128} dev lo" for family, address in FAR.items()]
        for vmk in range(self.vmks):
            lines.append(f"link set peer{vmk} up")
            lines += [f"addr add {peer_address(family, self.shape, vmk)} dev peer{vmk}{self.nodad(family)}"
                      for family in (4, 6)]
        run("ip", "-n", self.peer, "-b", "-", text="\n".join(lines))

    def route(self, family, vmk):
        return f"{FAR_NET[family]} via {bare(peer_address(family, self.shape, vmk))} dev vmk{vmk}"

    def ip(self, *lines):
        run("ip", "-n", self.netns, "-b", "-", text="\n".join(lines))

    def migsel(self, *lines):
        run("migsel", "-n", self.netns, "-b", "-", text="\n".join(lines))

    def inside(self, *command, text=None):
        return run("nsenter", f"--net=/run/netns/{self.netns}", *command, text=text)

    def start(self, *command):
        """What goes on until the place is gone."""
        started = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.background.append(started)
        return started

    def remove(self):
        for started in self.background:
            started.kill()
            started.wait()
        run("ip", "netns", "del", self.netns)
        if self.veth:
            run("ip", "netns", "del", self.peer)


def mark_rule(place):
    """A mark has the route of vmk1."""
    place.ip(*(f"route add {place.route(family, 1)} table {TABLE}" for family in (4, 6)))
    for family in (4, 6):
        run("ip", "-n", place.netns, f"-{family}", "rule", "add", "fwmark", f"{HOT:#x}/{TAG_MASK:#x}",
            "table", str(TABLE))


def vrf(place):
    place.ip(f"link add vrf0 up type vrf table {TABLE}", "link set vmk1 master vrf0",
             *(f"addr replace {own_address(family, place.shape, 1)} dev vmk1{place.nodad(family)}"
               for family in (4, 6)),
             *(f"route add {place.route(family, 1)} table {TABLE}" for family in (4, 6)))


def empty_hook(place):
    place.inside("insmod", os.environ["EMPTY_HOOK"])


def no_empty_hook(_place):
    run("rmmod", "empty_hook")


def nft_chain(kind, rule):
    def setup(place):
        place.inside("nft", "-f", "-",
                     text=f"table inet bench {{ chain output {{ type {kind} hook output priority filter; {rule}; }}; }}")
        if kind == "route":
            mark_rule(place)
    return setup


def iptables(place):
    mark_rule(place)
    for command in ("iptables", "ip6tables"):
        for protocol in ("udp", "tcp"):
            place.inside(command, "-t", "mangle", "-A", "OUTPUT", "-p", protocol, "--dport", "5001",
                         "-j", "MARK", "--set-mark", f"{HOT:#x}")


def tc_redirect(place):
    """With the address of the one that it is sent to."""
    pipe = []
    if place.veth:
        link = run("ip", "-n", place.peer, "-br", "link", "show", "dev", "peer1")
        pipe = ["action", "skbmod", "set", "dmac", link.split()[2], "pipe"]
    run("tc", "-n", place.netns, "qdisc", "add", "dev", "vmk0", "clsact")
    run("tc", "-n", place.netns, "filter", "add", "dev", "vmk0", "egress", "protocol", "all", "handle",
        f"{HOT:#x}/{TAG_MASK:#x}", "fw", *pipe, "action", "mirred", "egress", "redirect", "dev", "vmk1")


def vmks(*lines, policy=None):
    """Of migsel: vmk0, and what is added to it."""
    def setup(place):
        place.migsel("vmk add vmk0", *lines, *([f"policy set {policy}"] if policy else []))
    return setup


def send_hot(netns):
    """A datagram from there."""
    run("nsenter", f"--net=/run/netns/{netns}", sys.executable, "-c",
        "import socket; sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        f"sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, {HOT}); sock.sendto(b'x', ('{FAR[4]}', 9))")


def monitored(setup):
    """Until the first alarm is told, the module may not know that somebody listens."""
    def with_monitor(place):
        setup(place)
        monitor = place.start("migsel", "-n", place.netns, "monitor")
        while not select.select([monitor.stdout], [], [], 0.05)[0]:
            send_hot(place.netns)
    return with_monitor


@dataclasses.dataclass
class Row:
    """A row of the table: what makes a place, who sends there, and by which vmks; and the row of
    whom sends like that without a hook."""

    name: str
    label: str
    setup: object = None
    by: tuple = (1,)
    shape: str = "D"
    mark: int = 0
    device: str = None
    bound: bool = False
    undo: object = None
    base: str = "no-hook"

    def sender(self, family):
        words = []
        if self.mark:
            words += ["-m", hex(self.mark)]
        if self.device:
            words += ["-d", self.device]
        if self.bound:
            words += ["-s", bare(own_address(family, self.shape, 1))]
        return words


# Without the module. None of these makes a hook but those that say so.
PEERS = [
    Row("no-hook", "no hook", by=(0,)),
    Row("no-hook-bound", "no hook, bound", by=(0,), bound=True, base="no-hook-bound"),
    Row("empty-hook", "empty hook", empty_hook, by=(0,), undo=no_empty_hook),
    Row("so-mark", "SO_MARK, ip rule", mark_rule, mark=HOT),
    Row("bindtodevice", "SO_BINDTODEVICE", device="vmk1"),
    Row("vrf", "VRF", vrf, device="vrf0"),
    Row("nft-accept", "nft, accept", nft_chain("filter", "accept"), by=(0,)),
    Row("nft-route", "nft route chain, ip rule", nft_chain("route", f"th dport 5001 meta mark set {HOT:#x}")),
    Row("iptables", "iptables MARK, ip rule", iptables),
    Row("tc-redirect", "tc redirect", tc_redirect, mark=HOT),
]

DEDICATED = vmks("vmk add vmk1 migration on")
MULTI = vmks("vmk add vmk1 migration on", "vmk add vmk2 migration on")
MIGSEL = [
    Row("no-vmks", "no vmks", by=(0,), mark=HOT),
    Row("untagged", "untagged", DEDICATED, by=(0,)),
    Row("cold", "cold", DEDICATED, by=(0,), mark=COLD),
    Row("single-nic", "single-nic", vmks("vmk set vmk0 migration on"), by=(0,), mark=HOT),
    Row("dedicated", "dedicated", DEDICATED, mark=HOT),
    Row("same-subnet", "same-subnet", DEDICATED, by=(0,), shape="S", mark=HOT),
    Row("same-subnet-alarm", "same-subnet, monitored", monitored(DEDICATED), by=(0,), shape="S", mark=HOT),
    Row("strict", "strict", vmks("vmk add vmk1 migration on", policy="fallback strict"), shape="S", mark=HOT),
    Row("multi-nic", "multi-nic", MULTI, by=(1, 2), mark=HOT),
    Row("bound", "multi-nic, bound", MULTI, mark=HOT, bound=True, base="no-hook-bound"),
    Row("bound-device", "bound to device", DEDICATED, mark=HOT, device="vmk1", base="bindtodevice"),
    Row("observe", "observe", vmks("vmk add vmk1 migration on", policy="mode observe"), by=(0,), mark=HOT),
    Row("observe-multi", "observe, multi-nic",
        vmks("vmk add vmk1 migration on", "vmk add vmk2 migration on", policy="mode observe"), by=(0,), mark=HOT),
]
