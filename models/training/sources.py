"""Figures on public corpora that no label of theirs taught: clear prompts, ambiguity within each source, acts from elsewhere."""

import re
from pathlib import Path

import numpy as np

import baselines
import corpora
from labels import ASSISTANT_ACTS, USER_ACTS
from measures import asked, auroc, bootstrap_difference, clopper_pearson, rate

CLEAR_SOURCES = ["dolly3k", "gsm8k", "mtbench101", "koala", "wizardlm", "sinstruct", "alpaca_claude45", "selfinstruct_seed"]
TAUGHT = {"selfinstruct_seed"}
"""Clear prompts that teach as a whole; their row shows that they were learnt, and counts in no sum."""
AMBIGUITY_SOURCES = ["clariq", "situatedqa_geo", "situatedqa_temp", "iglu", "ambient", "repairqa_ambiguity", "acebench", "coconot",
                     "in3", "pacific", "mtbench101"]
MOST = 1000
"""Rows of a public source that are measured, at most."""
CODE = re.compile(r"```|\b(python|javascript|typescript|java|html|css|sql|regex|c\+\+|rust|bash|php|algorithm|function that|code|script|api)\b", re.I)
MATHS = re.compile(r"\b(equation|solve for|probability|integral|derivative|prime|triangle|calculate|how many|percent|sum of|algebra|geometry)\b|\d\s*[-+*/^=]\s*\d", re.I)


def row_of(raw, source):
    """A row with what its authors said of it."""
    row = corpora.blank(raw, source, "assistant" if raw["task"] == "assistant_act" else "user")
    return row | {"label": raw["label"], "kind": raw["kind"], "task": raw["task"], "source_group": raw.get("group")}


def both(data: Path, source: str):
    """(rows that no training saw, the others): all of `eval/`, the dev and test splits of `train/`; shuffled by hash."""
    path = data / "eval" / f"{source}.jsonl"
    raws = sorted(corpora.read(path if path.exists() else data / "train" / f"{source}.jsonl"), key=lambda raw: corpora.order("evaluate", raw))
    open_ = [path.exists() or raw["split"] != "train" or source == "in3" or source in TAUGHT for raw in raws]
    unseen = [row_of(raw, source) for raw, free in zip(raws, open_) if free]
    return unseen[:MOST], unseen[MOST:] + [row_of(raw, source) for raw, free in zip(raws, open_) if not free]


def public(data: Path, source: str):
    """Rows of a public corpus that no training saw, at most `MOST`."""
    return both(data, source)[0]


def counted(need):
    """How many, how many are asked, asked or assumed, and the 95 % interval of the asks."""
    ask, assume = asked(need)
    return {"n": len(need), "asks": ask, "asks or assumes": assume,
            "95 % of asks": clopper_pearson(int((need[:, 2] >= 0.5).sum()), len(need))}


def clear(data, attach, run):
    """Clear prompts: each source, all together, and by kind (found by words: code, maths, hard = long evolved or expert prompts)."""
    out, kinds, every = {}, {"code (all sources, by words)": [], "maths (all sources, by words)": [], "hard prompts (koala, wizardlm, sinstruct)": []}, []
    for source in CLEAR_SOURCES:
        rows = [row for row in public(data, source) if row["label"] == 0]
        if not rows:
            continue
        rows = attach(rows)
        need = run(rows)["need"]
        out[source] = counted(need)
        if source in TAUGHT:
            continue
        every.append(need)
        for row, p in zip(rows, need):
            text = row["messages"][-1]["content"]
            if CODE.search(text):
                kinds["code (all sources, by words)"].append(p)
            elif source == "gsm8k" or MATHS.search(text):
                kinds["maths (all sources, by words)"].append(p)
            if source in ("koala", "wizardlm", "sinstruct"):
                kinds["hard prompts (koala, wizardlm, sinstruct)"].append(p)
    for name, some in kinds.items():
        if some:
            out[name] = counted(np.array(some))
    if every:
        out["all but what taught"] = counted(np.concatenate(every))
    return out


def within(data, attach, run, pooled):
    """Each ambiguity corpus by itself: this model, TF-IDF taught by the model's rows, TF-IDF taught inside the source, length."""
    out = {}
    for source in AMBIGUITY_SOURCES:
        rows, rest = [[row for row in part if row["label"] in (0, 1)] for part in both(data, source)]
        if not rows:
            continue
        rows = attach(rows)
        truth = np.array([row["label"] == 1 for row in rows])
        need = run(rows)["need"]
        ours, theirs = -np.log(need[:, 0] + 1e-12), pooled.scores(rows)
        groups = [row["source_group"] or row["id"] for row in rows]
        out[source] = {
            "n": len(rows), "positive": int(truth.sum()), "AUROC": auroc(truth, ours), "tf-idf": auroc(truth, theirs),
            "model - tf-idf, 95 %": bootstrap_difference(truth, ours, theirs, groups),
            "tf-idf inside": auroc(truth, baselines.inside(rows + rest)[:len(rows)]),
            "shorter": auroc(truth, [-len(row["messages"][-1]["content"]) for row in rows]),
            "asks on its clear rows": rate(need[~truth][:, 2] >= 0.5)}
    return out


def other_acts(data, attach, run):
    """Disclosure and acts on corpora from elsewhere, where an author's label corresponds to ours."""
    out = {}
    act_of = lambda p, act: p["assistant_act"][:, ASSISTANT_ACTS.index(act)]
    asks = {"annomi": ("reflection", lambda kind: kind == "reflection"),
            "esconv_strategy": ("reflection", lambda kind: kind.startswith(("Reflection", "Restatement"))),
            "inscit_responses": ("clarification", lambda kind: kind == "clarification")}
    for source, (act, holds) in asks.items():
        rows = public(data, source)
        if rows:
            rows = attach(rows)
            p = run(rows)
            out[f"{source}: {act}, AUROC"] = auroc([holds(row["kind"]) for row in rows], act_of(p, act))
            if source == "esconv_strategy":
                out[f"{source}: advice, AUROC"] = auroc([row["kind"] == "Providing Suggestions" for row in rows], act_of(p, "advice"))
    rows = [row for row in public(data, "repairqa_acts") if row["kind"] in ("repair", "new_request")]
    if rows:
        rows = attach(rows)
        out["repairqa_acts: repair against new request, AUROC"] = auroc([row["kind"] == "repair" for row in rows],
                                                                        run(rows)["user_act"][:, USER_ACTS.index("repair")])
    seeker, calm = public(data, "esconv_seeker"), public(data, "alpaca_claude45")
    if seeker:
        p = run(attach(seeker))["emotion"][:, 0]
        out["esconv_seeker: emotion >= .5 (first turns in emotional support; not all disclose)"] = rate(p >= 0.5)
    if calm:
        out["alpaca_claude45: emotion >= .5 (none should)"] = rate(run(attach(calm))["emotion"][:, 0] >= 0.5)
    return out
