#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""route_get.py SEED: what "migsel route get -d" answers for random packets of random
configurations, in the network namespace that it is started in, what becomes of such
packets, counted by the devices, and what the rule has to say of them, worked out anew
here. The devices are those of tool_route_test.sh."""

import collections
import ipaddress
import json
import random
import socket
import subprocess
import sys
import time

import ktap
from family import REASONS

DEVICES = ["vmk0", "vmk1", "vmk2", "vmk3"]
SUBNETS = {4: ["192.0.2.%s/24", "198.51.100.%s/24", "203.0.113.%s/24"],
           6: ["2001:db8::%s/64", "2001:db8:1::%s/64", "2001:db8:2::%s/64"]}
FAR = {4: "198.18.0.1", 6: "2001:db8:f::1"}
NOWHERE = {4: "198.19.0.1", 6: "2001:db8:e::1"}
MARKS = {"hot": 0x10000, "cold": 0x20000, None: 0}
SHAPES, CONFIGS, PACKETS = 20, 15, 4
SIZE = 1000
# What may become of what a row has chosen; each other reason is a row's.
AFTERWARDS = ("link-down", "no-route")
ROWS = len(REASONS) - len(AFTERWARDS)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Migsel:
    """One process that answers line by line; the tag tells where an answer ends."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["migsel", "-j", "-d", "-force", "-b", "-"], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, *lines):
        self.process.stdin.write("\n".join(lines) + "\ntag show\n")
        answers = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise OSError("migsel has ended")
            if line.startswith('[{"mask"'):
                return answers
            answers.append(line.strip())

    def packets(self):
        rows = json.loads(self.ask("stats show")[0])
        return {row["reason"]: row["packets"] for row in rows}


class Host:
    """Addresses, links and routes, made anew for each shape."""

    def __init__(self, rng):
        self.addresses = {4: [], 6: []}
        self.subnets = {4: [], 6: []}
        self.routes = set()
        self.networks = {4: {}, 6: {}}
        self.owned = {dev: [] for dev in DEVICES}
        # Each another: with the same one, routes of IPv6 would be one that balances. So no
        # device still has routes of the last shape when the first gets new ones.
        metrics = iter(rng.sample(range(1, 1001), 64))
        lines = [f"{line} {dev}" for line in ("link set down dev", "addr flush dev", "link set up dev")
                 for dev in DEVICES]
        for n, dev in enumerate(DEVICES):
            for family in 4, 6:
                self.networks[family][dev] = set()
                for subnet in rng.sample(SUBNETS[family], rng.choice([0, 1, 1, 1, 1, 2])):
                    address = subnet % (10 + n)
                    self.subnets[family].append(subnet)
                    self.addresses[family].append(address.split("/")[0])
                    self.networks[family][dev].add(ipaddress.ip_interface(address).network)
                    self.owned[dev].append(address.split("/")[0])
                    lines.append(f"addr add {address} dev {dev}"
                                 + (" nodad" if family == 6 else ""))
                    if rng.random() < .5:
                        gateway = (subnet % 1).split("/")[0]
                        lines.append(f"route append {FAR[family]} via {gateway} dev {dev}"
                                     f" metric {next(metrics)}")
                    if rng.random() < .2:
                        gateway = (subnet % 1).split("/")[0]
                        lines.append(f"route append default via {gateway} dev {dev}"
                                     f" metric {next(metrics)}")
        if rng.random() < .3:
            lines.append(f"route add blackhole {FAR[4]} metric 1")
        self.dead = [dev for dev in DEVICES if rng.random() < .15]
        for dev in DEVICES:
            lines.append(f"link set {dev} carrier {'off' if dev in self.dead else 'on'}")
        subprocess.run(["ip", "-force", "-b", "-"], input="\n".join(lines), text=True,
                       check=False, capture_output=True)
        while not self.settled():
            time.sleep(.1)
        self.entries = []
        for family in 4, 6:
            for route in json.loads(run("ip", "-j", f"-{family}", "route", "show",
                                        "table", "all")):
                everything = "0.0.0.0/0" if family == 4 else "::/0"
                prefix = everything if route["dst"] == "default" else route["dst"]
                self.routes.add((str(ipaddress.ip_network(prefix)), route.get("dev")))
                self.entries.append((ipaddress.ip_network(prefix), route.get("dev"),
                                     route.get("type", "unicast")))

    def reaches(self, dev, dst, default):
        """Whether a route by the device does, a default route included or not."""
        if any(kind == "blackhole" and dst in network for network, _, kind in self.entries):
            return False
        return any(kind == "unicast" and by == dev and dst.version == network.version and
                   dst in network and (default or network.prefixlen)
                   for network, by, kind in self.entries)

    def settled(self):
        """Whether the kernel has seen what became of each carrier."""
        links = json.loads(run("ip", "-j", "link", "show", "type", "dummy"))
        return all((link["operstate"] == "DOWN") == (link["ifname"] in self.dead)
                   for link in links)


