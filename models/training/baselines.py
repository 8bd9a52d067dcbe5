"""The rule a model must beat: TF-IDF with logistic regression, taught by the model's own rows or inside a public source."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from labels import PRIOR


FEW = 20
"""Groups that are too few to be parted into five folds."""


def text_of(row):
    """What the baselines read: the turn, and the message before it."""
    said = row["messages"]
    before = said[-2]["content"] if len(said) > 1 else ""
    return said[-1]["content"][:2000] + " ||| " + before[-400:]


class Baseline:
    """TF-IDF and logistic regression, grade 2 against grade 0."""

    def __init__(self, rows):
        rows = [row for row in rows if row["grade"] in (0, 2) or (row["grade"] is None and row["need"])]
        self.words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        features = self.words.fit_transform([text_of(row) for row in rows])
        self.model = LogisticRegression(C=10, max_iter=2000, class_weight="balanced").fit(features, [row["grade"] == 2 for row in rows])

    def scores(self, rows):
        return self.model.predict_proba(self.words.transform([text_of(row) for row in rows]))[:, 1]

    def at_prior(self, rows):
        """The same probabilities moved from the even odds of the fit to the stated base rate (Elkan 2001, theorem 2)."""
        odds = self.scores(rows)
        odds = odds / (1 - odds + 1e-12) * PRIOR["ask"] / (1 - PRIOR["ask"])
        return odds / (1 + odds)


def inside(rows, most=6000):
    """Scores of TF-IDF taught inside the source: each row is scored by a model of the other four fifths, groups unparted.

    `rows` come with those first that are to be measured; at most `most` take part. Where nearly every row is its own group,
    or where groups are fewer than `FEW` and so mean a whole kind of row, folds are stratified instead.
    """
    rows = rows[:most]
    truth, groups = np.array([row["label"] == 1 for row in rows]), [row["source_group"] or row["id"] for row in rows]
    texts, out = np.array([text_of(row) for row in rows], dtype=object), np.zeros(len(rows))
    if len(set(groups)) > 0.95 * len(rows) or len(set(groups)) < FEW:
        folds = StratifiedKFold(5, shuffle=True, random_state=0).split(texts, truth)
    else:
        folds = GroupKFold(5, shuffle=True, random_state=0).split(texts, truth, groups)
    for taught, kept in folds:
        model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                              LogisticRegression(C=10, max_iter=1000, class_weight="balanced"))
        out[kept] = model.fit(texts[taught], truth[taught]).decision_function(texts[kept])
    return out
