"""A hundred rows of the hand-written corpus, drawn once and for all, for the model card: what it was taught and tuned on."""

import corpora
import readings

SEED = "card"
ROWS = 100
TEXT, BEFORE = 160, 80
"""Characters of a turn, and of the message before it, that are shown."""


def cut(text: str, most: int) -> str:
    """One line of at most `most` characters, safe inside a Markdown table."""
    text = " ".join(text.split())
    text = text if len(text) <= most else text[:most].rstrip() + "…"
    return text.translate({ord(mark): f"&#{ord(mark)};" for mark in "\\`*_[]<>|~#&"})


def labels_of(final, role) -> str:
    """The settled labels, in one cell."""
    if role == "assistant":
        return ", ".join(final["assistant_acts"])
    parts = [str(final["grade"]), final["gap"], final["user_act"], "disclosure" if final["emotion"] else None]
    return " · ".join(part for part in parts if part)


def rows(corpus, test) -> list[list[str]]:
    """[id, who, the message before, the turn, its labels]; never of the test split. In the order of ids."""
    votes = readings.of(corpus)
    free = sorted((raw for raw in corpora.own_rows(corpus) if raw["id"] not in test), key=lambda raw: corpora.order(SEED, raw))
    out = []
    for raw in sorted(free[:ROWS], key=lambda raw: raw["id"]):
        before = raw["context"][-1]["content"] if raw["context"] else ""
        out.append([raw["id"], raw["role"], cut(before, BEFORE), cut(raw["text"], TEXT), labels_of(readings.settled(votes[raw["id"]]), raw["role"])])
    return out
