"""Splits the hand-written corpus once and for all: test 20 %, dev 10 %, train the rest.

A row falls by the hash of its domain and pair (its own id where it has no pair); rows whose turns are near-duplicates, that
share a pair or a long context, fall together. Rows that `split.json` names already keep their place. The test split is frozen: of the rows that
came later one tenth goes to dev and the rest to train, and what nearly repeats a test row goes nowhere (`apart`).
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

from corpora import own_rows

TEST, DEV = 0.20, 0.10
PARTS = ("train", "dev", "apart", "test")
NEAR = 0.6
"""Jaccard similarity of word trigrams from which two turns count as near-duplicates."""
LONG = 200
"""Characters from which on an equal context ties rows together: a long answer gives away what is asked after it."""


def key(row) -> str:
    """What decides where a row falls."""
    return f"{row['domain']}:{row['pair'] or row['id']}"


def trigrams(row) -> frozenset:
    """Word trigrams of the turn, together with the message before it where the turn is too short to tell."""
    words = re.findall(r"\w+", row["text"].lower())
    if len(words) < 5 and row["context"]:
        words += re.findall(r"\w+", row["context"][-1]["content"].lower())
    return frozenset(zip(words, words[1:], words[2:])) or frozenset([tuple(words)])


def clusters(rows) -> dict[str, str]:
    """The cluster of each row: rows that must not be parted, named by the smallest key among them."""
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    def join(a, b):
        a, b = sorted((find(a), find(b)))
        parent[b] = a

    seen = {}
    for row in rows:
        grams = trigrams(row)
        find(key(row))
        # A pair that spans two domains stays whole.
        if row["pair"]:
            join(key(row), seen.setdefault(("pair", row["pair"]), key(row)))
        # Turns that follow one conversation stay together, too.
        said = "\n".join(message["content"] for message in row["context"])
        if len(said) >= LONG:
            join(key(row), seen.setdefault(("said", said), key(row)))
        for gram in grams:
            for other, theirs in seen.setdefault(gram, []):
                if len(grams & theirs) / len(grams | theirs) >= NEAR:
                    join(key(row), other)
            seen[gram].append((key(row), grams))
    return {row["id"]: find(key(row)) for row in rows}


def split(rows, frozen: dict[str, list[str]]) -> dict[str, list[str]]:
    """Ids of each split, those in `frozen` first of all."""
    cluster = clusters(rows)
    place = {cluster[i]: name for name in PARTS for i in frozen.get(name, []) if i in cluster}
    was = {i: name for name in PARTS for i in frozen.get(name, [])}
    test = 0.0 if frozen.get("test") else TEST
    out = {name: [] for name in PARTS}
    for row in rows:
        name = was.get(row["id"])
        if name is None:
            name = place.get(cluster[row["id"]])
            name = "apart" if name == "test" and test == 0.0 else name
        if name is None:
            u = int(hashlib.sha256(f"split:{cluster[row['id']]}".encode()).hexdigest()[:8], 16) / 2**32
            name = "test" if u < test else "dev" if u < test + DEV else "train"
        out[name].append(row["id"])
    return {name: sorted(ids) for name, ids in out.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the hand-written *.jsonl; split.json goes there")
    args = parser.parse_args()
    write(args.corpus)


def write(corpus: Path) -> dict[str, list[str]]:
    """Reads or extends `split.json`, and returns the ids of each split."""
    path = corpus / "split.json"
    frozen = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    out = split(own_rows(corpus), frozen)
    digest = hashlib.sha256("\n".join(out["test"]).encode()).hexdigest()
    spec = {"test_sha256": digest, "counts": {name: len(ids) for name, ids in out.items()}, **out}
    text = json.dumps(spec, indent=0) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return out


if __name__ == "__main__":
    main()
