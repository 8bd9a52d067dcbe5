"""The command under test in front of an upstream that keeps what it receives."""

import atexit
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from browser import wait


class Upstream:
    """Answers every chat call alike. `GET /` is a page of another origin than the admin listener's."""

    def __init__(self):
        self.received = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer("text/html", b"<!doctype html><title>elsewhere</title>")

            def do_POST(self):
                received.append(self.rfile.read(int(self.headers["content-length"])))
                message = {"role": "assistant", "content": "Four people it is.", "refusal": None}
                choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
                usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
                whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
                self.answer("application/json", json.dumps(whole).encode())

            def answer(self, kind, body):
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Served:
    """`groundwire serve` with this configuration, on free ports."""

    def __init__(self, binary, upstream, more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="groundwire-page-"))
        self.file, ports = self.folder / "groundwire.toml", self.folder / "ports"
        # A debug build on a busy machine takes longer than the 25 ms that production gives it.
        self.text = (f'upstream = "{upstream.url}"\nupstream-proxy = "off"\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n'
                     f'{more}\n[classifier]\ndeadline = "20s"\n[records]\nto = "{self.folder}/records.jsonl"\n'
                     '[log]\nlevel = "trace"\n')
        self.file.write_text(self.text)
        self.log = self.folder / "log"
        command = [binary, "serve", "--config", self.file, "--port-file", ports]
        self.process = subprocess.Popen(command, stderr=self.log.open("wb"))
        atexit.register(self.close)
        wait(ports.exists, "the ports")
        addresses = dict(line.split() for line in ports.read_text().splitlines())
        self.url, self.admin = (f"http://{addresses[name]}" for name in ("listen", "admin"))
        wait(lambda: b"ready" in self.ask("/readyz", quiet=True), "readiness", quiet=True)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def ask(self, path, body=None, quiet=False, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.admin + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            return error.read() if quiet else error.code

    def status(self):
        return json.loads(self.ask("/", accept="application/json"))

    def chat(self, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/v1/chat/completions", data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()

    def reload(self, text):
        self.file.write_text(text)
        self.process.send_signal(signal.SIGHUP)
