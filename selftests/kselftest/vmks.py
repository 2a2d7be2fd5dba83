#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""vmks.py OBSERVE PASS MIGRATION: makes every device but loopback a vmk, as soon as it is
there, in this network namespace and each that `ip netns` names; one that `unshare` makes is
not seen. What a namespace is born with is one once it is up: else the first vmk would be a
tunnel's device that is down, in every namespace. The arguments are 0 or 1: what the policy
is, and whether the vmks carry migration traffic. SIGTERM ends it: it then prints how many
vmks there were, and how many packets were decided by which row."""

import ctypes
import os
import re
import select
import signal
import socket
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/..")
import netlink  # noqa: E402  # pylint: disable=wrong-import-position

NAMES = "/run/netns"
NEWNET = 0x40000000
IN_CREATE, IN_DELETE, IN_NONBLOCK = 0x100, 0x200, os.O_NONBLOCK
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, GROUP_LINK = 16, 17, 18, 1
IFF_UP, IFF_LOOPBACK, IFLA_IFNAME = 1, 8, 3
BORN = {b"tunl0", b"gre0", b"gretap0", b"erspan0", b"sit0", b"ip_vti0",
        b"ip6tnl0", b"ip6gre0", b"ip6_vti0"}
libc = ctypes.CDLL(None, use_errno=True)
with open(HERE + "/../../include/uapi/linux/migsel.h", encoding="utf-8") as header:
    REASONS = re.findall(r"^\tMIGSEL_REASON_(\w+),", header.read(), re.M)
observe, passes, migration = (int(number) for number in sys.argv[1:4])
vmks, decided = 0, {}


def enter(path):
    """False while `ip netns add` has not mounted it."""
    with open(path, "rb") as file:
        return libc.setns(file.fileno(), NEWNET) == 0


class Namespace:
    def __init__(self):
        self.known = set()
        self.links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        self.links.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.links.bind((0, GROUP_LINK))
        self.migsel = netlink.Netlink()
        policy = netlink.attr(1, netlink.u32(observe)) + netlink.attr(2, netlink.u32(passes))
        netlink.must(self.migsel.ask(netlink.POLICY_SET, policy), "policy")
        self.list()

    def list(self):
        self.links.send(struct.pack("=IHHIIBBHiII", 32, RTM_GETLINK, 0x301, 1, 0, 0, 0, 0, 0, 0, 0))

    def read(self):
        while True:
            try:
                data = self.links.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError:  # too much at a time
                self.list()
                continue
            while len(data) >= 16:
                size, kind = struct.unpack_from("=IH", data)
                if kind in (RTM_NEWLINK, RTM_DELLINK):
                    name = netlink.attrs(data[32:size]).get(IFLA_IFNAME, b"").rstrip(b"\0")
                    self.link(kind, name, *struct.unpack_from("=iI", data, 20))
                data = data[(size + 3) & ~3:]

    def link(self, kind, name, index, flags):
        global vmks
        if kind == RTM_DELLINK:
            self.known.discard(index)
        elif name in BORN and not flags & IFF_UP:
            pass
        elif not flags & IFF_LOOPBACK and index not in self.known:
            self.known.add(index)
            more = netlink.attr(4, netlink.u32(migration))
            reply = self.migsel.ask(netlink.VMK_ADD, netlink.attr(1, netlink.u32(index)) + more)
            vmks += not isinstance(reply, netlink.Refused)

    def close(self):
        """Counts; without its sockets the namespace may go."""
        rows = self.migsel.ask(netlink.STATS_GET, flags=netlink.DUMP)
        for row in [] if isinstance(rows, netlink.Refused) else rows:
            row = netlink.attrs(row[4:])
            reason, = struct.unpack("=I", row[1])
            decided[reason] = decided.get(reason, 0) + struct.unpack("=Q", row[2])[0]
        self.links.close()
        self.migsel.socket.close()


def ended(*_):
    raise SystemExit


def main():
    signal.signal(signal.SIGTERM, ended)
    os.makedirs(NAMES, exist_ok=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    watch = libc.inotify_init1(IN_NONBLOCK)
    libc.inotify_add_watch(watch, NAMES.encode(), IN_CREATE | IN_DELETE)
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    spaces, sockets, waiting = {"": Namespace()}, {}, set(os.listdir(NAMES))
    sockets[spaces[""].links.fileno()] = spaces[""]
    poll.register(spaces[""].links, select.POLLIN)
    print("ready", flush=True)
    try:
        while True:
            for name in list(waiting):
                try:
                    if not enter(f"{NAMES}/{name}"):
                        continue
                except FileNotFoundError:
                    waiting.discard(name)
                    continue
                spaces[name] = space = Namespace()
                libc.setns(home, NEWNET)
                sockets[space.links.fileno()] = space
                poll.register(space.links, select.POLLIN)
                waiting.discard(name)
            for number, _ in poll.poll(5 if waiting else None):
                if number != watch:
                    if number in sockets:  # else it has just gone
                        sockets[number].read()
                    continue
                data = os.read(watch, 1 << 16)
                while data:
                    _, mask, _, size = struct.unpack_from("=iIII", data)
                    name = data[16:16 + size].rstrip(b"\0").decode()
                    data = data[16 + size:]
                    if mask & IN_CREATE:
                        waiting.add(name)
                        continue
                    waiting.discard(name)
                    space = spaces.pop(name, None)
                    if space:
                        poll.unregister(space.links)
                        del sockets[space.links.fileno()]
                        space.close()
    finally:
        for space in spaces.values():
            space.close()
        rows = " ".join(f"{REASONS[row].lower()}={decided[row]}"
                        for row in sorted(decided) if decided[row])
        print(f"{vmks} vmks; {rows}", flush=True)


main()
