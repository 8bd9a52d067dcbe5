"""What must be equal between a direct call and one through the proxy, and how a difference is shown."""

import difflib
import fnmatch
import json
import os
import pathlib
import tomllib

ALLOWED = tomllib.loads((pathlib.Path(__file__).parent / "headers.toml").read_text())
# What opens an instruction of ours.
NOTE = "<grounding-note>"


class Differs(Exception):
    """What a cell is red for."""


def same(what, one, other, names=("directly", "through the proxy")):
    if one == other:
        return
    lines = [pretty(each).splitlines() for each in (one, other)]
    shown = "\n".join(difflib.unified_diff(*lines, *names, lineterm="", n=1))
    raise Differs(f"{what} differs:\n{shown[:4000]}" if shown else f"{what} differs: {one!r} and {other!r}"[:4000])


def pretty(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace").replace("\r", "\\r")
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, default=str)


def headers(given, side, *more):
    """As a multimap, without what may differ on this side."""
    allowed = [*ALLOWED["hop-by-hop"], *ALLOWED[side], *more]
    return sorted([name.lower(), value] for name, value in given
                  if not any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in allowed))


def answered(received, sent):
    """The headers of a response at both ends of the proxy, without what it has to add where it is absent."""
    absent = [name for name in ALLOWED["added"] if header(received, name) is None]
    return headers(received, "response"), headers(sent, "response", *absent)


def header(given, name):
    return next((value for key, value in given if key.lower() == name), None)


def in_order(exchanges):
    """Calls that ran beside each other come in any order; those that are tried again keep theirs."""
    return sorted(exchanges, key=lambda e: (e.request, e.asked))


def requests_sent(direct, proxied):
    """The client asked for the same on both sides, and as often."""
    same("the number of requests", [e.request for e in direct], [e.request for e in proxied])
    for one, other in zip(direct, proxied):
        same("what the client sends", one.asked, other.asked)
        same("the headers that the client sends", headers(one.asked_headers, "request"), headers(other.asked_headers, "request"))


def responses(direct, proxied):
    for one, other in zip(direct, proxied):
        same("the status line", one.status, other.status)
        same("the response's body", one.answered, other.answered)
        same("the response's headers", *answered(one.answered_headers, other.answered_headers))


def arrived(sent, received, changed=()):
    """What the upstream received is what was sent; `changed` are headers that follow the body."""
    received = matched(sent, received)
    names = ("sent", "received by the upstream")
    same("the requests that arrive", [e.request for e in sent], [f"{r.method} {r.target} HTTP/1.1" for r in received], names)
    for exchange, request in zip(sent, received):
        same("the headers that arrive", headers(exchange.asked_headers, "request", *changed), headers(request.headers, "request", *changed), names)
    return received


def matched(sent, received):
    """The requests in the order of what was sent, each the one that has the most of it: their bodies may have grown."""
    left, found = list(received), []
    for exchange in sent:
        if not left:
            break
        found.append(min(left, key=lambda r: (f"{r.method} {r.target} HTTP/1.1" != exchange.request, lacking(exchange.asked, r.body))))
        left.remove(found[-1])
    return found + left


def lacking(before, after):
    """How much of a body is neither the beginning nor the end of another, and how much longer that is."""
    head = len(os.path.commonprefix([before, after]))
    tail = len(os.path.commonprefix([before[head:][::-1], after[head:][::-1]]))
    return len(before) - head - tail, len(after) - len(before)


def passed(direct, proxied):
    """A cell in which nothing of ours may be seen. Gives the number of exchanges compared."""
    requests_sent(direct.exchanges, proxied.exchanges)
    responses(direct.exchanges, proxied.exchanges)
    for side in (direct, proxied):
        received = arrived(side.exchanges, side.received)
        same("the bodies that arrive", [e.asked for e in side.exchanges], [r.body for r in received], ("sent", "received by the upstream"))
    same("whether the upstream saw the client leave", *([r.left for r in side.received] for side in (direct, proxied)))
    for exchange in proxied.exchanges:
        if (act := header(exchange.answered_headers, "x-groundwire-act")) not in (None, "none"):
            raise Differs(f"a clear turn is acted upon ({act}): {exchange.asked.decode()}")
    return len(proxied.exchanges)


def steered(direct, proxied):
    """One span more in each request, nothing else. Gives the number of requests that were steered."""
    requests_sent(direct.exchanges, proxied.exchanges)
    responses(direct.exchanges, proxied.exchanges)
    received = arrived(proxied.exchanges, proxied.received, ["content-length"])
    return sum(one_span(exchange.asked, request) for exchange, request in zip(proxied.exchanges, received))


def conversation(direct, proxied):
    """Some turns are steered and some are not. Gives the number of requests."""
    count = steered(direct, proxied)
    if count != len(proxied.exchanges) // 2:
        raise Differs(f"{count} of {len(proxied.exchanges)} turns are steered, and it should be half")
    return len(proxied.exchanges)


def one_span(before, request):
    after = request.body
    if header(request.headers, "content-length") not in (None, str(len(after))):
        raise Differs("content-length is not the body's")
    if before == after:
        return 0
    head = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), len(before))
    # The end of what was inserted may look like what follows it: the tail is what is left of the original.
    if len(after) <= len(before) or not after.endswith(before[head:]):
        raise Differs(f"more than one span differs:\n{pretty(before)}\n{pretty(after)}")
    found = list(differences(json.loads(before), json.loads(after)))
    if len(found) != 1:
        raise Differs(f"not one difference, but {found}")
    path, old, new = found[0]
    for depth, step in enumerate(path):
        if isinstance(step, int) and step + 1 != len(at(json.loads(before), path[:depth])):
            raise Differs(f"what is steered is not the last turn: {path}")
    if isinstance(old, str) and isinstance(new, str):
        grown = new.removeprefix(old) if new.startswith(old) else None
    else:
        grown = json.dumps(new[-1]) if isinstance(old, list) and new[:-1] == old else None
    if not grown or NOTE not in grown:
        raise Differs(f"a string stays a string and an array gains one part: {found}")
    return 1


def at(document, path):
    for step in path:
        document = document[step]
    return document


def differences(one, other, path=()):
    """The smallest values in which two documents differ, and where they are."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from differences(one[key], other[key], (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (old, new) in enumerate(zip(one, other)):
            yield from differences(old, new, (*path, index))
    elif one != other:
        yield path, one, other
