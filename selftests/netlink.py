#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Messages to the migsel family, right and wrong, in the network namespace that
it is started in. A line for each test: its name, and after a tab what is wrong."""

import errno
import os
import socket
import struct
import sys
import threading

NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, MULTI, ACK, DUMP = 1, 2, 4, 0x300
CAPPED, TLVS, INTR = 0x100, 0x200, 0x10
NESTED = 0x8000
VMK_ADD, VMK_SET, VMK_DEL, VMK_FLUSH, VMK_GET = 1, 2, 3, 4, 5
TAG_SET, TAG_GET, POLICY_SET, POLICY_GET, ROUTE_GET = 6, 7, 8, 9, 10
STATS_GET, STATS_RESET = 11, 12
CONFIG_SET, CONFIG_GET, CONFIG_NTF = 19, 20, 21
# What config-set does with a vmk.
PUT, ADD, SET, DEL, FLUSH = range(5)
REPLACE = struct.pack("=HH", 4, 1)


def u32(number):
    return struct.pack("=I", number)


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def attrs(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            break
        found.setdefault(kind & 0x3fff, data[4:size])
        data = data[(size + 3) & ~3:]
    return found


class Netlink:
    def __init__(self, room=1 << 17):
        self.room = room
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)
        for option in (1, 11, 12):  # EXT_ACK is 11, GET_STRICT_CHK 12
            if option > 10:
                self.socket.setsockopt(270, option, 1)
        self.sequence = 0
        self.family, self.groups = 16, {}
        reply = self.ask(3, attr(2, b"migsel\0"), 2)
        if isinstance(reply, Refused):
            raise OSError(reply.error, "no family migsel")
        found = attrs(reply[0][4:])
        self.family = struct.unpack("=H", found[1])[0]
        for group in attrs_list(found[7]):
            group = attrs(group)
            self.groups[group[1].rstrip(b"\0").decode()] = struct.unpack("=I", group[2])[0]

    def send(self, cmd, payload=b"", version=1, flags=ACK, size=None):
        self.sequence += 1
        body = struct.pack("=BBH", cmd, version, 0) + payload
        size = 16 + len(body) if size is None else size
        self.socket.send(struct.pack("=IHHII", size, self.family, REQUEST | flags,
                                     self.sequence, 0) + body)

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
                if kind == NLMSG_ERROR:
                    error = -struct.unpack_from("=i", body)[0]
                    return Refused(error, body, flags) if error else answers
                if kind == NLMSG_DONE:
                    error = -struct.unpack_from("=i", body)[0]
                    return Refused(error, body, flags, 4) if error else answers
                answers.append(body)

    def ask(self, cmd, payload=b"", version=1, flags=ACK, size=None):
        self.send(cmd, payload, version, flags, size)
        return self.receive()


def attrs_list(data):
    found = []
    while len(data) >= 4:
        size = struct.unpack_from("=H", data)[0]
        found.append(data[4:size])
        data = data[(size + 3) & ~3:]
    return found


class Refused:
    def __init__(self, error, body, flags, offset=None):
        self.error = error
        if offset is None:
            offset = 4 + (16 if flags & CAPPED else struct.unpack_from("=I", body, 4)[0])
        found = attrs(body[(offset + 3) & ~3:]) if flags & TLVS else {}
        self.message = found.get(1, b"").rstrip(b"\0").decode()
        self.offset = struct.unpack("=I", found[2])[0] if 2 in found else None
        self.missing = 5 in found or 6 in found

    def __str__(self):
        return f"{errno.errorcode.get(self.error)} '{self.message}' at {self.offset}"


def index(name):
    return u32(socket.if_nametoindex(name))


def must(reply, what):
    if isinstance(reply, Refused):
        raise AssertionError(f"{what}: {reply}")
    return reply


LENGTH = (errno.EINVAL, errno.ERANGE)  # what the kernel calls a wrong length


def vmk(name, change=None, **values):
    """A vmk to config-set, by the name of its device."""
    data = attr(2, name.encode() + b"\0")
    for key, kind in (("position", 3), ("migration", 4), ("weight", 5)):
        if key in values:
            data += attr(kind, u32(values[key]))
    return attr(NESTED | 4, data + (attr(9, u32(change)) if change is not None else b""))


def tag(**values):
    kinds = {"mask": 1, "hot": 2, "cold": 3}
    return attr(NESTED | 2, b"".join(attr(kinds[key], u32(values[key])) for key in values))


def policy(**values):
    kinds = {"mode": 1, "unreachable": 2, "fallback": 3}
    return attr(NESTED | 3, b"".join(attr(kinds[key], u32(values[key])) for key in values))


def refused(nl, what, error, cmd, payload=b"", blame=None, message=True, **more):
    """It is refused with this error, says why, and blames the attribute blame."""
    reply = nl.ask(cmd, payload, **more)
    if not isinstance(reply, Refused):
        raise AssertionError(f"{what}: is not refused")
    if reply.error != error and reply.error not in (LENGTH if error is LENGTH else ()):
        raise AssertionError(f"{what}: {reply}, not {error}")
    if message and not reply.message and not reply.missing:
        raise AssertionError(f"{what}: {reply} does not say why")
    if blame is not None and reply.offset != blame:
        raise AssertionError(f"{what}: {reply} does not blame the attribute at {blame}")


def config(nl):
    """Everything, as bytes, without counters."""
    vmks = must(nl.ask(VMK_GET, flags=DUMP), "dump")
    vmks = [tuple(attrs(vmk[4:])[kind] for kind in (1, 2, 3, 4, 5)) for vmk in vmks]
    return (vmks, must(nl.ask(TAG_GET), "tag"), must(nl.ask(POLICY_GET), "policy"))


def names(nl):
    """The vmks in their order, as name, migration, weight."""
    return [(have[1].rstrip(b"\0").decode(), have[3][0], have[4][0]) for have in config(nl)[0]]


def begin(nl):
    must(nl.ask(VMK_FLUSH), "flush")
    must(nl.ask(VMK_ADD, attr(1, index("vmk0"))), "add")
    must(nl.ask(VMK_ADD, attr(1, index("vmk1")) + attr(4, u32(1)) + attr(5, u32(7))), "add")


def good(nl):
    """what is right is taken"""
    begin(nl)
    vmks = config(nl)[0]
    want = [("vmk0", 0, 0, 1), ("vmk1", 1, 1, 7)]
    have = [(vmk[1].rstrip(b"\0").decode(),) + tuple(struct.unpack("=I", x)[0] for x in vmk[2:])
            for vmk in vmks]
    assert have == want, f"{have}, not {want}"
    must(nl.ask(VMK_SET, attr(1, index("vmk1")) + attr(3, u32(0))), "set")
    assert [vmk[1] for vmk in config(nl)[0]] == [b"vmk1\0", b"vmk0\0"], "position"
    must(nl.ask(VMK_DEL, attr(1, index("vmk1"))), "del")
    must(nl.ask(VMK_FLUSH, attr(1, index("vmk1"))), "flush of one that is none")
    must(nl.ask(VMK_FLUSH), "flush")
    must(nl.ask(VMK_FLUSH), "flush of nothing")
    must(nl.ask(STATS_RESET), "reset")
    assert len(must(nl.ask(STATS_GET, flags=DUMP), "stats")) == 14, "14 rows"


def short(nl):
    """attributes that are too short"""
    begin(nl)
    before = config(nl)
    for size in range(4):
        for kind in (1, 3, 4, 5):
            refused(nl, f"{size} bytes of {kind}", LENGTH,
                    VMK_SET, attr(kind, bytes(size)), blame=20)
    for cmd in (TAG_SET, POLICY_SET):
        for kind in (1, 2):
            refused(nl, f"3 bytes to {cmd}", LENGTH, cmd, attr(kind, b"abc"), blame=20)
    assert config(nl) == before, "something is changed"


def long(nl):
    """attributes that are too long"""
    begin(nl)
    before = config(nl)
    for size in (5, 8, 4096):
        refused(nl, f"{size} bytes", LENGTH, VMK_SET, attr(1, bytes(size)), blame=20)
    refused(nl, "a long address", LENGTH, ROUTE_GET, attr(2, bytes(20)), blame=20)
    refused(nl, "a flag with a value", LENGTH, ROUTE_GET,
            attr(1, bytes([192, 0, 2, 1])) + attr(9, u32(1)), blame=28)
    assert config(nl) == before, "something is changed"


def truncated(nl):
    """messages that are cut off"""
    begin(nl)
    before = config(nl)
    payload = attr(1, index("vmk1")) + attr(4, u32(0))
    for cut in range(1, 8):
        refused(nl, f"{cut} bytes short", errno.EINVAL, VMK_SET, payload[:-cut])
    refused(nl, "a length beyond the end", errno.EINVAL, VMK_SET,
            attr(1, index("vmk1")) + struct.pack("=HH", 200, 4) + u32(0))
    refused(nl, "a length below four", errno.EINVAL, VMK_SET,
            attr(1, index("vmk1")) + struct.pack("=HH", 3, 4) + u32(0))
    nl.send(VMK_SET, payload, size=16)
    reply = nl.receive()
    assert isinstance(reply, Refused), "no generic netlink header: is not refused"
    assert config(nl) == before, "something is changed"


def unknown(nl):
    """attributes that are unknown, or not for this command"""
    begin(nl)
    before = config(nl)
    for cmd, kind in ((VMK_ADD, 99), (VMK_SET, 6), (VMK_SET, 2), (VMK_SET, 7), (VMK_DEL, 4),
                      (VMK_FLUSH, 3), (VMK_GET, 5), (TAG_SET, 4), (POLICY_SET, 4), (ROUTE_GET, 40)):
        right = u32(1) if cmd == POLICY_SET else index("vmk1")
        refused(nl, f"{kind} to {cmd}", errno.EINVAL, cmd,
                attr(1, right) + attr(kind, u32(1)), blame=28)
    refused(nl, "a nest", errno.EINVAL, VMK_SET, attr(NESTED | 1, index("vmk1")), blame=20)
    for cmd in (TAG_GET, POLICY_GET, STATS_RESET):
        refused(nl, f"any to {cmd}", errno.EINVAL, cmd, attr(1, u32(1)))
    assert config(nl) == before, "something is changed"


def wrong(nl):
    """values that are out of range"""
    begin(nl)
    before = config(nl)
    dev = attr(1, index("vmk1"))
    for what, error, cmd, payload, blame in (
            ("no device", errno.EINVAL, VMK_ADD, b"", None),
            ("index 0", errno.ERANGE, VMK_ADD, attr(1, u32(0)), 20),
            ("no such device", errno.ENODEV, VMK_ADD, attr(1, u32(9999)), 20),
            ("loopback", errno.EINVAL, VMK_ADD, attr(1, index("lo")), 20),
            ("added twice", errno.EEXIST, VMK_ADD, dev, 20),
            ("add beyond the end", errno.ERANGE, VMK_ADD,
             attr(1, index("vmk2")) + attr(3, u32(3)), 28),
            ("set beyond the end", errno.ERANGE, VMK_SET, dev + attr(3, u32(2)), 28),
            ("set far beyond", errno.ERANGE, VMK_SET, dev + attr(3, u32(0xffffffff)), 28),
            ("migration 2", errno.ERANGE, VMK_SET, dev + attr(4, u32(2)), 28),
            ("weight 0", errno.ERANGE, VMK_SET, dev + attr(5, u32(0)), 28),
            ("weight 256", errno.ERANGE, VMK_SET, dev + attr(5, u32(256)), 28),
            ("set of none", errno.ENOENT, VMK_SET, attr(1, index("vmk2")), 20),
            ("del of none", errno.ENOENT, VMK_DEL, attr(1, index("vmk2")), 20),
            ("get of none", errno.ENOENT, VMK_GET, attr(1, index("vmk2")), 20),
            ("flush of no device", errno.ENODEV, VMK_FLUSH, attr(1, u32(9999)), 20),
            ("mask 0", errno.EINVAL, TAG_SET, attr(1, u32(0)), 20),
            ("hot 0", errno.EINVAL, TAG_SET, attr(2, u32(0)), 20),
            ("cold 0", errno.EINVAL, TAG_SET, attr(3, u32(0)), 20),
            ("hot equals cold", errno.EINVAL, TAG_SET, attr(2, u32(0x20000)), 20),
            ("hot outside", errno.EINVAL, TAG_SET, attr(2, u32(0x40000)), 20),
            ("mask too small", errno.EINVAL, TAG_SET, attr(1, u32(0x10000)), 20),
            ("mode 3", errno.ERANGE, POLICY_SET, attr(1, u32(3)), 20),
            ("unreachable 2", errno.ERANGE, POLICY_SET, attr(2, u32(2)), 20),
            ("fallback 2", errno.ERANGE, POLICY_SET, attr(3, u32(2)), 20),
            ("half a policy", errno.ERANGE, POLICY_SET, attr(1, u32(1)) + attr(2, u32(2)), 28),
            ("no destination", errno.EINVAL, ROUTE_GET, b"", None),
            ("two destinations", errno.EINVAL, ROUTE_GET,
             attr(1, bytes(4)) + attr(2, bytes(16)), None),
            ("two families", errno.EINVAL, ROUTE_GET,
             attr(1, bytes([192, 0, 2, 1])) + attr(4, bytes(15) + b"\1"), 28),
            ("class and mark", errno.EINVAL, ROUTE_GET,
             attr(1, bytes([192, 0, 2, 1])) + attr(7, u32(1)) + attr(8, u32(1)), None),
    ):
        refused(nl, what, error, cmd, payload, blame)
    assert config(nl) == before, "something is changed"


def commands(nl):
    """commands that there are not, versions and dumps of what has none"""
    begin(nl)
    for cmd in (0, 13, 200, 255):
        refused(nl, f"command {cmd}", errno.EOPNOTSUPP, cmd, message=False)
    for cmd in (VMK_ADD, TAG_GET, ROUTE_GET):
        refused(nl, f"dump of {cmd}", errno.EOPNOTSUPP, cmd, flags=DUMP, message=False)
    refused(nl, "do of stats", errno.EOPNOTSUPP, STATS_GET, message=False)
    refused(nl, "dump of one", errno.EINVAL, VMK_GET, attr(1, index("vmk1")), flags=DUMP)


def unprivileged(nl):
    """who may not, is told so"""
    begin(nl)
    before = config(nl)
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([])
            os.setresuid(65534, 65534, 65534)
            mine = Netlink()
            for cmd in (VMK_ADD, VMK_SET, VMK_DEL, VMK_FLUSH, TAG_SET, POLICY_SET, STATS_RESET,
                        CONFIG_SET):
                refused(mine, f"command {cmd}", errno.EPERM, cmd, message=False)
            must(mine.ask(VMK_GET, flags=DUMP), "dump")
            must(mine.ask(CONFIG_GET), "get")
            mine.socket.setsockopt(270, 1, mine.groups["config"])
            try:
                mine.socket.setsockopt(270, 1, mine.groups["alarm"])
            except PermissionError:
                os._exit(0)
            print("group alarm may be joined", end="")
        except (AssertionError, OSError) as problem:
            print(problem, end="")
        sys.stdout.flush()
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, ""
    assert config(nl) == before, "something is changed"


def changing(nl):
    """a dump during changes is whole, or says that it is not"""
    begin(nl)
    stop = threading.Event()
    whole = {(b"vmk0\0", b"vmk1\0"), (b"vmk1\0", b"vmk0\0"), (b"vmk0\0",)}

    def change():
        mine = Netlink()
        while not stop.is_set():
            must(mine.ask(VMK_DEL, attr(1, index("vmk1"))), "del")
            must(mine.ask(VMK_ADD, attr(1, index("vmk1")) + attr(3, u32(0))), "add")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            vmks = must(nl.ask(VMK_GET, flags=DUMP), "dump")
            if nl.flags & INTR:
                continue
            names = tuple(attrs(vmk[4:])[2] for vmk in vmks)
            assert names in whole, f"a dump of {names}"
    finally:
        stop.set()
        thread.join()


def interrupted(nl):
    """a dump in pieces that is overtaken by a change says so"""
    must(nl.ask(VMK_FLUSH), "flush")
    names = [f"d{number}" for number in range(100)]
    with os.popen("ip -b -", "w") as ip:
        for name in names:
            ip.write(f"link add {name} type dummy\n")
    try:
        for name in names:
            must(nl.ask(VMK_ADD, attr(1, index(name))), f"add {name}")
        other, nl = nl, Netlink(4096)
        nl.send(VMK_GET, flags=DUMP)
        data = nl.socket.recv(4096)
        seen = struct.unpack_from("=H", data, 6)[0] & INTR
        must(other.ask(VMK_DEL, attr(1, index("d0"))), "del")
        reply = nl.receive()
        must(reply, "rest of the dump")
        assert seen or nl.flags & INTR, "a change between its pieces goes unnoticed"
        vmks = must(nl.ask(VMK_GET, flags=DUMP), "second dump")
        assert len(vmks) == 99 and not nl.flags & INTR, f"{len(vmks)} vmks, flags {nl.flags:#x}"
    finally:
        with os.popen("ip -b -", "w") as ip:
            for name in names:
                ip.write(f"link del {name}\n")
    assert not config(nl)[0], "vmks outlive their devices"


def notified(nl):
    """each change is told to those who listen, and a refusal is not"""
    begin(nl)
    mine = Netlink()
    mine.socket.setsockopt(270, 1, mine.groups["config"])
    for cmd, payload in ((VMK_SET, attr(1, index("vmk1")) + attr(5, u32(3))),
                         (VMK_SET, attr(1, index("vmk2"))),
                         (VMK_DEL, attr(1, index("vmk1"))), (VMK_ADD, attr(1, index("vmk1"))),
                         (TAG_SET, attr(2, u32(0x40000))), (TAG_SET, attr(2, u32(0x10000))),
                         (POLICY_SET, attr(2, u32(0))), (VMK_FLUSH, b"")):
        nl.ask(cmd, payload)
    told = []
    for _ in range(7):
        data = mine.socket.recv(1 << 16)
        told.append(data[16])
    want = ["set", "del", "add", "tag", "policy", "del", "del"]
    first = {"add": 13, "set": 14, "del": 15, "tag": 16, "policy": 17}
    assert told == [first[what] for what in want], f"told of {told}, not of {want}"


def whole(nl):
    """config-set makes and changes a whole configuration"""
    begin(nl)
    must(nl.ask(CONFIG_SET, REPLACE + tag(mask=0xff00, hot=0x100, cold=0x200) +
                policy(mode=1, unreachable=1, fallback=1) + vmk("vmk2", weight=9) + vmk("vmk1")), "replace")
    assert names(nl) == [("vmk2", 0, 9), ("vmk1", 0, 1)], f"{names(nl)}"
    assert attrs(config(nl)[1][0][4:]) == {1: u32(0xff00), 2: u32(0x100), 3: u32(0x200)}, "tag"
    assert attrs(config(nl)[2][0][4:]) == {1: u32(1), 2: u32(1), 3: u32(1)}, "policy"
    # Without the flag, what is not named stays.
    must(nl.ask(CONFIG_SET, vmk("vmk1", migration=1) + vmk("vmk0", position=0)), "change")
    assert names(nl) == [("vmk0", 0, 1), ("vmk2", 0, 9), ("vmk1", 1, 1)], f"{names(nl)}"
    assert attrs(config(nl)[2][0][4:]) == {1: u32(1), 2: u32(1), 3: u32(1)}, "the policy does not stay"
    # Places are those in the end, whatever the order of the message.
    must(nl.ask(CONFIG_SET, REPLACE + vmk("vmk0", position=2) + vmk("vmk1") +
                vmk("vmk2", position=0)), "places")
    assert [name for name, *_ in names(nl)] == ["vmk2", "vmk1", "vmk0"], f"{names(nl)}"
    assert attrs(config(nl)[1][0][4:])[1] == u32(0x30000), "the tag is not the default"
    # One after the other, as the single operations.
    must(nl.ask(CONFIG_SET, vmk("vmk2", DEL) + vmk("vmk2", ADD, position=1) + vmk("vmk0", FLUSH) +
                vmk("vmk2", SET, position=0, weight=3)), "changes")
    assert names(nl) == [("vmk2", 0, 3), ("vmk1", 0, 1)], f"{names(nl)}"
    must(nl.ask(CONFIG_SET, vmk("vmk1", SET) + attr(NESTED | 4, attr(9, u32(FLUSH))) +
                vmk("vmk0", ADD)), "flush")
    assert names(nl) == [("vmk0", 0, 1)], f"{names(nl)}"
    must(nl.ask(CONFIG_SET, attr(NESTED | 4, attr(1, index("vmk1")))), "by index")
    reply = attrs_list(must(nl.ask(CONFIG_GET), "get")[0][4:])
    assert [attrs(nest).get(2) for nest in reply] == [u32(0x10000), u32(0), b"vmk0\0", b"vmk1\0"], \
        f"{reply}"
    must(nl.ask(CONFIG_SET, REPLACE), "replace by nothing")
    assert not names(nl), f"{names(nl)}"
    must(nl.ask(CONFIG_SET), "nothing")


def whole_wrong(nl):
    """a config-set that is wrong names the attribute, and changes nothing"""
    begin(nl)
    before = config(nl)
    good_vmk, far_down = vmk("vmk0"), len(REPLACE + vmk("vmk0")) + 20
    # Behind the header of the nest, and behind the name in it.
    inner, second = far_down + 4, far_down + 16
    for what, error, nested, blame in (
            ("described twice", errno.EEXIST, vmk("vmk0"), inner),
            ("no such device", errno.ENODEV, vmk("nosuch"), inner),
            ("loopback", errno.EINVAL, vmk("lo"), inner),
            ("added twice", errno.EEXIST, vmk("vmk0", ADD), inner),
            ("set of none", errno.ENOENT, vmk("vmk2", SET), inner),
            ("del of none", errno.ENOENT, vmk("vmk1", DEL), inner),
            ("beyond the end", errno.ERANGE, vmk("vmk1", position=2), second),
            ("add beyond the end", errno.ERANGE, vmk("vmk1", ADD, position=2), second),
            ("migration 2", errno.ERANGE, vmk("vmk1", migration=2), second),
            ("weight 0", errno.ERANGE, vmk("vmk1", weight=0), second),
            ("change 5", errno.ERANGE, vmk("vmk1", 5), second),
            ("by index and by name", errno.EINVAL,
             attr(NESTED | 4, attr(2, b"vmk1\0") + attr(1, index("vmk1"))), inner),
            ("a name without end", LENGTH, attr(NESTED | 4, attr(2, b"vmk1")), inner),
            ("a long name", LENGTH, attr(NESTED | 4, attr(2, b"v" * 128 + b"\0")), inner),
            ("no device", errno.EINVAL, attr(NESTED | 4, attr(5, u32(1))), None),
            ("add of no device", errno.EINVAL, attr(NESTED | 4, attr(9, u32(ADD))), None),
            ("usable", errno.EINVAL, attr(NESTED | 4, attr(2, b"vmk1\0") + attr(6, u32(1))), second),
            ("unknown of a vmk", errno.EINVAL,
             attr(NESTED | 4, attr(2, b"vmk1\0") + attr(99, u32(1))), second),
            ("unknown", errno.EINVAL, attr(99, u32(1)), far_down),
            ("not nested", errno.EINVAL, attr(4, attr(2, b"vmk1\0")), far_down),
            ("short", LENGTH, attr(NESTED | 4, attr(1, b"abc")), inner),
            ("mask 0", errno.EINVAL, tag(hot=0x10000, mask=0), far_down + 12),
            ("hot 0", errno.EINVAL, tag(mask=0x30000, hot=0), far_down + 12),
            ("hot equals cold", errno.EINVAL, tag(hot=0x20000), inner),
            ("mode 3", errno.ERANGE, policy(unreachable=1, mode=3), far_down + 12),
    ):
        refused(nl, what, error, CONFIG_SET, REPLACE + good_vmk + nested, blame)
    refused(nl, "one place for two", errno.EEXIST, CONFIG_SET, REPLACE +
            vmk("vmk1", position=0) + vmk("vmk0", position=0), 20 + 4 + 24 + 4 + 12)
    # The first of two that are wrong.
    refused(nl, "two", errno.ENOENT, CONFIG_SET, vmk("vmk2", SET) + tag(hot=0), 24)
    refused(nl, "a flag with a value", LENGTH, CONFIG_SET, attr(1, u32(1)), 20)
    refused(nl, "dump", errno.EOPNOTSUPP, CONFIG_GET, flags=DUMP, message=False)
    refused(nl, "any to get", errno.EINVAL, CONFIG_GET, attr(1, b""))
    assert config(nl) == before, "something is changed"


def whole_many(nl):
    """config-set of as many vmks as there may be, and of one more"""
    many = [f"d{number}" for number in range(257)]
    must(nl.ask(VMK_FLUSH), "flush")
    with os.popen("ip -b -", "w") as ip:
        for name in many:
            ip.write(f"link add {name} type dummy\n")
    try:
        all_of_them = b"".join(vmk(name) for name in many[:256])
        refused(nl, "257", errno.ENOSPC, CONFIG_SET, all_of_them + vmk(many[256]),
                20 + len(all_of_them) + 4)
        assert not config(nl)[0], "something is changed"
        must(nl.ask(CONFIG_SET, all_of_them), "256")
        assert [name for name, *_ in names(nl)] == many[:256], "not these, or not in this order"
        assert len(attrs_list(must(nl.ask(CONFIG_GET), "get")[0][4:])) == 258, "get"
        # As many, others: one goes, one comes.
        must(nl.ask(CONFIG_SET, vmk(many[0], DEL) + vmk(many[256])), "another")
        assert [name for name, *_ in names(nl)] == many[1:], "not the others"
    finally:
        with os.popen("ip -b -", "w") as ip:
            for name in many:
                ip.write(f"link del {name}\n")


def whole_told(nl):
    """config-set is told once, and what changes nothing is not"""
    begin(nl)
    mine = Netlink()
    mine.socket.setsockopt(270, 1, mine.groups["config"])
    new = REPLACE + tag(hot=0x30000) + vmk("vmk2", weight=5) + vmk("vmk0")
    for payload in (REPLACE + vmk("vmk0") + vmk("vmk1", migration=1, weight=7), b"", vmk("vmk1"),
                    vmk("nosuch"), new, new, vmk("vmk0", position=0)):
        nl.ask(CONFIG_SET, payload)
    must(nl.ask(TAG_SET, attr(2, u32(0x10000))), "tag")
    told = []
    while not told or told[-1][16] != 16:
        told.append(mine.socket.recv(1 << 16))
    assert [data[16] for data in told] == [CONFIG_NTF, CONFIG_NTF, 16], \
        f"told of {[data[16] for data in told]}"
    what = attrs_list(told[0][20:])
    assert [attrs(nest)[2] for nest in what] == [u32(0x30000), u32(0), b"vmk2\0", b"vmk0\0"], \
        f"told of {what}"
    assert [attrs(nest)[2] for nest in attrs_list(told[1][20:])][2:] == [b"vmk0\0", b"vmk2\0"]


TESTS = (good, short, long, truncated, unknown, wrong, commands, unprivileged, changing,
         interrupted, notified, whole, whole_wrong, whole_many, whole_told)


def main():
    if sys.argv[1:] == ["count"]:
        print(len(TESTS))
        return
    for test in TESTS:
        print(test.__doc__, end="\t", flush=True)
        try:
            test(Netlink())
        except (AssertionError, OSError) as problem:
            print(problem or "failed", end="")
        print(flush=True)


if __name__ == "__main__":
    main()
