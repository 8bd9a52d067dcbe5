"""Measures how far two readers of the hand-written corpus agree, and what its surface gives away.

The first reading is the writer's label in `models/corpus/*.jsonl`; the second, in `models/corpus/second/*.jsonl`, was made without
seeing it. Prints a summary and writes `models/corpus/agreement.json`: kappa, raw agreement and counts of each label family, the leak
measures, and every disagreement with how it was settled (`readings.py`). `models/corpus/settled.json` gets the labels of the rows whose
settled labels are not the writer's. Standard library only.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from statistics import median

import readings
from corpora import ASSISTANT_ACTS, GAPS, USER_ACTS, own_rows, read

GRADES = [0, 1, 2]


def kappa(pairs, labels, quadratic=False):
    """Cohen's kappa (1960) of (first, second) labels; `quadratic` weighs a disagreement by its squared distance (Cohen 1968).

    None where both readers used one and the same label throughout, which leaves nothing to agree on beyond chance.
    """
    at = {label: place for place, label in enumerate(labels)}
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    cost = (lambda a, b: (at[a] - at[b]) ** 2) if quadratic else (lambda a, b: int(a != b))
    seen = sum(cost(a, b) for a, b in pairs) / len(pairs)
    chance = sum(cost(a, b) * first[a] * second[b] for a in labels for b in labels) / len(pairs) ** 2
    return round(1 - seen / chance, 4) if chance else None


def family(pairs, labels, quadratic=False):
    """Figures of one label family; `table[first][second]` counts rows."""
    table = Counter(pairs)
    return {"rows": len(pairs), "agreement": round(sum(a == b for a, b in pairs) / len(pairs), 4),
            "kappa": kappa(pairs, labels, quadratic),
            "table": {str(a): {str(b): table[a, b] for b in labels if table[a, b]} for a in labels}}


def one_against_rest(pairs, label):
    """Kappa of one label against all others, and how often each reader gave it."""
    binary = [(int(a == label), int(b == label)) for a, b in pairs]
    return {"first": sum(a for a, _ in binary), "second": sum(b for _, b in binary), "both": binary.count((1, 1)),
            "kappa": kappa(binary, [0, 1])}


def grades(rows, second):
    """(first, second) grades of user turns."""
    return [(row["grade"], second[row["id"]]["grade"]) for row in rows]


def agreement(users, assistants, second, split):
    """All label families, and the grade by writer, by split and by whether a row has a twin (twins stand out and may flatter it)."""
    grade = family(grades(users, second), GRADES, quadratic=True)
    grade["one_against_rest"] = {str(g): one_against_rest(grades(users, second), g) for g in GRADES}
    parts = {f"file {name}": [row for row in users if row["id"][0] == name] for name in sorted({row["id"][0] for row in users})}
    parts |= {"paired": [row for row in users if row["pair"]], "unpaired": [row for row in users if not row["pair"]]}
    parts |= {name: [row for row in users if row["id"] in ids] for name, ids in split.items()}
    parts = {name: part for name, part in parts.items() if part}
    grade["parts"] = {name: {"rows": len(part), "kappa": kappa(grades(part, second), GRADES, True)} for name, part in parts.items()}
    gaps = [(row["gap"], second[row["id"]]["gap"]) for row in users if row["gap"] and second[row["id"]]["gap"]]
    acts = [(row["user_act"], second[row["id"]]["user_act"]) for row in users]
    later = [(row["user_act"], second[row["id"]]["user_act"]) for row in users if any(m["role"] != "system" for m in row["context"])]
    out = {"grade": grade, "gap": family(gaps, GAPS), "user_act": family(acts, USER_ACTS),
           "user_act_after_first_turn": family(later, USER_ACTS),
           "emotion": family([(row["emotion"], second[row["id"]]["emotion"]) for row in users], [0, 1])}
    asked = [(row["crisis"], second[row["id"]]["crisis"]) for row in users if "crisis" in row and "crisis" in second[row["id"]]]
    if asked:
        out["crisis"] = family(asked, [0, 1])
    out["gap"]["one_against_rest"] = {label: one_against_rest(gaps, label) for label in GAPS}
    out["user_act"]["one_against_rest"] = {label: one_against_rest(acts, label) for label in USER_ACTS}
    both = [(row["assistant_acts"], second[row["id"]]["assistant_acts"]) for row in assistants]
    out["assistant_act"] = {"rows": len(both), "same_set": round(sum(set(a) == set(b) for a, b in both) / len(both), 4)}
    for act in ASSISTANT_ACTS:
        pairs = [(int(act in a), int(act in b)) for a, b in both]
        out["assistant_act"][act] = one_against_rest(pairs, 1) | {"agreement": round(sum(a == b for a, b in pairs) / len(pairs), 4)}
    return out


def disagreements(votes):
    """Every field on which the first two readings differ, what the third reader said, and on what they settled."""
    out = []
    for name, said in votes.items():
        final = readings.settled(said)
        for field in readings.disputed(said):
            row = {"id": name, "field": field, "first": said[0][field], "second": said[1][field]}
            if len(said) > 2:
                row |= {"third": said[2][field]}
            out.append(row | {"settled": final[field]})
    return out


def changed(votes):
    """The rows whose settled labels are not the writer's, with all their labels."""
    out = []
    for name, said in sorted(votes.items()):
        final = readings.settled(said)
        plain = lambda vote, field: sorted(vote[field]) if field == "assistant_acts" and vote[field] else vote.get(field)
        same = lambda field: plain(said[0], field) == plain(final, field)
        if not all(map(same, readings.FIELDS)):
            out.append({"id": name, **final})
    return out


