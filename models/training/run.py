"""The whole recipe in one command: split, vocabulary, training, export, calibration, figures and card.

    python models/training/run.py --data FOLDER --large FOLDER --out models/ambiguity

What was already made in `--work` is kept, so an interrupted run goes on where it stopped; `--fresh` starts over.
"""

import json
import os
import shutil
from datetime import date
from pathlib import Path

# Before torch is loaded: with other work on the machine, busy waiting costs far more than it saves.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

import calibrate
import card
import corpora
import evaluate
import export
import labels
import measures
import pipeline
import split
import vocabulary
import windows


def calibration(args):
    """Calibration from the int8 student's logits of the real turns held out and of the dev split, and those logits."""
    logits = json.loads((args.work / "student.logits.json").read_text(encoding="utf-8"))
    ids = set(json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))["dev"])
    rows = [row for row in corpora.own(args.corpus, ids) + corpora.oasst(args.data) if row["id"] in logits]
    return calibrate.fit(np.array([logits[row["id"]] for row in rows]), rows), logits


def int8_report(args):
    """What int8 costs, with seven bits and with eight: R² of logits against float32 on the dev split."""
    ids = set(json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))["dev"])
    rows = windows.attach(corpora.own(args.corpus, ids), args.groundwire, args.tokenizer)
    plain, wide = args.work / "student.onnx", args.work / "student.wide.onnx"
    export.to_int8(plain, wide, reduce_range=False)
    exact = export.logits(export.session(plain), rows)
    out = {}
    for name, path in (("seven bits", args.work / "student.int8.onnx"), ("eight bits", wide)):
        got = export.logits(export.session(path), rows)
        need = labels.SPANS["need"]
        ends = [i for i, row in enumerate(rows) if row["grade"] in (0, 2)]
        score = lambda z: z[ends][:, 2] - z[ends][:, 0]
        truth = [rows[i]["grade"] == 2 for i in ends]
        out[name] = {"R2": export.agreement(exact, got), "R2 of need": export.agreement(exact[:, need], got[:, need]),
                     "AUROC on dev": measures.auroc(truth, score(got)), "float32": measures.auroc(truth, score(exact))}
    return out


def publish(args, fitted):
    """Puts the files in place, each in one step."""
    args.out.mkdir(parents=True, exist_ok=True)
    labels.write(args.work / "labels.json", args.version, fitted)
    for source, name in ((args.work / "student.int8.onnx", "model.onnx"), (args.tokenizer, "tokenizer.json"), (args.work / "labels.json", "labels.json")):
        if source.resolve() != (args.out / name).resolve():
            shutil.copyfile(source, args.out / f".{name}")
            os.replace(args.out / f".{name}", args.out / name)


def main():
    parser = pipeline.arguments()
    parser.description = __doc__.splitlines()[0]
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here.parent / "ambiguity")
    parser.add_argument("--version", default=date.today().isoformat())
    parser.add_argument("--fresh", action="store_true", help="train again what --work already holds")
    parser.add_argument("--vocabulary", action="store_true", help="prune the vocabulary again (every earlier model becomes void)")
    parser.add_argument("--test", metavar="REASON", help="look at the frozen test split, and write down why")
    parser.add_argument("--measure", action="store_true", help="train nothing: calibrate, export and measure what --work holds")
    args = parser.parse_args()
    args.log = lambda text: print(text, flush=True)
    torch.set_num_threads(args.threads)
    if args.fresh and args.work.exists():
        shutil.rmtree(args.work)
    args.work.mkdir(parents=True, exist_ok=True)
    counts = {name: len(ids) for name, ids in split.write(args.corpus).items()}
    args.log(f"split: {counts}")
    if args.vocabulary or not args.tokenizer.exists():
        texts = corpora.texts_by_source(args.data, args.corpus, vocabulary.PER_SOURCE, set(split.write(args.corpus)["test"]))
        args.tokenizer.write_text(vocabulary.prune(texts)[0], encoding="utf-8")
    if not args.measure and not (args.work / "student.logits.json").exists():
        pipeline.run(args)
    fitted, logits = calibration(args)
    publish(args, fitted)
    looks = here / "looks.json"
    if args.test:
        seen = json.loads(looks.read_text(encoding="utf-8")) if looks.exists() else []
        seen.append({"date": date.today().isoformat(), "version": args.version, "why": args.test})
        looks.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    figures = evaluate.measure(args, fitted, logits, bool(args.test)) | {"int8": int8_report(args)}
    (args.work / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    heads = {name: evaluate.headline(figures[name]) for name in ("dev", "test") if name in figures}
    (args.out / "figures.json").write_text(json.dumps(heads, indent=1) + "\n", encoding="utf-8")
    (args.out / "CARD.md").write_text(card.write(args, figures, counts, looks), encoding="utf-8")
    args.log(f"written: {args.out}")


if __name__ == "__main__":
    main()
