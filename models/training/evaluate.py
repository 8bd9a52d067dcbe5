"""Measures a model: on real turns left out of their fold, on the frozen test split, and on public corpora it never saw.

Everything is counted within its source. Beside the model stand TF-IDF with logistic regression taught by the same rows, the
length of the turn, always asking and never asking, on the same rows.
"""

import json
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

import calibrate
import corpora
import export
import windows
from labels import ASSISTANT_ACTS, GAPS, USER_ACTS

CLEAR_SOURCES = ["dolly3k", "gsm8k", "mtbench101", "koala", "wizardlm", "sinstruct", "alpaca_claude45"]
AMBIGUITY_SOURCES = ["clariq", "situatedqa_geo", "situatedqa_temp", "iglu", "ambient", "repairqa_ambiguity", "acebench", "coconot",
                     "in3", "pacific", "mtbench101"]
MOST = 1000
"""Rows of a public source that are measured, at most."""


def text_of(row):
    """What the baselines read: the turn, and the message before it."""
    said = row["messages"]
    before = said[-2]["content"] if len(said) > 1 else ""
    return said[-1]["content"][:2000] + " ||| " + before[-400:]


class Baseline:
    """TF-IDF and logistic regression, grade 2 against grade 0."""

    def __init__(self, rows):
        rows = [row for row in rows if row["grade"] in (0, 2) or (row["grade"] is None and row["need"])]
        self.words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        features = self.words.fit_transform([text_of(row) for row in rows])
        self.model = LogisticRegression(C=10, max_iter=2000, class_weight="balanced").fit(features, [row["grade"] == 2 for row in rows])

    def scores(self, rows):
        return self.model.predict_proba(self.words.transform([text_of(row) for row in rows]))[:, 1]


def auroc(truth, scores):
    """None where one of the two sides is missing."""
    truth = np.asarray(truth).astype(bool)
    return float(roc_auc_score(truth, scores)) if truth.any() and not truth.all() else None


def rate(values):
    """A mean, or None of nothing."""
    return float(np.mean(values)) if len(values) else None


def public(data: Path, source: str):
    """Rows of a public corpus that no training saw: all of `eval/`, the dev and test splits of `train/`."""
    path = data / "eval" / f"{source}.jsonl"
    raws = corpora.read(path) if path.exists() else [raw for raw in corpora.read(data / "train" / f"{source}.jsonl")
                                                     if raw["split"] != "train" or source == "in3"]
    out = []
    for raw in sorted(raws, key=lambda raw: corpora.order("evaluate", raw))[:MOST]:
        row = corpora.blank(raw, source, "assistant" if raw["task"] == "assistant_act" else "user")
        row["label"], row["kind"], row["task"] = raw["label"], raw["kind"], raw["task"]
        out.append(row)
    return out


def asked(need):
    """(share with ask >= .5, share with ask + assume >= .5)."""
    return rate(need[:, 2] >= 0.5), rate(need[:, 0] <= 0.5)


def log_odds(need):
    """One score: ask against proceed."""
    return np.log(need[:, 2] + 1e-12) - np.log(need[:, 0] + 1e-12)


