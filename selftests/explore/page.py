# SPDX-License-Identifier: GPL-2.0-only
"""explore.html in a browser without a screen: page.py PAGE ANSWERS NATIVE COMMANDS. The second is a
program built of answers.c, the third of native.c; the last is written, for lab.sh: what the page
says of some states, and the commands that it prints. One browser for all tests, as its start is what costs."""

import base64
import json
import os
import random
import re
import subprocess
import sys
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import ktap  # noqa: E402  (beside the folder)

PAGE, ANSWERS, NATIVE, COMMANDS = os.path.abspath(sys.argv[1]), *sys.argv[2:]
HERE = os.path.dirname(__file__)
URL = "file://" + PAGE
CONFIGURATIONS = 1000
REASONS = set(re.findall(r'name\(\w+, "([a-z-]+)"\)', open(os.path.join(
    os.path.dirname(__file__), "../../module/reasons.h"), encoding="utf-8").read().replace("last(", "name(")))
SUBNETS4 = (*["192.0.2.{}/24"] * 4, "192.0.2.{}/25", "198.51.100.{}/24", "203.0.113.{}/24", "192.0.2.{}/32", "169.254.1.{}/16")
SUBNETS6 = (*["2001:db8::{}/64"] * 3, "2001:db8:1::{}/64", "2001:db8:2::{}/48", "fe80::{}/64", "2001:db8::{}/128")


SPECIAL = ("233.252.0.1", "ff02::1", "192.0.2.255", "203.0.113.255", "127.0.0.1", "::1", "240.0.0.1")
UNTOLD = ("services", "routes4", "routes6", "rest")


def start():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--hide-scrollbars", "--disable-background-networking", "--no-first-run"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


browser = start()


def run(script, *arguments):
    return browser.execute_script(script, *arguments)


def wait(condition):
    WebDriverWait(browser, 30, 0.05).until(lambda _: condition())


def opened(fragment=""):
    """Anew: another fragment alone would not load it again."""
    browser.get("about:blank")
    browser.get(URL + fragment)
    wait(lambda: run("return globalThis.explore?.state !== undefined"))


def size(width, height=844, **media):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": media.get("media", ""),
        "features": [{"name": "prefers-color-scheme", "value": media.get("scheme", "light")}]})


def text(css):
    return browser.find_element(By.CSS_SELECTOR, css).text


def expect(problems, what, got, wanted):
    if got != wanted:
        problems.append(f"{what}: expected {wanted!r}, got {got!r}")


def random_nic(chance, number, place):
    addresses = [chance.choice(SUBNETS4).format(10 * place + number) for _ in range(chance.choice((0, 1, 1, 1, 2)))]
    addresses += [chance.choice(SUBNETS6).format(f"{10 * place + number}") for _ in range(chance.choice((0, 1, 1)))]
    routes = chance.sample(("0.0.0.0/0", "::/0", "203.0.113.0/24", "198.51.100.0/24"), chance.choice((0, 0, 0, 1, 2)))
    return {"name": f"vmk{number}", "vmk": chance.random() < .9, "migration": chance.random() < .4,
            "provisioning": False, "down": chance.random() < .15,
            "stack": chance.choice((0, 0, 0, 0, 0, 1, 2)), "addresses": list(dict.fromkeys(addresses)), "routes": routes}


def random_state(chance):
    hosts = []
    for place in (1, 2):
        nics = [random_nic(chance, i, place) for i in range(chance.randint(1, 5))]
        if chance.random() < .3:
            for nic in nics:
                nic["stack"] = 0
        serving = [nic for nic in nics if nic["stack"] == 0 and nic["vmk"]]
        if serving and chance.random() < .6:
            chance.choice(serving)["provisioning"] = True
        untold = [what for what in UNTOLD if chance.random() < .05]
        hosts.append({"strict": chance.random() < .2, "untold": untold, "first": chance.randrange(len(nics)), "nics": nics})
    source = chance.randrange(2)
    own = [a.split("/")[0] for nic in hosts[source]["nics"] for a in nic["addresses"]]
    other = chance.choice(["192.0.2.200", "192.0.2.201", "192.0.2.202", "192.0.2.20", "198.51.100.7", "203.0.113.9",
                           "2001:db8::97", "2001:db8::98", "2001:db8::99", "2001:db8:1::99", "2001:db8:2:5::1",
                           chance.choice(SPECIAL), *own[:1]])
    return {"hosts": hosts, "from": source, "tag": chance.choice((0, 1, 1, 1, 2, 2)), "family": 6 if ":" in other else 4,
            "bind": chance.choice(("none", "none", "none", "none", "address", "address", "device")),
            "bound": chance.randrange(len(hosts[source]["nics"])), "to": 0, "other": other}


