"""The same figures for each file of the hand-written corpus, as each was written for another weakness."""

import numpy as np
from sklearn.metrics import f1_score

import corpora
from labels import USER_ACTS
from measures import auroc, log_odds, pairs, rate

PURPOSE = {"f": "hard pairs", "g": "everyday requests", "h": "contexts", "i": "user acts", "j": "assistant acts",
           "k": "places and referents", "m": "acts of both", "n": "real-style follow-ups", "o": "real-style follow-ups",
           "p": "orders that stand, short commands", "q": "crises", "r": "refusals and repairs", "s": "crises"}
"""What a file was written for; those before `f` are the first round, on everything."""


def figures(corpus, rows, p):
    """For each file that has rows here: `need`, `user_act`, `assistant_act`, the order inside pairs."""
    places = {raw["id"]: path.stem for path in sorted(corpus.glob("*.jsonl")) for raw in corpora.read(path)}
    out = {}
    for name in sorted({places[row["id"]] for row in rows}):
        at = [i for i, row in enumerate(rows) if places[row["id"]] == name]
        graded = [i for i in at if rows[i]["grade"] is not None]
        grade, need = np.array([rows[i]["grade"] for i in graded], dtype=int), p["need"][graded]
        ends, score = grade != 1, log_odds(need)
        found = {"n": len(at), "for": PURPOSE.get(name, "first round"), "grades": [int((grade == g).sum()) for g in range(3)]}
        found |= {"AUROC": auroc(grade[ends] == 2, score[ends]), "recall of ask": rate(need[grade == 2][:, 2] >= 0.5),
                  "false asks": rate(need[grade == 0][:, 2] >= 0.5), "ask or assume on grade 0": rate(need[grade == 0][:, 0] <= 0.5)}
        found |= pairs([rows[i] for i in graded], score)
        said = [i for i in at if rows[i]["user_act"] is not None]
        if said:
            truth, guess = np.array([corpora.act_index(rows[i]) for i in said]), p["user_act"][said].argmax(-1)
            found["user_act"] = [len(said), rate(truth == guess), float(f1_score(truth, guess, average="macro", zero_division=0)),
                                 len({USER_ACTS[t] for t in truth})]
        said = [i for i in at if rows[i]["assistant_act"] is not None]
        if said:
            truth = np.array([rows[i]["assistant_act"] for i in said])
            guess = (p["assistant_act"][said] >= 0.5).astype(int)
            there = [j for j in range(truth.shape[1]) if truth[:, j].any() or guess[:, j].any()]
            found["assistant_act"] = [len(said), float(f1_score(truth[:, there], guess[:, there], average="macro", zero_division=0)), len(there)]
        out[name] = found
    return out
