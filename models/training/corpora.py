"""Reads the corpora into rows with one target per head, and knows which public corpus may teach which head.

A row: `id, source, messages (the last one is judged), group, weight`, and where known `need` (three probabilities), `gap`,
`emotion`, `user_act` (eleven probabilities), `assistant_act` (nine 0/1). A head without a target is masked in the loss.
"""

import hashlib
import json
from pathlib import Path

GAPS = ["missing_material", "missing_referent", "missing_parameter", "vague_goal", "ambiguous_term", "conflicting"]
USER_ACTS = ["request", "follow_up", "answer", "refuses_question", "repair", "challenge", "reformulation", "clarification",
             "hedge", "acknowledgment", "topic_switch"]
ASSISTANT_ACTS = ["clarification", "understanding_check", "assumption", "acknowledgment", "reflection", "advice",
                  "concession", "follow_up", "answer"]

MTBENCH_ACTS = {"new_request": None, "followup": "follow_up", "refine": "follow_up", "continuation": "follow_up",
                "provides_input": "answer", "answers_clarification": "answer", "topic_switch_or_return": "topic_switch",
                "challenge": "challenge"}
"""The public acts that map onto ours without doubt; `new_request` is a request in an opening, else a topic switch."""

CLEAR = ["dolly3k", "selfinstruct_seed", "gsm8k"]
"""Public instructions that are clear, nearly all of them: lessons in silence."""


def read(path: Path):
    """The JSON objects of a file, one a line; nothing if it does not exist."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def order(seed: str, row) -> str:
    """A key that shuffles rows the same way on every machine."""
    return hashlib.sha256(f"{seed}:{row['id']}".encode()).hexdigest()


def texts_by_source(data: Path, corpus: Path, most: int):
    """English texts for counting pieces: turns and contexts of the training corpora and of our own."""
    out = {}
    for path in sorted((data / "train").glob("*.jsonl")):
        rows = sorted(read(path), key=lambda row: order("vocabulary", row))[:most]
        out[path.stem] = [text[:2000] for row in rows for text in [row["text"], *(m["content"] for m in row["context"])]]
    own = [row for path in sorted(corpus.glob("*.jsonl")) for row in read(path)]
    out["corpus"] = [text for row in own for text in [row["text"], *(m["content"] for m in row["context"])]]
    return {source: texts for source, texts in out.items() if texts}
