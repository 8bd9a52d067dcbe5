"""Latency as the product has it: a turn through `groundwire score`, on one core that it has to itself as far as the machine allows.

A figure holds reading the JSON line, making the window, the language gate, tokenising, the model and writing the answer, and
the two pipes between: an upper bound of what a judged turn costs the proxy. Beside the median of wall time stands the mean of
the processor time of the judging process, which other work on the machine hardly moves.
"""

import json
import os
import subprocess
import time

import numpy as np

import corpora

LENGTHS = (32, 64, 128)
"""Tokens of a window, up to two fewer."""
EACH, ROUNDS, WARM = 100, 5, 30
"""Turns of a length, times each is judged, turns before the clock runs."""
LONG, TURNS, BYTES = "ten turns, 200 kB", 10, 200_000
"""The long conversation: its name, user turns and size."""


class Judge:
    """One running `groundwire score` on one core."""

    def __init__(self, args):
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.core = cores[-1] if len(cores) > 1 else None
        pin = (lambda: os.sched_setaffinity(0, {self.core})) if self.core is not None else None
        self.run = subprocess.Popen([str(args.groundwire), "score", "--model", str(args.out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=pin)

    def ask(self, line: bytes):
        """(the answer, milliseconds until it came)."""
        begun = time.perf_counter()
        self.run.stdin.write(line)
        self.run.stdin.flush()
        answer = self.run.stdout.readline()
        return json.loads(answer), 1000 * (time.perf_counter() - begun)

    def processor(self):
        """Milliseconds of processor time so far, of all its threads; None where the system does not tell."""
        try:
            folder = f"/proc/{self.run.pid}/task"
            return sum(int(open(f"{folder}/{task}/schedstat").read().split()[0]) for task in os.listdir(folder)) / 1e6
        except OSError:
            return None

    def close(self):
        self.run.stdin.close()
        self.run.wait()


def lines_by_length(args, judge, ids):
    """Lines for each number of tokens: hand-written training turns in their contexts, as the proxy would see them, then those of a
    public benchmark, which are longer."""
    out = {tokens: [] for tokens in LENGTHS}
    shuffled = lambda rows: sorted(rows, key=lambda row: corpora.order("speed", row))
    for row in shuffled(corpora.own(args.corpus, ids)) + shuffled(corpora.mtbench(args.data)):
        if all(len(lines) >= EACH for lines in out.values()):
            break
        line = json.dumps({"messages": row["messages"]}).encode() + b"\n"
        tokens = judge.ask(line)[0].get("tokens") or 0
        for most, lines in out.items():
            if most - 2 <= tokens <= most and len(lines) < EACH:
                lines.append(line)
    return out


def long_lines(args, ids, count=20):
    """Conversations of ten user turns and 200 kB, of training turns set one behind the other."""
    texts = [row["messages"][-1]["content"] for row in corpora.own(args.corpus, ids)]
    part, out = BYTES // (2 * TURNS - 1), []
    for k in range(count):
        messages = []
        for turn in range(2 * TURNS - 1):
            at, said = (k * 131 + turn * 617) % len(texts), ""
            while len(said) < part:
                said, at = said + texts[at % len(texts)] + "\n", at + 1
            messages.append({"role": "assistant" if turn % 2 else "user", "content": said[:part]})
        out.append(json.dumps({"messages": messages}).encode() + b"\n")
    return out


def timed(judge, groups):
    """For each group of lines, which take turns: the median of each line's best of some rounds, the median of all times, the mean of
    the processor time, and how many turns were timed."""
    spent, used = {name: [] for name in groups}, dict.fromkeys(groups, 0.0)
    for _ in range(ROUNDS):
        for name, lines in groups.items():
            before = judge.processor()
            spent[name].append([judge.ask(line)[1] for line in lines])
            after = judge.processor()
            used[name] = None if before is None or after is None or used[name] is None else used[name] + after - before
    return {name: {"p50 ms, best of five": round(float(np.median(np.min(times, axis=0))), 2), "p50 ms": round(float(np.median(times)), 2),
                   "processor ms": None if used[name] is None else round(used[name] / np.size(times), 2), "turns": int(np.size(times))}
            for name, times in spent.items()}


def figures(args, ids):
    """Milliseconds of a judged turn by length, and of the long conversation."""
    judge = Judge(args)
    try:
        by_length, long = lines_by_length(args, judge, ids), long_lines(args, ids)
        for line in (by_length[LENGTHS[-1]] or long)[:WARM]:
            judge.ask(line)
        groups = {f"{tokens} tokens": lines for tokens, lines in by_length.items() if lines} | {LONG: long}
        out = timed(judge, groups)
        out[LONG]["tokens"] = judge.ask(long[0])[0].get("tokens")
    finally:
        judge.close()
    return out
