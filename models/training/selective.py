"""Curves over how much is decided: risk against coverage, and recall against a budget of questions.

Rows are weighted to the stated base rate: hand-written turns and real ones, the clear ones real for the most part, as in
calibration. With that, 3 % of the weight needs asking. Curves of steps are drawn as lines, ties cut in even shares.
"""

import numpy as np

from measures import log_odds

BUDGETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
COVERAGES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
POINTS = 60
"""Points that are kept of a curve."""
SPENT = 0.2
"""How far the curve of a budget goes."""


def decisions(need):
    """What is done (0, 1 or 2) at the operating point, and the probability of that being right."""
    done = np.where(need[:, 2] >= 0.5, 2, np.where(need[:, 0] <= 0.5, 1, 0))
    return done, need[np.arange(len(need)), done]


def running(key, weight, value):
    """Cumulative weight and cumulative weighted value, the highest key first; rows of one key are taken together."""
    order = np.argsort(-np.asarray(key), kind="stable")
    keys, w, v = np.asarray(key)[order], weight[order], (weight * value)[order]
    last = np.append(keys[1:] != keys[:-1], True)
    return np.append(0.0, np.cumsum(w)[last]), np.append(0.0, np.cumsum(v)[last])


def thin(x, y, points=POINTS):
    """At most `points` points of a curve, the ends kept."""
    at = np.unique(np.linspace(0, len(x) - 1, min(points, len(x))).astype(int))
    return [[round(float(a), 4), round(float(b), 4)] for a, b in zip(x[at], y[at])]


def risk_coverage(confidence, wrong, weight):
    """Risk, the share of wrong decisions, among the most confident turns that have this share of all weight (El-Yaniv & Wiener 2010).

    Also the area under that curve, AURC: the mean risk over all coverages.
    """
    covered, lost = running(confidence, weight, wrong.astype(float))
    total, risk = covered[-1], lost[1:] / covered[1:]
    x = covered[1:] / total
    return {"AURC": round(float((risk * np.diff(covered)).sum() / total), 5),
            "at": {str(c): round(float(np.interp(c, x, risk)), 5) for c in COVERAGES}, "curve": thin(x, risk)}


def budget(score, needs, weight):
    """Recall of the turns that need asking, when the highest-scored turns that have this share of all weight are asked about."""
    x, y = running(score, weight, needs.astype(float))
    x, y = x / x[-1], y / y[-1]
    low = x < SPENT
    ends = np.append(x[low], SPENT), np.append(y[low], np.interp(SPENT, x, y))
    return {"at": {str(b): round(float(np.interp(b, x, y)), 4) for b in BUDGETS}, "curve": thin(*ends)}


def figures(rows, need, tfidf, tfidf_at_prior, weight):
    """Both families of curves, the model's beside the trivial rules', on the same weighted rows."""
    grade = np.array([row["grade"] for row in rows])
    length = np.array([len(row["messages"][-1]["content"]) for row in rows])
    done, sure = decisions(need)
    theirs = np.where(tfidf_at_prior >= 0.5, 2, 0)
    same = np.ones(len(rows))
    own = np.array([not row["source"].startswith("oasst") for row in rows])
    risk = {"this model": risk_coverage(sure, done != grade, weight),
            "TF-IDF": risk_coverage(np.maximum(tfidf_at_prior, 1 - tfidf_at_prior), theirs != grade, weight),
            "longer is surer, never ask": risk_coverage(length, grade != 0, weight),
            "always ask": risk_coverage(same, grade != 2, weight), "never ask": risk_coverage(same, grade != 0, weight)}
    even = {"this model": risk_coverage(sure[own], (done != grade)[own], same[own]),
            "TF-IDF": risk_coverage(np.maximum(tfidf_at_prior, 1 - tfidf_at_prior)[own], (theirs != grade)[own], same[own]),
            "always ask": risk_coverage(same[own], (grade != 2)[own], same[own]),
            "never ask": risk_coverage(same[own], (grade != 0)[own], same[own])}
    spent = {"this model": budget(log_odds(need), grade == 2, weight), "TF-IDF": budget(tfidf, grade == 2, weight),
             "shorter is vaguer": budget(-length, grade == 2, weight), "always ask, at random": budget(same, grade == 2, weight)}
    spent["always ask, at random"]["curve"] = [[0.0, 0.0], [SPENT, SPENT]]
    spent["never ask"] = {"at": {str(b): 0.0 for b in BUDGETS}, "curve": [[0.0, 0.0], [SPENT, 0.0]]}
    return {"risk and coverage, at the base rate": risk, "risk and coverage, hand-written turns alone": even, "recall within a budget": spent}
