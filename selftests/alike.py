#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""alike.py FAMILY KIND: two senders of hot traffic that take turns, and are alike but in
KIND, unconnected but where that is what they are. Prints how many packets of each were refused.
One sender, while something changes, is KIND configuration (d1 takes the place of d0 as migration
vmk), rule and own rule (one comes that refuses routes by d1, by d0), route (that by d1 goes), nexthop
(that by d1 is by d0 then), link (that of d1 goes), none (d1 is no migration vmk any more) and mode (what
is decided is enforced). With "connected " before it the sender is connected, and sends as much before
the change as after it. That may be one of its own: tag, device (it binds itself to d0), release (it was
bound before), ds field, message (the DS field of each message), elsewhere (the address of each message)
and peer (it connects to another one)."""

import errno
import os
import socket
import struct
import subprocess
import sys

from family import COLD, HOT

ROUNDS = 10
# Those of IPv6, and the sources, have one hash in module/cache.c: only a comparison tells them apart.
FAR = {4: ("203.0.113.9", "203.0.113.10"), 6: ("2001:db8:f::1:0:2", "2001:db8:f::2:0:1")}
NET = {4: "203.0.113.0/24", 6: "2001:db8:f::/64"}
NEAR = {4: "198.51.100.9", 6: "2001:db8:1::9"}
BIND = {4: {"source": "192.0.2.2", "other source": "192.0.2.1", "bound": "198.51.100.1"},
        6: {"source": "2001:db8::2:0:1", "other source": "2001:db8::1:0:2", "bound": "2001:db8:1::1"}}
FIELD = {4: (socket.SOL_IP, socket.IP_TOS), 6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)}
# What the first sender is, if it is not an ordinary one.
FIRST = {"bound": "unbound", "proto": "other proto", "source": "other source", "flow": "flow"}
RAW = 253  # a protocol for experiments, without ports


class Sender:
    def __init__(self, family, kind=""):
        inet = socket.AF_INET if family == 4 else socket.AF_INET6
        if kind == "uid":
            os.seteuid(1000)
        self.sock = socket.socket(inet, socket.SOCK_RAW, RAW + (kind == "other proto")) if "proto" in kind else \
            socket.socket(inet, socket.SOCK_DGRAM)
        os.seteuid(0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, HOT | (kind == "mark") << 8)
        if kind == "ds field":
            self.sock.setsockopt(*FIELD[family], 0x10)
        if kind == "device":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"d0")
        if "proto" not in kind:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if kind == "flow" else socket.SO_REUSEADDR, 1)
            self.sock.bind((BIND[family].get(kind, ""),
                            7001 if kind == "source port" else 7000))
        self.to = (NEAR[family] if kind in ("bound", "unbound") else FAR[family][kind == "destination"],
                   7003 if kind == "port" else 7002)
        if "proto" in kind:
            self.to = (self.to[0], 0)
        if kind in ("flow", "connected"):
            self.sock.connect(self.to)
        self.to = None if kind == "connected" else self.to
        self.control = []
        self.refused = 0

    def send(self):
        try:
            self.sock.sendmsg([b"x" * 64], self.control, 0, self.to)
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
    elif kind == "peer":
        sender.sock.connect((FAR[family][1], 7002))
    else:
        sys.exit(f"alike.py: no KIND {kind}")


def changed(family, kind, before, sender):
    """One sender, before and right after a change."""
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
    if kind.startswith("connected "):
        kind = kind.removeprefix("connected ")
        sender = Sender(family, "connected")
        if kind == "release":
            change(family, "device", sender)
        changed(family, kind, ROUNDS, sender)
        return
    senders = Sender(family, FIRST.get(kind, "")), Sender(family, kind)
    for _ in range(ROUNDS):
        for sender in senders:
            sender.send()
    print(*(sender.refused for sender in senders))


main(int(sys.argv[1]), sys.argv[2])