Vmk = collections.namedtuple("Vmk", "dev stack migration provisioning")


class Config:
    """As lines, and as the vmks that these make."""

    def __init__(self, rng):
        self.mode = rng.choice(["enforce"] * 8 + ["observe"])
        self.strict = rng.random() < .4
        self.vmks = []
        stacks = ["default"] if rng.random() < .5 else ["default"] * 3 + ["vmotion", "provisioning"]
        devices = rng.sample(DEVICES, rng.choice([0, 1, 2, 2, 3, 3, 3, 4, 4, 4]))
        service = rng.choice(devices + [None] * 2)
        self.lines = ["vmk flush", "stats reset", "policy set mode %s unreachable %s fallback %s" % (
            self.mode, rng.choice(["refuse", "refuse", "pass"]), "strict" if self.strict else "first-vmk")]
        for dev in devices:
            vmk = Vmk(dev, rng.choice(stacks), rng.random() < .5, dev == service)
            line = f"vmk add {dev} stack {vmk.stack} weight {rng.choice([1, 1, 1, 2, 3])}"
            if vmk.stack == "default":
                line += (f" migration {'on' if vmk.migration else 'off'}"
                         f" provisioning {'on' if vmk.provisioning else 'off'}")
            self.vmks.append(vmk)
            self.lines.append(line)

    def of(self, stack):
        return [vmk for vmk in self.vmks if vmk.stack == stack]


class Rule:
    """What the documentation says of a packet."""

    def __init__(self, config, host, packet):
        self.config, self.host, self.packet = config, host, packet
        default = config.of("default")
        self.first = default[0] if default else None
        self.migrate = config.of("vmotion") or [vmk for vmk in default if vmk.migration]
        self.service = next((vmk for vmk in default if vmk.provisioning), None)

    def usable(self, vmk):
        return vmk.dev not in self.host.dead and bool(self.host.networks[self.packet.family][vmk.dev])

    def routed(self, vmk, default=True):
        return self.host.reaches(vmk.dev, ipaddress.ip_address(self.packet.dst), default)

    def shares(self, vmk):
        """A subnet with the first vmk, which is another."""
        networks = self.host.networks[self.packet.family]
        return vmk != self.first and bool(networks[vmk.dev] & networks[self.first.dev])

    def cold(self):
        stack = self.config.of("provisioning")
        if stack:
            return "provisioning-stack", stack[:1]
        if self.service and self.shares(self.service):
            return "cold-same-subnet", [self.first]
        if self.service and self.usable(self.service) and self.routed(self.service, False):
            return "provisioning-vmk", [self.service]
        return "cold-first-vmk", [self.first] if self.first else []

    def hot(self):
        if not self.migrate:
            return "no-migration-vmk", None
        if len(self.migrate) > 1:
            for vmk in self.migrate:
                if self.usable(vmk) and self.packet.source in self.host.owned[vmk.dev]:
                    return "multi-nic-bound", [vmk]
            return "multi-nic", self.migrate
        if self.config.of("vmotion"):
            return "vmotion-stack", self.migrate
        if self.migrate == [self.first]:
            return "single-nic", self.migrate
        if not self.shares(self.migrate[0]):
            return "dedicated-subnet", self.migrate
        return ("strict", self.migrate) if self.config.strict else ("same-subnet", [self.first])

    def answer(self):
        """The reason, and the devices that there may be."""
        if not self.packet.tag:
            return "untagged", None
        if not self.config.vmks:
            return "no-vmk", None
        owned = self.host.owned
        if any(self.packet.dst in owned[dev] for dev in ([self.packet.dev] if self.packet.dev else owned)):
            return "not-unicast", None
        if self.packet.dev:
            return "bound-device", None
        reason, candidates = self.hot() if self.packet.tag == "hot" else self.cold()
        if candidates is None:
            return reason, None
        usable = [vmk for vmk in candidates if self.usable(vmk)]
        routed = [vmk.dev for vmk in usable if self.routed(vmk)]
        if candidates and not usable:
            return "link-down", None
        return (reason, routed) if routed else ("no-route", None)


