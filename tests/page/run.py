"""The admin page in a real browser: what it shows, what its playground tells, and what it must not do.

Usage: run.py GROUNDWIRE_BINARY [--pictures FOLDER]

Needs Debian's chromium and chromium-driver, and npm for axe-core (test-only, MPL-2.0), which looks for barriers.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

from browser import CTRL, ENTER, RIGHT, TAB, Browser, wait
from served import Served, Upstream

AXE = "axe-core@4.14.1"
OPEN = "Book us a table for Friday evening."
MINE = '[policies.mine]\nrules = [{ act = "clarify", delivery = "reply", gap = ["missing_material"], ambiguity = 0.5 }]'
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def said(*texts):
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]}


def axe(folder):
    """axe-core's script."""
    subprocess.run(["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", folder, AXE], check=True)
    return (pathlib.Path(folder) / "node_modules/axe-core/axe.min.js").read_text()


def barriers(browser, script, what):
    found = browser.run(script + "; return axe.run({ resultTypes: ['violations'] }).then(r => r.violations"
                        ".map(v => [v.id, v.nodes.map(n => [n.html.slice(0, 160), n.failureSummary])]))")
    check(not found, f"{what}: {json.dumps(found, indent=1)}")


def explain(browser, policy="", delivery=""):
    """Asks by the button and waits for the answer."""
    browser.run("for (const [id, value] of Object.entries(arguments[0])) document.getElementById(id).value = value;"
                "document.getElementById('out').replaceChildren()", {"policy": policy, "delivery": delivery})
    browser.click("#go")
    return wait(lambda: browser.text("#out"), "an explanation")


def everything(browser):
    return json.loads(browser.run("return [...document.querySelectorAll('#out details pre')].at(-1).textContent"))


def live(browser, served, upstream):
    """What passes shows on the page without anybody's doing."""
    check(browser.text("#acts") == "no turns yet", "an empty page says that it is")
    served.chat(said("How tall is a giraffe when it is born?"))
    served.chat(said(OPEN))
    served.chat({**said(OPEN), "response_format": {"type": "json_object"}})
    served.chat({**said(OPEN), "tools": [{"type": "function", "function": {"name": "book", "parameters": {}}}]})
    for i in range(6):
        served.chat(said(f"What is {i} times seven?"))
    wait(lambda: browser.text("#turns") == "10", "ten turns")
    check(browser.text("#acted").startswith("1 10"), f"one act of ten: {browser.text('#acted')}")
    check("clarify" in browser.text("#acts"), "the act has its bar")
    reasons = browser.text("#reasons")
    check("observed tools" in reasons and any(word in reasons for word in ("machine", "structured output")), reasons)
    check(browser.text("#state") == "ready", "the state")
    status = served.status()
    for what in (status["config"]["decisions"], status["config"]["model_hash"], "policy gentle"):
        check(what in browser.text("#meta"), f"{what} stands at the head")
    page = browser.run("return document.documentElement.outerHTML")
    check("giraffe" not in page and "times seven" not in page, "no word of a conversation is on the page")


def playground(browser, served, upstream):
    """What is explained is what the proxy does, to the byte."""
    turns = served.status()["turns"]
    told = explain(browser)
    check("Asks before answering" in told and "ambiguity" in told, told[:300])
    inserted = browser.text("#out ins")
    whole = everything(browser)
    upstream.received.clear()
    served.chat(whole["sent"].encode())
    check(upstream.received[0].decode() == whole["forwarded"]["body"], "the bytes explained are the bytes forwarded")
    check(inserted and inserted == whole["forwarded"]["change"]["inserted"], "the change is marked")
    check(served.status()["turns"] == turns + 1, "what is explained is not counted")
    records = (served.folder / "records.jsonl")
    wait(lambda: len(records.read_text().splitlines()) == turns + 1, "the records of what was served, and of nothing else")

    check("Goes on untouched" in explain(browser, policy="off"), "another policy")
    reply = explain(browser, policy="mine")
    check("Goes on untouched" in reply, "a policy of the operator's own, whose gap is another")
    browser.fill("#talk textarea", "Proofread the cover letter I attached.")
    reply = explain(browser, policy="mine")
    check("the upstream is not called" in reply and "clarify by reply" in reply, reply[:300])
    check("observe" in explain(browser, delivery="observe"), "another delivery")

    # A conversation of three messages, by keyboard alone.
    browser.open(served.admin)
    browser.run("document.querySelector('#talk textarea').focus()")
    browser.keys(TAB, TAB, ENTER)
    wait(lambda: browser.run("return document.activeElement.getAttribute('aria-label')") == "message 2", "the focus on a new message")
    browser.keys(*"For how many?")
    browser.keys(TAB, TAB, ENTER)
    check(browser.run("return document.querySelectorAll('#talk select')[2].value") == "user", "speakers take turns")
    browser.keys(*"Four of us.")
    browser.keys(ENTER, hold=CTRL)
    wait(lambda: "user turns 1" in browser.text("#out"), "the history of three messages")
    check("after question yes" in browser.text("#out"), browser.text("#out")[:400])

    browser.run("document.getElementById('tab-talk').focus()")
    browser.keys(RIGHT)
    check(browser.run("return document.activeElement.id") == "tab-body", "arrows change tabs")
    check('"messages"' in browser.run("return document.getElementById('body').value"), "the body begins with what was said")
    browser.fill("#body", json.dumps({**said(OPEN), "response_format": {"type": "json_object"}}))
    check("Left alone" in explain(browser), "a program's request")
    browser.fill("#body", '{"messages":[')
    check("it ends in the middle of a list" in explain(browser), "what is wrong is said")
    browser.fill("#body", json.dumps(said(OPEN)))
    browser.fill("#route", "/v1/embeddings")
    check("Left alone: not a call" in explain(browser), "another route")


