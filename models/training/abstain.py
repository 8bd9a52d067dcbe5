"""How often `groundwire score` takes a short English turn for another language and abstains; the target is 1 % at most."""

import json
import os
import subprocess

import corpora

SHORT, LONGER = 40, 80
"""Characters: turns under the first are "short", under the second "short or rather short"."""
EACH = 1000
"""Turns of a source, at most."""
SHOWN = 40
"""Characters of a turn that was abstained on, as the figures show it."""


def score(args, lines):
    """Answers of `groundwire score` with the model that was just written, one for each line of `messages`."""
    text = "".join(json.dumps({"id": i, "messages": messages}) + "\n" for i, messages in enumerate(lines))
    run = subprocess.run([str(args.groundwire), "score", "--model", str(args.out)], input=text.encode(), check=True,
                         stdout=subprocess.PIPE, env=os.environ)
    return [json.loads(line) for line in run.stdout.decode().split("\n") if line.strip()]


def short_turns(args, test):
    """(source, text) of short users' turns: every public corpus and our own, the test split apart; each text once."""
    out = {}
    for path in sorted(args.data.glob("*/*.jsonl")):
        rows = sorted((raw for raw in corpora.read(path) if raw["task"] != "assistant_act"), key=lambda raw: corpora.order("short", raw))
        texts = [raw["text"] for raw in rows if 0 < len(raw["text"].strip()) and len(raw["text"]) < LONGER]
        for text in texts[:EACH]:
            out.setdefault(text, path.stem)
    for raw in corpora.own_rows(args.corpus):
        if raw["role"] == "user" and raw["id"] not in test and raw["text"].strip() and len(raw["text"]) < LONGER:
            out.setdefault(raw["text"], "hand-written")
    return [(source, text) for text, source in out.items()]


def figures(args, test):
    """Shares that abstain by length and by source, and the turns, which are worth a look: some are foreign in truth."""
    turns = short_turns(args, test)
    answers = score(args, [[{"role": "user", "content": text}] for _, text in turns])
    assert len(answers) == len(turns), "groundwire score left lines out"
    out, sources, found = {}, {}, []
    for name, most in ((f"under {SHORT} characters", SHORT), (f"under {LONGER} characters", LONGER)):
        here = [answer for (_, text), answer in zip(turns, answers) if len(text) < most]
        quiet = sum(answer.get("bypass") == "language" for answer in here)
        out[name] = {"n": len(here), "abstained": quiet, "share": quiet / len(here) if here else None}
    for (source, text), answer in zip(turns, answers):
        count = sources.setdefault(source, [0, 0])
        count[0] += 1
        if answer.get("bypass") == "language":
            count[1] += 1
            found.append([source, text if len(text) <= SHOWN else text[:SHOWN] + "…"])
    return out | {"by source": sources, "turns": found, "foreign": foreign(args)}


def foreign(args):
    """For each language of `tests/data/languages/turns.tsv`: how many turns there are, how many are abstained on, and how many
    are asked about (ask >= .5) as the gate let them pass. None without the file."""
    path = args.corpus.parent.parent / "tests" / "data" / "languages" / "turns.tsv"
    if not path.exists():
        return None
    turns, out = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()], {}
    for (language, _), answer in zip(turns, score(args, [[{"role": "user", "content": text}] for _, text in turns])):
        count = out.setdefault(language, [0, 0, 0])
        count[0] += 1
        count[1] += answer.get("bypass") == "language"
        count[2] += (answer.get("ambiguity") or 0) >= 0.5
    return out
