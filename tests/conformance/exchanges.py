"""Reads the HTTP/1.1 exchanges out of the bytes of a connection, as much of the last one as there is."""

from dataclasses import dataclass


@dataclass
class Exchange:
    """What a client sent and what it got: first lines, headers as they were written, bodies without their chunks."""

    request: str
    asked_headers: list
    asked: bytes
    status: str
    answered_headers: list
    answered: bytes


class Reader:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def more(self):
        return self.at < len(self.raw)

    def line(self):
        end = self.raw.find(b"\r\n", self.at)
        end = len(self.raw) if end < 0 else end
        line, self.at = self.raw[self.at:end], min(end + 2, len(self.raw))
        return line.decode("latin-1")

    def take(self, count):
        piece = self.raw[self.at:self.at + count]
        self.at += len(piece)
        return piece

    def message(self):
        """First line, headers, body. A body whose length nothing tells goes on to the end, but that of a request is empty."""
        first, headers = self.line(), []
        while line := self.line():
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        given = dict(headers)
        if "chunked" in given.get("transfer-encoding", ""):
            body = bytearray()
            while self.more() and (size := int(self.line().split(";")[0] or "0", 16)):
                body += self.take(size)
                self.take(2)
            while self.more() and self.line():
                pass
            return first, headers, bytes(body)
        if "content-length" in given:
            return first, headers, self.take(int(given["content-length"]))
        return first, headers, b"" if not first.startswith("HTTP/") or first.split()[1] == "204" else self.take(len(self.raw))


def exchanges(asked, answered):
    """Requests and their answers in their order; an answer that did not come is empty."""
    requests, answers, found = Reader(asked), Reader(answered), []
    while requests.more():
        first, headers, body = requests.message()
        status, heads, said = answers.message() if answers.more() else ("", [], b"")
        while status.split()[1:2] and status.split()[1].startswith("1"):
            status, heads, said = answers.message()
        found.append(Exchange(first, headers, body, status, heads, said))
    return found
