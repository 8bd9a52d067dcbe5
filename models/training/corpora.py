"""Reads the corpora into rows with one target per head, and knows which public corpus may teach which head.

A row: `id, source, messages (the last one is judged), group, weight`, and where known `need` (three probabilities), `gap`,
`emotion`, `user_act` (eleven probabilities), `assistant_act` (nine 0/1), `crisis`. A head without a target is masked in the loss.
"""

import hashlib
import json
import math
import re
from collections import Counter
from pathlib import Path

import readings

GAPS = ["missing_material", "missing_referent", "missing_parameter", "vague_goal", "ambiguous_term", "conflicting"]
USER_ACTS = ["request", "follow_up", "answer", "refuses_question", "repair", "challenge", "reformulation", "clarification",
             "hedge", "acknowledgment", "topic_switch"]
ASSISTANT_ACTS = ["clarification", "understanding_check", "assumption", "acknowledgment", "reflection", "advice",
                  "concession", "follow_up", "answer"]

MTBENCH_ACTS = {"new_request": None, "followup": "follow_up", "refine": "follow_up", "continuation": "follow_up",
                "provides_input": "answer", "answers_clarification": "answer", "topic_switch_or_return": "topic_switch",
                "challenge": "challenge"}
"""The public acts that map onto ours without doubt; `new_request` is a request in an opening, else a topic switch."""

CLEAR = {"dolly3k": 0.5, "gsm8k": 0.5, "selfinstruct_seed": 1.0}
"""Public instructions that are clear, nearly all of them, and their weight: lessons in silence. In the last one an instruction is
followed by its material with nothing between them, which nothing else teaches."""


def read(path: Path):
    """The JSON objects of a file, one a line; nothing if it does not exist."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def order(seed: str, row) -> str:
    """A key that shuffles rows the same way on every machine."""
    return hashlib.sha256(f"{seed}:{row['id']}".encode()).hexdigest()


def texts_by_source(data: Path, corpus: Path, most: int, test):
    """English texts for counting pieces: turns and contexts of the training corpora and of our own, the test split apart."""
    out = {}
    for path in sorted((data / "train").glob("*.jsonl")):
        rows = sorted(read(path), key=lambda row: order("vocabulary", row))[:most]
        out[path.stem] = [text[:2000] for row in rows for text in [row["text"], *(m["content"] for m in row["context"])]]
    mine = [row for row in own_rows(corpus) if row["id"] not in test]
    out["corpus"] = [text for row in mine for text in [row["text"], *(m["content"] for m in row["context"])]]
    return {source: texts for source, texts in out.items() if texts}


def own_rows(corpus: Path):
    """The hand-written rows as they stand in the files."""
    return [row for path in sorted(corpus.glob("*.jsonl")) for row in read(path)]


def messages(row, role="user"):
    """The conversation with the judged turn at its end."""
    context = [{"role": m["role"], "content": m["content"]} for m in row["context"]]
    return [*context, {"role": role, "content": row["text"]}]


def blank(row, source, role="user", group=None, weight=1.0):
    """A row with no targets yet."""
    return {"id": str(row["id"]), "source": source, "role": role, "messages": messages(row, role), "group": group,
            "weight": weight, "grade": row.get("grade"), "need": None, "gap": None, "emotion": None, "user_act": None,
            "assistant_act": None, "crisis": None}


SMOOTH = [[0.965, 0.03, 0.005], [0.10, 0.80, 0.10], [0.015, 0.05, 0.935]]
"""Targets of `need` for the grades 0, 1 and 2: the neighbour gets more than the far end."""


def one_hot(label, labels, sure=0.97):
    """Probabilities with a little left for the other labels."""
    rest = (1 - sure) / (len(labels) - 1)
    return [sure if name == label else rest for name in labels]


def mixed(votes, targets):
    """The mean of several readers' targets."""
    columns = zip(*(targets(vote) for vote in votes))
    return [sum(column) / len(votes) for column in columns]


