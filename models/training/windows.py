"""Windows for rows, made by the `groundwire` binary itself, so that training sees exactly what the proxy shows the model."""

import json
import subprocess
from pathlib import Path


def attach(rows, groundwire: Path, tokenizer: Path):
    """Gives every row `ids` and `types`; rows without a window are left out."""
    lines = "".join(json.dumps({"id": str(i), "messages": row["messages"]}) + "\n" for i, row in enumerate(rows))
    run = subprocess.run([str(groundwire), "windows", "--tokenizer", str(tokenizer)], input=lines.encode(), check=True,
                         stdout=subprocess.PIPE)
    out = []
    for line in run.stdout.decode().split("\n"):
        if line.strip():
            window = json.loads(line)
            if window.get("ids"):
                out.append({**rows[int(window["id"])], "ids": window["ids"], "types": window["types"]})
    assert len(out) >= 0.99 * len(rows), f"{len(rows) - len(out)} of {len(rows)} rows have no window"
    return out
