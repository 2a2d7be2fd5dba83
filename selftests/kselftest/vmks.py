#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""vmks.py OBSERVE PASS MIGRATION: makes every device but loopback a vmk, in this network
namespace and each that `ip netns` names; one that `unshare` makes is not seen. A device is a
vmk as soon as it has an address that is not link-local: one without is never usable, and as
the first vmk it would leave nothing to steer. The arguments are 0 or 1: what the policy is,
and whether the vmks carry migration traffic. SIGTERM ends it: it then prints how many vmks
there were, and how many packets were decided by which row."""

import ctypes
import os
import select
import signal
import socket
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/..")
import family  # noqa: E402  # pylint: disable=wrong-import-position

NAMES = "/run/netns"
NEWNET = 0x40000000
IN_CREATE, IN_DELETE, IN_NONBLOCK = 0x100, 0x200, os.O_NONBLOCK
RTM_DELLINK, RTM_NEWADDR, RTM_GETADDR, RT_SCOPE_UNIVERSE = 17, 20, 22, 0
GROUPS = 0x1 | 0x10 | 0x100  # links, addresses of IPv4, of IPv6
LOOPBACK = 1  # its index in every namespace
libc = ctypes.CDLL(None, use_errno=True)
observe, passes, migration = (int(number) for number in sys.argv[1:4])
vmks, decided = 0, {}


def enter(path):
    """False while `ip netns add` has not mounted it."""
    with open(path, "rb") as file:
        return libc.setns(file.fileno(), NEWNET) == 0


class Namespace:
    def __init__(self):
        self.known = set()
        self.events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        self.events.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.events.bind((0, GROUPS))
        self.migsel = family.Netlink()
        policy = family.fields("policy", mode=observe, unreachable=passes)
        family.must(self.migsel.ask(family.CMD.POLICY_SET, policy), "policy")
        self.list_addresses()

    def list_addresses(self):
        self.events.send(struct.pack("=IHHIIBBBBI", 24, RTM_GETADDR, 0x301, 1, 0, 0, 0, 0, 0, 0))

    def read(self):
        while True:
            try:
                data = self.events.recv(1 << 17)
            except BlockingIOError:
                return
            except OSError:  # too much at a time
                self.list_addresses()
                continue
            while len(data) >= 16:
                size, kind = struct.unpack_from("=IH", data)
                if kind == RTM_DELLINK:
                    self.known.discard(struct.unpack_from("=i", data, 20)[0])
                elif kind == RTM_NEWADDR:
                    self.address(*struct.unpack_from("=Bi", data, 19))
                data = data[(size + 3) & ~3:]

    def address(self, scope, index):
        global vmks
        if scope != RT_SCOPE_UNIVERSE or index == LOOPBACK or index in self.known:
            return
        self.known.add(index)
        vmk = family.fields("vmk", ifindex=index, migration=migration)
        reply = self.migsel.ask(family.CMD.VMK_ADD, vmk)
        vmks += not isinstance(reply, family.Refused)

    def close(self):
        """Counts; without its sockets the namespace may go."""
        rows = self.migsel.ask(family.CMD.STATS_GET, flags=family.DUMP)
        for row in [] if isinstance(rows, family.Refused) else rows:
            row = family.answer(row)
            reason = family.REASONS[family.number_of(row[family.A.STATS_REASON])]
            packets, = struct.unpack("=Q", row[family.A.STATS_PACKETS])
            decided[reason] = decided.get(reason, 0) + packets
        self.events.close()
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
    sockets[spaces[""].events.fileno()] = spaces[""]
    poll.register(spaces[""].events, select.POLLIN)
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
                sockets[space.events.fileno()] = space
                poll.register(space.events, select.POLLIN)
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
                        poll.unregister(space.events)
                        del sockets[space.events.fileno()]
                        space.close()
    finally:
        for space in spaces.values():
            space.close()
        rows = " ".join(f"{reason.replace('-', '_')}={decided[reason]}"
                        for reason in family.REASONS if decided.get(reason))
        print(f"{vmks} vmks; {rows}", flush=True)


main()
