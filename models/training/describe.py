"""Describes the hand-written corpus as it stands: counts, agreement of its readers, and what its surface gives away.

    python models/training/describe.py

Writes `models/corpus/FIGURES.md`; run it, after `agreement.py`, whenever rows or readings change.
"""

import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path
from statistics import mean, median

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline, make_union

import readings
from markdown import number, percent, table
from corpora import ASSISTANT_ACTS, GAPS, USER_ACTS, own_rows


def masked(text: str, words: int) -> str:
    """The first words of a turn, numbers and names masked: what a template would leave in many turns."""
    first = text.split()[:words]
    return " ".join("#" if re.search(r"\d", word) else "@" if at and word[:1].isupper() else word.lower() for at, word in enumerate(first))


def surface(rows):
    """AUROC of words alone for grade 2 against 0, pairs never parted, and how often words put the vague twin first."""
    ends = [row for row in rows if row["grade"] in (0, 2)]
    texts, truth = [row["text"] for row in ends], np.array([row["grade"] == 2 for row in ends])
    groups = [row["pair"] or row["id"] for row in ends]
    words = lambda: TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letters = lambda: TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
    out = {}
    for name, features in (("words", words()), ("words and characters", make_union(words(), letters()))):
        scores, folds = np.zeros(len(ends)), []
        for train, test in GroupKFold(5, shuffle=True, random_state=0).split(texts, truth, groups):
            fitted = make_pipeline(features, LogisticRegression(max_iter=2000)).fit([texts[i] for i in train], truth[train])
            scores[test] = fitted.predict_proba([texts[i] for i in test])[:, 1]
            folds.append(roc_auc_score(truth[test], scores[test]))
        twins = {}
        for row, score in zip(ends, scores):
            twins.setdefault(row["pair"], []).append((row["grade"], score))
        right = [float(a[1] > b[1]) for pair, some in twins.items() if pair for a in some for b in some if a[0] > b[0]]
        out[name] = (mean(folds), mean(right))
    return out


def write(corpus: Path) -> str:
    """The text of FIGURES.md."""
    rows, votes = own_rows(corpus), readings.of(corpus)
    rows = [{**row, **readings.settled(votes[row["id"]])} for row in rows]
    users, assistants = [[row for row in rows if row["role"] == role] for role in ("user", "assistant")]
    split = json.loads((corpus / "split.json").read_text(encoding="utf-8"))
    said = json.loads((corpus / "agreement.json").read_text(encoding="utf-8"))
    out = [f"""# The corpus in figures

Made by `models/training/describe.py`; labels as the readers settled them.

{len(rows):,} rows: {len(users):,} user turns and {len(assistants):,} assistant messages in {len({row['domain'] for row in rows})} domains.
{said['rows_read_twice']:,} were read twice, {said['rows_read_by_a_third']:,} by a third; {said['rows_whose_settled_labels_are_not_the_writers']:,} settled against their writer.
Split: {split['counts']['train']:,} train, {split['counts']['dev']:,} dev, {split['counts']['test']:,} test.

## Grades and gaps
"""]
    out.append(table(["grade", "rows", "share", *GAPS], [
        [grade, len(some), percent(len(some) / len(users)), *(sum(row["gap"] == gap for row in some) or "" for gap in GAPS)]
        for grade in (0, 1, 2) for some in [[row for row in users if row["grade"] == grade]]]))
    out.append("\n## Files\n")
    files = sorted({row["id"][0] for row in rows})
    out.append(table(["file", "users' turns", "0 / 1 / 2", "with context", "in pairs", "disclosures", "assistants' messages", "median characters 0 / 1 / 2"], [
        [f"`{name}.jsonl`", len(mine), " / ".join(str(sum(row["grade"] == g for row in mine)) for g in range(3)),
         sum(any(m["role"] != "system" for m in row["context"]) for row in mine), sum(bool(row["pair"]) for row in mine), sum(row["emotion"] for row in mine),
         sum(row["id"][0] == name for row in assistants),
         " / ".join(str(int(median([len(row["text"]) for row in mine if row["grade"] == g] or [0]))) for g in range(3))]
        for name in files for mine in [[row for row in users if row["id"][0] == name]]]))
    acts = Counter(row["user_act"] for row in users)
    replies = Counter(act for row in assistants for act in row["assistant_acts"])
    lengths = Counter(sum(m["role"] != "system" for m in row["context"]) for row in rows)
    out.append(f"""
User acts: {', '.join(f'{act} {acts[act]:,}' for act in USER_ACTS)}.

Assistant acts: {', '.join(f'{act} {replies[act]:,}' for act in ASSISTANT_ACTS)}.

Earlier messages: {', '.join(f'{n}: {lengths[n]:,}' for n in sorted(lengths))}.

Domains: {', '.join(f'{name} {count}' for name, count in Counter(row['domain'] for row in rows).most_common())}.

## Agreement

Kappa is Cohen's, quadratic for the grade; of the rows read twice, first against second reading.
""")
    figures = said["agreement"]
    out.append(table(["label", "rows", "same", "kappa"], [
        [name, figures[name]["rows"], percent(figures[name]["agreement"]), number(figures[name]["kappa"])]
        for name in ("grade", "gap", "user_act", "user_act_after_first_turn", "emotion")] + [
        [f"assistant act: {act}", figures["assistant_act"]["rows"], percent(figures["assistant_act"][act]["agreement"]), number(figures["assistant_act"][act]["kappa"])]
        for act in ASSISTANT_ACTS]))
    out.append("\nBy file, grade: " + ", ".join(f"{name[5:]} {number(part['kappa'])} ({part['rows']})" for name, part in figures["grade"]["parts"].items() if name.startswith("file")) + ".")
    openings = Counter(masked(row["text"], 6) for row in users if len(row["text"].split()) >= 6)
    phrase, most = openings.most_common(1)[0]
    leak = surface(users)
    out.append(f"""
## What the surface gives away

Grade 2 against grade 0; .50 gives nothing away. Five folds, a pair never parted; TF-IDF of words and word pairs (and of 2 to 4 characters), logistic regression.
""")
    out.append(table(["", "AUROC", "vague twin first"], [["length, longer means 2", number(said["leaks"]["length"]["auroc_2_over_0"]), ""]] +
                     [[name, number(area), percent(share)] for name, (area, share) in leak.items()]))
    out.append(f"""
After masking numbers and names, the most frequent six opening words (“{phrase}”) open {most} of {len(users):,} user turns ({percent(most / len(users), 2)}).

## A hundred rows

Of the train split, drawn by `random.Random(20)`; shortened.
""")
    by_id = {row["id"]: row for row in rows}
    clip = lambda text, most: text if len(text) <= most else text[:most] + " …"
    cell = lambda text: text.replace("\n", " ⏎ ").replace("|", "\\|")
    shown = []
    for name in random.Random(20).sample(split["train"], 100):
        row = by_id[name]
        label = ", ".join(row["assistant_acts"]) if row["role"] == "assistant" else " · ".join(
            filter(None, [f"{row['grade']} {row['gap'] or ''}".strip(), row["user_act"], "disclosure" if row["emotion"] else ""]))
        before = f"{row['context'][-1]['role'][0].upper()}: {clip(row['context'][-1]['content'], 90)}" if row["context"] else ""
        shown.append([name, cell(before), cell(clip(row["text"], 200)), label])
    out.append(table(["id", "context ends with", "turn", "label"], shown))
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=Path(__file__).resolve().parent.parent / "corpus")
    corpus = parser.parse_args().corpus
    (corpus / "FIGURES.md").write_text(write(corpus), encoding="utf-8")


if __name__ == "__main__":
    main()
