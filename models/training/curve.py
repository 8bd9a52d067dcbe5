"""How much more rows would teach: the AUROC of a quickly trained model on the dev split, by the number of rows it learnt from.

    python models/training/curve.py --data FOLDER --sizes 1000 2000 4000

One six-layer model a size, on a random part of the hand-written rows (whole pairs) and the real turns; no student, no distillation,
so that the figures compare sizes and nothing else. With `--leave-out DOMAIN…` it trains on all rows but one domain's, and measures on that
domain: whether judgement carries over to subjects that nobody wrote about.
"""

import json

import numpy as np
import torch

import corpora
import measures
import model
import pipeline
import train
import vocabulary
import windows
from labels import SPANS

PLAN = {"epochs": 4, "rate": 8e-5}


def scores(fitted, rows):
    """Ask against proceed, of graded rows."""
    logits = train.predict(fitted, rows, fast=True).numpy()[:, SPANS["need"]]
    return logits[:, 2] - logits[:, 0]


def ends(rows):
    """The rows of grade 0 and grade 2."""
    return [row for row in rows if row["grade"] in (0, 2)]


def part(rows, size: int):
    """About `size` rows, whole pairs, the smaller part always within the larger."""
    return train.shuffled(rows, "curve")[:size]


def trained(args, own, rows, key: str):
    """A model on these hand-written rows and the real turns."""
    train.seed(5)
    fitted = model.from_base(vocabulary.rows_of(args.tokenizer.read_text(encoding="utf-8")), list(range(6)))
    return train.fit(fitted, pipeline.sampler({**rows, "own": own}), key=key, log=lambda _: None, **PLAN)


def main():
    parser = pipeline.arguments()
    parser.description = __doc__.splitlines()[0]
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="DOMAIN")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows = pipeline.rows_by_use(args)
    rows["public"] = [row for row in rows["public"] if row["source"] != "iglu"]
    dev, held = ends(rows["dev"]), [row for row in rows["held"] if row["grade"] == 0]
    for size in args.sizes:
        fitted = trained(args, part(rows["own"], size), rows, f"curve:{size}")
        ours, real = scores(fitted, dev), scores(fitted, held)
        truth = np.array([row["grade"] == 2 for row in dev])
        print(json.dumps({"rows": min(size, len(rows["own"])), "AUROC": round(measures.auroc(truth, ours), 4),
                          "recall at .5 % of real clear turns": round(float((ours[truth] > np.quantile(real, 0.995)).mean()), 3)}), flush=True)
    split = json.loads((args.corpus / "split.json").read_text(encoding="utf-8"))
    for domain in args.leave_out:
        own = [row for row in rows["own"] if row["domain"] != domain]
        there = ends(windows.attach([row for row in corpora.own(args.corpus, set(split["train"] + split["dev"])) if row["domain"] == domain],
                                    args.groundwire, args.tokenizer))
        fitted = trained(args, own, rows, f"without:{domain}")
        truth = [row["grade"] == 2 for row in there]
        print(json.dumps({"domain": domain, "rows": len(there), "AUROC": round(measures.auroc(truth, scores(fitted, there)), 4)}), flush=True)


if __name__ == "__main__":
    main()