def auroc(positive, negative):
    """Chance that a positive's score exceeds a negative's, ties half."""
    below = Counter(negative)
    won = sum(sum(n for score, n in below.items() if score < p) + below[p] / 2 for p in positive)
    return round(won / (len(positive) * len(negative)), 4)


def openings(users, words):
    """Share of user turns that open with the most frequent `words` words, and share whose opening another turn has too."""
    firsts = [tuple(re.findall(r"\S+", row["text"].lower())[:words]) for row in users]
    count = Counter(first for first in firsts if len(first) == words)
    (phrase, most), shared = count.most_common(1)[0], sum(n for n in count.values() if n > 1)
    return {"most_frequent": " ".join(phrase), "rows": most, "share": round(most / len(users), 4),
            "share_not_unique": round(shared / len(users), 4)}


def leaks(users):
    """What length and opening alone tell: "longer means grade 2" against grade 0, in all and by file."""
    def by_length(part):
        sizes = {g: [len(row["text"]) for row in part if row["grade"] == g] for g in GRADES}
        return {"median_chars": {str(g): median(sizes[g]) for g in GRADES}, "auroc_2_over_0": auroc(sizes[2], sizes[0])}

    files = sorted({row["id"][0] for row in users})
    return {"length": by_length(users), "length_by_file": {f: by_length([r for r in users if r["id"][0] == f]) for f in files},
            "opening_4_words": openings(users, 4), "opening_6_words": openings(users, 6)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=Path(__file__).resolve().parent.parent / "corpus")
    corpus = parser.parse_args().corpus
    rows = own_rows(corpus)
    second = {row["id"]: row for path in sorted((corpus / "second").glob("*.jsonl")) for row in read(path)}
    users = [row for row in rows if row["role"] == "user"]
    assistants = [row for row in rows if row["role"] == "assistant"]
    frozen = json.loads((corpus / "split.json").read_text(encoding="utf-8"))
    split = {name: set(frozen[name]) for name in ("train", "dev", "test")}
    read_twice = lambda some: [row for row in some if row["id"] in second]
    figures = agreement(read_twice(users), read_twice(assistants), second, split)
    votes = readings.of(corpus)
    open_, apart = disagreements(votes), changed(votes)
    third = sum(len(said) > 2 for said in votes.values())
    spec = {"used_for_training": "all readings, as soft targets", "rows": len(rows), "rows_read_twice": len(second), "rows_read_by_a_third": third, "rows_whose_settled_labels_are_not_the_writers": len(apart),
            "agreement": figures, "leaks": leaks(users),
            "disagreements_by_field": dict(Counter(d["field"] for d in open_)), "disagreements": open_}
    # One disagreement a line, so that settling one changes one line.
    marks = [json.dumps(d, ensure_ascii=False) for d in open_]
    text = json.dumps(spec | {"disagreements": "@"}, indent=1, ensure_ascii=False)
    (corpus / "agreement.json").write_text(text.replace('"@"', "[\n" + ",\n".join(marks) + "\n]") + "\n", encoding="utf-8")
    # One row a line here, too.
    lines = ",\n".join(f"{json.dumps(row.pop('id'))}: {json.dumps(row)}" for row in apart)
    (corpus / "settled.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    for name in ("grade", "gap", "user_act", "user_act_after_first_turn", "emotion", *(["crisis"] if "crisis" in figures else [])):
        print(f"{name:26} rows {figures[name]['rows']:5}  agreement {figures[name]['agreement']:.3f}  kappa {figures[name]['kappa']:.3f}")
    for act in ASSISTANT_ACTS:
        one = figures["assistant_act"][act]
        print(f"  {act:24} first {one['first']:4} second {one['second']:4}  agreement {one['agreement']:.3f}  kappa {one['kappa']:.3f}")
    print(f"{len(open_)} disagreements in {len({d['id'] for d in open_})} of {len(rows)} rows; {third} rows read by a third, {len(apart)} rows settled against the writer")


if __name__ == "__main__":
    main()
