"""What the SDK tests stand on: an upstream that records every byte it receives, and the proxy under test."""

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


# Stands among the pieces of an answer for a connection that breaks there.
BREAK = object()


class Received:
    """One request as the upstream received it."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Upstream:
    """A chat completions server that echoes what it was asked and records requests and connections.

    Another dialect is spoken by `speaks`: given the target and what is asked, it returns status, content type and pieces,
    or an error in the place of the last piece, before which the connection breaks.
    """

    def __init__(self, speaks=None):
        self.requests, self.connections, self.lock = [], 0, threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                with upstream.lock:
                    upstream.connections += 1
                super().setup()

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(200, "application/json", [b'{"object":"list","data":[]}'])

            def do_POST(self):
                if self.headers.get("transfer-encoding"):
                    body = b""
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                with upstream.lock:
                    upstream.requests.append(Received("POST", self.path, headers, body))
                asked = json.loads(body)
                if speaks:
                    return self.answer(*speaks(self.path, asked))
                if asked.get("model") == "overloaded":
                    error = {"error": {"message": "try later", "type": "server_error", "param": None, "code": None}}
                    return self.answer(429, "application/json", [json.dumps(error).encode()])
                text = "You said: " + str(asked["messages"][-1]["content"])
                if not asked.get("stream"):
                    return self.answer(200, "application/json", [json.dumps(completion(asked, text)).encode()])
                self.answer(200, "text/event-stream", list(chunks(asked, text)))

            def answer(self, status, kind, pieces):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("x-request-id", "req-1")
                if len(pieces) == 1:
                    self.send_header("content-length", str(len(pieces[0])))
                    self.end_headers()
                    self.wfile.write(pieces[0])
                    return
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in pieces:
                    if piece is BREAK:
                        self.close_connection = True
                        return self.connection.shutdown(socket.SHUT_RDWR)
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, request, client_address):
                """A client that resets its connection is no news."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """The requests since the last call."""
        with self.lock:
            taken, self.requests = self.requests, []
            return taken


def completion(asked, text):
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": asked["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": None},
                     "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
                  "prompt_tokens_details": {"cached_tokens": 3}},
    }


def chunks(asked, text):
    usage = (asked.get("stream_options") or {}).get("include_usage")

    def event(choices, **more):
        body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000,
                "model": asked["model"], "choices": choices, **more}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    none = {"usage": None} if usage else {}
    yield event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}], **none)
    for word in re.findall(r"\S+\s*", text):
        yield event([{"index": 0, "delta": {"content": word}, "finish_reason": None}], **none)
    yield event([{"index": 0, "delta": {}, "finish_reason": "stop"}], **none)
    if usage:
        yield event([], usage=completion(asked, text)["usage"])
    yield b"data: [DONE]\n\n"


class Proxy:
    """The binary under test in front of an upstream."""

    def __init__(self, binary, upstream, config="", environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="groundwire-test-")
        self.records_path = os.path.join(self.folder.name, "records.jsonl")
        path = os.path.join(self.folder.name, "groundwire.toml")
        listen, admin = free_port(), free_port()
        with open(path, "w") as file:
            file.write(f'listen = "127.0.0.1:{listen}"\nadmin = "127.0.0.1:{admin}"\nupstream = "{upstream}"\n'
                       + config + f'\n[records]\nto = "{self.records_path}"\n'
                       # What is tested is what is decided, not how fast an unoptimised build on a busy machine is.
                       + '[classifier]\ndeadline = "10s"\n')
        self.url, self.admin = f"http://127.0.0.1:{listen}", f"http://127.0.0.1:{admin}"
        self.process = subprocess.Popen([binary, "serve", "--config", path], env={**os.environ, **(environment or {})})
        # A check that fails must not leave it behind, holding on to our output.
        atexit.register(self.process.kill)
        deadline = time.monotonic() + 30
        while True:
            try:
                if urllib.request.urlopen(self.admin + "/readyz", timeout=1).status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the proxy did not become ready (exit {self.process.poll()})")
            time.sleep(0.02)

    def stop(self):
        """Drains the proxy and returns its records."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, "SIGTERM is a clean end"
        with open(self.records_path) as file:
            return [json.loads(line) for line in file]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