def expected_calibration_error(probability, truth, weight, bins=10):
    """Weighted ECE over equal-width bins, and the rows of the reliability diagram."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    total, rows = 0.0, []
    for b in range(bins):
        here = place == b
        if here.any():
            w = weight[here].sum()
            p, t = np.average(probability[here], weights=weight[here]), np.average(truth[here], weights=weight[here])
            total += w * abs(p - t)
            rows.append([round(float(p), 4), round(float(t), 4), int(here.sum()), round(float(w), 5)])
    return float(total / weight.sum()), rows


def precision_at(rate_of_asking, recall, false_asks):
    """Share of right questions among the questions asked, at a base rate."""
    right, wrong = recall * rate_of_asking, false_asks * (1 - rate_of_asking)
    return right / (right + wrong) if right + wrong else None


def pairs(rows, scores):
    """Share of pairs whose higher grade scores higher, and their number; also for the same turn in two contexts."""
    groups, right, same = {}, [], []
    for row, score in zip(rows, scores):
        if row["group"] and row["grade"] is not None:
            groups.setdefault(row["group"], []).append((row["grade"], score, row["messages"][-1]["content"].strip().lower()))
    for members in groups.values():
        for a in members:
            for b in members:
                if a[0] > b[0]:
                    right.append(a[1] > b[1])
                    if a[2] == b[2]:
                        same.append(a[1] > b[1])
    return {"pairs": len(right), "right order": rate(right), "context pairs": len(same), "context right order": rate(same)}


def heads(rows, p):
    """Figures of the heads other than `need`."""
    out = {}
    at = [i for i, row in enumerate(rows) if row["user_act"] is not None]
    truth, guess = [corpora.act_index(rows[i]) for i in at], p["user_act"][at].argmax(-1)
    out["user_act"] = {"n": len(at), "accuracy": rate(truth == guess), "macro-F1": float(f1_score(truth, guess, average="macro")),
                       "per act": per_label(np.eye(11)[truth], np.eye(11)[guess], USER_ACTS)}
    at = [i for i, row in enumerate(rows) if row["assistant_act"] is not None]
    truth, guess = np.array([rows[i]["assistant_act"] for i in at]), (p["assistant_act"][at] >= 0.5).astype(int)
    out["assistant_act"] = {"n": len(at), "macro-F1": float(f1_score(truth, guess, average="macro", zero_division=0)),
                            "per act": per_label(truth, guess, ASSISTANT_ACTS)}
    at = [i for i, row in enumerate(rows) if row["emotion"] is not None]
    truth = np.array([rows[i]["emotion"] for i in at])
    out["emotion"] = {"n": len(at), "positive": int(truth.sum()), "AUROC": auroc(truth, p["emotion"][at][:, 0])}
    at = [i for i, row in enumerate(rows) if row["gap"] is not None]
    truth, guess = [rows[i]["gap"] for i in at], p["gap"][at].argmax(-1)
    out["gap"] = {"n": len(at), "accuracy": rate(truth == guess), "per gap": per_label(np.eye(6)[truth], np.eye(6)[guess], GAPS)}
    return out


def per_label(truth, guess, labels):
    """F1 and support of each label."""
    return {name: [round(float(f1_score(truth[:, j], guess[:, j], zero_division=0)), 3), int(truth[:, j].sum())]
            for j, name in enumerate(labels)}


def turns(rows, need, baseline, real_clear):
    """Everything about `need` on graded rows; `real_clear` holds the scores of real clear turns of the model and the baseline."""
    grade = np.array([row["grade"] if row["grade"] is not None else -1 for row in rows])
    ends = (grade == 0) | (grade == 2)
    score, length = log_odds(need), np.array([len(row["messages"][-1]["content"]) for row in rows])
    tfidf = baseline.scores(rows)
    ask, assume = need[:, 2] >= 0.5, need[:, 0] <= 0.5
    out = {"n": [int((grade == g).sum()) for g in range(3)],
           "AUROC": auroc(grade[ends] == 2, score[ends]),
           "AUROC tf-idf": auroc(grade[ends] == 2, tfidf[ends]),
           "AUROC shorter": auroc(grade[ends] == 2, -length[ends]),
           "recall of ask": rate(ask[grade == 2]), "false asks": rate(ask[grade == 0]),
           "ask or assume on grade 2": rate(assume[grade == 2]), "ask or assume on grade 1": rate(assume[grade == 1]),
           "ask or assume on grade 0": rate(assume[grade == 0]), **pairs(rows, score)}
    if real_clear:
        for name, values, real in (("model", score, real_clear[0]), ("tf-idf", tfidf, real_clear[1])):
            threshold = np.quantile(real, 0.995)
            out[f"recall at .5 % of real clear turns, {name}"] = rate(values[grade == 2] > threshold)
    return out


def headline(part):
    """The figures that `tests/classifier.rs` recomputes with the shipped model."""
    return {"need: AUROC, grade 2 against 0": round(part["AUROC"], 3), "need: recall of ask": round(part["recall of ask"], 3),
            "need: false asks": round(part["false asks"], 3), "emotion: AUROC": round(part["emotion"]["AUROC"], 3),
            "user_act: accuracy": round(part["user_act"]["accuracy"], 3), "user_act: macro-F1": round(part["user_act"]["macro-F1"], 3),
            "assistant_act: macro-F1": round(part["assistant_act"]["macro-F1"], 3)}


def latency(running, lengths=(32, 64, 128), count=300):
    """Median milliseconds a window, one thread, from Python."""
    out = {}
    for tokens in lengths:
        window = [{"ids": [43] + [100 + i for i in range(tokens - 2)] + [44], "types": [0] * tokens}]
        for _ in range(20):
            export.logits(running, window)
        spent = []
        for _ in range(count):
            begun = time.perf_counter()
            export.logits(running, window)
            spent.append(time.perf_counter() - begun)
        out[str(tokens)] = round(1000 * float(np.median(spent)), 2)
    return out


def measure(args, calibration, held_logits, with_test: bool):
    """All figures. `held_logits` maps the id of a real turn that never taught to its logits."""
    split = json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))
    running = export.session(args.out / "model.onnx")
    attach = lambda rows: windows.attach(rows, args.groundwire, args.out / "tokenizer.json")
    run = lambda rows: calibrate.probabilities(export.logits(running, rows), calibration)
    own, real = corpora.own(args.corpus, set(split["train"])), corpora.oasst(args.data)
    taught = own + corpora.clear(args.data)[:1500]
    baseline = Baseline(taught + [row for row in real if not corpora.held(row)])
    out = {"real turns": sum(not corpora.held(row) for row in real), "rows": {"train": len(own), "dev": len(split["dev"]), "test": len(split["test"])}}

    # Real people's turns that never taught the model, the teacher or the baseline.
    seen = [row for row in real if corpora.held(row) and row["id"] in held_logits]
    p = calibrate.probabilities(np.array([held_logits[row["id"]] for row in seen]), calibration)
    tfidf = baseline.scores(seen)
    grade = np.array([row["grade"] for row in seen])
    clear = grade == 0
    first = np.array([row["source"] == "oasst_first" for row in seen])
    score = log_odds(p["need"])
    real_figures = {"n": [int((grade == g).sum()) for g in range(3)]}
    for name, part in (("openings and follow-ups", clear), ("openings", clear & first), ("follow-ups", clear & ~first)):
        ask, assume = asked(p["need"][part])
        real_figures[name] = {"clear turns": int(part.sum()), "needless asks": ask, "needless asks or assumptions": assume}
    real_figures["ask or assume on grade 1"] = rate(p["need"][grade == 1][:, 0] <= 0.5)
    real_figures["ask on grade 2"] = rate(p["need"][grade == 2][:, 2] >= 0.5)
    real_figures["AUROC, grade 2 against 0"] = auroc(grade[grade != 1] == 2, score[grade != 1])
    real_figures["AUROC, grade 1 or 2 against 0"] = auroc(grade > 0, -np.log(p["need"][:, 0]))
    acts = [i for i, row in enumerate(seen) if row.get("act")]
    real_figures["user_act accuracy"] = rate([USER_ACTS[p["user_act"][i].argmax()] == seen[i]["act"] for i in acts])
    real_figures["user_act n"] = len(acts)
    out["real"] = real_figures
    real_clear = (score[clear], tfidf[clear])

    for name in ["dev", "test"] if with_test else ["dev"]:
        rows = attach(corpora.own(args.corpus, set(split[name])))
        q = run(rows)
        graded = [i for i, row in enumerate(rows) if row["grade"] is not None]
        figures = turns([rows[i] for i in graded], q["need"][graded], baseline, real_clear)
        recall, wrong = figures["recall of ask"], real_figures["openings and follow-ups"]["needless asks"]
        # Nothing seen in n turns is not nothing: the rule of three.
        bound = max(wrong, 3 / clear.sum())
        figures["precision at 1, 3 and 6 %"] = [precision_at(b, recall, wrong) for b in (0.01, 0.03, 0.06)]
        figures["precision, false asks at their 95 % bound"] = [precision_at(b, recall, bound) for b in (0.01, 0.03, 0.06)]
        plain = [i for i in graded if not rows[i]["group"]]
        figures["AUROC without pairs"] = auroc([rows[i]["grade"] == 2 for i in plain if rows[i]["grade"] != 1],
                                               log_odds(q["need"])[[i for i in plain if rows[i]["grade"] != 1]])
        mixed = [rows[i] for i in graded] + seen
        need = np.concatenate([q["need"][graded], p["need"]])
        weight, truth = calibrate.need_weights(mixed), np.array([row["grade"] for row in mixed])
        figures["ECE of ask"], figures["reliability of ask"] = expected_calibration_error(need[:, 2], truth == 2, weight)
        figures["ECE of ask or assume"], figures["reliability of ask or assume"] = expected_calibration_error(1 - need[:, 0], truth > 0, weight)
        out[name] = figures | heads(rows, q)

    out["clear prompts"] = {}
    for source in CLEAR_SOURCES:
        rows = [row for row in public(args.data, source) if row["label"] == 0]
        if rows:
            ask, assume = asked(run(attach(rows))["need"])
            out["clear prompts"][source] = {"n": len(rows), "asks": ask, "asks or assumes": assume}
    out["within source"] = {}
    for source in AMBIGUITY_SOURCES:
        rows = [row for row in public(args.data, source) if row["label"] in (0, 1)]
        if rows:
            rows = attach(rows)
            truth = [row["label"] == 1 for row in rows]
            out["within source"][source] = {
                "n": len(rows), "positive": int(sum(truth)), "AUROC": auroc(truth, -np.log(run(rows)["need"][:, 0] + 1e-12)),
                "tf-idf": auroc(truth, baseline.scores(rows)),
                "shorter": auroc(truth, [-len(row["messages"][-1]["content"]) for row in rows])}
    out["other acts"] = other_acts(args, attach, run)
    out["latency p50 ms"] = latency(running)
    out["bytes"] = {name: (args.out / name).stat().st_size for name in ("model.onnx", "tokenizer.json")}
    return out


def other_acts(args, attach, run):
    """Disclosure and acts on corpora from elsewhere, where an author's label corresponds to ours."""
    out = {}
    asks = {"annomi": ("reflection", lambda kind: kind == "reflection"),
            "esconv_strategy": ("reflection", lambda kind: kind.startswith(("Reflection", "Restatement"))),
            "inscit_responses": ("clarification", lambda kind: kind == "clarification")}
    for source, (act, holds) in asks.items():
        rows = public(args.data, source)
        if rows:
            rows = attach(rows)
            out[f"{source}: {act}, AUROC"] = auroc([holds(row["kind"]) for row in rows], run(rows)["assistant_act"][:, ASSISTANT_ACTS.index(act)])
            if source == "esconv_strategy":
                out[f"{source}: advice, AUROC"] = auroc([row["kind"] == "Providing Suggestions" for row in rows],
                                                        run(rows)["assistant_act"][:, ASSISTANT_ACTS.index("advice")])
    rows = [row for row in public(args.data, "repairqa_acts") if row["kind"] in ("repair", "new_request")]
    if rows:
        rows = attach(rows)
        out["repairqa_acts: repair against new request, AUROC"] = auroc([row["kind"] == "repair" for row in rows],
                                                                        run(rows)["user_act"][:, USER_ACTS.index("repair")])
    seeker, calm = public(args.data, "esconv_seeker"), public(args.data, "alpaca_claude45")
    if seeker:
        p = run(attach(seeker))["emotion"][:, 0]
        out["esconv_seeker: emotion >= .5 (first turns in emotional support; not all disclose)"] = rate(p >= 0.5)
        out["alpaca_claude45: emotion >= .5 (none should)"] = rate(run(attach(calm))["emotion"][:, 0] >= 0.5)
    return out