class Packet:
    ports = iter(range(10000, 60000))

    def __init__(self, rng, host):
        self.family = rng.choice([4, 6])
        hosts = [(subnet % 99).split("/")[0] for subnet in host.subnets[self.family]]
        self.dst = rng.choice(hosts * 4 + [FAR[self.family]] * 3 + [NOWHERE[self.family]]
                              + host.addresses[self.family][:1])
        self.tag = rng.choice(["hot"] * 5 + ["cold"] * 4 + [None])
        self.source = self.dev = None
        if host.addresses[self.family] and rng.random() < .35:
            self.source = rng.choice(host.addresses[self.family])
        if rng.random() < .1:
            self.dev = rng.choice(DEVICES)
        self.connected = rng.random() < .5

    def question(self, tagged=True):
        words = ["route get", self.dst]
        words += ["from", self.source] if self.source else []
        words += ["dev", self.dev] if self.dev else []
        words += ["tag", self.tag] if self.tag and tagged else ["mark", "0"]
        return " ".join(words)

    def send(self):
        """The error, if any, and the source address."""
        family = socket.AF_INET if self.family == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARKS[self.tag])
                if self.dev:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.dev.encode())
                s.bind((self.source or ("0.0.0.0" if self.family == 4 else "::"),
                        next(self.ports)))
                if not self.connected:
                    s.sendto(bytes(SIZE), (self.dst, 9))
                    return None, None
                s.connect((self.dst, 9))
                s.send(bytes(SIZE))
                return None, s.getsockname()[0]
            except OSError as error:
                return error, None


def sent():
    """Bytes sent by each device."""
    with open("/proc/net/dev", encoding="ascii") as lines:
        rows = [line.replace(":", " ").split() for line in lines]
    return {row[0]: int(row[9]) for row in rows[2:]}


def refute(answer, host):
    """What is wrong with the details of an answer by themselves."""
    rows = answer["rows"]
    reason = answer["reason"]
    if [row["row"] for row in rows] != list(range(1, ROWS + 1)):
        return "not each row in its order"
    applied = [n for n, row in enumerate(rows) if row["outcome"] == "applied"]
    if len(applied) != 1:
        return "not one row applied"
    if reason not in AFTERWARDS and rows[applied[0]]["reason"] != reason:
        return "another row applied"
    for n, row in enumerate(rows):
        want = "skipped" if n < applied[0] else "not-reached" if n > applied[0] else "applied"
        if row["outcome"] != want or bool(row.get("why")) != (want != "not-reached"):
            return f"row {n + 1} is {row['outcome']}"
    chosen = [c["ifname"] for c in answer["candidates"] if c["chosen"]]
    if chosen != ([answer["dev"]] if answer["verdict"] == "steer" else []):
        return f"chosen: {chosen}"
    if not all(c["why"] for c in answer["candidates"]):
        return "a candidate without a reason"
    if answer["verdict"] == "refuse":
        return "a route of what is refused" if "prefix" in answer else None
    if "prefix" in answer:
        if ipaddress.ip_address(answer["dst"]) not in ipaddress.ip_network(answer["prefix"]):
            return f"the route is {answer['prefix']}"
        if answer["dev"] != "lo" and (answer["prefix"], answer["dev"]) not in host.routes:
            return f"there is no route {answer['prefix']}"
    elif answer["verdict"] == "steer":
        return "no route"
    return None


