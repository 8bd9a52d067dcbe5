"""Measures that several parts of the evaluation share: ranking, calibration, intervals."""

import numpy as np
from scipy.stats import beta, rankdata
from sklearn.metrics import f1_score, roc_auc_score


def auroc(truth, scores):
    """Area under the ROC curve; None where one of the two sides is missing."""
    truth = np.asarray(truth).astype(bool)
    return float(roc_auc_score(truth, scores)) if truth.any() and not truth.all() else None


def rate(values):
    """A mean, or None of nothing."""
    return float(np.mean(values)) if len(values) else None


def asked(need):
    """(share with ask >= .5, share with ask + assume >= .5)."""
    return rate(need[:, 2] >= 0.5), rate(need[:, 0] <= 0.5)


def log_odds(need):
    """One score: ask against proceed."""
    return np.log(need[:, 2] + 1e-12) - np.log(need[:, 0] + 1e-12)


def effective(weight):
    """How many rows of equal weight tell as much as these (Kish 1965)."""
    return float(weight.sum() ** 2 / (weight ** 2).sum()) if len(weight) else 0.0


def expected_calibration_error(probability, truth, weight, bins=10):
    """Weighted ECE over equal-width bins, and the rows of the reliability diagram: said, true, turns, weight, effective turns."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    total, rows = 0.0, []
    for b in range(bins):
        here = place == b
        if here.any():
            w = weight[here].sum()
            p, t = np.average(probability[here], weights=weight[here]), np.average(truth[here], weights=weight[here])
            total += w * abs(p - t)
            rows.append([round(float(p), 4), round(float(t), 4), int(here.sum()), round(float(w), 5), round(effective(weight[here]), 1)])
    return float(total / weight.sum()), rows


def precision_at(rate_of_asking, recall, false_asks):
    """Share of right questions among the questions asked, at a base rate."""
    right, wrong = recall * rate_of_asking, false_asks * (1 - rate_of_asking)
    return right / (right + wrong) if right + wrong else None


def clopper_pearson(hits: float, n: float, sure=0.95):
    """Exact two-sided interval of a rate (Clopper & Pearson 1934); of none seen, the whole range. `n` may be an effective number."""
    if n <= 0:
        return 0.0, 1.0
    rest = (1 - sure) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(rest, hits, n - hits + 1))
    high = 1.0 if hits >= n else float(beta.ppf(1 - rest, hits + 1, n - hits))
    return low, high


def ranked_auroc(truth, scores):
    """AUROC from ranks (Mann & Whitney 1947): the same figure as `auroc`, faster, for resampling. None where a side is missing."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return None
    return float((rankdata(scores)[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def bootstrap_difference(truth, ours, theirs, groups, times=1000, seed=0):
    """95 % percentile interval of AUROC(ours) - AUROC(theirs): whole groups are drawn again, so that paired rows stay together."""
    truth, ours, theirs = np.asarray(truth).astype(bool), np.asarray(ours), np.asarray(theirs)
    members = {}
    for at, group in enumerate(groups):
        members.setdefault(group, []).append(at)
    members = [np.array(at) for at in members.values()]
    draw, found = np.random.default_rng(seed), []
    for _ in range(times):
        at = np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        a, b = ranked_auroc(truth[at], ours[at]), ranked_auroc(truth[at], theirs[at])
        if a is not None:
            found.append(a - b)
    return [round(float(q), 4) for q in np.quantile(found, [0.025, 0.975])] if found else None


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


def per_label(truth, guess, labels):
    """F1 and support of each label, from 0/1 matrices [rows, labels]."""
    return {name: [round(float(f1_score(truth[:, j], guess[:, j], zero_division=0)), 3), int(truth[:, j].sum())]
            for j, name in enumerate(labels)}
