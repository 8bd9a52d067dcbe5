"""One whole training: a six-layer teacher on the labelled rows, then a three-layer student that also imitates the teacher.

`--fold K` leaves the K-th fold of the real turns out and writes the int8 student's logits on that fold and on the dev split
(what calibration and the figures on real turns are made of); without it, all folds are trained on and the model is exported.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import corpora
import export
import model
import train
import vocabulary
import windows

FOLDS = 3
TEACHER = {"epochs": 5, "rate": 8e-5}
STUDENT = {"epochs": 7, "rate": 2e-4, "distil": 1.0}
LAYERS = [0, 2, 4]
QUOTA = {"dolly3k": 300, "gsm8k": 80, "selfinstruct_seed": 168, "mtbench101": 350, "sgd_user": 250, "sgd_assistant": 250, "bolt_therapist": 130,
         "bolt_client": 64, "iglu_questions": 60, "goemotions": 120}
"""Rows of each public source in an epoch; another part of the source comes with each epoch."""
TRANSFER = {"dolly3k": 2200, "in3": 1200, "mtbench101": 3000, "disflqa": 1500, "gsm8k": 1200, "sgd_user": 1500,
            "sgd_assistant": 1500, "goemotions": 2500, "iglu": 500, "iglu_questions": 300, "pacific": 800}
TRANSFER_QUOTA = 3000


def rows_by_use(args):
    """Labelled rows by use: `own`, `real`, `public` for training, `held` (the fold left out) and `dev` for measuring."""
    split = json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))
    real = corpora.oasst(args.data)
    rows = {"own": corpora.own(args.corpus, set(split["train"])), "dev": corpora.own(args.corpus, set(split["dev"])),
            "real": [row for row in real if args.fold is None or corpora.fold(row, args.folds) != args.fold],
            "held": [row for row in real if args.fold is not None and corpora.fold(row, args.folds) == args.fold],
            "public": corpora.clear(args.data) + corpora.mtbench(args.data) + corpora.acts(args.data) + corpora.feelings(args.data)}
    # A real conversation's earlier turns must not teach the fold that it is left out of.
    rows["transfer"] = corpora.transfer(args.data, rows["own"] + rows["real"], TRANSFER)
    return {use: windows.attach(some, args.groundwire, args.tokenizer) for use, some in rows.items() if some}


def sampler(rows, transfer=()):
    """The rows of an epoch: all of ours and all real ones, a quota of every public source, a quota of the transfer set."""
    sources = {}
    for row in sorted(rows["public"], key=lambda row: corpora.order("quota", row)):
        sources.setdefault(row["source"], []).append(row)
    pool = sorted(transfer, key=lambda row: corpora.order("transfer", row))

    def turn(some, count, epoch):
        count = min(count, len(some))
        start = epoch * count % max(1, len(some))
        return (some + some)[start:start + count]

    def sample(epoch):
        out = rows["own"] + rows["real"] + turn(pool, TRANSFER_QUOTA, epoch)
        for source, some in sorted(sources.items()):
            out = out + turn(some, QUOTA[source], epoch)
        return out

    return sample


def early_student(args, rows):
    """A three-layer encoder that imitates the base's hidden states on unlabelled turns; made once and kept."""
    path = args.work / "early.pt"
    student = model.from_base(vocabulary.rows_of(args.tokenizer.read_text(encoding="utf-8")), LAYERS)
    if path.exists():
        student.load_state_dict(torch.load(path))
        return student
    base = model.from_base(vocabulary.rows_of(args.tokenizer.read_text(encoding="utf-8")), list(range(6)))
    train.imitate_states(student, base, rows["transfer"] + rows["real"], log=args.log)
    torch.save(student.state_dict(), path)
    return student


def run(args):
    """Trains, and writes what `args` asks for."""
    rows = rows_by_use(args)
    args.log("rows: " + ", ".join(f"{use} {len(some)}" for use, some in rows.items()))
    pieces = vocabulary.rows_of(args.tokenizer.read_text(encoding="utf-8"))
    train.seed(1)
    student = early_student(args, rows)
    name = "full" if args.fold is None else f"fold{args.fold}"
    train.seed(2)
    teacher = model.from_base(pieces, list(range(6)))
    kept = args.work / f"teacher-{name}.pt"
    if kept.exists():
        teacher.load_state_dict(torch.load(kept))
    else:
        train.fit(teacher, sampler(rows), key=f"teacher:{name}", log=args.log, **TEACHER)
        torch.save(teacher.state_dict(), kept)
    for use in ("own", "real", "public", "transfer"):
        if use == "public":
            wanted = {id(row) for epoch in range(STUDENT["epochs"]) for row in sampler(rows)(epoch)}
            rows[use] = [row for row in rows[use] if id(row) in wanted]
        for row, logits in zip(rows[use], train.predict(teacher, rows[use], fast=True)):
            row["teacher"] = logits
    args.log("the teacher has spoken")
    train.fit(student, sampler(rows, rows["transfer"]), key=f"student:{name}", log=args.log, **STUDENT)
    torch.save(student.state_dict(), args.work / f"student-{name}.pt")
    plain, small = args.work / f"{name}.onnx", args.work / f"{name}.int8.onnx"
    export.to_onnx(student, plain)
    export.to_int8(plain, small)
    out = {}
    for use in ("held", "dev"):
        for row, logits in zip(rows.get(use, []), export.logits(export.session(small), rows.get(use, []))):
            out[row["id"]] = [round(float(v), 5) for v in logits]
    (args.work / f"{name}.logits.json").write_text(json.dumps(out), encoding="utf-8")
    taught = train.predict(teacher, rows["dev"]).numpy()
    out = {row["id"]: [round(float(v), 5) for v in logits] for row, logits in zip(rows["dev"], taught)}
    if "held" in rows:
        out |= {row["id"]: [round(float(v), 5) for v in logits] for row, logits in zip(rows["held"], train.predict(teacher, rows["held"]).numpy())}
    (args.work / f"{name}.teacher-logits.json").write_text(json.dumps(out), encoding="utf-8")
    ahead = np.array([out[row["id"]] for row in rows["dev"]])
    args.log(f"student (int8) for teacher on dev: R² {export.agreement(ahead, export.logits(export.session(small), rows['dev'])):.3f}")


def arguments(parser=None):
    """The arguments that a pipeline needs."""
    parser = parser or argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/*.jsonl and eval/*.jsonl")
    parser.add_argument("--corpus", type=Path, default=here.parent / "corpus", help="folder of the hand-written corpus")
    parser.add_argument("--tokenizer", type=Path, default=here.parent / "ambiguity" / "tokenizer.json")
    parser.add_argument("--groundwire", type=Path, default=here.parent.parent / "target" / "release" / "groundwire")
    parser.add_argument("--work", type=Path, default=here.parent.parent / "target" / "training", help="folder for what lies between")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def main():
    parser = arguments()
    parser.add_argument("--fold", type=int, default=None)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    args.log = lambda text: print(text, flush=True)
    torch.set_num_threads(args.threads)
    run(args)


if __name__ == "__main__":
    main()