def contradict(answer, rule):
    """What the rule has otherwise than an answer."""
    reason, devices = rule.answer()
    if answer["reason"] != reason:
        return f"not {reason}"
    if devices is not None and answer.get("dev") not in devices:
        return f"not by {devices}"
    return None


def compare(migsel, packet, host, config):
    """What is wrong, if anything, and the reason that applied."""
    observing = config.mode == "observe"
    text = migsel.ask(packet.question())[0]
    plain = migsel.ask(packet.question(tagged=False))[0]
    answer = json.loads(text)[0] if text.startswith("[") else None
    problem = refute(answer, host) or contradict(answer, Rule(config, host, packet)) if answer else None
    if problem:
        return f"{problem}: {text}", None

    before, counted = sent(), migsel.packets()
    error, source = packet.send()
    after, counts = sent(), migsel.packets()
    by = [dev for dev in after if after[dev] - before.get(dev, 0) >= SIZE]
    grown = [r for r in counts if r != "untagged" and counts[r] != counted[r]]

    if not answer:
        want, reasons = [], []
    else:
        reasons = [answer["reason"]]
        want = [answer["dev"]] if "dev" in answer else []
        if observing:
            want = [json.loads(plain)[0]["dev"]]
    # A device without carrier takes a packet and drops it.
    want = [dev for dev in want if dev not in host.dead]
    seen = [r for r in reasons if r not in ("untagged", "no-vmk")]
    if by != want:
        return f"left by {by}, not {want}: {packet.question()}: {text} {error}", None
    if grown != seen:
        return f"counted as {grown}, not {seen}: {text}", None
    if answer and source and answer.get("src") != source:
        return f"from {source}: {text}", None
    refused = answer and answer["verdict"] == "refuse" and not observing
    if bool(error) != (refused or not answer):
        return f"error {error}: {text}", None
    return None, reasons[0] if reasons else "none"


def try_shape(rng, migsel, seen):
    """What is wrong in random configurations of a random host; counts the reasons."""
    problems = []
    host = Host(rng)
    for _ in range(CONFIGS):
        config = Config(rng)
        complaints = migsel.ask(*config.lines)
        problems += [f"{complaint}: {config.lines}" for complaint in complaints]
        for _ in range(PACKETS):
            problem, reason = compare(migsel, Packet(rng, host), host, config)
            if not problem:
                seen[reason] += 1
            else:
                problems.append(f"{problem}: {'; '.join(config.lines[2:])}")
    return problems


def main():
    ktap.begin(SHAPES + 1)
    ktap.note(f"SEED={sys.argv[1]}")
    rng = random.Random(int(sys.argv[1]))
    migsel = Migsel()
    seen = dict.fromkeys([*REASONS, "none"], 0)
    for shape in range(SHAPES):
        ktap.result(f"shape {shape + 1}", try_shape(rng, migsel, seen)[:3])
    # Some reasons are rare: what they take to be met is a matter of chance.
    problems = []
    more = iter(range(3 * SHAPES))
    while not all(seen.values()) and next(more, None) is not None:
        problems += try_shape(rng, migsel, seen)
    ktap.result("every reason", problems[:3] + [f"not met: {reason}" for reason in seen if not seen[reason]])
    ktap.note(f"{sum(seen.values())} packets: " + ", ".join(f"{seen[reason]} {reason}" for reason in sorted(seen)))
    ktap.end()


main()
