"""An HTTP/1.1 server that keeps every request exactly as it came and answers in the dialect of its route.

What is asked for decides the answer, and nothing else does, so that two equal requests get two equal answers. Markers in
the text ask for more: `[status 429]` for a fault, `[flaky]` for one that is over at the second attempt, `[slow]` for a
stream that stops in its middle until the client goes away.
"""

import json
import re
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import chat, gemini, messages, ollama, responses

DIALECTS = (responses, messages, chat, gemini, ollama)
# How long a request may keep us waiting for what must come: the client's leaving, the rest of its body.
PATIENCE = 20
# The pieces of a `[slow]` answer that are written: in every dialect, some of the text is among them.
SLOW = 7


@dataclass
class Request:
    """One request as it was received: header names as they were written, in their order."""

    method: str
    target: str
    headers: list
    body: bytes
    # Whether the client was seen to leave in the middle of a `[slow]` answer.
    left: bool = False

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class Answer:
    status: int
    kind: str
    pieces: list
    headers: list = field(default_factory=list)
    streamed: bool = False


class Upstream:
    """The server. `take` gives what was received since it was last asked, in the order of arrival."""

    def __init__(self, cookies=True):
        self.requests, self.connections, self.attempts = [], 0, {}
        self.answering, self.lock = 0, threading.Condition()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

            def handle_error(self, request, client_address):
                """A client that breaks its connection is no news."""

        class Connection(socketserver.StreamRequestHandler):
            upstream = self
            timeout = PATIENCE

            def handle(self):
                serve(self.upstream, self.connection, self.rfile)

        self.cookies = cookies
        self.server = Server(("127.0.0.1", 0), Connection)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """Waits until no answer is under way: a client may have what it wants before its connection is done with."""
        with self.lock:
            assert self.lock.wait_for(lambda: self.answering == 0, 2 * PATIENCE), "an answer does not come to its end"
            taken, self.requests, self.attempts = self.requests, [], {}
            return taken

    def answer(self, request):
        path = urlsplit(request.target).path
        text = request.body.decode("utf-8", "replace")
        dialect = next((d for d in DIALECTS if d.takes(path)), None)
        if dialect is None:
            return Answer(404, "application/json", [b'{"error":{"message":"no such route","type":"invalid_request_error"}}'])
        if status := re.search(r"\[status (\d+)\]", text):
            return fault(dialect, int(status[1]))
        if "[flaky]" in text:
            with self.lock:
                self.attempts[path] = self.attempts.get(path, 0) + 1
                first = self.attempts[path] == 1
            if first:
                # The SDKs obey the header, in seconds or milliseconds: no test waits for their back-off.
                return fault(dialect, 503, [("retry-after-ms", "1"), ("retry-after", "0")])
        asked = json.loads(request.body) if request.body else {}
        return Answer(200, *dialect.answer(request.method, request.target, asked))


def fault(dialect, status, headers=()):
    return Answer(status, "application/json", [json.dumps(dialect.fault(status)).encode()], list(headers))


def serve(upstream, connection, stream):
    """One connection's requests, one after another."""
    with upstream.lock:
        upstream.connections += 1
    while request := read(connection, stream):
        with upstream.lock:
            upstream.requests.append(request)
            upstream.answering += 1
        try:
            answer = upstream.answer(request)
            slow = answer.streamed and b"[slow]" in request.body
            if slow:
                # As one piece, so that whoever leaves after it has all that there was.
                answer.pieces = [b"".join(answer.pieces[:SLOW])]
            write(connection, answer, upstream.cookies, not slow)
            if slow:
                request.left = gone(connection)
                return
        finally:
            with upstream.lock:
                upstream.answering -= 1
                upstream.lock.notify_all()


def read(connection, stream):
    """The next request, or `None` where the connection ends."""
    line = stream.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split()
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    request = Request(method, target, headers, b"")
    if (request.header("expect") or "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in (request.header("transfer-encoding") or ""):
        while size := int(stream.readline().split(b";")[0], 16):
            request.body += stream.read(size)
            stream.readline()
        while stream.readline() not in (b"\r\n", b""):
            pass
    else:
        request.body = stream.read(int(request.header("content-length") or 0))
    return request


def write(connection, answer, cookies, complete):
    """Writes an answer; one that is not `complete` lacks its end. Each piece of a stream leaves by itself."""
    # More than one header of a name, odd cases and odd values: they must all arrive.
    headers = [("date", "Tue, 24 Nov 2026 10:00:00 GMT"), ("content-type", answer.kind), ("x-request-id", "req_011"),
               ("X-RateLimit-Remaining-Tokens", "149984"), ("openai-processing-ms", "14"), ("request-id", "req_011"), *answer.headers]
    if cookies:
        headers += [("set-cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; HttpOnly")]
    if answer.streamed:
        headers.append(("transfer-encoding", "chunked"))
    else:
        headers.append(("content-length", str(sum(map(len, answer.pieces)))))
    head = f"HTTP/1.1 {answer.status} {'OK' if answer.status == 200 else 'Fault'}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not answer.streamed:
        connection.sendall(head.encode("latin-1") + b"".join(answer.pieces))
        return
    connection.sendall(head.encode("latin-1"))
    for piece in answer.pieces:
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    if complete:
        connection.sendall(b"0\r\n\r\n")


def gone(connection):
    """Whether the client closes the connection within our patience; anything that it still sends is not that."""
    connection.settimeout(PATIENCE)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False
