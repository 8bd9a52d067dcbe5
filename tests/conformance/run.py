"""Real clients through the proxy, compared with the same clients talking to the upstream directly.

Usage: run.py GROUNDWIRE_BINARY [--write] [--only TEXT] [--cache FOLDER] [--real FOLDER | --no-real]

Runs every cell of `cells.toml`, prints those that are red with what differs, and compares the matrix with
`src/manual/conformance.md`, or writes it there. `--only` runs the cells whose name ("client dialect mode") holds a text, for
work on them, and leaves the page alone. `--real` also runs the clients against llama.cpp's server, which is installed there (see
`tests/real_llm/run.py`); without it those cells are blank, and the page
differs, unless `--no-real` says that they are not this run's to judge.
"""

import argparse
import json
import pathlib
import re
import signal
import sys
import time
import tomllib
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
# Behind this folder: a module of the same name there is another.
sys.path[1:1] = [str(HERE.parent / "sdk"), str(HERE.parent / "real_llm")]
import answered  # noqa: E402
import compare  # noqa: E402
import guards  # noqa: E402
import page  # noqa: E402
import real  # noqa: E402
from compare import Differs  # noqa: E402
from drive import Process  # noqa: E402
from exchanges import exchanges  # noqa: E402
from install import install  # noqa: E402
from servers import Proxy  # noqa: E402
from tap import Tap  # noqa: E402
from upstreams.server import Upstream  # noqa: E402

EAGER = """
policy = "eager"
tools = "steer"
[policies.eager]
rules = [{ act = "clarify", ambiguity = 0.0 }]
"""
# Every turn but those after a question, however many there were.
HALF = """
policy = "half"
[policies.half]
rules = [{ act = "clarify", ambiguity = 0.0, at-most = 100 }]
"""
# The policy by the mode that needs one; all others run as shipped.
POLICIES = {"pass": "", "steered": EAGER, "conversation": HALF, "reply": answered.POLICY}


@dataclass
class Seen:
    """What one side of a cell came to."""

    value: object
    exchanges: list
    received: list


class Side:
    """A way to the upstream: the upstream's own, a tap on the client's end, and the proxy between them, if there is one."""

    def __init__(self, binary=None, config=""):
        self.upstream = Upstream()
        self.proxy = Proxy(binary, self.upstream.url, config) if binary else None
        self.tap = Tap(int((self.proxy or self.upstream).url.rsplit(":", 1)[1]))
        self.url = self.tap.url

    def seen(self, answer, own):
        """What passed since the last cell, and what the client made of it, without addresses and its `own` inventions."""
        received = self.upstream.take()
        passed = [e for sent, got in self.tap.take() for e in exchanges(sent, got)]
        if "failed" in answer:
            raise Differs(f"the client fails {'through the proxy' if self.proxy else 'directly'}:\n{answer['failed']}")
        value = json.loads(re.sub(r"http://127\.0\.0\.1:\d+", "http://HERE", json.dumps(answer["value"])))
        return Seen(without(value, own), compare.in_order(passed), received)


def without(value, names):
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


class Matrix:
    def __init__(self, binary, folder):
        self.python, self.node = install(folder)
        # A way of its own beside each proxy: a client that keeps something for an address keeps as much on both sides.
        self.ways = {kind: (Side(), Side(binary, config)) for kind, config in POLICIES.items()}

    def client(self, name, client, cells, modes, results):
        """Runs a client's cells: both of its processes at once, cell by cell."""
        began = time.monotonic()
        processes = [Process(self.python, self.node, name) for _ in range(2)]
        for dialect, mode in cells:
            sides = self.ways.get(mode, self.ways["pass"])
            for process, side in zip(processes, sides):
                process.ask(dialect, mode, side.url)
            answers = [process.answer() for process in processes]
            try:
                results[name, dialect, mode] = self.cell(mode, answers, sides, client.get("own", ()), modes[mode])
            except (Differs, AssertionError) as error:
                results[name, dialect, mode] = None
                print(f"RED {name} {dialect} {mode}: {error}\n", flush=True)
        for process in processes:
            process.stop()
        print(f"{name}: {len(cells)} cells in {time.monotonic() - began:.1f} s", flush=True)

    def cell(self, mode, answers, ways, own, least):
        """The number of exchanges that were compared; whatever is wrong is raised."""
        # Both are taken before either is judged: what is left over would be the next cell's.
        sides = []
        for side, answer in zip(ways, answers):
            try:
                sides.append(side.seen(answer, own))
            except Differs as error:
                sides.append(error)
        for side in sides:
            if isinstance(side, Differs):
                raise side
        direct, proxied = sides
        if mode == "reply":
            count = answered.judged(proxied, ways[1])
        else:
            compare.same("what the client makes of it", direct.value, proxied.value)
            judged = {"steered": compare.steered, "conversation": compare.conversation}.get(mode, compare.passed)
            count = judged(direct, proxied)
        if count < least:
            raise Differs(f"{count} exchanges were compared, and {least} are the least")
        return count


def main():
    # Whoever stops us stops the servers, too: what ends them runs at an orderly end only.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--write", action="store_true")
    options.add_argument("--only", default="")
    options.add_argument("--cache", default="target/conformance")
    options.add_argument("--real")
    options.add_argument("--no-real", action="store_true")
    options = options.parse_args()
    table = tomllib.loads((HERE / "cells.toml").read_text())
    began, results = time.monotonic(), {}
    matrix = Matrix(str(pathlib.Path(options.binary).resolve()), options.cache)
    if not options.only:
        print(f"{guards.watch(matrix, matrix.cell)} sabotages are noticed", flush=True)
    for name, client in table["clients"].items():
        cells = [(d, m) for d in client["dialects"] for m in table["modes"] if options.only in f"{name} {d} {m}"]
        if cells:
            matrix.client(name, client, cells, table["modes"], results)
    if options.real:
        real.judged(matrix, table, options, results)
    for _, side in matrix.ways.values():
        side.proxy.stop()
    red = [cell for cell, count in results.items() if not count]
    print(f"{len(results) - len(red)} of {len(results)} cells are green, "
          f"{sum(filter(None, results.values()))} exchanges compared, {time.monotonic() - began:.0f} s")
    if options.only:
        raise SystemExit(bool(red))
    raise SystemExit(page.settle(table, results, options.write, not options.no_real) or bool(red))


if __name__ == "__main__":
    main()
