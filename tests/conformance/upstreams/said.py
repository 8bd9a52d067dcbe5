"""What the upstreams say: one text, one tool call, one object, the same in every dialect."""

import json
import re

# Escapes, line ends, letters of two to four bytes, and what JSON writers escape differently.
TEXT = "It is 21 °C in Paris ☀️ 😀.\n\nSay \"more\" \\ <b>when</b> you’d like & I’ll go on."
QUESTION = "Which one do you mean?"
CALL = {"name": "get_weather", "arguments": {"city": "Paris"}}
OBJECT = {"city": "Paris", "degrees": 21}
USAGE = {"in": 27, "cached": 5, "out": 11}


def text(asked):
    """A question where the last marker of what is asked is `[ask]`; `[tell]` takes it back."""
    asked = json.dumps(asked)
    return QUESTION if asked.rfind("[ask]") > asked.rfind("[tell]") else TEXT


def words(text):
    """The text in pieces of a word each, as models stream it."""
    return re.findall(r"\S+\s*|\s+", text)


def dumped(value):
    """JSON as no serialiser of ours or of a client's writes it: spaces, letters beyond ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode()


def event(value, name=None):
    """A server-sent event."""
    return (b"event: " + name.encode() + b"\n" if name else b"") + b"data: " + dumped(value) + b"\n\n"


def offers(tools, name):
    """Whether one of these tools, in whatever shape, is the one we know how to call."""
    return f'"{name}"' in json.dumps(tools or [])
