"""The heads of the model and `labels.json`, the file that tells the Rust side what the numbers mean."""

import json
from pathlib import Path

from corpora import ASSISTANT_ACTS, GAPS, USER_ACTS

NEED = ["proceed", "assume", "ask"]
HEADS = [("need", "softmax", NEED), ("gap", "softmax", GAPS), ("emotion", "sigmoid", ["disclosure"]),
         ("user_act", "softmax", USER_ACTS), ("assistant_act", "sigmoid", ASSISTANT_ACTS), ("crisis", "sigmoid", ["danger"])]
PRIOR = {"proceed": 0.93, "assume": 0.04, "ask": 0.03}
"""The base rate at which the probabilities of `need` are calibrated."""
MAX_TOKENS = 128


def spans():
    """Where each head's logits lie in the output."""
    out, start = {}, 0
    for name, _, labels in HEADS:
        out[name] = slice(start, start + len(labels))
        start += len(labels)
    return out


SPANS = spans()
WIDTH = sum(len(labels) for _, _, labels in HEADS)


def write(path: Path, version: str, calibration: dict):
    """Writes `labels.json`; `calibration` maps a head to (temperature, biases)."""
    heads = []
    for name, kind, labels in HEADS:
        temperature, bias = calibration.get(name, (1.0, [0.0] * len(labels)))
        heads.append({"name": name, "kind": kind, "labels": labels, "temperature": round(float(temperature), 4),
                      "bias": [round(float(b), 4) for b in bias]})
    spec = {"schema": 1, "name": "ambiguity", "version": version, "max-tokens": MAX_TOKENS, "heads": heads, "prior": PRIOR}
    path.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