def question(state, to=None):
    host = state["hosts"][state["from"]]
    flags = host["strict"] + sum(2 << i for i, what in enumerate(UNTOLD) if what in host["untold"])
    lines = [f"host {flags} {host['first']}"]
    for nic in host["nics"]:
        flags = nic["vmk"] + 2 * nic["migration"] + 4 * nic["provisioning"] + 8 * nic["down"]
        lines += [f"nic {flags} {nic['stack']}", *(f"address {a}" for a in nic["addresses"]),
                  *(f"route {r}" for r in nic["routes"])]
    bound = -1 if state["bind"] == "none" else state["bound"]
    return lines + [f"ask {state['tag']} {bound} {state['bind'] == 'device':d} {to or state['other']}"]


def program(path, lines):
    ran = subprocess.run([path], input="\n".join(lines), capture_output=True, text=True, check=False)
    if ran.returncode:
        raise AssertionError(f"{path} exits {ran.returncode}: {ran.stderr[-400:]} {lines[ran.stdout.count(chr(10)):][:3]}")
    return ran.stdout.splitlines()


def in_short(answer):
    """An answer of the page, as answers.c prints it."""
    by = answer["by"] if answer["verdict"] == "steer" else []
    words = [answer["row"], *by, "of", *answer["candidates"], "flows", *answer["flows"],
             "pitfall" if answer["pitfall"] else "-", answer["reason"]]
    return " ".join(map(str, words))


def outcomes(answer):
    return [row["outcome"] for row in answer["rows"]]


def asked(states):
    """What the page says of them, and of the cures that it has. Each goes through the address bar's form first."""
    return run("""return JSON.parse(arguments[0]).map(state => {
        state = explore.fromText(explore.toText(explore.tidy(state)));
        const answer = explore.ask(state), host = state.hosts[state.from];
        const { wrong, ...seen } = explore.look(host, state.family);
        return { answer, seen, cures: explore.cures(state, answer) };
    })""", json.dumps(states))


def compare(problems, states):
    """The page with the rule, built as the unit tests build it, and with itself, built natively. Returns the reasons, and how many cures there were."""
    page = asked(states)
    lines = [line for state in states for line in question(state)]
    c, native = program(ANSWERS, lines), program(NATIVE, lines)
    expect(problems, "answers", [len(page), len(c), len(native)], [len(states)] * 2 + [2 * len(states)])
    cures = [cure for said in page for cure in said["cures"]]
    c_cures = program(ANSWERS, [line for cure in cures for line in question({**cure["state"], "tag": 1}, cure["answer"]["to"])])
    for cure, its in zip(cures, c_cures):
        expect(problems, f"the cure '{cure['title']}'", in_short(cure["answer"]), its)
        if its.split()[-2:-1] != ["-"] or cure["answer"]["verdict"] != "steer":
            problems.append(f"no cure: {cure}")
    for state, said, its, *natives in zip(states, page, c, native[::2], native[1::2]):
        answer = said["answer"]
        names = answer.pop("names")
        what = json.dumps(state)
        expect(problems, what, in_short(answer), its)
        expect(problems, f"natively, {what}", [answer, said["seen"]], [json.loads(one) for one in natives])
        expect(problems, what, names, [f"vmk{i}" for i in answer["by"]])
        expect(problems, what, outcomes(answer), ["skipped"] * (answer["row"] - 1) + ["applied"] + ["not-reached"] * (len(answer["rows"]) - answer["row"]))
    return {line.split()[-1] for line in c}, len(cures)


def same_answers():
    """All that the page says of a thousand hosts, row, candidates, flows, cures, is what C says."""
    problems, met, n_cures = [], set(), 0
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    ktap.note(f"SEED={seed} asks the same again")
    chance = random.Random(seed)
    opened()
    # A reason that chance has not met yet is looked for on.
    for batch in range(10):
        if batch and not REASONS - met and n_cures or problems:
            break
        reasons, n = compare(problems, [random_state(chance) for _ in range(CONFIGURATIONS)])
        met |= reasons
        n_cures += n
    expect(problems, "reasons that were not met", REASONS - met, set())
    expect(problems, "cures were met", n_cures > 0, True)
    return problems[:3]


