"""Turns public dialogue corpora into conversations that `groundwire audit` reads, beside what their authors' labels say.

    python models/training/replicate.py --data FOLDER annomi > annomi.jsonl
    groundwire audit annomi.jsonl

The rates of the authors' own labels go to standard error, for the table in the manual. The corpora only measure.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import corpora

CORPORA = {"annomi": lambda row: row["group"], "esconv_strategy": None}
"""What groups the rows of a corpus into conversations; None: a row follows the one before it if it continues its messages."""


def continues(said, context) -> bool:
    """Whether `context`, which holds the last few messages only, ends a conversation that went on from `said`."""
    tail = [m["content"] for m in said[-3:]]
    seen = [m["content"] for m in context]
    return bool(tail) and any(seen[at:at + len(tail)] == tail or tail[-1] == text for at, text in enumerate(seen))


def conversations(rows, group):
    """Whole conversations, put together from rows that each hold one judged message and what came just before it."""
    said, last = [], None
    for row in rows:
        here = group(row) if group else None
        joins = said and (here == last if group else continues(said, row["context"]))
        if not joins:
            if said:
                yield said
            said = []
        last = here
        known = [m["content"] for m in said]
        for message in row["context"]:
            if message["content"] not in known[-6:]:
                said.append({"role": message["role"], "content": message["content"]})
        said.append({"role": "assistant", "content": row["text"]})
    if said:
        yield said


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds train/*.jsonl and eval/*.jsonl")
    parser.add_argument("corpus", choices=CORPORA)
    args = parser.parse_args()
    rows = corpora.read(args.data / "eval" / f"{args.corpus}.jsonl")
    kinds = Counter(row["kind"] for row in rows)
    print({kind: f"{count} ({100 * count / len(rows):.1f} %)" for kind, count in kinds.most_common()}, file=sys.stderr)
    for said in conversations(rows, CORPORA[args.corpus]):
        print(json.dumps({"messages": said}, ensure_ascii=False))


if __name__ == "__main__":
    main()
