"""The clients in front of a real LLM: llama.cpp's server, which speaks three of the dialects."""

import importlib.util
import os
import pathlib
import signal

import compare
from compare import Differs
from drive import Process
from exchanges import exchanges
from servers import Proxy
from tap import Tap

# The module's name is that of our own runner, too.
spec = importlib.util.spec_from_file_location("real_llm", pathlib.Path(__file__).parent.parent / "real_llm" / "run.py")
real_llm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real_llm)


def judged(matrix, table, options, results):
    server, url = real_llm.start(options.real)
    try:
        direct, behind = Tap(port(url)), Tap(port(url))
        proxy = Proxy(options.binary, behind.url)
        before = Tap(port(proxy.url))
        for name, client in table["clients"].items():
            dialects = [d for d in client["dialects"] if d in table["real"]["dialects"] and options.only in f"{name} {d} real"]
            if dialects:
                run(matrix, name, dialects, (direct, before, behind), table["real"]["least"], results)
        proxy.stop()
    finally:
        os.killpg(server.pid, signal.SIGKILL)


def port(url):
    return int(url.rsplit(":", 1)[1])


def run(matrix, name, dialects, taps, least, results):
    """One side after the other: the model has time for one at once, and its cache changes no answer."""
    processes = [Process(matrix.python, matrix.node, name) for _ in range(2)]
    for dialect in dialects:
        answers = []
        for process, tap in zip(processes, taps):
            process.ask(dialect, "real", tap.url)
            answers.append(process.answer())
        seen = [[e for asked, answered in tap.take() for e in exchanges(asked, answered)] for tap in taps]
        try:
            results[name, dialect, "real"] = cell(answers, *seen, least)
        except Differs as error:
            results[name, dialect, "real"] = None
            print(f"RED {name} {dialect} real: {error}\n", flush=True)
    for process in processes:
        process.stop()


def cell(answers, direct, before, behind, least):
    for answer in answers:
        if "failed" in answer:
            raise Differs(f"the client fails: {answer['failed']}")
    compare.same("the model's words", *(answer["value"] for answer in answers))
    whole, streamed = answers[0]["value"]
    if not whole or whole != streamed:
        raise Differs(f"whole and streamed are not the same words: {whole!r} and {streamed!r}")
    direct, before, behind = map(compare.in_order, (direct, before, behind))
    compare.requests_sent(direct, before)
    for sent, received in zip(before, behind, strict=True):
        names = ("sent", "received by the upstream")
        compare.same("the request that arrives", [sent.request, sent.asked], [received.request, received.asked], names)
        compare.same("the headers that arrive", *(compare.headers(e.asked_headers, "request") for e in (sent, received)), names)
        names = ("sent by the upstream", "received by the client")
        compare.same("the answer that arrives", *([e.status, e.answered] for e in (received, sent)), names)
        compare.same("its headers", *compare.answered(received.answered_headers, sent.answered_headers), names)
    if len(before) < least:
        raise Differs(f"{len(before)} exchanges were compared, and {least} are the least")
    return len(before)