def reads_as_natively():
    """What is pasted gives the same hosts by WebAssembly as natively, where bad accesses are seen."""
    problems = []
    samples = [os.path.join(HERE, "../explain", name) for name in sorted(os.listdir(os.path.join(HERE, "../explain")))]
    samples = [path for path in samples if path.endswith(".txt")]
    native = subprocess.run([NATIVE, *samples], capture_output=True, text=True, check=True).stdout.splitlines()
    opened()
    for path, its in zip(samples, native, strict=True):
        with open(path, encoding="utf-8") as sample:
            expect(problems, os.path.basename(path), run("return explore.read(arguments[0]).hosts", sample.read()), json.loads(its))
    return problems[:3]


# Other addresses, a route, services and stacks, and sockets that are bound.
OTHERS = ("a=vmk0,v,192.0.2.10/24,2001:db8::10/64;vmk1,v,198.51.100.11/24,2001:db8:1::11/64;vmk2,vpf,203.0.113.12/24,@198.18.0.0/15"
          "&b=strict;vmk0,vf,192.0.2.20/24,2001:db8::20/64;vmk1,vm,192.0.2.21/24,2001:db8::21/64;vmk2,vP,203.0.113.22/24")
# Several addresses of a NIC, a link that is down, routes to everywhere.
MANY = ("a=vmk0,v,192.0.2.10/24,2001:db8::10/64;vmk1,vd,198.51.100.11/24,192.0.2.211/25,2001:db8:1::11/64,2001:db8:1::111/64,@0.0.0.0/0,@::/0;"
        "vmk2,vf,203.0.113.12/24,203.0.113.112/24,203.0.113.212/26&b=vmk0,vf,192.0.2.20/24,2001:db8::20/64")
SHOWN = ("plain", "pitfall", "second-nic",
         f"from=0&tag=2&ip=4&bind=none&bound=0&to=2&{OTHERS}", f"from=1&tag=1&ip=6&bind=address&bound=1&to=0&{OTHERS}",
         f"from=0&tag=2&ip=4&bind=none&bound=0&to=0&{MANY}")
# Where packets go that the rule does not touch: the kernel is asked, too.
ROUTED = ("192.0.2.99", "192.0.2.255", "198.18.0.1", "203.0.113.200", "203.0.113.255", "224.0.0.9", "255.255.255.255", "127.0.0.1",
          "240.0.0.1", "2001:db8::99", "2001:db8:1::1:99", "2001:db8:7::7", "ff0e::1", "::1")


def plain_ways():
    """Of the state that is shown: destination, from, device, and by which NIC and with which source it goes."""
    return run("""const { state } = explore, host = state.hosts[state.from], found = [];
        const own = [4, 6].flatMap(family => explore.look(host, family).nics.map(nic => nic.address)).filter(Boolean);
        for (const other of [...arguments[0], ...own])
            for (const [bind, bound] of [['none', 0], ['address', host.nics.length - 1], ['device', host.nics.length - 1]]) {
                const family = other.includes(':') ? 6 : 4, { address } = explore.look(host, family).nics[bound];
                // By which NIC IPv6 is sent to many, the order says in which the links came up; no command here changes that.
                if (/^ff/.test(other) && bind !== 'device' || bind !== 'none' && (own.includes(other) || /^(127|::1)/.test(other) || bind === 'address' && !address))
                    continue;
                const { plain, source } = explore.ask(explore.tidy({ ...state, tag: 0, bind, bound, other }));
                found.push([other, bind === 'address' ? address : '', bind === 'device' ? host.nics[bound].name : '',
                    { host: 'lo', nic: host.nics[plain.nic]?.name, nowhere: '' }[plain.way], source]);
            }
        return found;""", ROUTED)


def prints_commands():
    shown = []
    for fragment in SHOWN:
        opened("#" + fragment)
        shown.append({"name": fragment.split("&a=")[0], "reason": text("#answer code"), "plain": plain_ways(),
                      **run("const { state } = explore; return { host: state.hosts[state.from].name, by: explore.ask(state).names }"),
                      "commands": text("#commands")})
    with open(COMMANDS, "w", encoding="utf-8") as file:
        json.dump(shown, file)
    return [f"{one['name']}: {one}" for one in shown if not one["commands"] or "#" in one["commands"]]


