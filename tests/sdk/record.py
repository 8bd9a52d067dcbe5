"""Records what clients send: `tests/data/wire/<dialect>/recorded/<client>--<case>.http`.

Usage: record.py [CLIENT...]        the Python clients, in an environment with `tests/sdk/requirements.txt`
       record.py --node             those of `record.mjs`, by the `node` of that environment
       record.py --serve            the recorder alone, for a harness started by hand; it prints its address and files
                                    what it receives under --client and --case until it is interrupted

A file is the request line, the header lines as they came, an empty line, and the body, byte for byte. Lines of the head
end in LF, credentials are `REDACTED`, and `host` is `recorder`; nothing else is changed.
"""

import argparse
import importlib
import pathlib
import re
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "conformance"), str(TESTS / "sdk")]
from upstreams import server  # noqa: E402

MODULES = ["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama", "langchain", "litellm"]
FOLDERS = {"responses": "openai-responses", "messages": "anthropic-messages", "chat": "openai-chat", "gemini": "gemini",
           "ollama": "ollama"}
SECRET = re.compile(r"^(authorization|x-api-key|api-key|x-goog-api-key|cookie)$", re.IGNORECASE)


def dialect(target):
    """The folder of this route's dialect; `other` for what is none of ours."""
    found = next((d for d in server.DIALECTS if d.takes(target.partition("?")[0])), None)
    return FOLDERS[found.__name__.rpartition(".")[2]] if found else "other"


def text(request):
    """The file's bytes."""
    target = re.sub(r"([?&]key=)[^&]+", r"\1REDACTED", request.target)
    lines = [f"{request.method} {target}"]
    for name, value in request.headers:
        if name.lower() == "host":
            value = "recorder"
        lines.append(f"{name}: {'REDACTED' if SECRET.match(name) else value}")
    return "\n".join(lines).encode("latin-1") + b"\n\n" + request.body


def store(client, case, requests):
    for number, request in enumerate(requests, 1):
        folder = TESTS / "data" / "wire" / dialect(request.target) / "recorded"
        folder.mkdir(parents=True, exist_ok=True)
        # The file names the dialect by its folder; of a client that speaks several, the case need not repeat it.
        name = case.partition("/")[2] or case
        if case.startswith("ollama-generate/"):
            name = "generate-" + name
        (folder / f"{client}--{name}{'' if number == 1 else f'-{number}'}.http").write_bytes(text(request))


def python(upstream, names):
    for name in names:
        module = importlib.import_module(f"cases.{name}")
        count = 0
        for case, call in module.cases(upstream.url):
            try:
                call()
            except Exception as error:  # What was sent counts; but whoever records should know.
                print(f"{module.CLIENT} {case}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            requests = upstream.take()
            if not requests:
                print(f"{module.CLIENT} {case}: nothing was sent", file=sys.stderr)
            store(module.CLIENT, case, requests)
            count += len(requests)
        print(f"{module.CLIENT} ({name}): {count} requests")


def node(upstream):
    folder = pathlib.Path(sys.executable).parent
    script = folder.parent.parent / "node" / "record.mjs"
    process = subprocess.Popen([folder / "node", script, upstream.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        client, case, *failed = line.rstrip("\n").split("\t")
        if failed:
            print(f"{client} {case}: {failed[0]}", file=sys.stderr)
        store(client, case, upstream.take())
        process.stdin.write("\n")
        process.stdin.flush()
    if process.wait():
        raise SystemExit("record.mjs failed")


def serve(upstream, client, case):
    print(upstream.url, flush=True)
    received = []
    try:
        while True:
            time.sleep(0.2)
            received += upstream.take()
    except KeyboardInterrupt:
        store(client, case, received + upstream.take())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("modules", nargs="*", default=MODULES)
    options.add_argument("--node", action="store_true")
    options.add_argument("--serve", action="store_true")
    options.add_argument("--client", default="harness")
    options.add_argument("--case", default="session")
    options = options.parse_args()
    upstream = server.Upstream(cookies=False)
    if options.serve:
        serve(upstream, options.client, options.case)
    elif options.node:
        node(upstream)
    else:
        python(upstream, options.modules)


if __name__ == "__main__":
    main()
