"""Checks what `groundwire demo --json` shows, with the built-in turns and with turns of a file, none of which taught the model.

Usage: demo.py GROUNDWIRE_BINARY
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

BINARY = sys.argv[1]


def demo(*arguments):
    began = time.monotonic()
    done = subprocess.run([BINARY, "demo", "--json", *arguments], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()], time.monotonic() - began


turns, seconds = demo()
clear, vague, answer, thanks, absent, machine = turns
for turn in (clear, thanks, machine):
    assert turn["act"] == "none" and turn["forwarded"]["identical"], turn
assert (vague["act"], vague["delivery"]) == ("clarify", "steer") and "<grounding-note>" in vague["forwarded"]["inserted"], vague
assert (answer["act"], answer["delivery"]) == ("recap", "steer"), answer
assert "Book us a table for Friday evening." in answer["forwarded"]["inserted"], ("what was asked before is restated", answer)
assert (absent["act"], absent["delivery"]) == ("clarify", "reply") and absent["forwarded"] is None, absent
assert absent["gap"] == "missing_material" and "?" in absent["received"]["text"], absent
assert machine["bypass"] == "structured_output" and machine["judgement"] is None, machine
assert all(turn["received"]["status"] == 200 for turn in turns), turns
for turn in (clear, vague, answer, thanks):
    assert isinstance(turn["received"]["acts"], list), ("the reply was not read", turn)
assert "clarification" in vague["received"]["acts"], vague
assert absent["received"]["acts"] == ["clarification"], ("our own question needs no reading", absent)
assert machine["received"]["acts"] is None, ("a machine's call is not judged, nor is its reply", machine)

with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    file.write("How many grams are in an ounce?\n"
               "Fix the bug in the function I pasted.\n"
               '{"messages":[{"role":"user","content":"Name a river in Portugal."},'
               '{"role":"assistant","content":"The Douro."},{"role":"user","content":"And one in Spain?"}]}\n')
    file.flush()
    own, _ = demo(file.name)
assert [turn["act"] for turn in own] == ["none", "clarify", "none"], own
taught = {json.loads(line)["text"].strip().lower()
          for path in (pathlib.Path(__file__).parent.parent / "models" / "corpus").glob("*.jsonl") for line in path.open()}
assert taught and not {turn["user"].strip().lower() for turn in turns + own} & taught, "a turn stands in the corpus"
print(f"demo: 9 turns as they should be; the built-in ones took {seconds:.2f} s, start and model included")