def cases():
    problems = []
    for fragment, source, by, reason in (
            ("plain", "esx-a", "vmk1", "untagged"), ("pitfall", "esx-a", "vmk0", "same-subnet"),
            ("source", "esx-b", "vmk0", "same-subnet"), ("own-subnet", "esx-a", "vmk1", "dedicated-subnet"),
            ("second-nic", "esx-a", "vmk1 and vmk2", "multi-nic"), ("stack", "esx-a", "vmk1", "vmotion-stack")):
        opened("#" + fragment)
        expect(problems, fragment, text("#answer .verdict"), f"It leaves by {by}{': the pitfall' if reason == 'same-subnet' else ''}.")
        expect(problems, fragment, text("#answer code"), reason)
        expect(problems, fragment, run("return document.querySelector('#from').selectedOptions[0].text"), source)
        expect(problems, fragment, run("return [...document.querySelectorAll('.nic.chosen .name')].map(n => n.textContent).join(' and ')"), by)
        expect(problems, fragment, text("#rows .applied .reason"), reason)
    opened()
    expect(problems, "begins with", text("[aria-current] "), "2\u00a0The pitfall".replace("\u00a0", " "))
    return problems


def press(*keys):
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def focus():
    return browser.switch_to.active_element.get_attribute("id")


def tab_to(identifier):
    for _ in range(120):
        if focus() == identifier:
            return
        press(Keys.TAB)
    raise AssertionError(f"{identifier} is not reached by TAB")


def keyboard():
    """Nothing but keys: a case, the rows, a tag, a NIC's link, a cure and back."""
    problems = []
    opened("#plain")
    tab_to("case-pitfall")
    press(Keys.ENTER)
    expect(problems, "the case", text("#answer code"), "same-subnet")
    expect(problems, "the address bar", run("return location.hash"), "#pitfall")
    tab_to("first")
    press(Keys.ENTER)
    expect(problems, "the first row", text("#answer .verdict"), "Row 1 does not apply")
    expect(problems, "chosen before it is decided", len(browser.find_elements(By.CSS_SELECTOR, ".nic.chosen")), 0)
    tab_to("next")
    press(Keys.SPACE, Keys.SPACE)
    expect(problems, "the third row", text("#rows [aria-selected=true] .reason"), "not-unicast")
    tab_to("rows")
    press(Keys.ARROW_DOWN)
    expect(problems, "by an arrow", text("#rows [aria-selected=true] .reason"), "bound-device")
    press(Keys.END)
    expect(problems, "at the end", text("#rows .applied .reason"), "same-subnet")
    tab_to("0-1-migration")
    press(Keys.SPACE)
    expect(problems, "migration off", text("#answer .verdict"), "It is refused: nothing leaves.")
    expect(problems, "focus stays", focus(), "0-1-migration")
    press(Keys.SPACE)
    opened("#pitfall")
    tab_to("tag")
    press("c")
    expect(problems, "cold", text("#answer code"), "cold-first-vmk")
    press(Keys.ARROW_UP)
    tab_to("cure-1")
    press(Keys.ENTER)
    expect(problems, "cured", text("#answer .verdict"), "It leaves by vmk1 and vmk2.")
    expect(problems, "before and now", run("return [...document.querySelectorAll('#compare tbody tr:first-child td')].map(td => td.textContent)"),
           ["vmk0 same-subnet, the pitfall", "vmk1 and vmk2 multi-nic"])
    expect(problems, "the focus when the cure is gone", focus(), "answered")
    tab_to("undo")
    press(Keys.ENTER)
    expect(problems, "undone", run("return location.hash"), "#pitfall")
    expect(problems, "the focus on what has become useless", focus(), "undo")
    expect(problems, "what is heard", run("return document.getElementById('said').textContent"), "It leaves by vmk0: the pitfall. Row 13, same-subnet.")
    # A NIC is followed where it goes; of radio buttons the arrows take the next.
    tab_to("0-0-later")
    press(Keys.ENTER)
    expect(problems, "the NIC that went on", [focus(), run("return explore.state.hosts[0].nics.map(nic => nic.name).join(' ')")], ["0-1-later", "vmk1 vmk0"])
    tab_to("1-1-first")
    press(Keys.ARROW_LEFT)
    expect(problems, "by an arrow", [focus(), run("return explore.state.hosts[1].first")], ["1-0-first", 0])
    return problems


