"""Records what agent harnesses send besides their users' turns: titles, summaries, probes, wrapped turns.

Usage: harnesses.py FOLDER [NAME...]

FOLDER holds their programs (`npm install` of the packages below, pinned as given here; they are large and not all of them
free software, so that the gate does not install them). Each runs once, without a terminal, in an empty home of its own, against
the recorder. Long strings, which are their authors' prompts, are shortened in the middle, and the `content-length` with
them: what is left is what telling such calls apart can depend on.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import record
from upstreams import server

PACKAGES = {"claude-code": "@anthropic-ai/claude-code@2.1.331", "codex": "@openai/codex@0.169.0",
            "opencode": "opencode-ai@1.18.33", "gemini-cli": "@google/gemini-cli@0.61.0", "aider": "aider-chat==0.86.2 (PyPI)"}
ASKED, MORE = "Summarize the article below.", "And the one before?"
CODEX = """
model = "gpt-5-mini"
model_provider = "recorder"
[model_providers.recorder]
name = "recorder"
base_url = "RECORDER/v1"
wire_api = "responses"
env_key = "CODEX_TEST_KEY"
"""
OPENCODE = {"provider": {"recorder": {"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": "RECORDER/v1", "apiKey": "test"},
                                      "models": {"gpt-5-mini": {"name": "m"}}},
                         "anthropic": {"options": {"baseURL": "RECORDER/v1", "apiKey": "test"}}},
            "autoupdate": False, "share": "disabled"}
# What each is run with: the commands of a session by the case they make, the environment, and files of its home.
HARNESSES = {
    "claude-code": ({"session": ["claude", "-p", ASKED], "continued": ["claude", "-c", "-p", MORE],
                     "compact": ["claude", "-c", "-p", "/compact"]},
                    {"ANTHROPIC_BASE_URL": "RECORDER", "ANTHROPIC_API_KEY": "sk-ant-test"}, {}),
    "codex": ({"session": ["codex", "exec", "--skip-git-repo-check", ASKED],
               "continued": ["codex", "exec", "--skip-git-repo-check", "resume", "--last", MORE]},
              {"CODEX_TEST_KEY": "test"}, {".codex/config.toml": CODEX}),
    "opencode": ({"session": ["opencode", "run", "--model", "recorder/gpt-5-mini", ASKED],
                  "continued": ["opencode", "run", "-c", "--model", "recorder/gpt-5-mini", MORE]}, {},
                 {".config/opencode/opencode.json": json.dumps(OPENCODE)}),
    "opencode-anthropic": ({"session": ["opencode", "run", "--model", "anthropic/claude-sonnet-4-5", ASKED]}, {},
                           {".config/opencode/opencode.json": json.dumps(OPENCODE)}),
    "gemini-cli": ({"session": ["gemini", "--skip-trust", "-m", "gemini-2.5-flash", "-p", ASKED]},
                   {"GOOGLE_GEMINI_BASE_URL": "RECORDER", "GEMINI_API_KEY": "test", "GEMINI_TELEMETRY_ENABLED": "false"},
                   {".gemini/settings.json": json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}})}),
    "aider": ({"session": ["aider", "--yes-always", "--no-check-update", "--no-show-model-warnings", "--analytics-disable",
                           "--model", "openai/gpt-5-mini", "--message", ASKED, "notes.py"]},
              {"OPENAI_API_BASE": "RECORDER/v1", "OPENAI_API_KEY": "test", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
               "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}, {}),
}
# A JSON string that is longer than this loses its middle.
LONG, HEAD, TAIL = 400, 200, 100


def shortened(body):
    def cut(found):
        said = found[0]
        if len(said) <= LONG:
            return said
        # Not within an escape: a backslash near a cut takes what follows it along.
        head, tail = said[:HEAD].decode("utf-8", "ignore").rstrip("\\"), said[-TAIL:].decode("utf-8", "ignore")
        head = re.sub(r"\\u[0-9a-fA-F]{0,3}$", "", head)
        tail = re.sub(r"^[^ ]* ", "", tail)
        return f"{head} [... shortened ...] {tail}".encode()

    return re.sub(rb'"(?:[^"\\]|\\.)*"', cut, body, flags=re.DOTALL)


def run(folder, name, upstream):
    commands, environment, files = HARNESSES[name]
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        (home / "work").mkdir()
        (home / "work" / "notes.py").write_text("x = 1\n")
        for path, content in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(content.replace("RECORDER", upstream.url))
        own = {"HOME": str(home), "PATH": f"{folder}/node_modules/.bin:{folder}/bin:{os.environ['PATH']}", "TERM": "dumb",
               "LANG": "C.UTF-8", **{key: value.replace("RECORDER", upstream.url) for key, value in environment.items()}}
        for case, command in commands.items():
            output = finished(command, home / "work", own)
            keep(name, case, upstream.take(), str(home).encode(), output)


def finished(command, folder, environment):
    """The output of a command, which is given two minutes."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        return process.communicate(timeout=120)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]


def keep(name, case, requests, home, output):
    for request in requests:
        request.body = shortened(request.body.replace(home, b"/home/user"))
        request.headers = [(n, str(len(request.body)) if n.lower() == "content-length" else v) for n, v in request.headers]
    known = [r for r in requests if record.dialect(r.target) != "other" and r.method == "POST"]
    record.store(name, case, known)
    print(f"{name} {case}: {len(known)} kept of {[(r.method, r.target, len(r.body)) for r in requests]}")
    if not known:
        print(output.decode("utf-8", "replace")[-2000:])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("names", nargs="*", default=list(HARNESSES))
    options = options.parse_args()
    for name in options.names:
        run(options.folder.resolve(), name, server.Upstream(cookies=False))


if __name__ == "__main__":
    main()