def own(corpus: Path, ids=None):
    """Hand-written rows, all heads, as their readers settled them; all votes teach, and a rare user act weighs more."""
    out, votes = [], readings.of(corpus)
    rows = [raw for raw in own_rows(corpus) if ids is None or raw["id"] in ids]
    count = Counter(raw["user_act"] for raw in rows)
    for raw in rows:
        said, final = votes[raw["id"]], readings.settled(votes[raw["id"]])
        row = blank({**raw, "grade": final["grade"]}, "own", raw["role"], group=raw["pair"])
        row["domain"] = raw["domain"]
        if raw["role"] == "user":
            row["need"] = mixed(said, lambda vote: SMOOTH[vote["grade"]])
            row["gap"] = GAPS.index(final["gap"]) if final["gap"] else None
            gaps = [vote for vote in said if vote["gap"]]
            row["gap_target"] = mixed(gaps, lambda vote: one_hot(vote["gap"], GAPS, 0.95)) if gaps else None
            row["emotion"] = final["emotion"]
            # Who was not asked about danger, but saw no distress, saw none.
            row["danger_asked"] = "crisis" in final
            row["crisis"] = final.get("crisis", None if any(vote["emotion"] for vote in said) else 0)
            row["user_act"] = mixed(said, lambda vote: one_hot(vote["user_act"], USER_ACTS))
            row["act_index"] = USER_ACTS.index(final["user_act"])
            row["act_weight"] = min(2.0, max(0.4, math.sqrt(300 / count[raw["user_act"]])))
        else:
            row["assistant_act"] = [int(act in final["assistant_acts"]) for act in ASSISTANT_ACTS]
        out.append(row)
    return out


def act_index(row) -> int:
    """The user act of a row: as settled, or the likeliest."""
    return row.get("act_index", row["user_act"].index(max(row["user_act"])))


def held(row) -> bool:
    """Whether a real turn is of the quarter of conversations that never teaches, but calibrates and measures."""
    name = row["id"].rsplit("-", 1)[0] if row["id"].endswith(("-need", "-act")) else row["id"]
    return int(hashlib.sha256(f"fold:{name}".encode()).hexdigest()[:8], 16) % 4 == 0


REAL_ACT = 3.0
"""Weight of the user act of a real follow-up: there are few, and they are what will be seen."""


def oasst(data: Path):
    """Real people's openings and follow-ups; readers' votes are soft targets."""
    out = {}
    for raw in read(data / "train" / "oasst_first.jsonl") + read(data / "train" / "oasst_follow.jsonl"):
        name = raw["id"].removesuffix("-need").removesuffix("-act")
        row = out.setdefault(name, blank({**raw, "id": name}, raw["source"]))
        if raw["task"] == "user_act":
            row["user_act"] = mixed(raw["votes"], lambda vote: one_hot(vote, USER_ACTS))
            row["act"], row["act_weight"] = raw["kind"], REAL_ACT
        else:
            row["need"], row["grade"] = mixed(raw["votes"], lambda vote: SMOOTH[vote]), raw["grade"]
            row["gap"] = GAPS.index(raw["kind"]) if raw["kind"] in GAPS else None
            if raw.get("emotion") is not None:
                row["emotion"] = raw["emotion"]
                row["crisis"] = None if raw["emotion"] else 0
            if not raw["context"]:
                row["user_act"] = one_hot("request", USER_ACTS, 0.9)
    return list(out.values())


def clear(data: Path, split="train"):
    """Clear instructions: silence, no disclosure."""
    out = []
    for source, weight in CLEAR.items():
        for raw in read(data / "train" / f"{source}.jsonl"):
            if raw["split"] == split:
                row = blank(raw, source, weight=weight)
                row["need"], row["emotion"], row["crisis"] = [0.95, 0.045, 0.005], 0, 0
                out.append(row)
    return out


def mtbench(data: Path):
    """Multi-turn benchmark: clear turns for `need`, and its acts."""
    out = {}
    for raw in read(data / "train" / "mtbench101.jsonl"):
        name = raw["id"].split(":")[1]
        row = out.setdefault(name, blank(raw, "mtbench101", weight=0.5))
        if raw["label"] == 0:
            row["need"] = [0.94, 0.05, 0.01]
    for raw in read(data / "train" / "mtbench101_acts.jsonl"):
        name = raw["id"].split(":")[1]
        row = out.setdefault(name, blank(raw, "mtbench101", weight=0.5))
        act = MTBENCH_ACTS[raw["kind"]] or ("topic_switch" if raw["context"] else "request")
        row["user_act"] = one_hot(act, USER_ACTS, 0.9)
    return [row for row in out.values() if row["need"] or row["user_act"]]


def ranked(data: Path):
    """Builder instructions, clear against unclear: their order is taught and their level is not.

    Their authors' idea of "unclear" is not ours, so as labels they move the scores of everyday turns; two of them side by
    side only say which one should score higher.
    """
    raws = sorted((raw for raw in read(data / "train" / "iglu.jsonl") if raw["split"] == "train"), key=lambda raw: order("rank", raw))
    unclear, clear_ = [[raw for raw in raws if raw["label"] == label] for label in (1, 0)]
    out = []
    for k, pair in enumerate(zip(unclear, clear_)):
        for raw, grade in zip(pair, (2, 0)):
            row = blank(raw, "iglu", group=f"iglu:{k}", weight=0.5)
            row["grade"] = grade
            out.append(row)
    return out


