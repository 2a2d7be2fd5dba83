#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Messages to the migsel family, right and wrong, in the network namespace that
it is started in."""

import contextlib
import errno
import os
import struct
import threading

import ktap
from family import (A, CHANGE, CMD, CLASS, DUMP, FALLBACK, FIRST, INTR, MODE, NESTED, NUMBERS, REASONS,
                    REPLACE, STACK, UNREACHABLE, Netlink, Refused, answer, attr, attrs, attrs_list, config,
                    device, fields, index, must, number_of, policy, tag, text_of, u32, vmk)

SECOND = FIRST + 8  # behind one number
DST4 = bytes([192, 0, 2, 1])
TAG, POLICY = ([number for name, number in vars(A).items() if name.startswith(prefix)]
               for prefix in ("TAG_", "POLICY_"))
LENGTH = (errno.EINVAL, errno.ERANGE)  # what the kernel calls a wrong length


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


@contextlib.contextmanager
def dummies(number):
    """So many devices, by their names."""
    def in_batch(line):
        with os.popen("ip -b -", "w") as ip:
            ip.writelines(line % name for name in found)

    found = [f"d{n}" for n in range(number)]
    in_batch("link add %s type dummy\n")
    try:
        yield found
    finally:
        in_batch("link del %s\n")


def names(nl):
    """The vmks in their order, as name, migration, weight."""
    return [(text_of(name), number_of(migration), number_of(weight))
            for _, name, _, migration, weight, *_ in config(nl)[0]]


def stacks_of(nl):
    """The same, as name, migration, stack, provisioning."""
    return [(text_of(name), number_of(migration), number_of(stack), number_of(provisioning))
            for _, name, _, migration, _, stack, provisioning in config(nl)[0]]


def begin(nl):
    must(nl.ask(CMD.VMK_FLUSH), "flush")
    must(nl.ask(CMD.VMK_ADD, device("vmk0")), "add")
    must(nl.ask(CMD.VMK_ADD, device("vmk1", migration=1, weight=7)), "add")


def good(nl):
    """what is right is taken"""
    begin(nl)
    vmks = config(nl)[0]
    want = [("vmk0", 0, 0, 1, STACK.DEFAULT, 0), ("vmk1", 1, 1, 7, STACK.DEFAULT, 0)]
    have = [(text_of(name), *(number_of(x) for x in rest)) for _, name, *rest in vmks]
    assert have == want, f"{have}, not {want}"
    must(nl.ask(CMD.VMK_SET, device("vmk1", position=0)), "set")
    assert [vmk[1] for vmk in config(nl)[0]] == [b"vmk1\0", b"vmk0\0"], "position"
    must(nl.ask(CMD.VMK_DEL, device("vmk1")), "del")
    must(nl.ask(CMD.VMK_FLUSH, device("vmk1")), "flush of one that is none")
    must(nl.ask(CMD.VMK_FLUSH), "flush")
    must(nl.ask(CMD.VMK_FLUSH), "flush of nothing")
    must(nl.ask(CMD.STATS_RESET), "reset")
    assert len(must(nl.ask(CMD.STATS_GET, flags=DUMP), "stats")) == len(REASONS), "not a row for each reason"


def short(nl):
    """attributes that are too short"""
    begin(nl)
    before = config(nl)
    for size in range(4):
        for key in ("ifindex", "position", "migration", "weight", "stack", "provisioning"):
            refused(nl, f"{size} bytes of {key}", LENGTH,
                    CMD.VMK_SET, fields("vmk", **{key: bytes(size)}), blame=FIRST)
    for cmd, kinds in ((CMD.TAG_SET, TAG), (CMD.POLICY_SET, POLICY)):
        for kind in kinds:
            refused(nl, f"3 bytes of {kind} to {cmd}", LENGTH, cmd, attr(kind, b"abc"), blame=FIRST)
    assert config(nl) == before, "something is changed"


def long(nl):
    """attributes that are too long"""
    begin(nl)
    before = config(nl)
    for size in (5, 8, 4096):
        refused(nl, f"{size} bytes", LENGTH, CMD.VMK_SET, fields("vmk", ifindex=bytes(size)), blame=FIRST)
    refused(nl, "a long address", LENGTH, CMD.ROUTE_GET, fields("route", dst6=bytes(20)), blame=FIRST)
    refused(nl, "a flag with a value", LENGTH, CMD.ROUTE_GET,
            fields("route", dst4=DST4, details=1), blame=SECOND)
    assert config(nl) == before, "something is changed"


def truncated(nl):
    """messages that are cut off"""
    begin(nl)
    before = config(nl)
    payload = device("vmk1", migration=0)
    for cut in range(1, 8):
        refused(nl, f"{cut} bytes short", errno.EINVAL, CMD.VMK_SET, payload[:-cut])
    refused(nl, "a length beyond the end", errno.EINVAL, CMD.VMK_SET,
            device("vmk1") + struct.pack("=HH", 200, A.VMK_MIGRATION) + u32(0))
    refused(nl, "a length below four", errno.EINVAL, CMD.VMK_SET,
            device("vmk1") + struct.pack("=HH", 3, A.VMK_MIGRATION) + u32(0))
    nl.send(CMD.VMK_SET, payload, size=16)
    reply = nl.receive()
    assert isinstance(reply, Refused), "no generic netlink header: is not refused"
    assert config(nl) == before, "something is changed"


def unknown(nl):
    """attributes that are unknown, or not for this command"""
    begin(nl)
    before = config(nl)
    dev, usual = device("vmk1"), fields("policy", mode=MODE.OBSERVE)
    for cmd, right, kind in (
            (CMD.VMK_ADD, dev, 99), (CMD.VMK_SET, dev, A.VMK_USABLE), (CMD.VMK_SET, dev, A.VMK_IFNAME),
            (CMD.VMK_SET, dev, A.VMK_HOT), (CMD.VMK_DEL, dev, A.VMK_MIGRATION),
            (CMD.VMK_FLUSH, dev, A.VMK_POSITION), (CMD.VMK_GET, dev, A.VMK_WEIGHT),
            (CMD.TAG_SET, fields("tag", mask=0x30000), max(TAG) + 1),
            (CMD.POLICY_SET, usual, max(POLICY) + 1), (CMD.ROUTE_GET, fields("route", dst4=DST4), 40)):
        refused(nl, f"{kind} to {cmd}", errno.EINVAL, cmd, right + attr(kind, u32(1)), blame=SECOND)
    refused(nl, "a nest", errno.EINVAL, CMD.VMK_SET, attr(NESTED | A.VMK_IFINDEX, u32(index("vmk1"))),
            blame=FIRST)
    for cmd in (CMD.TAG_GET, CMD.POLICY_GET, CMD.STATS_RESET):
        refused(nl, f"any to {cmd}", errno.EINVAL, cmd, attr(1, u32(1)))
    assert config(nl) == before, "something is changed"


def wrong(nl):
    """values that are out of range"""
    begin(nl)
    before = config(nl)
    for what, error, cmd, payload, blame in (
            ("no device", errno.EINVAL, CMD.VMK_ADD, b"", None),
            ("index 0", errno.ERANGE, CMD.VMK_ADD, fields("vmk", ifindex=0), FIRST),
            ("no such device", errno.ENODEV, CMD.VMK_ADD, fields("vmk", ifindex=9999), FIRST),
            ("loopback", errno.EINVAL, CMD.VMK_ADD, device("lo"), FIRST),
            ("added twice", errno.EEXIST, CMD.VMK_ADD, device("vmk1"), FIRST),
            ("add beyond the end", errno.ERANGE, CMD.VMK_ADD, device("vmk2", position=3), SECOND),
            ("set beyond the end", errno.ERANGE, CMD.VMK_SET, device("vmk1", position=2), SECOND),
            ("set far beyond", errno.ERANGE, CMD.VMK_SET, device("vmk1", position=0xffffffff), SECOND),
            ("migration 2", errno.ERANGE, CMD.VMK_SET, device("vmk1", migration=2), SECOND),
            ("stack 3", errno.ERANGE, CMD.VMK_SET, device("vmk1", stack=3), SECOND),
            ("provisioning 2", errno.ERANGE, CMD.VMK_SET, device("vmk1", provisioning=2), SECOND),
            ("vmotion without migration", errno.EINVAL, CMD.VMK_SET,
             device("vmk1", migration=0, stack=STACK.VMOTION), SECOND),
            ("provisioning with migration", errno.EINVAL, CMD.VMK_ADD,
             device("vmk2", migration=1, stack=STACK.PROVISIONING), SECOND),
            ("provisioning on another stack", errno.EINVAL, CMD.VMK_ADD,
             device("vmk2", provisioning=1, stack=STACK.PROVISIONING), SECOND),
            ("weight 0", errno.ERANGE, CMD.VMK_SET, device("vmk1", weight=0), SECOND),
            ("weight 256", errno.ERANGE, CMD.VMK_SET, device("vmk1", weight=256), SECOND),
            ("set of none", errno.ENOENT, CMD.VMK_SET, device("vmk2"), FIRST),
            ("del of none", errno.ENOENT, CMD.VMK_DEL, device("vmk2"), FIRST),
            ("get of none", errno.ENOENT, CMD.VMK_GET, device("vmk2"), FIRST),
            ("flush of no device", errno.ENODEV, CMD.VMK_FLUSH, fields("vmk", ifindex=9999), FIRST),
            ("mask 0", errno.EINVAL, CMD.TAG_SET, fields("tag", mask=0), FIRST),
            ("hot 0", errno.EINVAL, CMD.TAG_SET, fields("tag", hot=0), FIRST),
            ("cold 0", errno.EINVAL, CMD.TAG_SET, fields("tag", cold=0), FIRST),
            ("hot equals cold", errno.EINVAL, CMD.TAG_SET, fields("tag", hot=0x20000), FIRST),
            ("hot outside", errno.EINVAL, CMD.TAG_SET, fields("tag", hot=0x40000), FIRST),
            ("mask too small", errno.EINVAL, CMD.TAG_SET, fields("tag", mask=0x10000), FIRST),
            ("mode 3", errno.ERANGE, CMD.POLICY_SET, fields("policy", mode=3), FIRST),
            ("unreachable 2", errno.ERANGE, CMD.POLICY_SET, fields("policy", unreachable=2), FIRST),
            ("fallback 2", errno.ERANGE, CMD.POLICY_SET, fields("policy", fallback=2), FIRST),
            ("half a policy", errno.ERANGE, CMD.POLICY_SET,
             fields("policy", mode=MODE.OBSERVE, unreachable=2), SECOND),
            ("no destination", errno.EINVAL, CMD.ROUTE_GET, b"", None),
            ("two destinations", errno.EINVAL, CMD.ROUTE_GET,
             fields("route", dst4=bytes(4), dst6=bytes(16)), None),
            ("two families", errno.EINVAL, CMD.ROUTE_GET,
             fields("route", dst4=DST4, src6=bytes(15) + b"\1"), SECOND),
            ("class and mark", errno.EINVAL, CMD.ROUTE_GET,
             fields("route", dst4=DST4, mark=1, class_=CLASS.HOT), None),
    ):
        refused(nl, what, error, cmd, payload, blame)
    assert config(nl) == before, "something is changed"


def commands(nl):
    """commands that there are not, versions and dumps of what has none"""
    begin(nl)
    for cmd in (0, CMD.VMK_ADD_NTF, 200, 255):
        refused(nl, f"command {cmd}", errno.EOPNOTSUPP, cmd, message=False)
    for cmd in (CMD.VMK_ADD, CMD.TAG_GET, CMD.ROUTE_GET):
        refused(nl, f"dump of {cmd}", errno.EOPNOTSUPP, cmd, flags=DUMP, message=False)
    refused(nl, "do of stats", errno.EOPNOTSUPP, CMD.STATS_GET, message=False)
    refused(nl, "dump of one", errno.EINVAL, CMD.VMK_GET, device("vmk1"), flags=DUMP)


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
            for cmd in (CMD.VMK_ADD, CMD.VMK_SET, CMD.VMK_DEL, CMD.VMK_FLUSH, CMD.TAG_SET,
                        CMD.POLICY_SET, CMD.STATS_RESET, CMD.CONFIG_SET):
                refused(mine, f"command {cmd}", errno.EPERM, cmd, message=False)
            must(mine.ask(CMD.VMK_GET, flags=DUMP), "dump")
            must(mine.ask(CMD.CONFIG_GET), "get")
            mine.join("config")
            try:
                mine.join("alarm")
            except PermissionError:
                os._exit(0)
            ktap.note("group alarm may be joined")
        except (AssertionError, OSError) as problem:
            ktap.note(problem)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, "not as it is to be for who may not"
    assert config(nl) == before, "something is changed"


def changing(nl):
    """a dump during changes is whole, or says that it is not"""
    begin(nl)
    stop = threading.Event()
    whole = {(b"vmk0\0", b"vmk1\0"), (b"vmk1\0", b"vmk0\0"), (b"vmk0\0",)}

    def change():
        mine = Netlink()
        while not stop.is_set():
            must(mine.ask(CMD.VMK_DEL, device("vmk1")), "del")
            must(mine.ask(CMD.VMK_ADD, device("vmk1", position=0)), "add")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            vmks = must(nl.ask(CMD.VMK_GET, flags=DUMP), "dump")
            if nl.flags & INTR:
                continue
            names = tuple(answer(body)[A.VMK_IFNAME] for body in vmks)
            assert names in whole, f"a dump of {names}"
    finally:
        stop.set()
        thread.join()


def interrupted(nl):
    """a dump in pieces that is overtaken by a change says so"""
    must(nl.ask(CMD.VMK_FLUSH), "flush")
    with dummies(100) as names:
        for name in names:
            must(nl.ask(CMD.VMK_ADD, device(name)), f"add {name}")
        other, nl = nl, Netlink(4096)
        nl.send(CMD.VMK_GET, flags=DUMP)
        data = nl.socket.recv(4096)
        seen = struct.unpack_from("=H", data, 6)[0] & INTR
        must(other.ask(CMD.VMK_DEL, device("d0")), "del")
        reply = nl.receive()
        must(reply, "rest of the dump")
        assert seen or nl.flags & INTR, "a change between its pieces goes unnoticed"
        vmks = must(nl.ask(CMD.VMK_GET, flags=DUMP), "second dump")
        assert len(vmks) == 99 and not nl.flags & INTR, f"{len(vmks)} vmks, flags {nl.flags:#x}"
    assert not config(nl)[0], "vmks outlive their devices"


def notified(nl):
    """each change is told to those who listen, and a refusal is not"""
    begin(nl)
    mine = Netlink()
    mine.join("config")
    for cmd, payload in ((CMD.VMK_SET, device("vmk1", weight=3)),
                         (CMD.VMK_SET, device("vmk2")),
                         (CMD.VMK_DEL, device("vmk1")), (CMD.VMK_ADD, device("vmk1")),
                         (CMD.TAG_SET, fields("tag", hot=0x40000)),
                         (CMD.TAG_SET, fields("tag", hot=0x10000)),
                         (CMD.POLICY_SET, fields("policy", unreachable=UNREACHABLE.REFUSE)),
                         (CMD.VMK_FLUSH, b"")):
        nl.ask(cmd, payload)
    want = [CMD.VMK_SET_NTF, CMD.VMK_DEL_NTF, CMD.VMK_ADD_NTF, CMD.TAG_NTF, CMD.POLICY_NTF,
            CMD.VMK_DEL_NTF, CMD.VMK_DEL_NTF]
    told = [mine.socket.recv(1 << 16)[16] for _ in want]
    assert told == want, f"told of {told}, not of {want}"


def nest(data):
    """A vmk to config-set, of any attributes."""
    return attr(NESTED | A.CONFIG_VMK, data)


def summary(data):
    """Of the tag, the policy and each vmk of a configuration: hot, what unreachable is, its name."""
    keys = {A.CONFIG_TAG: A.TAG_HOT, A.CONFIG_POLICY: A.POLICY_UNREACHABLE, A.CONFIG_VMK: A.VMK_IFNAME}
    return [attrs(value).get(keys[kind]) for kind, value in attrs_list(data)]


def whole(nl):
    """config-set makes and changes a whole configuration"""
    begin(nl)
    strict = {"mode": MODE.OBSERVE, "unreachable": UNREACHABLE.PASS, "fallback": FALLBACK.STRICT}
    must(nl.ask(CMD.CONFIG_SET, REPLACE + tag(mask=0xff00, hot=0x100, cold=0x200) +
                policy(**strict) + vmk("vmk2", weight=9) + vmk("vmk1")), "replace")
    assert names(nl) == [("vmk2", 0, 9), ("vmk1", 0, 1)], f"{names(nl)}"
    assert config(nl)[1][0][4:] == fields("tag", mask=0xff00, hot=0x100, cold=0x200), "tag"
    assert config(nl)[2][0][4:] == fields("policy", **strict), "policy"
    # Without the flag, what is not named stays.
    must(nl.ask(CMD.CONFIG_SET, vmk("vmk1", migration=1) + vmk("vmk0", position=0)), "change")
    assert names(nl) == [("vmk0", 0, 1), ("vmk2", 0, 9), ("vmk1", 1, 1)], f"{names(nl)}"
    assert config(nl)[2][0][4:] == fields("policy", **strict), "the policy does not stay"
    # Places are those in the end, whatever the order of the message.
    must(nl.ask(CMD.CONFIG_SET, REPLACE + vmk("vmk0", position=2) + vmk("vmk1") +
                vmk("vmk2", position=0)), "places")
    assert [name for name, *_ in names(nl)] == ["vmk2", "vmk1", "vmk0"], f"{names(nl)}"
    assert answer(config(nl)[1][0])[A.TAG_MASK] == u32(0x30000), "the tag is not the default"
    # One after the other, as the single operations.
    must(nl.ask(CMD.CONFIG_SET, vmk("vmk2", CHANGE.DEL) + vmk("vmk2", CHANGE.ADD, position=1) +
                vmk("vmk0", CHANGE.FLUSH) + vmk("vmk2", CHANGE.SET, position=0, weight=3)), "changes")
    assert names(nl) == [("vmk2", 0, 3), ("vmk1", 0, 1)], f"{names(nl)}"
    must(nl.ask(CMD.CONFIG_SET, vmk("vmk1", CHANGE.SET) + nest(fields("vmk", change=CHANGE.FLUSH)) +
                vmk("vmk0", CHANGE.ADD)), "flush")
    assert names(nl) == [("vmk0", 0, 1)], f"{names(nl)}"
    must(nl.ask(CMD.CONFIG_SET, nest(device("vmk1"))), "by index")
    reply = summary(must(nl.ask(CMD.CONFIG_GET), "get")[0][4:])
    assert reply == [u32(0x10000), u32(UNREACHABLE.REFUSE), b"vmk0\0", b"vmk1\0"], f"{reply}"
    must(nl.ask(CMD.CONFIG_SET, REPLACE), "replace by nothing")
    assert not names(nl), f"{names(nl)}"
    must(nl.ask(CMD.CONFIG_SET), "nothing")


def whole_wrong(nl):
    """a config-set that is wrong names the attribute, and changes nothing"""
    begin(nl)
    before = config(nl)
    good_vmk, far_down = vmk("vmk0"), FIRST + len(REPLACE + vmk("vmk0"))
    # Behind the header of the nest, and behind the name or the number in it.
    inner, second, after = far_down + 4, far_down + 16, far_down + 12
    for what, error, nested, blame in (
            ("described twice", errno.EEXIST, vmk("vmk0"), inner),
            ("no such device", errno.ENODEV, vmk("nosuch"), inner),
            ("loopback", errno.EINVAL, vmk("lo"), inner),
            ("added twice", errno.EEXIST, vmk("vmk0", CHANGE.ADD), inner),
            ("set of none", errno.ENOENT, vmk("vmk2", CHANGE.SET), inner),
            ("del of none", errno.ENOENT, vmk("vmk1", CHANGE.DEL), inner),
            ("beyond the end", errno.ERANGE, vmk("vmk1", position=2), second),
            ("add beyond the end", errno.ERANGE, vmk("vmk1", CHANGE.ADD, position=2), second),
            ("migration 2", errno.ERANGE, vmk("vmk1", migration=2), second),
            ("weight 0", errno.ERANGE, vmk("vmk1", weight=0), second),
            ("change 5", errno.ERANGE, vmk("vmk1", 5), second),
            ("by index and by name", errno.EINVAL,
             nest(fields("vmk", ifname="vmk1", ifindex=index("vmk1"))), inner),
            ("a name without end", LENGTH, nest(fields("vmk", ifname=b"vmk1")), inner),
            ("a long name", LENGTH, nest(fields("vmk", ifname="v" * 128)), inner),
            ("no device", errno.EINVAL, nest(fields("vmk", weight=1)), None),
            ("add of no device", errno.EINVAL, nest(fields("vmk", change=CHANGE.ADD)), None),
            ("usable", errno.EINVAL, vmk("vmk1", usable=1), second),
            ("unknown of a vmk", errno.EINVAL, nest(fields("vmk", ifname="vmk1") + attr(99, u32(1))), second),
            ("unknown", errno.EINVAL, attr(99, u32(1)), far_down),
            ("not nested", errno.EINVAL, fields("config", vmk=fields("vmk", ifname="vmk1")), far_down),
            ("short", LENGTH, nest(fields("vmk", ifindex=b"abc")), inner),
            ("mask 0", errno.EINVAL, tag(hot=0x10000, mask=0), after),
            ("hot 0", errno.EINVAL, tag(mask=0x30000, hot=0), after),
            ("hot equals cold", errno.EINVAL, tag(hot=0x20000), inner),
            ("mode 3", errno.ERANGE, policy(unreachable=UNREACHABLE.PASS, mode=3), after),
    ):
        refused(nl, what, error, CMD.CONFIG_SET, REPLACE + good_vmk + nested, blame)
    refused(nl, "one place for two", errno.EEXIST, CMD.CONFIG_SET, REPLACE +
            vmk("vmk1", position=0) + vmk("vmk0", position=0), FIRST + 4 + 24 + 4 + 12)
    # The first of two that are wrong.
    refused(nl, "two", errno.ENOENT, CMD.CONFIG_SET, vmk("vmk2", CHANGE.SET) + tag(hot=0), FIRST + 4)
    refused(nl, "a flag with a value", LENGTH, CMD.CONFIG_SET, fields("config", replace=1), FIRST)
    refused(nl, "dump", errno.EOPNOTSUPP, CMD.CONFIG_GET, flags=DUMP, message=False)
    refused(nl, "any to get", errno.EINVAL, CMD.CONFIG_GET, REPLACE)
    assert config(nl) == before, "something is changed"


def whole_many(nl):
    """config-set of as many vmks as there may be, and of one more"""
    most = NUMBERS["MAX_VMKS"]
    must(nl.ask(CMD.VMK_FLUSH), "flush")
    with dummies(most + 1) as many:
        all_of_them = b"".join(vmk(name) for name in many[:most])
        refused(nl, "one more", errno.ENOSPC, CMD.CONFIG_SET, all_of_them + vmk(many[most]),
                FIRST + len(all_of_them) + 4)
        assert not config(nl)[0], "something is changed"
        must(nl.ask(CMD.CONFIG_SET, all_of_them), "as many")
        assert [name for name, *_ in names(nl)] == many[:most], "not these, or not in this order"
        assert len(attrs_list(must(nl.ask(CMD.CONFIG_GET), "get")[0][4:])) == most + 2, "get"
        # As many, others: one goes, one comes.
        must(nl.ask(CMD.CONFIG_SET, vmk(many[0], CHANGE.DEL) + vmk(many[most])), "another")
        assert [name for name, *_ in names(nl)] == many[1:], "not the others"


def whole_told(nl):
    """config-set is told once, and what changes nothing is not"""
    begin(nl)
    mine = Netlink()
    mine.join("config")
    new = REPLACE + tag(hot=0x30000) + vmk("vmk2", weight=5) + vmk("vmk0")
    for payload in (REPLACE + vmk("vmk0") + vmk("vmk1", migration=1, weight=7), b"", vmk("vmk1"),
                    vmk("nosuch"), new, new, vmk("vmk0", position=0)):
        nl.ask(CMD.CONFIG_SET, payload)
    must(nl.ask(CMD.TAG_SET, fields("tag", hot=0x10000)), "tag")
    told = []
    while not told or told[-1][16] != CMD.TAG_NTF:
        told.append(mine.socket.recv(1 << 16))
    cmds = [data[16] for data in told]
    assert cmds == [CMD.CONFIG_NTF, CMD.CONFIG_NTF, CMD.TAG_NTF], f"told of {cmds}"
    what = summary(told[0][FIRST:])
    assert what == [u32(0x30000), u32(UNREACHABLE.REFUSE), b"vmk2\0", b"vmk0\0"], f"told of {what}"
    assert summary(told[1][FIRST:])[2:] == [b"vmk0\0", b"vmk2\0"], "not in their new order"


def stacks(nl):
    """a stack says what migration is, and one vmk has the provisioning service"""
    begin(nl)
    must(nl.ask(CMD.VMK_SET, device("vmk0", stack=STACK.VMOTION)), "set")
    must(nl.ask(CMD.VMK_SET, device("vmk1", provisioning=1)), "set")
    must(nl.ask(CMD.VMK_ADD, device("vmk2", stack=STACK.PROVISIONING, migration=0)), "add")
    want = [("vmk0", 1, STACK.VMOTION, 0), ("vmk1", 1, STACK.DEFAULT, 1), ("vmk2", 0, STACK.PROVISIONING, 0)]
    assert stacks_of(nl) == want, f"{stacks_of(nl)}"
    for what, error, payload, blame in (
            ("migration off", errno.EINVAL, device("vmk0", migration=0), SECOND),
            ("migration on", errno.EINVAL, device("vmk2", migration=1), SECOND),
            ("of another stack", errno.EINVAL, device("vmk0", provisioning=1), SECOND),
            ("goes to another stack", errno.EINVAL, device("vmk1", stack=STACK.VMOTION), SECOND),
            ("goes there with it", errno.EINVAL, device("vmk1", stack=STACK.VMOTION, provisioning=1),
             SECOND + 8)):
        refused(nl, what, error, CMD.VMK_SET, payload, blame)
    must(nl.ask(CMD.VMK_SET, device("vmk2", stack=STACK.DEFAULT)), "set")
    refused(nl, "a second one", errno.EEXIST, CMD.VMK_SET, device("vmk2", provisioning=1), SECOND)
    # A whole configuration counts as it is in the end, single changes one after the other.
    both = vmk("vmk2", provisioning=1) + vmk("vmk1", provisioning=0)
    must(nl.ask(CMD.CONFIG_SET, both), "handed over")
    assert [have[3] for have in stacks_of(nl)] == [0, 0, 1], f"{stacks_of(nl)}"
    before = config(nl)
    refused(nl, "two", errno.EEXIST, CMD.CONFIG_SET, vmk("vmk1", provisioning=1), FIRST + 16)
    refused(nl, "two, and then something else", errno.EEXIST, CMD.CONFIG_SET,
            vmk("vmk1", provisioning=1) + vmk("vmk1", CHANGE.SET, weight=2), FIRST + 16)
    refused(nl, "before it is handed over", errno.EEXIST, CMD.CONFIG_SET,
            vmk("vmk1", CHANGE.SET, provisioning=1) + vmk("vmk2", CHANGE.SET, provisioning=0), FIRST + 16)
    refused(nl, "migration off, nested", errno.EINVAL, CMD.CONFIG_SET, vmk("vmk0", migration=0), FIRST + 16)
    assert config(nl) == before, "something is changed"
    must(nl.ask(CMD.CONFIG_SET, vmk("vmk2", CHANGE.SET, provisioning=0) +
                vmk("vmk1", CHANGE.SET, provisioning=1)), "one after the other")
    # What does not know of stacks describes vmks of the default one.
    must(nl.ask(CMD.CONFIG_SET, REPLACE + vmk("vmk0", migration=0) + vmk("vmk1", migration=1)), "replace")
    want = [("vmk0", 0, STACK.DEFAULT, 0), ("vmk1", 1, STACK.DEFAULT, 0)]
    assert stacks_of(nl) == want, f"{stacks_of(nl)}"


TESTS = (good, short, long, truncated, unknown, wrong, commands, unprivileged, changing,
         interrupted, notified, whole, whole_wrong, whole_many, whole_told, stacks)


def main():
    ktap.begin(len(TESTS))
    for test in TESTS:
        problems = []
        try:
            test(Netlink())
        except (AssertionError, OSError) as problem:
            problems.append(str(problem) or "failed")
        ktap.result(test.__doc__, problems)
    ktap.end()


main()