def editing():
    """Nothing that was typed is lost, no click, and what the packet is about stays what it was."""
    problems = []
    opened("#pitfall")
    field = browser.find_element(By.ID, "0-1-addresses")
    field.clear()
    field.send_keys("198.51.100.11/24, foo;~=#", Keys.TAB)
    expect(problems, "typed", browser.find_element(By.ID, "0-1-addresses").get_property("value"), "198.51.100.11/24 foo;~=#")
    expect(problems, "focus", focus(), "0-1-routes")
    if "foo;~=#" not in text("#\\30 -1-addresses-wrong"):
        problems.append("it does not say what it has not understood")
    expect(problems, "verdict", text("#answer code"), "dedicated-subnet")
    link = run("return location.hash")
    opened(link)
    expect(problems, "typed, by the link", [browser.find_element(By.ID, "0-1-addresses").get_property("value"), run("return location.hash")],
           ["198.51.100.11/24 foo;~=#", link])
    # Half typed, while the page moves on by itself.
    browser.find_element(By.ID, "play").click()
    field = browser.find_element(By.ID, "1-0-routes")
    field.send_keys("203.0")
    step = text("#answer .verdict")
    wait(lambda: text("#answer .verdict") != step)
    expect(problems, "half typed", [field.get_property("value"), focus()], ["203.0", "1-0-routes"])
    # A click that ends the typing is a click.
    browser.find_element(By.ID, "0-add").click()
    expect(problems, "added", run("return explore.state.hosts[0].nics.length"), 3)
    expect(problems, "typed before", run("return explore.state.hosts[1].nics[0].routes"), ["203.0"])
    for bound, removed, told in ((1, 0, ["device", "vmk1", 0]), (1, 1, ["none", "vmk0", 1])):
        opened("#second-nic")
        browser.find_element(By.CSS_SELECTOR, f"#bind option[value='device {bound}']").click()
        browser.find_element(By.ID, f"0-{removed}-remove").click()
        browser.find_element(By.ID, f"1-{removed}-remove").click()
        expect(problems, f"NIC {removed} removed", run("const { state } = explore; return [state.bind, state.hosts[0].nics[Math.max(0, state.bound)].name, state.to]"), told)
    return problems


def address_bar():
    """A link to any state gives that state; rubbish, or a script, gives a page that is whole."""
    problems = []
    opened("#pitfall")
    browser.find_element(By.CSS_SELECTOR, "#bind option[value='device 1']").click()
    browser.find_element(By.ID, "0-1-up").click()
    expect(problems, "a link that is down", [text("#answer .verdict"), len(browser.find_elements(By.CSS_SELECTOR, ".lands, .way"))],
           ["It is sent by vmk1, whose link is down: nothing arrives.", 0])
    link = run("return location.hash")
    opened(link)
    expect(problems, "the same link", run("return location.hash"), link)
    expect(problems, "its state", run("return explore.state.hosts[0].nics[1].down"), True)
    opened("#" + urllib.parse.quote(link[1:], safe=""))
    expect(problems, "the same link, as mail programs have it", [run("return location.hash"), text("#notice")], [link, ""])
    for rubbish in (link[1:link.index("&b=")], link[1:].replace("tag=1", "tag=x"), "a=<img src=x onerror=alert(1)>&b=", "%", "x" * 20000, "a=&b=", "tag=9&ip=7&from=-1&to=99&bound=1e9&a=vmk0,v," + "1" * 5000 + "&b=;;;;;;;;;;;;;;;;"):
        opened("#" + rubbish)
        expect(problems, f"pictures of {rubbish[:20]}", len(browser.find_elements(By.CSS_SELECTOR, "#picture svg")), 1)
        if not re.fullmatch(r"The link [^\n]*\.", text("#notice")):
            problems.append(f"of {rubbish[:20]} it says {text('#notice')!r}")
        expect(problems, f"images of {rubbish[:20]}", len(browser.find_elements(By.CSS_SELECTOR, "img, [onerror]")), 0)
    return problems


