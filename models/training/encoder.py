"""A BERT encoder, written out plainly so that onnxruntime's optimiser recognises and fuses its attention.

The parameter names are those of the published checkpoints.
"""

import math

import torch
from torch import nn


class SelfAttention(nn.Module):
    """Multi-head attention."""

    def __init__(self, size, heads, dropout):
        super().__init__()
        self.heads, self.width = heads, size // heads
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def split(self, x):
        return x.view(x.size()[:-1] + (self.heads, self.width)).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.width) + mask
        out = torch.matmul(self.dropout(torch.softmax(scores, dim=-1)), value).permute(0, 2, 1, 3).contiguous()
        return out.view(out.size()[:-2] + (self.heads * self.width,))


class Residual(nn.Module):
    """A dense layer whose result is added to what came before, then normalised."""

    def __init__(self, width, size, dropout):
        super().__init__()
        self.dense, self.LayerNorm, self.dropout = nn.Linear(width, size), nn.LayerNorm(size, eps=1e-12), nn.Dropout(dropout)

    def forward(self, x, before):
        return self.LayerNorm(self.dropout(self.dense(x)) + before)


class Layer(nn.Module):
    """One transformer layer, normalised after each half."""

    def __init__(self, size, inner, heads, dropout):
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(size, heads, dropout), "output": Residual(size, size, dropout)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(size, inner)})
        self.output = Residual(inner, size, dropout)

    def forward(self, x, mask):
        x = self.attention["output"](self.attention["self"](x, mask), x)
        return self.output(nn.functional.gelu(self.intermediate["dense"](x)), x)


BLOCK = 32
"""Weights that share a scale in a four-bit table."""


def four_bits(table):
    """(integers from -8 to 7, one scale a block) of a table [rows, size], symmetric: table is about integers * scale."""
    blocks = table.detach().reshape(table.size(0), -1, BLOCK)
    scale = (blocks.abs().amax(-1, keepdim=True) / 7).clamp(min=1e-8)
    return (blocks / scale).round().clamp(-8, 7), scale


class Embeddings(nn.Module):
    """Token, position and token-type embeddings. With `packed` the token table is read as its four bits will be after export;
    gradients pass straight through the rounding (Bengio et al. 2013, arXiv:1308.3432)."""

    def __init__(self, vocabulary, positions, size, dropout, packed=False):
        super().__init__()
        self.packed = packed
        self.word_embeddings = nn.Embedding(vocabulary, size, padding_idx=0)
        self.position_embeddings = nn.Embedding(positions, size)
        self.token_type_embeddings = nn.Embedding(2, size)
        self.LayerNorm, self.dropout = nn.LayerNorm(size, eps=1e-12), nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(positions).unsqueeze(0), persistent=False)

    def settle(self):
        """Puts the rounded values in the table's place, once training is over."""
        with torch.no_grad():
            whole, scale = four_bits(self.word_embeddings.weight)
            self.word_embeddings.weight.copy_((whole * scale).reshape_as(self.word_embeddings.weight))

    def forward(self, ids, types):
        words = self.word_embeddings(ids)
        if self.packed and self.training:
            whole, scale = four_bits(self.word_embeddings.weight)
            words = words + nn.functional.embedding(ids, (whole * scale).reshape_as(self.word_embeddings.weight)) - words.detach()
        # In this order onnxruntime fuses the second sum with the normalisation.
        places = self.token_type_embeddings(types) + self.position_embeddings(self.position_ids[:, : ids.size()[1]])
        return self.dropout(self.LayerNorm(words + places))


class Encoder(nn.Module):
    """Embeddings and layers; returns one vector a token."""

    def __init__(self, vocabulary, positions, size, inner, heads, layers, packed=False, dropout=0.1):
        super().__init__()
        self.size, self.head_count = size, heads
        self.embeddings = Embeddings(vocabulary, positions, size, dropout, packed)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(size, inner, heads, dropout) for _ in range(layers))})

    def forward(self, ids, attention, types):
        mask = (1.0 - attention.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
        x = self.embeddings(ids, types)
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        return x
