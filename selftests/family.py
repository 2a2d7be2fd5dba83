# SPDX-License-Identifier: GPL-2.0-only
"""The migsel family for tests that put its messages together themselves: its numbers, by the
names of its header, and what is asked of it and answered."""

import errno
import os
import re
import socket
import struct
import types

HERE = os.path.dirname(os.path.realpath(__file__))
# Beside an installed test, in the repository, in a kernel tree.
HEADERS = ("migsel.h", "../include/uapi/linux/migsel.h", "../../../../../include/uapi/linux/migsel.h")


def numbers():
    """Those of the header, by name without MIGSEL_."""
    place = next(place for place in HEADERS if os.path.exists(f"{HERE}/{place}"))
    with open(f"{HERE}/{place}", encoding="utf-8") as header:
        text = header.read()
    found = {name: int(value) for name, value in re.findall(r"^#define MIGSEL_(\w+)\s+(\d+)$", text, re.M)}
    for body in re.findall(r"^enum[^;{]*{(.*?)^}", text, re.M | re.S):
        number = 0
        for name, first in re.findall(r"^\tMIGSEL_(\w+)(?: = (\d+))?,$", body, re.M):
            found[name] = number = int(first or number)
            number += 1
    return found


NUMBERS = numbers()


def group(prefix):
    return types.SimpleNamespace(**{name[len(prefix):]: number for name, number in NUMBERS.items()
                                    if name.startswith(prefix)})


A, CMD, CLASS, MODE, REASON = (group(prefix) for prefix in ("A_", "CMD_", "CLASS_", "MODE_", "REASON_"))
FALLBACK, UNREACHABLE, VERDICT, CHANGE, STACK = (group(prefix) for prefix in (
    "FALLBACK_", "UNREACHABLE_", "VERDICT_", "VMK_CHANGE_", "STACK_"))
# In the order of their numbers, as the tool has them.
REASONS = [name.lower().replace("_", "-") for name in vars(REASON)]
HOT, COLD = 0x10000, 0x20000

# The kernel's own numbers.
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACK, DUMP = 1, 4, 0x300
CAPPED, TLVS, INTR = 0x100, 0x200, 0x10
NESTED = 0x8000
SOL_NETLINK, ADD_MEMBERSHIP, EXT_ACK, STRICT = 270, 1, 11, 12
ERR_MESSAGE, ERR_OFFSET, ERR_MISSING_TYPE, ERR_MISSING_NEST = 1, 2, 5, 6
NETLINK_GENERIC, CTRL, GETFAMILY = 16, 16, 3
CTRL_ID, CTRL_NAME, CTRL_GROUPS, CTRL_GROUP_NAME, CTRL_GROUP_ID = 1, 2, 7, 1, 2
# Where the attributes of a request begin, behind its two headers.
FIRST = 20


def u32(number):
    return struct.pack("=I", number)


def number_of(data):
    return struct.unpack("=I", data)[0]


def text_of(data):
    return data.rstrip(b"\0").decode()


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def fields(kind, **values):
    """Attributes of a set of the specification, in this order."""
    data = b""
    for key, value in values.items():
        if isinstance(value, int):
            value = u32(value)
        elif isinstance(value, str):
            value = value.encode() + b"\0"
        data += attr(getattr(A, f"{kind}_{key.rstrip('_')}".upper()), value)
    return data


def attrs_list(data):
    """All, as number and value."""
    found = []
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            break
        found.append((kind & 0x3fff, data[4:size]))
        data = data[(size + 3) & ~3:]
    return found


def attrs(data):
    """The first of each number."""
    return dict(reversed(attrs_list(data)))


def answer(body):
    """What an answer of the family has."""
    return attrs(body[4:])


def index(name):
    return socket.if_nametoindex(name)


def device(name, **values):
    """A vmk to all but config-set, by the index of its device."""
    return fields("vmk", ifindex=index(name), **values)


# What config-set takes.
REPLACE = fields("config", replace=b"")


