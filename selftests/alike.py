#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""alike.py FAMILY KIND: two senders of hot traffic that take turns, and are alike but in
KIND, unconnected but where that is what they are. Prints how many packets of each were refused.
They are one socket that changes before each packet, but where no socket can change so.
One sender, while something changes, is KIND configuration (d1 takes the place of d0 as migration
vmk), rule and own rule (one comes that refuses routes by d1, by d0), route (that by d1 goes), nexthop
(that by d1 is by d0 then), link (that of d1 goes), none (d1 is no migration vmk any more) and mode (what
is decided is enforced). It sends as much before the change as after it if that is connect (it connects to
where it has sent), rebind (it was bound to d1's address and is bound to one of d0 then, but names d1's as
the source), or with "connected " before it: then it is connected. What changes may then be its own: tag,
device (it binds itself to d0), release (it was bound before), ds field, message (the DS field of each
message), elsewhere (the address of each message), peer (it connects to another one) and disconnect (it
names the address)."""

import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys

from family import COLD, HOT

ROUNDS = 10
# Those of IPv6, and the sources, have one hash in module/cache.c: only a comparison tells them apart.
# Of many others and of many ports some have the hash of the first.
FAR = {4: ("203.0.113.9", "203.0.113.10"), 6: ("2001:db8:f::1:0:2", "2001:db8:f::2:0:1")}
NET = {4: "203.0.113.0/24", 6: "2001:db8:f::/64"}
NEAR = {4: "198.51.100.9", 6: "2001:db8:1::9"}
SOURCE = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1:0:2", "2001:db8::2:0:1")}
ON_D1 = {4: "198.51.100.1", 6: "2001:db8:1::1"}
FIELD = {4: (socket.SOL_IP, socket.IP_TOS), 6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)}
PKTINFO = {4: (socket.SOL_IP, 8), 6: (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)}
# What the first sender is, if it is not an ordinary one.
FIRST = {"bound": "unbound", "bound elsewhere": "bound far", "proto": "other proto", "source": "other source",
         "way": "other source", "other way": "other source", "flow": "flow"}
# What messages ask for.
WAYS = {"way": "d0", "other way": "d2"}
# What raw sockets are bound to.
BIND = {"bound": ON_D1, "bound far": ON_D1, "bound elsewhere": {4: "192.0.2.1", 6: "2001:db8::1:0:2"},
        "unbound": {4: "", 6: ""}}
SOCKETS = ("flow", "source port")  # two of them
MANY = 200
RAW = 253  # a protocol for experiments, without ports


def inet(family):
    return socket.AF_INET if family == 4 else socket.AF_INET6


def other(family, i):
    return f"203.0.113.{11 + i}" if family == 4 else f"2001:db8:f::{i + 1:x}"


def pktinfo(family, source, device=""):
    """The message that asks for a source and a device."""
    index = socket.if_nametoindex(device) if device else 0
    address = socket.inet_pton(inet(family), source)
    return *PKTINFO[family], (struct.pack("=i", index) + address + bytes(4) if family == 4 else
                              address + struct.pack("=i", index))


def disconnect(sock):
    """As connect() to AF_UNSPEC, which Python does not offer."""
    address = struct.pack("=H14x", socket.AF_UNSPEC)
    if ctypes.CDLL(None, use_errno=True).connect(sock.fileno(), address, len(address)):
        raise OSError(ctypes.get_errno(), "connect")


def header(family, proto, to):
    """That of an empty packet, which IPv4 fills in."""
    to = socket.inet_pton(inet(family), to)
    if family == 4:
        return struct.pack("!BBHIBBHI4s", 0x45, 0, 0, 0, 64, proto, 0, 0, to)
    return struct.pack("!IHBB16s16s", 6 << 28, 64, proto, 64, socket.inet_pton(inet(6), SOURCE[6][0]), to)


class Sender:
    def __init__(self, family, kind="", sock=None):
        self.family, self.kind, self.refused = family, kind, 0
        self.sock = sock or self.open()
        self.to = (NEAR[family] if kind in ("bound", "unbound") else FAR[family][0], 7002)
        self.others = []
        if kind == "destination":
            self.others = [(FAR[family][1], 7002), *((other(family, i), 7002) for i in range(MANY - 1))]
        if kind == "port":
            self.others = [(self.to[0], 7003 + i) for i in range(MANY)]
        self.text = b"x" * 64
        if "proto" in kind:
            self.text = header(family, RAW + (kind == "other proto"), self.to[0]) + self.text
        if self.sock.type == socket.SOCK_RAW:
            self.to = (self.to[0], 0)
        self.control = []
        if "source" in kind and kind not in SOCKETS:
            self.control = [pktinfo(family, SOURCE[family][kind == "source"])]
        if kind in WAYS:
            self.control = [pktinfo(family, SOURCE[family][0], WAYS[kind])]
        if kind == "bound elsewhere":
            self.control = [pktinfo(family, ON_D1[family])]
        if kind in ("flow", "connected"):
            self.sock.connect(self.to)
        self.to = None if kind == "connected" else self.to

    def open(self):
        if "proto" in self.kind:
            return socket.socket(inet(self.family), socket.SOCK_RAW, socket.IPPROTO_RAW)
        if self.kind in BIND:
            return socket.socket(inet(self.family), socket.SOCK_RAW, RAW)
        sock = socket.socket(inet(self.family), socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if self.kind == "flow" else socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        # A port that it has not asked for, it can have again.
        sock.bind((ON_D1[self.family], 0) if self.kind == "rebind" else
                  ("", 7001 if self.kind == "source port" else 7000))
        return sock

    def change(self):
        """The socket becomes this sender's."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, HOT | (self.kind == "mark") << 8)
        self.sock.setsockopt(*FIELD[self.family], 0x10 if self.kind == "ds field" else 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"d0" if self.kind == "device" else b"")
        os.fchown(self.sock.fileno(), 1000 if self.kind == "uid" else 0, -1)
        if self.kind in BIND:
            self.sock.bind((BIND[self.kind][self.family], 0))

    def send(self):
        for to in self.others or [self.to]:
            try:
                self.sock.sendmsg([self.text], self.control, 0, to)
            except OSError as error:
                if error.errno != errno.EHOSTUNREACH:
                    raise
                self.refused += 1


