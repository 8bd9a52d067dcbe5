"""Figures on real people's turns, and what they mean for a conversation: needless questions in ten turns.

The rates of needless asks are of clear turns (grade 0), openings and follow-ups apart. A conversation is one clear opening and
nine clear follow-ups, whose asks are taken as independent of each other and of what was asked before: one user's turns are
alike, so in truth fewer conversations hold more of the questions, and their share is if anything overstated.
"""

import numpy as np

from labels import USER_ACTS
from measures import asked, auroc, clopper_pearson, log_odds, rate

TURNS = 10
"""User turns of a conversation."""
MOST = 2
"""Questions that the policy `gentle` asks in a conversation at most; it never asks twice in a row."""
SETTLED = ("refuses_question", "acknowledgment", "hedge")
"""Acts of the user after which `gentle` asks nothing, whatever the scores say."""


def expected(opening: float, later: float, most=None, consecutive=True):
    """(expected number of questions, share of conversations with at least one) at these chances of a needless ask a turn.

    Exact, turn by turn over the states (questions so far, whether the turn before was asked about). `most` None sets no limit.
    """
    states, questions = {(0, False): 1.0}, 0.0
    for turn in range(TURNS):
        after = {}
        for (count, just), chance in states.items():
            free = (most is None or count < most) and (consecutive or not just)
            ask = (opening if turn == 0 else later) if free else 0.0
            questions += chance * ask
            for state, share in (((count + 1, True), ask), ((count, False), 1 - ask)):
                after[state] = after.get(state, 0.0) + chance * share
        states = after
    return questions, 1 - sum(chance for (count, _), chance in states.items() if count == 0)


def conversation(asks_opening, asks_later, most=None, consecutive=True):
    """Needless questions in ten turns from the asks seen on clear openings and follow-ups, with a 95 % interval.

    Clopper-Pearson on each rate at 97.5 %, so that both hold together in 95 % of samples; the figures rise with both rates, so
    the ends of the rates give the ends of the figures.
    """
    rates = [rate(asks) or 0.0 for asks in (asks_opening, asks_later)]
    bounds = [clopper_pearson(int(np.sum(asks)), len(asks), 0.975) for asks in (asks_opening, asks_later)]
    point, low, high = [expected(*pair, most, consecutive) for pair in (rates, [b[0] for b in bounds], [b[1] for b in bounds])]
    return {"clear openings, asked": [len(asks_opening), int(np.sum(asks_opening))], "clear follow-ups, asked": [len(asks_later), int(np.sum(asks_later))],
            "questions": [round(float(v), 4) for v in (point[0], low[0], high[0])],
            "conversations with one": [round(float(v), 4) for v in (point[1], low[1], high[1])]}


def needless(rows, p):
    """Needless questions in ten turns, asking at ask >= .5 every time, and under the rules of `gentle`."""
    clear = np.array([row["grade"] == 0 for row in rows])
    first = np.array([len([m for m in row["messages"] if m["role"] == "user"]) == 1 for row in rows])
    ask = p["need"][:, 2] >= 0.5
    gentle = ask & ~np.isin(p["user_act"].argmax(-1), [USER_ACTS.index(act) for act in SETTLED])
    return {"every turn with ask >= .5": conversation(ask[clear & first], ask[clear & ~first]),
            "policy `gentle`": conversation(gentle[clear & first], gentle[clear & ~first], MOST, consecutive=False)}


def figures(rows, p):
    """Everything about real turns that never taught."""
    grade = np.array([row["grade"] for row in rows])
    clear, first = grade == 0, np.array([row["source"] == "oasst_first" for row in rows])
    score = log_odds(p["need"])
    out = {"n": [int((grade == g).sum()) for g in range(3)]}
    for name, part in (("openings and follow-ups", clear), ("openings", clear & first), ("follow-ups", clear & ~first)):
        ask, assume = asked(p["need"][part])
        out[name] = {"clear turns": int(part.sum()), "needless asks": ask, "needless asks or assumptions": assume,
                     "95 % of needless asks": clopper_pearson(int((p["need"][part][:, 2] >= 0.5).sum()), int(part.sum())),
                     "95 % of needless asks or assumptions": clopper_pearson(int((p["need"][part][:, 0] <= 0.5).sum()), int(part.sum()))}
    out["ask or assume on grade 1"] = rate(p["need"][grade == 1][:, 0] <= 0.5)
    out["ask on grade 2"] = rate(p["need"][grade == 2][:, 2] >= 0.5)
    out["AUROC, grade 2 against 0"] = auroc(grade[grade != 1] == 2, score[grade != 1])
    out["AUROC, grade 1 or 2 against 0"] = auroc(grade > 0, -np.log(p["need"][:, 0]))
    acts = [i for i, row in enumerate(rows) if row.get("act")]
    out["user_act accuracy"] = rate([USER_ACTS[p["user_act"][i].argmax()] == rows[i]["act"] for i in acts])
    out["user_act n"] = len(acts)
    out["ten turns"] = needless(rows, p)
    return out
