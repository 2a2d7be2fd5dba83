#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a report says, against what was measured: report_test.py CHECK FOLDER"""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

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


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def cells(table):
    """The rows of the bodies of a table, as text."""
    return [[text_of(cell) for cell in row] for body in table.findall("tbody") for row in body]


def whole(page, result, folder):
    """Every scenario is there, and nothing comes from anywhere else."""
    overview = text_of(page.find(".//table[@id='all']"))
    assert overview.count("PASS") == len(result["scenarios"]), "not all PASS: " + overview
    contents = [a.get("href") for a in page.find(".//nav").iter("a")]
    for scenario, section in sections(page, result):
        assert f"#scenario-{scenario['number']}" in contents, f"not in the contents: {scenario['number']}"
        text = text_of(section)
        parts = [*scenario["title"].split(": ", 1), scenario["question"], scenario["lesson"], *scenario["nics"], *scenario["reasons"]]
        parts += [c["command"] for c in scenario["commands"]]
        parts += [f"{i + 1} {route['dst']} {route['dev']}" for i, route in enumerate(scenario["routes"])]
        for part in parts:
            part = " ".join(part.split())
            assert part in text or part in " ".join(" ".join(r) for t in section.iter("table") for r in cells(t)), \
                "lacks " + part
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
    for href in contents:
        assert page.find(f".//*[@id='{href[1:]}']") is not None, "leads nowhere: " + href


def rules(page, result, folder):
    """What route get -d says is there whole; the row that applied, and no other, is lit."""
    for scenario, section in sections(page, result):
        tables = [t for t in section.iter("table") if t.get("class") == "rule"]
        assert len(tables) == len(scenario["explained"]) > 0, f"{len(tables)} tables of the rule"
        for table, explained, said in zip(tables, scenario["explained"], scenario["reasons"]):
            rows = [[str(r["row"]), r["reason"], r["outcome"], r.get("why", "")] for r in explained["rows"]]
            shown = [[row[0], row[3], row[4], row[5]] for row in cells(table)]
            assert shown == rows, f"{shown}, not {rows}"
            assert all(row[1] and row[2] for row in cells(table)), "a row without words"
            assert text_of(table.find("caption")) == said, text_of(table.find("caption"))
            lit = [text_of(row[3]) for row in table.find("tbody") if row.get("class") == "applied"]
            assert lit == [explained["reason"]], f"lit: {lit}, not {explained['reason']}"


def is_folded(page, element):
    return any(element in list(details.iter()) for details in page.iter("details") if "open" not in details.attrib)


def folds(page, result, folder):
    """Long parts are folded on the screen, and opened on paper."""
    [style] = [s.text for s in page.iter("style")]
    assert "details::details-content" in style.split("@media print")[1], "paper shows no folded parts"
    for _, section in sections(page, result):
        for element in [*section.iter("table"), *section.iter("pre")]:
            assert is_folded(page, element), "not folded: " + text_of(element)[:60]
        [lesson] = [p for p in section.iter("p") if p.get("class") == "lesson"]
        assert not is_folded(page, lesson) and not is_folded(page, next(section.iter(SVG + "svg"))), "all is folded"


def glossary():
    with open("Documentation/glossary.rst", encoding="utf-8") as file:
        found = re.findall(r"^   (\S.*)\n((?:      .*\n)+)", file.read(), re.M)
    return {term: " ".join(text.split()) for term, text in found}


def explained_by(*words):
    said = subprocess.run(["userspace/migsel", "-j", "explain", *words], capture_output=True, text=True, check=False)
    return json.loads(said.stdout)[0]


