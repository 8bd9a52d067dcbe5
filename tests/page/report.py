"""The report of an experiment in a real browser: light and dark, on a phone, for a reader that speaks, and loading nothing.

Usage: report.py GROUNDWIRE_BINARY [--pictures FOLDER]

Needs Debian's chromium and chromium-driver, and npm for axe-core (test-only, MPL-2.0), which looks for barriers.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile

from browser import Browser
from run import axe, barriers, check

HOUR = 3_600_000
START = 1_794_400_000_000
HOURS = 20 * 24


def rows(arms, units):
    """Rows of an experiment of twenty days; `careful` resolves eight points more."""
    chance = random.Random(14)
    yield {"design": {"experiment": "ask-or-assume", "version": 2, "arms": arms, "window-millis": 24 * HOUR}}
    for i in range(units):
        arm = chance.choices(list(arms), list(arms.values()))[0]
        row = {"unit": f"{i:032x}", "arm": arm, "enrolled": START + i * HOURS * HOUR // units, "conversations": chance.randint(1, 5)}
        if chance.random() < 0.004:
            row["mixed"] = True
        if chance.random() < 0.2:
            row["triggered"] = row["enrolled"] + chance.randint(0, 3 * HOUR)
            row["asked"] = asked = arm != "control" and chance.random() < 0.8
            row["answered"] = asked and chance.random() < 0.75
            turns = chance.randint(2, 8)
            row["outcomes"] = {
                "resolved": chance.random() < (0.68 if arm == "careful" else 0.6),
                "asks": [int(asked), row["conversations"]],
                "tokens": [turns * chance.randint(300, 900), turns],
                "bypassed": [chance.randint(0, 1), turns],
                "first_token": [[int(160 + chance.gauss(0, 6)), 1] for _ in range(turns)],
            }
        yield row


def report(binary, folder, name, arms, units):
    source, page = folder / f"{name}.jsonl", folder / f"{name}.html"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(arms, units)))
    command = [binary, "report", "--rows", source, "--at", str((START + (HOURS + 30) * HOUR) // 1000)]
    subprocess.run([*command, "--html", page], check=True)
    told = subprocess.run([*command, "--json"], check=True, capture_output=True).stdout
    return page, json.loads(told)


def looked_at(browser, script, page, told, pictures):
    for scheme in ("light", "dark"):
        for form, width in (("desktop", 1100), ("phone", 390)):
            browser.size(width, 900, phone=form == "phone")
            browser.scheme(scheme)
            browser.open(page.as_uri())
            what = f"{page.stem}, {form}, {scheme}"
            barriers(browser, script, what)
            wide = browser.run("return document.scrollingElement.scrollWidth - window.innerWidth")
            check(wide <= 0, f"{what}: the page is {wide} px too wide")
            if pictures:
                browser.picture(pictures / f"{page.stem}-{form}-{scheme}.png")
    check(browser.text(".verdict") == told["verdict"]["sentence"], "the verdict is the one of the JSON")
    comparisons = told["primary"]["comparisons"]
    plots = browser.run("return [...document.querySelectorAll('figure svg')].map(s => [s.getAttribute('role'), "
                        "s.getAttribute('aria-label'), s.querySelector('polyline').points.length])")
    check(len(plots) == len(comparisons), "a plot for each arm")
    for (role, label, points), comparison in zip(plots, comparisons):
        check(role == "img" and comparison["arm"] in label and "interval" in label, f"a plot says what it shows: {label}")
        known = [look for look in comparison["looks"] if look["interval"]]
        check(points == len(known) > 20, f"a point for each look: {points}, {len(known)}")
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = browser.run("return [...document.querySelectorAll('details table')].map(t => t.tBodies[0].rows.length)")
    check(found == [len(comparison["looks"]) for comparison in comparisons], "the data behind each plot, look by look")
    barriers(browser, script, f"{page.stem}, unfolded")
    loaded = browser.run("return performance.getEntriesByType('resource').map(r => r.name)")
    check(loaded == [], f"nothing is loaded: {loaded}")
    policy = browser.run("return document.querySelector('meta[http-equiv]').content")
    check("default-src 'none'" in policy and not browser.complaints(), "its own policy keeps nothing from it")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    binary = pathlib.Path(arguments.binary).resolve()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        script, browser = axe(folder), Browser()
        two = report(binary, folder, "two", {"control": 50, "careful": 50}, 24000)
        three = report(binary, folder, "three", {"control": 34, "careful": 33, "gentle": 33}, 24000)
        early = report(binary, folder, "early", {"control": 50, "careful": 50}, 300)
        looked_at(browser, script, *two, arguments.pictures)
        looked_at(browser, script, *three, arguments.pictures)
        check(early[1]["verdict"]["kind"] == "too-early", "300 units are too few")
        browser.open(early[0].as_uri())
        check("Too few units" in browser.text("main"), "a page without a plot says why")
        barriers(browser, script, "a page without a plot")
    import run
    print(f"the report's page: {run.checks} checks")


if __name__ == "__main__":
    main()
