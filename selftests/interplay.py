#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""interplay.py TEST NETNS_A NETNS_B ADDRESS_A ADDRESS_B: one process has both ends of a
tagged flow, host A's and host B's. It ends with 0 where all arrived."""

import contextlib
import ctypes
import os
import socket
import struct
import sys
import time

from netns import LIBC, enter

SO_ZEROCOPY = 60
MSG_ZEROCOPY = 0x4000000
UDP_SEGMENT = 103
TCP_MD5SIG, TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 14, 19, 20, 21
IPPROTO_MPTCP = 262
HOT, PORT, SIZE = 0x10000, 5002, 20000

TEST, NETNS_A, NETNS_B, ADDRESS_A, ADDRESS_B = (sys.argv + [None] * 5)[1:6]
FAMILY = socket.AF_INET6 if ADDRESS_B and ":" in ADDRESS_B else socket.AF_INET


def make(netns, kind, mark=0, proto=0):
    """A socket of a namespace."""
    enter(f"/run/netns/{netns}")
    made = socket.socket(FAMILY, kind, proto)
    made.settimeout(20)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    return made


def listener(netns, address, mark=0, proto=0, before=lambda s: None):
    made = make(netns, socket.SOCK_STREAM, mark, proto)
    before(made)
    made.bind((address, PORT))
    made.listen()
    return made


def pair(before=lambda s: None, listening=lambda s: None, proto=0):
    """Both ends of a hot connection that A opens."""
    server = listener(NETNS_B, ADDRESS_B, proto=proto, before=listening)
    client = make(NETNS_A, socket.SOCK_STREAM, HOT, proto)
    before(client)
    client.connect((ADDRESS_B, PORT))
    end, _ = server.accept()
    end.settimeout(20)
    return client, end


def exchange(sender, receiver, size=SIZE, flags=0):
    sent = got = 0
    data = bytes(size)
    while got < size:
        if sent < size:
            sent += sender.send(data[sent:sent + 8000], flags)
        got += len(receiver.recv(65536))


def datagrams(before=lambda s: None, data=bytes(1000), number=1, size=1000):
    """One call of A, as many datagrams at B."""
    server = make(NETNS_B, socket.SOCK_DGRAM)
    server.bind((ADDRESS_B, PORT))
    client = make(NETNS_A, socket.SOCK_DGRAM, HOT)
    before(client)
    client.connect((ADDRESS_B, PORT))
    client.send(data)
    for _ in range(number):
        if len(server.recv(65536)) != size:
            raise OSError("a datagram has another size")


def with_options(sock):
    if FAMILY == socket.AF_INET:
        # Room for the route to be recorded in.
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x07\x0b\x04" + bytes(9))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, b"\0\0\x01\x04" + bytes(4))


def options():
    datagrams(with_options)
    exchange(*pair(with_options))


def udp_gso():
    datagrams(lambda s: s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000), bytes(8000), 8)


def zerocopy():
    client, end = pair(lambda s: s.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1))
    exchange(client, end, flags=MSG_ZEROCOPY)


def md5():
    def key_for(address):
        name = struct.pack("=HH4s120x", FAMILY, 0, socket.inet_pton(FAMILY, address)) \
            if FAMILY == socket.AF_INET else \
            struct.pack("=HHI16s104x", FAMILY, 0, 0, socket.inet_pton(FAMILY, address))
        option = name + struct.pack("=BBHi80s", 0, 0, 6, 0, b"secret")
        return lambda s: s.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, option)
    exchange(*pair(key_for(ADDRESS_B), key_for(ADDRESS_A)))


def repair():
    """A connection goes on in another socket, as after a checkpoint."""
    client, end = pair()
    exchange(client, end)
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    name, seqs = client.getsockname(), {}
    for queue in 1, 2:
        client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
        seqs[queue] = client.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) & 0xffffffff
    client.close()
    again = make(NETNS_A, socket.SOCK_STREAM, HOT)
    again.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    again.bind(name)
    for queue, seq in seqs.items():
        again.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
        again.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("=I", seq))
    again.connect((ADDRESS_B, PORT))
    again.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
    exchange(again, end)
    exchange(end, again)


def accepted():
    """A is the one that listens."""
    server = listener(NETNS_A, ADDRESS_A, HOT)
    client = make(NETNS_B, socket.SOCK_STREAM)
    client.connect((ADDRESS_A, PORT))
    end, _ = server.accept()
    end.settimeout(20)
    exchange(end, client)


def reset():
    """Nobody listens at A."""
    with contextlib.suppress(ConnectionRefusedError):
        make(NETNS_B, socket.SOCK_STREAM).connect((ADDRESS_A, PORT))
        raise OSError("somebody listens")


def time_wait():
    """What A says for a connection that it has closed."""
    client, end = pair()
    name = client.getsockname()
    client.shutdown(socket.SHUT_WR)
    if end.recv(1):
        raise OSError("not closed")
    end.close()
    client.close()
    time.sleep(.1)
    late = make(NETNS_B, socket.SOCK_STREAM)
    late.bind((ADDRESS_B, PORT))
    late.settimeout(.5)
    with contextlib.suppress(ConnectionError, TimeoutError):
        late.connect(name)


def owned():
    """The sender is somebody else's."""
    datagrams(lambda s: os.fchown(s.fileno(), 1234, -1))
    exchange(*pair(lambda s: os.fchown(s.fileno(), 1234, -1)))