def lessons(page, result, folder):
    """What a newcomer asks is answered before all else, by what was measured."""
    header = page.find("body/header")
    asked = header.find("dl[@id='questions']")
    answers = {text_of(div.find("dt")): text_of(div.find("dd")) for div in asked}
    assert len(answers) == 5 and all(a.endswith("?") and answers[a] for a in answers), answers
    terms = glossary()
    assert len(terms) >= 8, terms.keys()
    for term in ("VMkernel NIC", "hot", "cold"):
        assert terms[term] in " ".join(answers.values()), "not answered: " + term
    shown = page.findall("body/main/dl")[-1]
    shown = dict(zip([text_of(t) for t in shown.iter("dt")], [text_of(d) for d in shown.iter("dd")]))
    assert shown == terms, f"{shown}, not {terms}"

    expected = []
    for scenario in result["scenarios"]:
        owner = {a.split("/")[0]: nic for nic, of in scenario["addresses"]["esx-a"].items() for a in of}
        expected += [[str(scenario["number"]), t["label"], seen["source"], owner[seen["source"]], seen["left"]]
                     for t in scenario["transfers"] for seen in t["seen"] if owner[seen["source"]] != seen["left"]]
    [other] = [t for t in page.iter("table") if text_of(t.find("caption")).startswith("Streams whose source")]
    assert expected and cells(other) == expected, f"{cells(other)}, not {expected}"

    cures = [text_of(pre) for pre in page.findall("body/main/div/section/ol/li/pre")]
    for cure in explained_by("--", "Documentation/examples/pitfall.txt")["cures"]:
        assert " ".join(cure["command"].split()) in cures, f"no {cure['command']} in {cures}"
    if result["scenarios"][0]["reasons"][-1].endswith("reason same-subnet"):
        scenario = result["scenarios"][0]
        sent = {nic: counted(scenario, "sent", nic, "hot") for nic in scenario["nics"]}
        [most] = [nic for nic in sent if sent[nic] > 0.9 * sum(sent.values())]
        question = header.find("section[@id='question']")
        answer = question.find("details")
        assert "open" not in answer.attrib and f"By {most} 100 %" in text_of(answer), text_of(answer)
        assert most + " 100 %" not in text_of(question).split("Guess")[0], "told before it is asked"
        received = megabytes(counted(scenario, "received", "vmk1", "hot"))
        assert received + " on vmk1" in answers["Why does nobody notice?"], answers
        assert "migsel policy set fallback strict" in cures, f"none for Linux: {cures}"


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


def expected_lines(scenario, transfers, most):
    found = {}
    for host, side in (("esx-a", "sent"), ("esx-b", "received")):
        for nic in scenario["nics"]:
            for kind in ("hot", "cold"):
                count = counted({"transfers": transfers}, side, nic, kind)
                if megabytes(count) != "0.0 MB":
                    found[host, nic, kind] = (megabytes(count), 2 + 10 * count / most)
            if not {(host, nic, "hot"), (host, nic, "cold")} & found.keys():
                found[host, nic, "unused"] = ("0.0 MB", 1)
    return found


def pictures(page, result, folder):
    """Labels are the bytes, widths in proportion to them on the whole page, addresses those of the hosts."""
    most = max(counted(s, side, nic, kind) for s in result["scenarios"] for nic in s["nics"]
               for side in ("sent", "received") for kind in ("hot", "cold"))
    for scenario, section in sections(page, result):
        drawn = [p for p in section.iter(SVG + "svg") if p.get("class") == "picture"]
        parts = [scenario["transfers"], *([t] for t in scenario["transfers"])]
        assert len(drawn) == len(parts), f"{len(drawn)} pictures of {len(parts)}"
        for picture, transfers in zip(drawn, parts):
            expected = expected_lines(scenario, transfers, most)
            found = lines(picture)
            assert found.keys() == expected.keys(), f"{sorted(found)} where it is to be {sorted(expected)}"
            for key, (label, width) in expected.items():
                assert found[key][0] == label, f"{key}: {found[key][0]} where it is to be {label}"
                assert abs(found[key][1] - width) < 0.02, f"{key}: {found[key][1]} wide, not {width}"
            boxes = {g.find(SVG + "title").text: [t.text for t in g.findall(SVG + "text")]
                     for g in picture.iter(SVG + "g") if g.get("class") == "node nic"}
            for host, addresses in scenario["addresses"].items():
                for nic in scenario["nics"]:
                    assert boxes[f"{host} {nic}"] == [nic, *addresses[nic]], boxes[f"{host} {nic}"]
            assert all(route["dst"] in boxes["switch"][1] for route in scenario["routes"] if "/" in route["dst"]), boxes
    for group in page.iter("div"):
        if group.get("class") in ("beside", "beside pair", "beside each"):
            scales = {(p.get("width"), p.get("viewBox").split()[2]) for p in group.iter(SVG + "svg")}
            assert len(scales) <= 1, f"beside each other, not in one scale: {scales}"


