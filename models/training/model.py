"""The network: an encoder with a pruned vocabulary, the first token and the mean of its last layer, one linear layer."""

import json

import torch
from safetensors.torch import load_file

import base
from encoder import Encoder
from labels import MAX_TOKENS, WIDTH


class Classifier(torch.nn.Module):
    """All heads at once: `logits` [batch, 31] in the order of `labels.json`."""

    def __init__(self, shape: dict):
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(**shape)
        self.dropout = torch.nn.Dropout(0.1)
        self.heads = torch.nn.Linear(2 * shape["size"], WIDTH)
        torch.nn.init.normal_(self.heads.weight, std=0.02)
        torch.nn.init.zeros_(self.heads.bias)

    def hidden(self, input_ids, attention_mask, token_type_ids):
        """The last layer's vectors, one a token."""
        return self.encoder(input_ids, attention_mask, token_type_ids)

    def forward(self, input_ids, attention_mask, token_type_ids):
        states = self.hidden(input_ids, attention_mask, token_type_ids)
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        mean = (states * mask).sum(1) / mask.sum(1)
        return self.heads(self.dropout(torch.cat([states[:, 0], mean], dim=1)))


def resume(model: torch.nn.Module, path) -> int:
    """Loads what an earlier run saved, and returns how many of the heads' labels it knew; those that came later begin at zero."""
    state, own = torch.load(path), model.state_dict()
    known = state["heads.bias"].size(0)
    for name in ("heads.weight", "heads.bias"):
        wide = torch.zeros_like(own[name])
        wide[:known] = state[name]
        state[name] = wide
    model.load_state_dict(state, strict=False)
    return known


def from_base(rows: list[int], layers: list[int], neurons=None, packed=False) -> Classifier:
    """A classifier on the base's weights: the embedding rows in `rows`, the encoder layers in `layers`, and of the inner neurons
    of each base layer those that `neurons` keeps (as `prune.neurons` gives them), else all. `packed`: made for four-bit embeddings."""
    spec = json.loads((base.folder() / "config.json").read_text(encoding="utf-8"))
    model = Classifier({"vocabulary": len(rows), "positions": MAX_TOKENS, "size": spec["hidden_size"],
                        "inner": len(neurons[0][0]) if neurons else spec["intermediate_size"], "heads": spec["num_attention_heads"],
                        "layers": len(layers), "packed": packed})
    state = {name.removeprefix("bert."): value for name, value in load_file(base.folder() / "model.safetensors").items()}
    state = {name: value for name, value in state.items() if not name.startswith("pooler.") and "position_ids" not in name}
    state["embeddings.word_embeddings.weight"] = state["embeddings.word_embeddings.weight"][torch.tensor(rows)]
    state["embeddings.position_embeddings.weight"] = state["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    for layer, (kept, written) in enumerate(neurons or []):
        name = f"encoder.layer.{layer}"
        for part in ("weight", "bias"):
            state[f"{name}.intermediate.dense.{part}"] = state[f"{name}.intermediate.dense.{part}"][kept]
        state[f"{name}.output.dense.weight"] = state[f"{name}.output.dense.weight"][:, kept]
        state[f"{name}.output.dense.bias"] = state[f"{name}.output.dense.bias"] + written
    model.encoder.load_state_dict(pick(state, "encoder.layer.", layers))
    return model


def pick(state, prefix, layers):
    """The parameters without those of the layers that are left out, the rest numbered anew."""
    out = {}
    for name, value in state.items():
        if name.startswith(prefix):
            number, rest = name.removeprefix(prefix).split(".", 1)
            if int(number) not in layers:
                continue
            name = f"{prefix}{layers.index(int(number))}.{rest}"
        out[name] = value
    return out
