"""Which inner neurons of the base's layers a thinner student keeps: those whose activation varies most, weighted by what they write.

A neuron that is left out goes on writing its mean activation, which moves into the layer's output bias; what is lost is its variance.
"""

import torch

import train


def neurons(base: torch.nn.Module, rows, keep: int, size=64):
    """For each layer the `keep` neurons with the largest standard deviation times length of output weights, and what the means of
    the others write together.

    `base` is a `model.Classifier` of all layers; `rows` have windows.
    """
    layers = base.encoder.encoder["layer"]
    sums = [torch.zeros(2, layer.output.dense.in_features, dtype=torch.float64) for layer in layers]
    count, mask = 0, None

    def watch(at):
        def see(_, inputs):
            values = inputs[0][mask.bool()].double()
            sums[at].add_(torch.stack([values.sum(0), (values ** 2).sum(0)]))
        return see

    watched = [layer.output.dense.register_forward_pre_hook(watch(at)) for at, layer in enumerate(layers)]
    base.eval()
    with torch.no_grad():
        for start in range(0, len(rows), size):
            ids, mask, types = train.tensors(rows[start:start + size])
            base.hidden(ids, mask, types)
            count += int(mask.sum())
    for hook in watched:
        hook.remove()
    out = []
    for layer, (total, squares) in zip(layers, sums):
        mean = total / count
        weight = layer.output.dense.weight.detach().double()
        worth = (squares / count - mean ** 2).clamp(min=0).sqrt() * weight.norm(dim=0)
        kept = torch.sort(torch.topk(worth, keep).indices).values
        lost = torch.ones(len(mean), dtype=torch.bool)
        lost[kept] = False
        out.append((kept, (weight[:, lost] @ mean[lost]).float()))
    return out
