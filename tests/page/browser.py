"""A headless Chromium, driven over the WebDriver protocol (W3C, 2018) that Debian's chromedriver speaks."""

import atexit
import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
CTRL, ENTER, TAB, RIGHT = "\ue009", "\ue007", "\ue004", "\ue014"
PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """One window."""

    def __init__(self):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.close)
        wait(lambda: self.ask("GET", "/status")["ready"], "chromedriver", quiet=True)
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.base += f"/session/{session['sessionId']}"

    def close(self):
        if self.driver.poll() is None:
            try:
                self.ask("DELETE", "")
            except OSError:
                pass
            self.driver.terminate()
            self.driver.wait()

    def ask(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"FAILED: {method} {path}: {error.read().decode()[:600]}") from None

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a script, which may be a promise."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click")

    def fill(self, selector, text):
        element = self.find(selector)
        self.ask("POST", f"/element/{element}/clear")
        self.ask("POST", f"/element/{element}/value", {"text": text})

    def keys(self, *keys, hold=None):
        down = [{"type": "keyDown", "value": hold}] if hold else []
        up = [{"type": "keyUp", "value": hold}] if hold else []
        pressed = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": down + pressed + up}]})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def scheme(self, name):
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, path):
        """The whole page, also below the fold."""
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console says: errors of scripts, and what the page's policy kept from it."""
        return [line for line in self.ask("POST", "/se/log", {"type": "browser"}) if line["level"] in ("SEVERE", "WARNING")]


def wait(condition, what, quiet=False):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            if not quiet:
                raise
        time.sleep(0.05)
    raise SystemExit(f"FAILED: waited in vain for {what}")
