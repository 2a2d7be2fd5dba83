#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""pmtu.py: what a sender learns of the path, in the network namespace that it is started
in. Reads a command a line, answers each in a line; an error is its name.

  tcp DST SRC MARK BYTES      milliseconds until the sink had it all, and the segment size
  udp DST SRC MARK SIZE DISC [unconnected] [recverr] [gso]
                              what became of four datagrams, 300 ms apart; which errors
                              are in the queue, with origin and MTU; IP_MTU if connected
  forge tcp|udp FROM TO QUOTED_DST PORTS MTU SEQ
                              an ICMP message by somebody at FROM, of the packet that TO
                              sent; PORTS are SOURCE:DESTINATION
  redirect tcp|udp FROM TO QUOTED_DST PORTS GATEWAY SEQ [fragment]
                              likewise, that asks for another gateway; a fragment of IPv6
                              is all of it
  open DST SRC MARK           a TCP connection that stays: its source port
  ignore DST SRC MARK         a connected UDP socket likewise, that ignores what is learnt
  more BYTES [SECONDS]        bytes by it: milliseconds, and the segment size
  sequence                    the number of its next byte
  guard ttl|ao                from now on, it ignores ICMP
  close                       the end of it
  abort                       likewise, whatever the peer has not got
"""

import errno
import fcntl
import socket
import struct
import sys
import termios
import time

PORT = 5001
IP_MTU_DISCOVER, IP_MTU, IP_RECVERR, IP_MINTTL = 10, 14, 11, 21
IPV6_MTU_DISCOVER, IPV6_MTU, IPV6_RECVERR, IPV6_MINHOPCOUNT = 23, 24, 25, 73
PMTUDISC_OMIT = 5
UDP_SEGMENT = 103
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_SEND_QUEUE = 19, 20, 21, 2
TCP_AO_ADD_KEY = 38


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def new_socket(kind, dst, src, mark):
    sock = socket.socket(family_of(dst), kind)
    sock.settimeout(30)
    if int(mark, 0):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark, 0))
    if src != "any":
        sock.bind((src, 0))
    return sock


def segment(sock):
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104),
                              16)[0]


def send_all(sock, size):
    data = b"x" * min(size, 65536)
    while size > 0:
        size -= sock.send(data[:size])


def outstanding(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]


def tcp(dst, src, mark, size):
    with new_socket(socket.SOCK_STREAM, dst, src, mark) as sock:
        start = time.monotonic()
        sock.connect((dst, PORT))
        send_all(sock, int(size))
        mss = segment(sock)
        sock.shutdown(socket.SHUT_WR)
        got = struct.unpack("!Q", sock.recv(8))[0]
        if got != int(size):
            return f"SHORT of {int(size) - got} bytes"
        mss = min(mss, segment(sock))
        return f"{(time.monotonic() - start) * 1000:.0f} {mss}"


def queued(sock):
    """An error, its origin and the MTU."""
    sock.setblocking(False)
    try:
        messages = sock.recvmsg(2000, 512, socket.MSG_ERRQUEUE)[1]
    except BlockingIOError:
        return None
    for level, kind, data in messages:
        if (level, kind) in ((socket.SOL_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)):
            err, origin, _, _, _, info, _ = struct.unpack_from("IBBBBII", data)
            return f"{errno.errorcode[err]}/{origin}/{info}"
    return "?"


def udp(dst, src, mark, size, discover, *words):
    v6 = ":" in dst
    level = socket.IPPROTO_IPV6 if v6 else socket.SOL_IP
    answer = []
    with new_socket(socket.SOCK_DGRAM, dst, src, mark) as sock:
        sock.setsockopt(level, IPV6_MTU_DISCOVER if v6 else IP_MTU_DISCOVER, int(discover))
        if "recverr" in words:
            sock.setsockopt(level, IPV6_RECVERR if v6 else IP_RECVERR, 1)
        if "gso" in words:
            sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, int(size) // 2)
        if "unconnected" not in words:
            sock.connect((dst, PORT))
        for _ in range(4):
            try:
                if "unconnected" in words:
                    sock.sendto(b"x" * int(size), (dst, PORT))
                else:
                    sock.send(b"x" * int(size))
                answer.append("ok")
            except OSError as error:
                answer.append(errno.errorcode[error.errno])
            time.sleep(0.3)
        while "recverr" in words and (text := queued(sock)):
            answer += [text] if text not in answer else []
        if "unconnected" not in words:
            answer.append(str(sock.getsockopt(level, IPV6_MTU if v6 else IP_MTU)))
    return " ".join(answer)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def quote(proto, src, dst, ports, seq):
    """The beginning of a packet that is too big."""
    source, destination = map(int, ports.split(":"))
    number = socket.IPPROTO_TCP if proto == "tcp" else socket.IPPROTO_UDP
    head = struct.pack("!HHI", source, destination, int(seq) if proto == "tcp" else 0)
    head += b"\0" * 12
    src, dst = (socket.inet_pton(family_of(src), x) for x in (src, dst))
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28, 1400, number, 64) + src + dst + head
    return struct.pack("!BBHHHBBH", 0x45, 0, 1440, 1, 0x4000, 64, number, 0) + src + dst + head


def send_icmp(sender, target, message):
    v6 = ":" in target
    proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
    with socket.socket(family_of(target), socket.SOCK_RAW, proto) as sock:
        address, _, device = sender.partition("%")
        if v6:
            sock.bind((address, 0, 0, socket.if_nametoindex(device) if device else 0))
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255 if message[0] == 137 else 64)
        else:
            sock.bind((address, 0))
            message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        sock.sendto(message, (target, 0))
    return "ok"


def forge(proto, sender, target, dst, ports, mtu, seq):
    head = struct.pack("!BBHI", 2, 0, 0, int(mtu)) if ":" in target else \
        struct.pack("!BBHI", 3, 4, 0, int(mtu))
    return send_icmp(sender, target, head + quote(proto, target, dst, ports, seq))


def send_fragment(sender, target, message):
    src, dst = (socket.inet_pton(socket.AF_INET6, x.partition("%")[0]) for x in (sender, target))
    total = checksum(src + dst + struct.pack("!II", len(message), socket.IPPROTO_ICMPV6) + message)
    message = message[:2] + struct.pack("!H", total) + message[4:]
    head = struct.pack("!IHBB", 6 << 28, 8 + len(message), socket.IPPROTO_FRAGMENT, 255) + src + dst
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(head + struct.pack("!BBHI", socket.IPPROTO_ICMPV6, 0, 0, 1) + message, (target, 0))
    return "ok"


def redirect(proto, sender, target, dst, ports, gateway, seq, *words):
    quoted = quote(proto, target, dst, ports, seq)
    if ":" not in target:
        head = struct.pack("!BBH", 5, 1, 0) + socket.inet_aton(gateway)
        return send_icmp(sender, target, head + quoted)
    head = struct.pack("!BBHI", 137, 0, 0, 0) + b"".join(
        socket.inet_pton(socket.AF_INET6, address) for address in (gateway, dst))
    quoted += bytes(-len(quoted) % 8)
    send = send_fragment if words else send_icmp
    return send(sender, target, head + struct.pack("!BB6x", 4, len(quoted) // 8 + 1) + quoted)


class Connection:
    sock = None

    @classmethod
    def open(cls, dst, src, mark):
        cls.sock = new_socket(socket.SOCK_STREAM, dst, src, mark)
        cls.sock.connect((dst, PORT))
        return str(cls.sock.getsockname()[1])

    @classmethod
    def ignore(cls, dst, src, mark):
        v6 = ":" in dst
        cls.sock = new_socket(socket.SOCK_DGRAM, dst, src, mark)
        cls.sock.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.SOL_IP, IPV6_MTU_DISCOVER if v6 else IP_MTU_DISCOVER,
                            PMTUDISC_OMIT)
        cls.sock.connect((dst, PORT))
        cls.sock.send(b"x")
        return str(cls.sock.getsockname()[1])

    @classmethod
    def more(cls, size, limit=30):
        start = time.monotonic()
        cls.sock.settimeout(int(limit))
        send_all(cls.sock, int(size))
        while outstanding(cls.sock):
            if time.monotonic() > start + int(limit):
                return "ETIMEDOUT"
            time.sleep(0.002)
        return f"{(time.monotonic() - start) * 1000:.0f} {segment(cls.sock)}"

    @classmethod
    def sequence(cls):
        cls.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        cls.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
        number = cls.sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ)
        cls.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
        return str(number & 0xffffffff)

    @classmethod
    def guard(cls, how):
        peer = cls.sock.getpeername()[0]
        v6 = ":" in peer
        if how == "ttl":
            cls.sock.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.SOL_IP, IPV6_MINHOPCOUNT if v6 else IP_MINTTL, 65)
            return "ok"
        address = struct.pack("=HH4s120x", socket.AF_INET, 0, socket.inet_aton(peer))
        key = struct.pack("=64siIHBBBBBB80s", b"hmac(sha1)", 0, 0, 0, 32, 100, 100, 0, 0, 6, b"secret")
        cls.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        cls.sock.setsockopt(socket.IPPROTO_TCP, TCP_AO_ADD_KEY, address + key)
        return "ok"

    @classmethod
    def close(cls):
        cls.sock.close()
        return "ok"

    @classmethod
    def abort(cls):
        cls.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return cls.close()


COMMANDS = {"tcp": tcp, "udp": udp, "forge": forge, "redirect": redirect,
            "open": Connection.open, "ignore": Connection.ignore, "more": Connection.more,
            "sequence": Connection.sequence, "guard": Connection.guard, "close": Connection.close,
            "abort": Connection.abort}

for line in sys.stdin:
    command, *arguments = line.split()
    try:
        print(COMMANDS[command](*arguments), flush=True)
    except OSError as error:
        print("ETIMEDOUT" if error.errno is None else errno.errorcode[error.errno], flush=True)
