"""Replies that the proxy writes itself, as official clients take them."""

import http.client
import json
from urllib.parse import urlsplit

import compare
from compare import Differs
from upstreams.said import TEXT

POLICY = """
policy = "ask"
[policies.ask]
rules = [
    { act = "clarify", delivery = "reply", gap = ["missing_material", "missing_referent"], ambiguity = 0.5 },
    # Of any turn, but never right after a question: what it leaves alone shows that a question was seen.
    { act = "clarify", ambiguity = 0.0 },
]
"""
STATEMENT = "Jupiter is the largest planet."


def judged(seen, side):
    """Replies are the client's to accept; a history with one in it holds a question. Gives the number of exchanges looked at."""
    whole, streamed, after = (seen.value[name] for name in ("whole", "streamed", "after"))
    if "?" not in whole:
        raise Differs(f"no question: {whole!r}")
    compare.same("the text of a whole reply and of a streamed one", whole, streamed, ("whole", "streamed"))
    compare.same("the answer to the turn after it", TEXT, after, ("the upstream's", "the client's"))
    ours = [e for e in seen.exchanges if compare.header(e.answered_headers, "x-groundwire-act") == "clarify"]
    others = [e for e in seen.exchanges if e not in ours]
    if len(ours) < 2:
        raise Differs(f"{len(ours)} replies: {[e.answered_headers for e in seen.exchanges]}")
    # What reached the upstream is what we did not answer, as it was sent: no connection, no request for a reply of ours.
    received = compare.arrived(others, seen.received)
    compare.same("the bodies that arrive", [e.asked for e in others], [r.body for r in received], ("sent", "received"))
    follow = max(others, key=lambda e: len(e.asked))
    if not follow.answered or whole.encode() == follow.answered:
        raise Differs("the turn after it has no answer")
    understood(follow, whole, side)
    return len(seen.exchanges)


def understood(follow, question, side):
    """The same request is acted upon once the assistant's message in it is no question: so it was read as one."""
    asked = json.loads(follow.asked)
    replaced = json.dumps(exchanged(asked, question, STATEMENT))
    if replaced == json.dumps(asked):
        raise Differs("the reply is not in the history that follows it")
    method, target, _ = follow.request.split(" ")
    connection = http.client.HTTPConnection(urlsplit(side.proxy.url).netloc, timeout=30)
    connection.request(method, target, replaced.encode(), {"content-type": "application/json"})
    act = connection.getresponse().getheader("x-groundwire-act")
    connection.close()
    side.upstream.take()
    if act != "clarify":
        raise Differs(f"the same turn after a statement is left alone, too (act {act}): the history decides nothing")


def exchanged(value, old, new):
    """The document with one text in another's place."""
    if isinstance(value, dict):
        return {key: exchanged(each, old, new) for key, each in value.items()}
    if isinstance(value, list):
        return [exchanged(each, old, new) for each in value]
    return new if value == old else value