CHANGES = {"configuration": ("migsel -b -", "vmk set d0 migration off\nvmk set d1 migration on\n"),
           "rule": ("ip -{} rule add oif d1 unreachable priority 10", ""),
           "own rule": ("ip -{} rule add oif d0 unreachable priority 10", ""),
           "route": ("ip -{} route del {} dev d1", ""),
           "nexthop": ("ip -{} nexthop replace id 1 dev d0", ""),
           "link": ("ip link set d1 carrier off", ""),
           "none": ("migsel vmk set d1 migration off", ""),
           "mode": ("migsel policy set mode enforce", "")}


def change(family, kind, sender):
    if kind in CHANGES:
        command, text = CHANGES[kind]
        subprocess.run(command.format(family, NET[family]).split(), input=text, text=True, check=True)
    elif kind == "tag":
        sender.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, COLD)
    elif kind == "device":
        sender.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"d0")
    elif kind == "release":
        sender.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"")
    elif kind == "ds field":
        sender.sock.setsockopt(*FIELD[family], 0x10)
    elif kind == "message":
        sender.control = [(*FIELD[family], struct.pack("=i", 0x10))]
    elif kind == "elsewhere":
        sender.to = (FAR[family][1], 7002)
    elif kind == "connect":
        sender.sock.connect(sender.to)
        sender.to = None
    elif kind in ("disconnect", "rebind"):
        port = sender.sock.getsockname()[1]
        disconnect(sender.sock)
        if kind == "rebind":
            sender.sock.bind((SOURCE[family][0], port))
            sender.control = [pktinfo(family, ON_D1[family])]
        sender.to = (FAR[family][0], 7002)
    elif kind == "peer":
        sender.sock.connect((FAR[family][1], 7002))
    else:
        sys.exit(f"alike.py: no KIND {kind}")


def changed(family, kind, before, sender):
    """One sender, before and right after a change."""
    sender.change()
    for _ in range(before):
        sender.send()
    change(family, kind, sender)
    for _ in range(ROUNDS):
        sender.send()
    print(sender.refused, 0)


def main(family, kind):
    if kind in CHANGES:
        changed(family, kind, 1, Sender(family))
        return
    if kind in ("connect", "rebind"):
        changed(family, kind, ROUNDS, Sender(family, kind if kind == "rebind" else ""))
        return
    if kind.startswith("connected "):
        kind = kind.removeprefix("connected ")
        sender = Sender(family, "connected")
        if kind == "release":
            sender.kind = "device"
        changed(family, kind, ROUNDS, sender)
        return
    first = Sender(family, FIRST.get(kind, ""))
    second = Sender(family, kind, None if kind in SOCKETS else first.sock)
    for _ in range(ROUNDS):
        for sender in first, second:
            sender.change()
            sender.send()
    print(first.refused, second.refused)


main(int(sys.argv[1]), sys.argv[2])
