"""What the readers of the hand-written corpus said, and what came of it.

The first reading is the writer's, the second is blind, the third is blind and reads the rows on which those two differ. The
majority decides each field; where three readers give three grades the turn is grade 1, where they name three acts or gaps the
third reader's stands. A row that two readers still dispute keeps the writer's label. All votes teach (soft targets).
"""

from collections import Counter
from pathlib import Path

import corpora

FIELDS = ("grade", "gap", "user_act", "emotion", "assistant_acts", "crisis")
"""`crisis` was asked of the rows that were written for it; elsewhere it is absent."""


def of(corpus: Path) -> dict[str, list[dict]]:
    """For each id the readings of its row, the writer's first."""
    out = {row["id"]: [row] for row in corpora.own_rows(corpus)}
    for folder in ("second", "third"):
        for path in sorted((corpus / folder).glob("*.jsonl")):
            for row in corpora.read(path):
                out[row["id"]].append(row)
    return out


def majority(votes, tie):
    """The label most votes name, if more than half do; else `tie`."""
    label, count = Counter(votes).most_common(1)[0]
    return label if 2 * count > len(votes) else tie


def settled(votes: list[dict]) -> dict:
    """The fields of one row as its readers settled them."""
    first, last = votes[0], votes[-1]
    if first["role"] == "assistant":
        acts = [act for act in corpora.ASSISTANT_ACTS
                if majority([act in vote["assistant_acts"] for vote in votes], act in first["assistant_acts"])]
        return {"grade": None, "gap": None, "user_act": None, "emotion": None, "assistant_acts": acts or first["assistant_acts"]}
    third = len(votes) > 2
    grade = majority([vote["grade"] for vote in votes], 1 if third else first["grade"])
    gaps = [vote["gap"] for vote in votes if vote["gap"]]
    gap = majority(gaps, (third and last["gap"]) or gaps[0]) if grade and gaps else None
    return {"grade": grade, "gap": gap, "assistant_acts": None,
            "user_act": majority([vote["user_act"] for vote in votes], (last if third else first)["user_act"]),
            "emotion": majority([vote["emotion"] for vote in votes], first["emotion"])} | crisis(votes)


def crisis(votes: list[dict]) -> dict:
    """Whether the turn holds language of a crisis, where its readers were asked."""
    said = [vote["crisis"] for vote in votes if "crisis" in vote]
    return {"crisis": majority(said, said[0])} if said else {}


def disputed(votes: list[dict]) -> list[str]:
    """The fields on which the first two readings differ; `gap` only where both see one."""
    if len(votes) < 2:
        return []
    a, b = votes[:2]
    out = []
    for field in FIELDS:
        if field not in a or field not in b:
            continue
        x, y = a[field], b[field]
        if field == "assistant_acts" and x:
            x, y = sorted(x), sorted(y)
        if x != y and not (field == "gap" and None in (x, y)):
            out.append(field)
    return out