def closed(browser, served, upstream):
    """Nothing gets in, and nothing comes from elsewhere."""
    faults = browser.complaints()
    check([line["source"] for line in faults] == ["network"], f"the console told of the one refused question: {faults}")
    browser.open(served.admin)
    nasty = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>\"}],\"x\":[{"
    browser.fill("#talk textarea", nasty)
    told = explain(browser)
    check(nasty in everything(browser)["sent"] or json.dumps(nasty)[1:-1] in everything(browser)["sent"], "text stays text")
    check(told and browser.run("return window.hit === undefined && !document.querySelector('#out img, #out script')"), "and is never run")
    complaints = browser.complaints()
    check(not complaints, f"the console is silent: {complaints}")
    loaded = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    check(all(name.startswith((served.admin, "data:")) for name in loaded), f"only from here: {loaded}")
    browser.run("const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s)")
    check(browser.run("return window.hit === undefined"), "the policy keeps other scripts from running")
    check(any("Content Security Policy" in line["message"] for line in browser.complaints()), "and says so")

    # A page of another origin.
    browser.open(upstream.url)
    send = ("return fetch(arguments[0], { method: 'POST', mode: arguments[1], headers: { 'content-type': arguments[2] }, body: '{\"input\":\"hi\"}' })"
            ".then(r => r.type + r.status, e => 'refused')")
    check(browser.run(send, served.admin + "/explain", "cors", "application/json") == "refused", "no page elsewhere may ask")
    check(browser.run(send, served.admin + "/explain", "no-cors", "text/plain") == "opaque0", "or read what it is told")
    check(served.ask("/explain", b'{"input":"hi"}', content_type="text/plain") == 415, "a form is not JSON")
    check(served.ask("/explain", b'{"input":"hi"}', content_type="application/json", origin=upstream.url) == 403, "origins are compared")
    check(b'"proceed"' in served.ask("/explain", b'{"input":"hi"}', content_type="application/json"), "a program may ask")
    check(served.ask("/explain", b'{"input":"hi","x":1}', content_type="application/json") == 422, "what is unknown is refused")
    check(served.ask("/", accept="*/*").startswith(b"groundwire "), "curl gets text")


def look(browser, served, script, pictures):
    """Both schemes, a desk and a phone: nothing is cut, and nothing bars anybody."""
    for name, width, height, scheme, phone in (("desktop-light", 1280, 900, "light", False), ("desktop-dark", 1280, 900, "dark", False),
                                               ("phone-light", 390, 844, "light", True), ("phone-dark", 360, 780, "dark", True)):
        browser.size(width, height, phone)
        browser.scheme(scheme)
        browser.open(served.admin)
        wait(lambda: browser.text("#turns") != "–", "the figures")
        browser.run("const e = document.getElementById('example'); e.value = 'an answered question'; e.dispatchEvent(new Event('change'))")
        wait(lambda: "user turns 1" in browser.text("#out"), "an example, explained")
        if phone:
            explain(browser)
        wide = browser.run("return document.documentElement.scrollWidth - innerWidth")
        check(wide <= 0, f"{name}: {wide} pixels wider than the screen")
        small = browser.run("return [...document.querySelectorAll('button, select, textarea, summary, input')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 90))")
        check(not small, f"{name}: too small for a finger: {small}")
        barriers(browser, script, name)
        if pictures:
            browser.picture(pictures / f"{name}.png")


def warned(browser, served):
    """A reload that is refused stands on the page, and goes when the next one is not."""
    browser.open(served.admin)
    served.reload(served.text.replace("upstream-proxy", "upstraem-proxy"))
    wait(lambda: "the last reload was refused" in browser.text("#warnings"), "the warning")
    check("upstraem-proxy" in browser.text("#warnings"), "which says what is wrong")
    served.reload(served.text.replace('upstream-proxy = "off"', 'upstream-proxy = "off"\npolicy = "off"'))
    wait(lambda: not browser.text("#warnings") and "policy off" in browser.text("#meta"), "the new configuration")
    check("Goes on untouched" in explain(browser), "the playground decides by the new configuration")
    log = served.log.read_text()
    check("ready" in log and not any(word in log for word in ("giraffe", "cover letter", "Friday evening")), "no word of it all is in the log, at its loudest")
    served.close()
    wait(lambda: browser.text("#state") == "cannot be reached", "the end")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    upstream = Upstream()
    served = Served(arguments.binary, upstream, MINE)
    with tempfile.TemporaryDirectory() as folder:
        script = axe(folder)
    browser = Browser()
    browser.size(1280, 900)
    browser.open(served.admin)
    live(browser, served, upstream)
    playground(browser, served, upstream)
    closed(browser, served, upstream)
    look(browser, served, script, arguments.pictures)
    warned(browser, served)
    print(f"the admin page in Chromium: {checks} checks")


if __name__ == "__main__":
    main()
