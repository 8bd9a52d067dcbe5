"""Figures of the heads other than `need`: F1 of each label, confusion matrices, precision and recall of assistant acts."""

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

import corpora
from labels import ASSISTANT_ACTS, GAPS, USER_ACTS
from measures import auroc, per_label, rate


def chosen(truth, guess, labels):
    """Accuracy, macro-F1 over the labels that occur on either side, F1 of each, and the matrix: a row a true label, a column a guess."""
    truth, guess, all_of = np.asarray(truth, dtype=int), np.asarray(guess, dtype=int), range(len(labels))
    one = np.eye(len(labels), dtype=int)
    return {"n": len(truth), "accuracy": rate(truth == guess),
            "macro-F1": float(f1_score(truth, guess, average="macro", zero_division=0)) if len(truth) else None,
            "per label": per_label(one[truth], one[guess], labels),
            "confusion": confusion_matrix(truth, guess, labels=all_of).tolist() if len(truth) else None}


def several(truth, guess, labels):
    """Macro-F1 of a head of yes-or-no labels, and for each label how many hold, precision and recall (None of nothing)."""
    out = {"n": len(truth), "macro-F1": float(f1_score(truth, guess, average="macro", zero_division=0)) if len(truth) else None,
           "per label": per_label(truth, guess, labels)}
    out["precision and recall"] = {}
    for j, name in enumerate(labels):
        yes, said = truth[:, j] == 1, guess[:, j] == 1
        out["precision and recall"][name] = [int(yes.sum()), rate(yes[said]), rate(said[yes])]
    return out


def danger(rows, p):
    """Of `crisis`: AUROC, recall, and what is taken for one among distress, among turns written to look alike, and among all others."""
    at = [i for i, row in enumerate(rows) if row["crisis"] is not None]
    known, p = [rows[i] for i in at], p[at]
    truth, distress = [np.array([row[name] == 1 for row in known]) for name in ("crisis", "emotion")]
    asked = np.array([row["danger_asked"] for row in known])
    said = p >= 0.5
    alike = ~truth & asked
    return {"n": int(truth.sum()), "AUROC": auroc(truth[asked], p[asked]) if truth.any() and alike.any() else None, "recall": rate(said[truth]),
            "taken for one": {"distress without danger": [int((alike & distress).sum()), rate(said[alike & distress])],
                              "the same words of other things": [int((alike & ~distress).sum()), rate(said[alike & ~distress])],
                              "all other turns": [int((~truth & ~asked).sum()), rate(said[~truth & ~asked])]}}


def heads(rows, p):
    """All heads but `need` on rows whose labels are known; `p` holds their probabilities."""
    out = {}
    at = [i for i, row in enumerate(rows) if row["user_act"] is not None]
    out["user_act"] = chosen([corpora.act_index(rows[i]) for i in at], p["user_act"][at].argmax(-1), USER_ACTS)
    at = [i for i, row in enumerate(rows) if row["assistant_act"] is not None]
    truth = np.array([rows[i]["assistant_act"] for i in at], dtype=int).reshape(len(at), len(ASSISTANT_ACTS))
    out["assistant_act"] = several(truth, (p["assistant_act"][at] >= 0.5).astype(int), ASSISTANT_ACTS)
    at = [i for i, row in enumerate(rows) if row["emotion"] is not None]
    truth = np.array([rows[i]["emotion"] for i in at])
    out["emotion"] = {"n": len(at), "positive": int(truth.sum()), "AUROC": auroc(truth, p["emotion"][at][:, 0])}
    out["crisis"] = danger(rows, p["crisis"][:, 0])
    at = [i for i, row in enumerate(rows) if row["gap"] is not None]
    out["gap"] = chosen([rows[i]["gap"] for i in at], p["gap"][at].argmax(-1), GAPS)
    return out
