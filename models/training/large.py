"""The larger teacher: all-mpnet-base-v2 (Apache-2.0), twelve layers, 768 wide. It reads the same windows as the student.

Its files are given with `--large`: a folder with `config.json`, `tokenizer.json` and `model.safetensors`. The pruned vocabulary's
pieces are looked up in its own; it never knew token types, so two vectors for them are learned anew.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import MPNetConfig, MPNetModel

from labels import WIDTH

OWN_NAMES = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}


class Large(torch.nn.Module):
    """All heads at once, as `model.Classifier`."""

    def __init__(self, folder: Path, tokenizer_json: str):
        super().__init__()
        config = MPNetConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        self.encoder = MPNetModel(config, add_pooling_layer=False)
        state = {name.removeprefix("mpnet."): value for name, value in load_file(folder / "model.safetensors").items()}
        lost = self.encoder.load_state_dict({name: value for name, value in state.items() if "pooler" not in name}, strict=False)
        assert not [name for name in lost.missing_keys if "position_ids" not in name], lost
        # The word embeddings stay: a third of the parameters, and a few thousand rows teach most of them nothing.
        self.encoder.embeddings.word_embeddings.weight.requires_grad = False
        old = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
        new = json.loads(tokenizer_json)["model"]["vocab"]
        places = [old.get(OWN_NAMES.get(piece, piece), old["[UNK]"]) for piece, _ in sorted(new.items(), key=lambda item: item[1])]
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.types = torch.nn.Embedding(2, config.hidden_size)
        torch.nn.init.normal_(self.types.weight, std=0.01)
        self.dropout = torch.nn.Dropout(0.1)
        self.heads = torch.nn.Linear(2 * config.hidden_size, WIDTH)
        torch.nn.init.normal_(self.heads.weight, std=0.02)
        torch.nn.init.zeros_(self.heads.bias)

    def forward(self, input_ids, attention_mask, token_type_ids):
        words = self.encoder.embeddings.word_embeddings(self.places[input_ids]) + self.types(token_type_ids)
        states = self.encoder(inputs_embeds=words, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(torch.float32)
        mean = (states * mask).sum(1) / mask.sum(1)
        return self.heads(self.dropout(torch.cat([states[:, 0], mean], dim=1)))