def tcp():
    exchange(*pair())


def udp():
    datagrams()


def mptcp():
    client, end = pair(proto=IPPROTO_MPTCP)
    for _ in range(20):
        exchange(client, end)
        exchange(end, client)
        time.sleep(.05)


def ipvs():
    """Lets host A direct what comes to ADDRESS_A to ADDRESS_B, by round robin."""
    make(NETNS_A, socket.SOCK_DGRAM)
    family = Netlink(name="IPVS")

    def end(address):
        return socket.inet_aton(address) + bytes(12)

    port = struct.pack(">H", PORT)
    service = attr(1, struct.pack("=H", FAMILY)) + attr(2, struct.pack("=H", socket.IPPROTO_UDP)) + \
        attr(3, end(ADDRESS_A)) + attr(4, port) + attr(6, b"rr\0") + \
        attr(7, bytes(8)) + attr(8, bytes(4)) + attr(9, b"\xff" * 4)
    dest = attr(1, end(ADDRESS_B)) + attr(2, port) + attr(3, bytes(4)) + \
        attr(4, struct.pack("=I", 1)) + attr(5, bytes(4)) + attr(6, bytes(4))
    must(family.ask(1, attr(1, service)), "service")
    must(family.ask(5, attr(1, service) + attr(2, dest)), "destination")


def virtual():
    """Asks ADDRESS_A, and B answers."""
    server = make(NETNS_B, socket.SOCK_DGRAM)
    server.bind((ADDRESS_B, PORT))
    client = make(NETNS_A, socket.SOCK_DGRAM, HOT)
    client.connect((ADDRESS_A, PORT))
    client.send(b"question")
    _, name = server.recvfrom(100)
    server.sendto(b"answer", name)
    client.recv(100)


def pin():
    """Programs for routes in a file system of BPF: one lets packets pass, one drops them."""
    for name, code in ("pass", 0), ("drop", 2):
        program = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xb7, 0, 0, code, 0x95, 0, 0, 0))
        gpl = ctypes.create_string_buffer(b"GPL")
        load = struct.pack("=IIQQ", 11, 2, ctypes.addressof(program), ctypes.addressof(gpl))
        load = ctypes.create_string_buffer(load + bytes(48), 72)
        number = LIBC.syscall(321, 5, load, 72)
        path = ctypes.create_string_buffer(f"{NETNS_A}/{name}".encode())
        place = ctypes.create_string_buffer(struct.pack("=QI", ctypes.addressof(path), number), 16)
        if number < 0 or LIBC.syscall(321, 6, place, 16):
            raise OSError(ctypes.get_errno(), "BPF")


def queue():
    """Holds what comes to queue 0, until a line is read; says of each packet."""
    make(NETNS_A, socket.SOCK_DGRAM)
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)

    def send(kind, *attrs):
        body = struct.pack("=BBH", 0, 0, 0) + b"".join(attrs)
        netlink.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | kind, 1, 0, 0) + body)

    send(2, attr(1, struct.pack(">BBH", 1, 0, 0)))
    send(2, attr(2, struct.pack(">IB", 0, 1)))
    print("ready", flush=True)
    held, hold = [], True
    os.set_blocking(0, False)
    while True:
        netlink.settimeout(.02)
        with contextlib.suppress(TimeoutError):
            message = netlink.recv(65536)
            held.append(message[24:28])
            print("packet", flush=True)
        line = sys.stdin.buffer.readline()
        hold = hold and not line
        while held and not hold:
            send(1, attr(2, struct.pack(">I", 1) + held.pop(0)))


# Most do without, and are started often.
if TEST in ("ipvs", "queue"):
    from family import Netlink, attr, must
globals()[TEST]()