def acts(data: Path):
    """Booking dialogues, therapy and builder's questions: acts of both speakers."""
    out = []
    for raw in read(data / "train" / "sgd_user.jsonl"):
        row = blank(raw, "sgd_user", weight=0.5)
        row["user_act"] = one_hot(raw["kind"], USER_ACTS, 0.9)
        out.append(row)
    for raw in read(data / "train" / "sgd_assistant.jsonl"):
        row = blank(raw, "sgd_assistant", "assistant", weight=0.5)
        row["assistant_act"] = [int(act in raw["kinds"]) for act in ASSISTANT_ACTS]
        # The booking assistants say "OK" and repeat values in nearly every act; their authors did not mark it.
        for act in ("acknowledgment", "assumption"):
            row["assistant_act"][ASSISTANT_ACTS.index(act)] = None
        out.append(row)
    for raw in read(data / "train" / "bolt_therapist.jsonl"):
        reflects, advises = raw["kind"].startswith("Reflections"), raw["kind"] in ("Problem-Solving", "Planning")
        if reflects or advises:
            row = blank(raw, "bolt_therapist", "assistant", weight=0.4)
            row["assistant_act"] = [None] * len(ASSISTANT_ACTS)
            for act, value in (("reflection", reflects), ("advice", advises), ("concession", False)):
                row["assistant_act"][ASSISTANT_ACTS.index(act)] = int(value)
            out.append(row)
    for raw in read(data / "train" / "iglu_questions.jsonl"):
        row = blank(raw, "iglu_questions", "assistant", weight=0.4)
        row["assistant_act"] = [None] * len(ASSISTANT_ACTS)
        for act, value in (("clarification", 1), ("answer", 0), ("concession", 0), ("reflection", 0), ("advice", 0)):
            row["assistant_act"][ASSISTANT_ACTS.index(act)] = value
        out.append(row)
    return out


def feelings(data: Path):
    """Disclosure: clients in therapy, and online remarks without distress as negatives."""
    out = []
    for raw in read(data / "train" / "bolt_client.jsonl"):
        row = blank(raw, "bolt_client", weight=0.5)
        row["emotion"] = int(raw["label"])
        out.append(row)
    calm = {"neutral", "admiration", "gratitude", "approval", "amusement", "curiosity", "optimism", "joy", "excitement"}
    for raw in read(data / "train" / "goemotions.jsonl"):
        if raw["kind"] in calm and raw["split"] == "train":
            row = blank(raw, "goemotions", weight=0.3)
            row["emotion"] = row["crisis"] = 0
            out.append(row)
    return out


def varied(rows):
    """Turns that nobody wrote: without one of their clauses, and after somebody else's conversation. Only a teacher can judge them."""
    told = sorted((row for row in rows if len(row["messages"]) > 1), key=lambda row: order("moved", row))
    for at, row in enumerate(sorted((row for row in rows if row["role"] == "user"), key=lambda row: order("varied", row))):
        said, text = row["messages"][:-1], row["messages"][-1]["content"]
        parts = re.split(r"(?<=[.!?;,:\n])\s+|\s+(?=(?:for|with|from|in|on|at|to|because|so|but|and|which|that|before|after)\s)", text)
        if 1 < len(parts) and len(text) < 600:
            gone = int(order("cut", row)[:8], 16) % len(parts)
            yield blank({"id": f"{row['id']}@cut", "context": said, "text": " ".join(parts[:gone] + parts[gone + 1:])}, "cut", "user")
        if told:
            yield blank({"id": f"{row['id']}@moved", "context": told[at % len(told)]["messages"][:-1], "text": text}, "moved", "user")


def transfer(data: Path, labelled, most: dict[str, int]):
    """Turns without labels, for a student to watch its teacher on: earlier turns of conversations, variations, and public prompts."""
    out = list(varied(labelled))
    for row in labelled:
        said = row["messages"][:-1]
        for at, message in enumerate(said):
            if message["role"] in ("user", "assistant"):
                part = {"id": f"{row['id']}@{at}", "context": said[:at], "text": message["content"]}
                out.append(blank(part, "earlier", message["role"]))
        if said and row["source"] == "own":
            out.append(blank({"id": f"{row['id']}@bare", "context": [], "text": row["messages"][-1]["content"]}, "bare", row["role"]))
    for source, count in sorted(most.items()):
        rows = [raw for raw in read(data / "train" / f"{source}.jsonl") if raw["split"] in ("train", "open")]
        for raw in sorted(rows, key=lambda raw: order("transfer", raw))[:count]:
            role = "assistant" if raw["task"] == "assistant_act" else "user"
            out.append(blank({**raw, "id": f"{raw['id']}@{source}"}, "transfer", role))
    seen, unique = set(), []
    for row in out:
        text = json.dumps(row["messages"])
        if text not in seen:
            seen.add(text)
            unique.append(row)
    return unique