def pasted():
    problems = []
    folder = os.path.join(os.path.dirname(__file__), "../../Documentation/examples")
    for name, by, says in (("pitfall", "vmk0", ": the pitfall"), ("cure", "vmk1", "")):
        opened()
        with open(f"{folder}/{name}.txt", encoding="utf-8") as sample:
            run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()", sample.read())
        expect(problems, name, text("#answer .verdict"), f"It leaves by {by}{says}.")
        expect(problems, f"what {name} lands on", len(browser.find_elements(By.CSS_SELECTOR, ".nic.lands")), 1)
        expect(problems, f"complaints about {name}", len(browser.find_elements(By.CSS_SELECTOR, "#complaints .bad")), 0)
    # The other host has none of the addresses of this one, and none that is for all.
    with open(f"{folder}/pitfall.txt", encoding="utf-8") as sample:
        pitfall = sample.read()
    for own, other in (("192.0.2.7", "192.0.2.106"), ("192.0.2.12", "192.0.2.11"), ("192.0.2.1", "192.0.2.254"), ("192.0.2.253", "192.0.2.254")):
        opened()
        run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()",
            pitfall.replace("192.0.2.107", other.ljust(11)).replace("192.0.2.7 ", own.ljust(9) + " "))
        expect(problems, f"{own}, {other}", text("#answer code"), "same-subnet")
        addresses = run("return explore.state.hosts.flatMap(host => host.nics.flatMap(nic => nic.addresses)).filter(a => !a.startsWith('fe80'))")
        expect(problems, f"{own}, {other}: addresses", [len(addresses), len(set(addresses))], [4, 4])
    # More than there is room for is not taken in part, nor what has no NIC.
    many = pitfall.splitlines()[:3] + [pitfall.splitlines()[2].replace("vmk0", f"vmk{i}").replace("192.0.2.7", f"192.0.2.{i}") for i in range(1, 10)]
    for much, says in (("\n".join(many), "at most 8 NICs"), ("[root@a:~] esxcfg-vmknic -l\n" + "\n".join(pitfall.splitlines()[1:2]), ""),
                       ("x" * 70000, "too long")):
        before = run("return explore.toText(explore.state)")
        run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()", much)
        if says not in text("#complaints .bad"):
            problems.append(f"{much[:30]!r}: {text('#complaints')!r} lacks {says!r}")
        expect(problems, f"what there is after {much[:30]!r}", run("return explore.toText(explore.state)"), before)
    # What is not told makes the answer uncertain, until somebody says that it is all.
    opened()
    run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()", pitfall[:pitfall.index("\n[root", 1)])
    expect(problems, "untold", [text("#answer .verdict"), len(browser.find_elements(By.CSS_SELECTOR, "#answer .untold")), len(browser.find_elements(By.CSS_SELECTOR, "#cures li"))],
           ["Not certain: it is refused: nothing leaves.", 1, 0])
    opened(run("return location.hash"))
    expect(problems, "untold, by the link", text("#answer .verdict"), "Not certain: it is refused: nothing leaves.")
    browser.find_element(By.ID, "0-all").click()
    expect(problems, "told", [text("#answer .verdict"), len(browser.find_elements(By.CSS_SELECTOR, "#cures li"))], ["It is refused: nothing leaves.", 1])
    # What another program reads is not asked for here.
    for other in ('[{"ifname": "eth0"}]', '"Host","Device","IP Address","Subnet mask"\r\n"a","vmk0","192.0.2.1","255.255.255.0"\r\n', "1: lo: <LOOPBACK>"):
        run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()", other)
        if "is for migsel explain" not in text("#complaints .bad"):
            problems.append(f"{other[:20]!r}: {text('#complaints')!r}")
    for rubbish, says in (("Interface  Port Group\nvmk0 192.0.2.1\n<b>vmk1</b>", "<b>vmk1</b>"), ("\x00" * 6000, "NUL"),
                          ("vmk0 " * 3000, ""), ("[root@<script>:~] esxcfg-vmknic -l", "expected")):
        run("document.getElementById('pasted').value = arguments[0]; document.getElementById('read').click()", rubbish)
        if says not in text("#complaints .bad"):
            problems.append(f"{rubbish[:30]!r}: {text('#complaints')!r} lacks {says!r}")
        expect(problems, "elements from text", len(browser.find_elements(By.CSS_SELECTOR, "#complaints b, #complaints script")), 0)
    return problems


# Text that differs too little from what is behind it, by the measure of WCAG.
CONTRAST = """const numbers = color => color.match(/[0-9.]+/g).map(Number);
    const over = ([r, g, b, a = 1], back) => [r, g, b].map((c, i) => c * a + back[i] * (1 - a));
    const light = color => color.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => element ? over(numbers(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : [255, 255, 255];
    return [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) &&
        e.getClientRects().length && !e.closest('script, [aria-disabled], .unseen, :disabled')).map(e => {
        const back = behind(e), style = getComputedStyle(e);
        const front = over(numbers(e.closest('svg') ? style.fill : style.color), back);
        const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
        return (high + .05) / (low + .05) < 4.5 ? `${e.className} '${e.textContent.slice(0, 20)}' ${front} on ${back}` : '';
    }).filter(Boolean).slice(0, 3);"""


def widths():
    """No part is wider than the page, and question, picture and answer are on the first screen."""
    problems = []
    for width, height in ((390, 844), (1280, 800)):
        for scheme in ("light", "dark"):
            size(width, height, scheme=scheme)
            for fragment in ("pitfall", "second-nic", "plain"):
                opened("#" + fragment)
                place = f"{fragment}, {width}, {scheme}"
                expect(problems, f"{place}: width", run("return document.documentElement.scrollWidth"), width)
                for css in ("#question", "#picture svg", "#answer .verdict"):
                    bottom = run("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", css)
                    if bottom > height:
                        problems.append(f"{place}: {css} ends at {bottom}")
            problems += [f"{place}: {found}" for found in run(CONTRAST)]
            dark = run("const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g); return r < 60")
            expect(problems, f"{scheme}: dark", dark, scheme == "dark")
    size(1280, 800, media="print")
    opened("#pitfall")
    for css, shown in (("#picture svg", True), ("#answer", True), ("#commands", True), ("#walk", False), ("#pasted", False)):
        expect(problems, f"printed {css}", run("return document.querySelector(arguments[0]).getClientRects().length > 0", css), shown)
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    if not 0 < pages <= 4:
        problems.append(f"{pages} printed pages")
    size(1280, 800)
    return problems


def without_script():
    """It says so; without WebAssembly, too, and not where it has both."""
    problems = []
    opened()
    expect(problems, "said with both", len(browser.find_elements(By.ID, "alone")), 0)
    broken = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": "delete globalThis.WebAssembly"})
    browser.get("about:blank")
    browser.get(URL)
    wait(browser.find_element(By.ID, "alone").is_displayed)
    expect(problems, "the page without WebAssembly", browser.find_element(By.ID, "page").is_displayed(), False)
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", broken)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get("about:blank")
    browser.get(URL)
    wait(browser.find_element(By.ID, "alone").is_displayed)
    seen = text("body")
    link = browser.find_element(By.CSS_SELECTOR, "#alone a").get_attribute("href")
    shown = browser.find_element(By.ID, "page").is_displayed()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    if "needs JavaScript" not in seen:
        problems.append(f"it says {seen!r}")
    expect(problems, "the manual", os.path.exists(os.path.join(os.path.dirname(__file__), "../..", link.split("/Documentation/")[-1].join(("Documentation/", "")))), True)
    expect(problems, "the rest is shown", shown, False)
    return problems


def alone():
    """It asks the network for nothing, by what the browser itself has logged of all tests."""
    problems = []
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    if URL not in {url.split("#")[0] for url in asked}:
        problems.append("the page itself was not logged")
    problems += sorted({url for url in asked if not url.startswith((URL, "data:", "about:"))})
    problems += sorted({entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "WebAssembly is not defined" not in entry["message"]})
    if os.path.getsize(PAGE) >= 300 * 1024:
        problems.append(f"{os.path.getsize(PAGE)} bytes")
    return problems


TESTS = (same_answers, reads_as_natively, prints_commands, cases, keyboard, editing, address_bar, pasted, widths, without_script, alone)
ktap.begin(len(TESTS))
try:
    for test in TESTS:
        try:
            ktap.result(test.__name__, test())
        except Exception as problem:  # pylint: disable=broad-except
            ktap.result(test.__name__, [f"{type(problem).__name__}: {problem}"[:600]])
finally:
    browser.quit()
ktap.end()
