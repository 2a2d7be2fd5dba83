#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a report says, against what was measured: report_test.py CHECK FOLDER"""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"


def megabytes(count):
    tenths = int(count / 100000 + 0.5)
    return f"{tenths // 10}.{tenths % 10} MB"


def counted(scenario, side, nic, kind):
    return sum(t[side][nic] for t in scenario["transfers"] if t["class"] == kind)


def sections(page, result):
    for scenario in result["scenarios"]:
        section = page.find(f".//section[@id='scenario-{scenario['number']}']")
        assert section is not None, f"no section {scenario['number']}"
        yield scenario, section


def whole(page, result, folder):
    """Every scenario is there, and nothing comes from anywhere else."""
    overview = "".join(page.find(".//table").itertext())
    assert overview.count("PASS") == len(result["scenarios"]), "not all PASS: " + overview
    for scenario, section in sections(page, result):
        text = " ".join("".join(section.itertext()).split())
        parts = [scenario["title"], scenario["lesson"], *scenario["nics"], *scenario["reasons"]]
        parts += [c["command"] for c in scenario["commands"]]
        applied = [[str(r["row"]), r["reason"], r["why"]]
                   for e in scenario["explained"] for r in e["rows"] if r["outcome"] == "applied"]
        [table] = [t for t in section.iter("table") if t.find("caption").text.startswith("The row of the rule")]
        shown = [["".join(cell.itertext()) for cell in row] for row in table.find("tbody")]
        assert applied and [[row[0], row[3], row[4]] for row in shown] == applied, f"{shown}, not {applied}"
        for part in parts:
            assert " ".join(part.split()) in text, "lacks " + part
    for element in page.iter():
        name = element.tag.split("}")[-1]
        assert name not in ("script", "link", "img", "image", "iframe", "object", "use"), name
        if name == "style":
            assert not re.search(r"url\(|@import", element.text), "a style sheet that loads"
        for key, value in element.attrib.items():
            if key.split("}")[-1] in ("href", "src", "srcset", "data"):
                assert re.fullmatch(r"#[a-z0-9-]+|scenario-[0-9]+\.pcapng", value), value
            if key == "id":
                assert len(page.findall(f".//*[@id='{value}']")) == 1, "twice: " + value


def lines(picture):
    """What a picture shows: { (host, NIC, class): (label, width) }"""
    found = {}
    for group in picture.iter(SVG + "g"):
        classes = group.get("class", "").split()
        if "edge" not in classes:
            continue
        ends = group.find(SVG + "title").text.split("->")
        host, nic = (ends[0] if ends[0].startswith("esx-a") else ends[1]).split()
        words = [t.text for t in group.findall(SVG + "text")]
        if len(words) > 1:
            assert words[0] == classes[1], words
        key = (host, nic, classes[1])
        assert key not in found, key
        found[key] = (words[-1], float(group.find(SVG + "path").get("stroke-width", 1)))
    return found


def pictures(page, result, folder):
    """Labels are the bytes, widths are in proportion to them."""
    for scenario, section in sections(page, result):
        expected = {}
        sides = (("esx-a", "sent"), ("esx-b", "received"))
        most = max(counted(scenario, side, nic, kind)
                   for _, side in sides for nic in scenario["nics"] for kind in ("hot", "cold"))
        for host, side in sides:
            for nic in scenario["nics"]:
                for kind in ("hot", "cold"):
                    count = counted(scenario, side, nic, kind)
                    if megabytes(count) != "0.0 MB":
                        expected[host, nic, kind] = (megabytes(count), 2 + 10 * count / most)
                if not {(host, nic, "hot"), (host, nic, "cold")} & expected.keys():
                    expected[host, nic, "unused"] = ("0.0 MB", 1)
        drawn = [p for p in page.iter(SVG + "svg") if p.get("class") == "picture"]
        assert drawn, "no pictures"
        found = lines(next(section.iter(SVG + "svg")))
        assert found.keys() == expected.keys(), f"{sorted(found)} where it is to be {sorted(expected)}"
        for key, (label, width) in expected.items():
            assert found[key][0] == label, f"{key}: {found[key][0]} where it is to be {label}"
            assert abs(found[key][1] - width) < 0.02, f"{key}: {found[key][1]} wide, not {width}"


def area(polygon):
    points = [tuple(map(float, p.split(","))) for p in polygon.get("points").split()]
    following = points[1:] + points[:1]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, following))) / 2


def charts(page, result, folder):
    """Rate by time is bytes: areas of hot and of cold are as the bytes are."""
    for scenario, section in sections(page, result):
        found = [c for c in section.iter(SVG + "svg") if c.get("class") == "chart"]
        assert len(found) == 2, f"{len(found)} charts"
        for chart, side in zip(found, ("sent", "received")):
            drawn = {kind: sum(area(p) for p in chart.iter(SVG + "polygon") if p.get("class") == "fill-" + kind)
                     for kind in ("hot", "cold")}
            count = {kind: sum(counted(scenario, side, nic, kind) for nic in scenario["nics"])
                     for kind in ("hot", "cold")}
            ratio = count["hot"] / count["cold"]
            assert abs(drawn["hot"] - ratio * drawn["cold"]) < 0.03 * max(drawn.values()), \
                f"{side}: areas {drawn} of bytes {count}"
            text = " ".join(t.text or "" for t in chart.iter(SVG + "text"))
            for word in ["MB/s", "seconds", *scenario["nics"]]:
                assert word in text, f"{side}: no {word}"


def captures(page, result, folder):
    """The first packet of each flow has a comment, and that is the kernel's reason."""
    for scenario in result["scenarios"]:
        name = f"{folder}/scenario-{scenario['number']}.pcapng"
        listed = subprocess.run(
            ["tshark", "-n", "-r", name, "-T", "fields", "-e", "tcp.stream", "-e", "frame.interface_name",
             "-e", "frame.comment"], capture_output=True, text=True, check=True)
        said = [line for line in listed.stderr.splitlines() if not line.startswith("Running as user")]
        assert not said, said
        counts = {row["reason"] for row in scenario["stats"] if row["packets"]}
        hot = scenario["reasons"][-1].split(" reason ")[1]
        seen = {}
        for line in listed.stdout.splitlines():
            flow, nic, comment = line.split("\t")
            if flow in seen:
                assert comment == "", "twice: " + comment
                continue
            if not counts:
                assert comment == "", "nothing was decided: " + comment
                continue
            found = re.match(r"migsel: tag (hot|cold) dev (\S+) reason (\S+) \(row \d+: .*\)$", comment)
            assert found, f"{name}, flow {flow}: comment '{comment}'"
            assert found[2] == nic, f"{comment}: by {nic}"
            assert found[3] in counts, f"{comment}: the kernel has counted {counts}"
            assert (found[3] == hot) == (found[1] == "hot"), f"{comment}: hot is {hot}"
            seen[flow] = found[1]
        for kind in ("hot", "cold") if counts else ():
            streams = sum(t["streams"] for t in scenario["transfers"] if t["class"] == kind and t["payload"])
            assert list(seen.values()).count(kind) >= streams, f"{name}: {seen} where {kind} is to be {streams}"


def main():
    check, folder = sys.argv[1:]
    with open(folder + "/result.json", encoding="utf-8") as file:
        result = json.load(file)
    page = tree.parse(folder + "/index.html").getroot()
    try:
        globals()[check](page, result, folder)
    except AssertionError as error:
        sys.exit(f"{check}: {error}")


main()
