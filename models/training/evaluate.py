"""Measures a model: on real turns that never taught, on the hand-written dev or frozen test split, and on public corpora.

Everything is counted within its source. Beside the model stand TF-IDF with logistic regression taught by the same rows, the
length of the turn, always asking and never asking, on the same rows.
"""

import json
import time

import numpy as np
import onnx

import abstain
import byfile
import calibrate
import corpora
import export
import real as real_turns
import selective
import sources
import speed
import windows
from baselines import Baseline
from heads import heads
from measures import auroc, clopper_pearson, expected_calibration_error, log_odds, pairs, precision_at, rate


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


def hand_written(rows, q, seen, p, baseline, real_figures, corpus):
    """Figures of one split of the hand-written corpus (`rows`, `q`), with the real turns (`seen`, `p`) where a base rate counts."""
    graded = [i for i, row in enumerate(rows) if row["grade"] is not None]
    clear = np.array([row["grade"] == 0 for row in seen])
    some = [rows[i] for i in graded]
    figures = turns(some, q["need"][graded], baseline, (log_odds(p["need"])[clear], baseline.scores(seen)[clear]) if clear.any() else None)
    recall, wrong = figures["recall of ask"], real_figures["openings and follow-ups"]["needless asks"] or 0.0
    # Nothing seen in n turns is not nothing.
    bound = clopper_pearson(round(wrong * clear.sum()), int(clear.sum()), 0.9)[1]
    figures["precision at 1, 3 and 6 %"] = [precision_at(b, recall, wrong) for b in (0.01, 0.03, 0.06)]
    figures["precision, false asks at their 95 % bound"] = [precision_at(b, recall, bound) for b in (0.01, 0.03, 0.06)]
    plain = [i for i in graded if not rows[i]["group"] and rows[i]["grade"] != 1]
    figures["AUROC without pairs"] = auroc([rows[i]["grade"] == 2 for i in plain], log_odds(q["need"])[plain])
    mixed, need = some + seen, np.concatenate([q["need"][graded], p["need"]])
    weight, truth = calibrate.need_weights(mixed), np.array([row["grade"] for row in mixed])
    figures["ECE of ask"], figures["reliability of ask"] = expected_calibration_error(need[:, 2], truth == 2, weight)
    figures["ECE of ask or assume"], figures["reliability of ask or assume"] = expected_calibration_error(1 - need[:, 0], truth > 0, weight)
    figures["curves"] = selective.figures(mixed, need, baseline.scores(mixed), baseline.at_prior(mixed), weight)
    return figures | heads(rows, q) | {"by file": byfile.figures(corpus, rows, q)}


def measure(args, calibration, held_logits, with_test: bool):
    """All figures. `held_logits` maps the id of a real turn that never taught to its logits."""
    split = json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))
    running = export.session(args.out / "model.onnx")
    attach = lambda rows: windows.attach(rows, args.groundwire, args.out / "tokenizer.json")
    run = lambda rows: calibrate.probabilities(export.logits(running, rows), calibration)
    own, real = corpora.own(args.corpus, set(split["train"])), corpora.oasst(args.data)
    baseline = Baseline(own + corpora.clear(args.data)[:1500] + [row for row in real if not corpora.held(row)])
    out = {"real turns": sum(not corpora.held(row) for row in real), "rows": {"train": len(own), "dev": len(split["dev"]), "test": len(split["test"])}}

    # Real people's turns that never taught the model, the teacher or the baseline.
    seen = [row for row in real if corpora.held(row) and row["id"] in held_logits and row["grade"] is not None]
    p = calibrate.probabilities(np.array([held_logits[row["id"]] for row in seen]), calibration)
    out["real"] = real_turns.figures(seen, p)
    every = attach([row for row in real if row["grade"] is not None])
    out["real"]["ten turns, with those that taught"] = real_turns.needless(every, run(every))

    for name in ["dev", "test"] if with_test else ["dev"]:
        rows = attach(corpora.own(args.corpus, set(split[name])))
        out[name] = hand_written(rows, run(rows), seen, p, baseline, out["real"], args.corpus)
    clear, first = [np.array([row[key] == value for row in seen]) for key, value in (("grade", 0), ("source", "oasst_first"))]
    out["clear prompts"] = {"real openings, never taught": sources.counted(p["need"][clear & first]),
                            "real follow-ups, never taught": sources.counted(p["need"][clear & ~first])} | sources.clear(args.data, attach, run)
    out["within source"] = sources.within(args.data, attach, run, baseline)
    out["other acts"] = sources.other_acts(args.data, attach, run)
    out["abstention"] = abstain.figures(args, set(split["test"]))
    out["latency p50 ms"] = latency(running)
    out["speed"] = speed.figures(args, set(split["train"]))
    out["layers"] = sum(node.op_type.endswith("Attention") for node in onnx.load(str(args.out / "model.onnx")).graph.node)
    out["bytes"] = {name: (args.out / name).stat().st_size for name in ("model.onnx", "tokenizer.json")}
    return out