def vmk(name, change=None, **values):
    values |= {} if change is None else {"change": change}
    return attr(NESTED | A.CONFIG_VMK, fields("vmk", ifname=name, **values))


def tag(**values):
    return attr(NESTED | A.CONFIG_TAG, fields("tag", **values))


def policy(**values):
    return attr(NESTED | A.CONFIG_POLICY, fields("policy", **values))


class Refused:
    def __init__(self, error, body, flags, offset=None):
        self.error = error
        if offset is None:
            offset = 4 + (16 if flags & CAPPED else struct.unpack_from("=I", body, 4)[0])
        found = attrs(body[(offset + 3) & ~3:]) if flags & TLVS else {}
        self.message = text_of(found.get(ERR_MESSAGE, b""))
        self.offset = number_of(found[ERR_OFFSET]) if ERR_OFFSET in found else None
        self.missing = ERR_MISSING_TYPE in found or ERR_MISSING_NEST in found

    def __str__(self):
        return f"{errno.errorcode.get(self.error)} '{self.message}' at {self.offset}"


class Socket:
    """Of netlink: what is asked by it, and answered."""

    def __init__(self, protocol, room=1 << 17):
        self.room = room
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)
        self.sequence = self.flags = 0

    def put(self, kind, body, flags, size=None):
        self.sequence += 1
        size = 16 + len(body) if size is None else size
        self.socket.send(struct.pack("=IHHII", size, kind, REQUEST | flags, self.sequence, 0) + body)

    def receive(self):
        """The payloads of an answer, or how it was refused; and all flags seen."""
        answers, self.flags = [], 0
        while True:
            data = self.socket.recv(self.room)
            while len(data) >= 16:
                size, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data)
                body, data = data[16:size], data[(size + 3) & ~3:]
                if sequence != self.sequence:
                    continue
                self.flags |= flags
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = -struct.unpack_from("=i", body)[0]
                    if error:
                        return Refused(error, body, flags, 4 if kind == NLMSG_DONE else None)
                    return answers
                answers.append(body)

    def ask(self, *request, **more):
        self.send(*request, **more)
        return self.receive()


class Netlink(Socket):
    """Of a family of generic netlink."""

    def __init__(self, room=1 << 17, name="migsel"):
        super().__init__(NETLINK_GENERIC, room)
        for option in (EXT_ACK, STRICT):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.family = CTRL
        reply = self.ask(GETFAMILY, attr(CTRL_NAME, name.encode() + b"\0"), version=2)
        if isinstance(reply, Refused):
            raise OSError(reply.error, f"no family {name}")
        found = answer(reply[0])
        self.family = struct.unpack("=H", found[CTRL_ID])[0]
        groups = (attrs(group) for _, group in attrs_list(found.get(CTRL_GROUPS, b"")))
        self.groups = {text_of(group[CTRL_GROUP_NAME]): number_of(group[CTRL_GROUP_ID]) for group in groups}

    def send(self, cmd, payload=b"", version=1, flags=ACK, size=None):
        self.put(self.family, struct.pack("=BBH", cmd, version, 0) + payload, flags, size)

    def join(self, name):
        self.socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, self.groups[name])


def must(reply, what):
    if isinstance(reply, Refused):
        raise AssertionError(f"{what}: {reply}")
    return reply


def config(nl):
    """Everything, as bytes, without counters."""
    kinds = (A.VMK_IFINDEX, A.VMK_IFNAME, A.VMK_POSITION, A.VMK_MIGRATION, A.VMK_WEIGHT,
             A.VMK_STACK, A.VMK_PROVISIONING)
    vmks = [answer(body) for body in must(nl.ask(CMD.VMK_GET, flags=DUMP), "dump")]
    return ([tuple(have[kind] for kind in kinds) for have in vmks],
            must(nl.ask(CMD.TAG_GET), "tag"), must(nl.ask(CMD.POLICY_GET), "policy"))
