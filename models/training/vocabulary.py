"""Prunes the base model's WordPiece vocabulary to what English chat turns use, and writes `tokenizer.json`.

Kept: special tokens, [unused0]…[unused40] (the marks of a window), every single character of ASCII, Latin-1 and common
punctuation with its `##` form, every piece of the hand-written corpus, then the pieces that are frequent in many of the public
corpora, then the base's own order, which is by frequency in general English. A token's row in `keep` is its row in the base's embedding matrix, so the original embeddings are reused.
"""

import argparse
import json
import math
from collections import Counter
from pathlib import Path

from tokenizers import Tokenizer

import base
import corpora
import split

SIZE = 11_000
FLOOR = 3
GENERAL = 0.10
"""Share of the vocabulary that is left to the base's own order."""
MARKS = 41
PER_SOURCE = 3_000
"""Texts counted per source at most, so that no corpus decides the vocabulary alone."""
PUNCTUATION = "‘’“”–—…•·×÷≤≥≠≈→←€£¥°²³§©®™✓"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def prune(texts_by_source, size=SIZE, floor=FLOOR, own="corpus"):
    """The pruned tokenizer as JSON text and, for each new id, the id it had in the base vocabulary."""
    spec = json.loads((base.folder() / "tokenizer.json").read_text(encoding="utf-8"))
    old = spec["model"]["vocab"]
    spec["truncation"] = spec["padding"] = spec["post_processor"] = None
    counter = Tokenizer.from_str(json.dumps(spec))
    share = Counter()
    count = Counter()
    for source, texts in texts_by_source.items():
        here = Counter()
        for encoding in counter.encode_batch(texts, add_special_tokens=False):
            here.update(encoding.tokens)
        count.update(here)
        total = max(1, sum(here.values()))
        for piece, n in here.items():
            # The square root favours what many sources use over what one narrow source repeats.
            share[piece] += math.sqrt(n / total) if source != own else 1.0
    keep = dict.fromkeys(SPECIAL + [f"[unused{i}]" for i in range(MARKS)])
    single = {chr(c) for c in range(0x21, 0x7F)} | {chr(c) for c in range(0xA1, 0x100)} | set(PUNCTUATION)
    keep |= dict.fromkeys(p for p in old if p in single or (p.startswith("##") and p[2:] in single))
    for piece, _ in sorted(share.items(), key=lambda item: (-item[1], item[0])):
        if len(keep) >= size * (1 - GENERAL):
            break
        if count[piece] >= floor or share[piece] >= 1.0:
            keep.setdefault(piece)
    for piece, _ in sorted(old.items(), key=lambda item: item[1]):
        if len(keep) >= size:
            break
        if not piece.startswith("[unused") and piece.lstrip("#").isascii():
            keep.setdefault(piece)
    missing = [piece for piece in keep if piece not in old]
    assert not missing, missing
    # The base's order: the first ids keep their places, and the embedding rows are read in ascending order.
    ordered = sorted(keep, key=old.get)
    spec["model"]["vocab"] = {piece: i for i, piece in enumerate(ordered)}
    for token in spec["added_tokens"]:
        token["id"] = spec["model"]["vocab"][token["content"]]
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":")), [old[piece] for piece in ordered]


def rows_of(tokenizer_json: str) -> list[int]:
    """For each id of a pruned tokenizer, the base's id of the same piece."""
    old = json.loads((base.folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    new = json.loads(tokenizer_json)["model"]["vocab"]
    return [old[piece] for piece, _ in sorted(new.items(), key=lambda item: item[1])]


def coverage(tokenizer_json: str, texts) -> tuple[float, float]:
    """Tokens a text relative to the base's, and the share of unknown tokens."""
    spec = json.loads((base.folder() / "tokenizer.json").read_text(encoding="utf-8"))
    spec["truncation"] = spec["padding"] = spec["post_processor"] = None
    before = sum(len(e.ids) for e in Tokenizer.from_str(json.dumps(spec)).encode_batch(texts, add_special_tokens=False))
    after = Tokenizer.from_str(tokenizer_json).encode_batch(texts, add_special_tokens=False)
    total = sum(len(e.ids) for e in after)
    return total / before, sum(e.tokens.count("[UNK]") for e in after) / total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/*.jsonl")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the hand-written *.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives tokenizer.json")
    parser.add_argument("--size", type=int, default=SIZE)
    args = parser.parse_args()
    texts = corpora.texts_by_source(args.data, args.corpus, PER_SOURCE, set(split.write(args.corpus)["test"]))
    text, rows = prune(texts, args.size)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "tokenizer.json").write_text(text, encoding="utf-8")
    for source, some in sorted(texts.items()):
        ratio, unknown = coverage(text, some)
        print(f"{source:20} {len(some):6} texts  tokens x{ratio:.3f}  unknown {unknown:.5f}")
    print(len(rows), "pieces,", len(text.encode()), "bytes")


if __name__ == "__main__":
    main()
