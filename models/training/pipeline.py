"""The training: a teacher on the labelled rows, then a thin five-layer student that also imitates the teacher, exported as int8.

A quarter of the real conversations (`corpora.held`) teaches neither of them: calibration and the figures on real turns are made
of it and of the dev split.
"""

import argparse
import json
from pathlib import Path

import torch

import corpora
import export
import labels
import large
import model
import prune
import train
import vocabulary
import windows

SMALL_TEACHER = {"epochs": 5, "rate": 8e-5}
LARGE_TEACHER = {"epochs": 3, "rate": 8e-5, "head_rate": 1e-3}
STUDENT = {"epochs": 5, "rate": 2e-4, "distil": 1.0}
GO_ON = {"teacher": {"epochs": 1, "rate": 4e-5, "head_rate": 3e-4}, "student": {"epochs": 3, "rate": 1e-4}}
"""How an earlier teacher or student is taught rows that came later."""
LAYERS, INNER = [0, 1, 3, 4, 5], 960
"""The base's layers that the student keeps, and how many of the 1,536 inner neurons of each."""
QUOTA = {"dolly3k": 300, "gsm8k": 80, "selfinstruct_seed": 168, "mtbench101": 350, "sgd_user": 250, "sgd_assistant": 250, "bolt_therapist": 130,
         "bolt_client": 64, "iglu_questions": 60, "goemotions": 120, "iglu": 240}
"""Rows of each public source in an epoch; another part of the source comes with each epoch."""
TRANSFER = {"dolly3k": 2200, "in3": 1200, "mtbench101": 3000, "disflqa": 1500, "gsm8k": 1200, "sgd_user": 1500,
            "sgd_assistant": 1500, "goemotions": 2500, "iglu": 500, "iglu_questions": 300, "pacific": 800}
TRANSFER_QUOTA = 3500
ROUNDS = 3
"""After so many epochs the same public and unlabelled rows come again: the teacher has to judge each of them once."""


def rows_by_use(args):
    """Labelled rows by use: `own`, `real`, `public` for training, `held` (the fold left out) and `dev` for measuring."""
    split = json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))
    real = corpora.oasst(args.data)
    rows = {"own": corpora.own(args.corpus, set(split["train"])), "dev": corpora.own(args.corpus, set(split["dev"])),
            "real": [row for row in real if not corpora.held(row)], "held": [row for row in real if corpora.held(row)],
            "public": corpora.clear(args.data) + corpora.mtbench(args.data) + corpora.acts(args.data) + corpora.feelings(args.data)
            + corpora.ranked(args.data)}
    # Earlier turns of the conversations that are held out must not teach either.
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
        start = epoch % ROUNDS * count % max(1, len(some))
        return (some + some)[start:start + count]

    def sample(epoch):
        out = rows["own"] + rows["real"] + turn(pool, TRANSFER_QUOTA, epoch)
        for source, some in sorted(sources.items()):
            out = out + turn(some, QUOTA[source], epoch)
        return out

    return sample


def early_student(args, rows):
    """A thin encoder that imitates the base's hidden states on unlabelled turns; made once and kept."""
    path, pieces = args.work / "early.pt", vocabulary.rows_of(args.tokenizer.read_text(encoding="utf-8"))
    base = model.from_base(pieces, list(range(6)))
    student = model.from_base(pieces, LAYERS, prune.neurons(base, train.shuffled(rows["transfer"], "neurons")[:1024], INNER), packed=True)
    if args.student:
        model.resume(student, args.student)
        return student
    if path.exists():
        student.load_state_dict(torch.load(path))
        return student
    train.imitate_states(student, base, rows["transfer"] + rows["real"], log=args.log)
    torch.save(student.state_dict(), path)
    return student


def taught(args, rows):
    """The teacher: the larger one where `--large` names its files, else six layers of the student's own base. Kept once made."""
    pieces, path = args.tokenizer.read_text(encoding="utf-8"), args.work / "teacher.pt"
    train.seed(2)
    teacher = large.Large(args.large, pieces) if args.large else model.from_base(vocabulary.rows_of(pieces), list(range(6)))
    if path.exists():
        return teacher, model.resume(teacher, path)
    known = labels.WIDTH
    plan = LARGE_TEACHER if args.large else SMALL_TEACHER
    if args.teacher:
        known, plan = model.resume(teacher, args.teacher), GO_ON["teacher"]
    train.fit(teacher, sampler(rows), key="teacher", log=args.log, keep=args.work / "teacher.progress", **plan)
    torch.save(teacher.state_dict(), path)
    return teacher, known


def run(args):
    """Trains what `--work` does not hold yet, and writes the int8 student and its logits on the held and the dev rows."""
    rows = rows_by_use(args)
    args.log("rows: " + ", ".join(f"{use} {len(some)}" for use, some in rows.items()))
    train.seed(1)
    student = early_student(args, rows)
    teacher, known = taught(args, rows)
    some, plan = sampler(rows, rows["transfer"]), STUDENT | (GO_ON["student"] if args.student else {})
    wanted = {id(row) for epoch in range(plan["epochs"]) for row in some(epoch)}
    for use in ("own", "real", "public", "transfer"):
        rows[use] = [row for row in rows[use] if id(row) in wanted]
        for row, logits in zip(rows[use], train.predict(teacher, rows[use], fast=True)):
            # Of labels that it never knew the teacher has nothing to say.
            logits[known:] = torch.nan
            row["teacher"] = logits
    args.log("the teacher has spoken")
    train.fit(student, some, key="student", log=args.log, keep=args.work / "student.progress", **plan)
    torch.save(student.state_dict(), args.work / "student.pt")
    plain, small = args.work / "student.onnx", args.work / "student.int8.onnx"
    export.to_onnx(student, plain)
    export.to_int8(plain, small)
    seen = rows["held"] + rows["dev"]
    for name, logits in (("student", export.logits(export.session(small), seen)), ("teacher", train.predict(teacher, seen, fast=True).numpy())):
        out = {row["id"]: [round(float(v), 5) for v in values] for row, values in zip(seen, logits)}
        (args.work / f"{name}.logits.json").write_text(json.dumps(out), encoding="utf-8")


def arguments(parser=None):
    """The arguments that a pipeline needs."""
    parser = parser or argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/*.jsonl and eval/*.jsonl")
    parser.add_argument("--corpus", type=Path, default=here.parent / "corpus", help="folder of the hand-written corpus")
    parser.add_argument("--tokenizer", type=Path, default=here.parent / "ambiguity" / "tokenizer.json")
    parser.add_argument("--groundwire", type=Path, default=here.parent.parent / "target" / "release" / "groundwire")
    parser.add_argument("--work", type=Path, default=here.parent.parent / "target" / "training", help="folder for what lies between")
    parser.add_argument("--large", type=Path, help="folder of all-mpnet-base-v2, the teacher; without it the teacher is smaller")
    parser.add_argument("--teacher", type=Path, help="teacher.pt of an earlier run, to go on from")
    parser.add_argument("--student", type=Path, help="student.pt of an earlier run, to go on from")
    parser.add_argument("--threads", type=int, default=2)
    return parser
