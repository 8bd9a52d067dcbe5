"""Runs a client's cells: reads `{"dialect", "mode", "base"}` a line, writes `{"value"}` or `{"failed"}` a line.

Usage: driver.py MODULE
"""

import importlib
import json
import os
import sys
import traceback
import warnings

from said import plain


def main():
    # What clients print of their own must not stand between our lines.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    module = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            run = getattr(module.DIALECTS[asked["dialect"]](asked["base"]), asked["mode"])
            answer = {"value": plain(run())}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