def manual(page, result, folder):
    """The documentation has the pictures of a run, whose figures alone differ."""
    def plain(name):
        with open(name, encoding="utf-8") as file:
            text = re.sub(r"(?!0\.0 )\b[0-9]+\.[0-9] MB", "N MB", file.read())
        return re.sub(r' (stroke-width|x)="[-0-9.]+"', "", text)

    pictures = Path("Documentation/pictures")
    kept = [pictures / f"scenario-{s['number']}.svg" for s in result["scenarios"]]
    kept = [file for file in kept if file.exists()]
    assert kept, "the documentation has no picture of what was run"
    for file in kept:
        assert plain(file) == plain(f"{folder}/{file.name}"), f"{file} is not what was drawn: copy {folder}/{file.name}"


def area(polygon):
    points = [tuple(map(float, p.split(","))) for p in polygon.get("points").split()]
    following = points[1:] + points[:1]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, following))) / 2


def placed(chart):
    """The texts of a chart, each with its left, right and middle."""
    found = []
    for group in chart.iter(SVG + "g"):
        place = re.match(r"translate\(([0-9.]+),([0-9.]+)\)", group.get("transform", ""))
        for text in group.findall(SVG + "text") if place else ():
            word = (text.text or "").strip()
            left = float(place[1]) - {"start": 0, "middle": 4, "end": 8}[group.get("text-anchor")] * len(word)
            found.append((word, left, left + 8 * len(word), float(place[2]) - 5))
    return found


def legible(chart, texts):
    """No text lies on a bar or beyond the edge, and bars take up the time."""
    width = float(chart.get("width"))
    boxes = []
    for polygon in chart.iter(SVG + "polygon"):
        xs, ys = zip(*(map(float, p.split(",")) for p in polygon.get("points").split()))
        if max(ys) - min(ys) > 1:
            boxes.append((min(xs), max(xs), min(ys), max(ys)))
    for text, begin, end, y in texts:
        assert end < width, f"{text} is cut at {width}"
        for left, right, top, bottom in boxes:
            assert end < left or right < begin or not top < y < bottom, f"{text} lies on a bar"
    taken = {x for left, right, _, _ in boxes for x in range(int(left), int(right))}
    begin, end = min(b[0] for b in boxes), max(b[1] for b in boxes)
    assert len(taken) > 0.6 * (end - begin), f"bars take {len(taken)} of {end - begin}"


def charts(page, result, folder):
    """Rate by time is bytes: areas of hot and of cold are as the bytes are."""
    for scenario, section in sections(page, result):
        found = [c for c in section.iter(SVG + "svg") if c.get("class") == "chart"]
        assert len(found) == 2, f"{len(found)} charts"
        scales = []
        for chart, side in zip(found, ("sent", "received")):
            drawn = {kind: sum(area(p) for p in chart.iter(SVG + "polygon") if p.get("class") == "fill-" + kind)
                     for kind in ("hot", "cold")}
            count = {kind: sum(counted(scenario, side, nic, kind) for nic in scenario["nics"])
                     for kind in ("hot", "cold")}
            ratio = count["hot"] / count["cold"]
            assert abs(drawn["hot"] - ratio * drawn["cold"]) < 0.03 * max(drawn.values()), \
                f"{side}: areas {drawn} of bytes {count}"
            texts = placed(chart)
            for word in ["MB/s", "seconds of sending", *scenario["nics"]]:
                assert word in [t[0] for t in texts], f"{side}: no {word}"
            legible(chart, texts)
            scales.append([t[0] for t in texts if re.fullmatch("[0-9.]+", t[0])])
        assert scales[0] == scales[1], f"scales differ: {scales}"


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
