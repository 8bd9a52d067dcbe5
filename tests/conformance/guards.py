"""That the comparison sees what it must see: a sabotaged way to the proxy has to turn cells red."""

import compare
from compare import Differs
from drive import Process

# What is done to the bytes of the way through the proxy, by direction, and the cell that must notice.
SABOTAGE = {
    "a request header gets lost": ("asked", b"x-stainless-lang: js\r\n", b"", "whole"),
    "a request header comes twice": ("asked", b"x-stainless-lang: js\r\n", b"x-stainless-lang: js\r\n" * 2, "whole"),
    "a request's body is written anew": ("asked", b'"n":2', b'"n":2'[::-1], "whole"),
    "a response header gets lost": ("answered", b"set-cookie: b=2; HttpOnly\r\n", b"", "whole"),
    "a response header is another": ("answered", b"openai-processing-ms: 14", b"openai-processing-ms: 15", "whole"),
    "a letter of the answer is another": ("answered", "you’d".encode(), "you´d".encode() + b" ", "whole"),
    "an event is written anew": ("answered", b'"service_tier": "default"', b'"service_tier" :"default"', "streamed"),
    "a status is another": ("answered", b"HTTP/1.1 429", b"HTTP/1.1 428", "errors"),
    "a steered request lacks its note": ("asked", b"Summarize", b"Synthesize", "steered"),
}


def watch(matrix, cell):
    """Raises where a sabotage goes unnoticed; gives how many were tried."""
    client, dialect = "openai_node", "openai-chat"
    for name, (direction, old, new, mode) in SABOTAGE.items():
        sides = matrix.ways.get(mode, matrix.ways["pass"])
        processes = [Process(matrix.python, matrix.node, client) for _ in sides]
        sides[1].tap.sabotage = (direction, old, new)
        try:
            for process, side in zip(processes, sides):
                process.ask(dialect, mode, side.url)
            cell(mode, [process.answer() for process in processes], sides, (), 1)
        except (Differs, AssertionError):
            continue
        finally:
            sides[1].tap.sabotage = None
            for process, side in zip(processes, sides):
                process.stop()
        raise SystemExit(f"FAILED: unnoticed: {name}")
    return len(SABOTAGE)
