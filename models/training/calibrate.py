"""Turns logits into probabilities that are right at a stated base rate.

`need`: a temperature and two biases, fitted by weighted likelihood on turns that no fitted model has seen: real turns left out
of their fold and the dev split, weighted so that the grades have the prior's shares. Then a guard: as an unneeded question is
worse than none, `ask` and `assume` are lowered until they stay under their ceilings on real clear turns. Two more points of
caution: clear turns count as real ones for the most part, and the two biases can only fall in the guard.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm

import corpora
from labels import HEADS, NEED, PRIOR, SPANS

REAL_SHARE = 0.95
"""Share of the clear turns' weight that real people's turns get."""
ASK_CEILING, ASSUME_CEILING = 0.004, 0.035
"""Most needless asks, and most needless asks or assumptions, on real clear turns."""
MISSED = 0.02
"""Share of the turns in danger that `crisis` may miss at .5: who is taken for one by mistake is only left alone."""


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def need_weights(rows):
    """Weights that give the grades the prior's shares; clear turns are real ones for the most part."""
    grade = np.array([row["grade"] for row in rows])
    real = np.array([row["source"].startswith("oasst") for row in rows])
    weight = np.zeros(len(rows))
    for g, name in enumerate(NEED):
        parts = [(grade == g) & real, (grade == g) & ~real] if g == 0 else [grade == g]
        shares = [REAL_SHARE, 1 - REAL_SHARE] if g == 0 else [1.0]
        for part, share in zip(parts, shares):
            if part.any():
                weight[part] = PRIOR[name] * share / part.sum()
    return weight / weight.sum()


def fit_need(logits, rows):
    """(temperature, biases) of `need`."""
    grade, weight = np.array([row["grade"] for row in rows]), need_weights(rows)

    def cost(theta):
        p = softmax(logits / np.exp(theta[0]) + np.array([0.0, theta[1], theta[2]]))
        # A weak pull towards a temperature of 1, as the dev split is small.
        return -(weight * np.log(p[np.arange(len(rows)), grade] + 1e-9)).sum() + 0.002 * theta[0] ** 2

    theta = minimize(cost, [0.0, -2.0, -2.0], method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-4, "fatol": 1e-7}).x
    temperature, bias = float(np.exp(theta[0])), np.array([0.0, theta[1], theta[2]])
    clear = logits[[row["grade"] == 0 and row["source"].startswith("oasst") for row in rows]]
    if len(clear):
        # Half a turn is the most that rounding may forgive.
        while (softmax(clear / temperature + bias)[:, 2] >= 0.5).mean() > ASK_CEILING + 0.5 / len(clear):
            bias = bias - [0.0, 0.0, 0.05]
        while (softmax(clear / temperature + bias)[:, 0] < 0.5).mean() > ASSUME_CEILING:
            bias = bias - [0.0, 0.05, 0.02]
    return temperature, bias.tolist()


def fit_temperature(logits, targets):
    """One temperature for a softmax head, by likelihood."""
    cost = lambda t: -np.log(softmax(logits / np.exp(t[0]))[np.arange(len(targets)), targets] + 1e-9).mean() + 0.01 * t[0] ** 2
    return float(np.exp(minimize(cost, [0.0], method="Nelder-Mead").x[0])) if len(targets) else 1.0


def fit_binary(logits, targets):
    """(temperature, bias) of one yes-or-no label, by likelihood with a pull towards (1, 0)."""
    def cost(theta):
        p = sigmoid(logits / np.exp(theta[0]) + theta[1])
        return -(targets * np.log(p + 1e-9) + (1 - targets) * np.log(1 - p + 1e-9)).mean() + 0.02 * (theta[0] ** 2 + theta[1] ** 2)
    theta = minimize(cost, [0.0, 0.0], method="Nelder-Mead").x
    return float(np.exp(theta[0])), float(theta[1])


def fit_labels(logits, targets):
    """(temperature, biases) of a head of yes-or-no labels: one temperature for all, a bias each, by likelihood."""
    def cost(theta):
        p = sigmoid(logits / np.exp(theta[0]) + theta[1:])
        return -(targets * np.log(p + 1e-9) + (1 - targets) * np.log(1 - p + 1e-9)).mean() + 0.002 * (theta ** 2).mean()
    theta = minimize(cost, np.zeros(1 + logits.shape[1]), method="L-BFGS-B").x
    return float(np.exp(theta[0])), theta[1:].tolist()


def fit_danger(logits, targets):
    """(temperature, bias) of `crisis`: at .5 stands the score that all but `MISSED` of the turns in danger exceed.

    Their scores on a small split are few; so the quantile is that of a normal distribution with their mean and variance.
    """
    temperature, _ = fit_binary(logits, targets)
    z = logits[targets == 1] / temperature
    return temperature, -float(z.mean() + norm.ppf(MISSED) * z.std(ddof=1))


def fit(logits, rows):
    """Calibration of every head from logits [rows, 31] of unseen rows."""
    out = {}
    graded = [i for i, row in enumerate(rows) if row["grade"] is not None]
    out["need"] = fit_need(logits[graded][:, SPANS["need"]], [rows[i] for i in graded])
    for name in ("gap", "user_act"):
        at = [i for i, row in enumerate(rows) if row[name] is not None]
        targets = [rows[i][name] if name == "gap" else corpora.act_index(rows[i]) for i in at]
        labels = dict((n, labels) for n, _, labels in HEADS)[name]
        out[name] = (fit_temperature(logits[at][:, SPANS[name]], targets), [0.0] * len(labels))
    at = [i for i, row in enumerate(rows) if row["emotion"] is not None and row["source"] == "own"]
    temperature, bias = fit_binary(logits[at][:, SPANS["emotion"]][:, 0], np.array([rows[i]["emotion"] for i in at]))
    out["emotion"] = (temperature, [bias])
    at = [i for i, row in enumerate(rows) if row["crisis"] is not None and row["source"] == "own"]
    temperature, bias = fit_danger(logits[at][:, SPANS["crisis"]][:, 0], np.array([rows[i]["crisis"] for i in at]))
    out["crisis"] = (temperature, [bias])
    at = [i for i, row in enumerate(rows) if row["assistant_act"] is not None and row["source"] == "own"]
    if at:
        out["assistant_act"] = fit_labels(logits[at][:, SPANS["assistant_act"]], np.array([rows[i]["assistant_act"] for i in at]))
    return out


def probabilities(logits, calibration):
    """Probabilities of every head, as the Rust side computes them."""
    out = {}
    for name, kind, labels in HEADS:
        temperature, bias = calibration.get(name, (1.0, [0.0] * len(labels)))
        z = logits[:, SPANS[name]] / temperature + np.array(bias)
        out[name] = softmax(z) if kind == "softmax" else sigmoid(z)
    return out


def at_base_rate(need, rate):
    """`need` moved from the stated prior to another base rate of asking."""
    new = np.array([1 - rate - rate * 4 / 3, rate * 4 / 3, rate])
    moved = need * (new / np.array([PRIOR[name] for name in NEED]))
    return moved / moved.sum(-1, keepdims=True)
