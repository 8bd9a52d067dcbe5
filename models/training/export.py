"""Exports a classifier to ONNX, fuses its attention, quantises it to int8, and measures what that cost.

Weights are quantised per channel with seven bits (`reduce_range`), so that CPUs with and without VNNI compute the same; the
linear layer of the heads stays in float32, as it is small and decides the scores.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


def to_onnx(model: torch.nn.Module, path: Path):
    """Plain float32 graph, fused."""
    model = model.float().eval()
    ids = torch.randint(50, 1000, (2, 24))
    mask = torch.ones_like(ids)
    mask[1, 17:] = 0
    example = (ids, mask, torch.zeros_like(ids))
    axes = {name: {0: "batch", 1: "tokens"} for name in INPUTS} | {"logits": {0: "batch"}}
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        with torch.no_grad():
            torch.onnx.export(model, example, str(plain), input_names=INPUTS, output_names=["logits"], dynamic_axes=axes,
                              opset_version=17, dynamo=False)
        fused = optimizer.optimize_model(str(plain), model_type="bert", num_heads=model.shape["heads"],
                                         hidden_size=model.shape["size"],
                                         optimization_options=FusionOptions("bert"), opt_level=0)
        fused.save_model_to_file(str(path))
    stats = fused.get_fused_operator_statistics()
    layers = model.shape["layers"]
    assert stats.get("Attention", 0) == layers, f"attention not fused: {stats}"
    return stats


def to_int8(source: Path, path: Path, reduce_range: bool = True):
    """Dynamic int8, per channel, embeddings too."""
    graph = onnx.load(str(source))
    heads = [node.name for node in graph.graph.node if "logits" in node.output or node.name.startswith("/heads")]
    quantize_dynamic(str(source), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=reduce_range,
                     nodes_to_exclude=heads, extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})


def session(path: Path) -> ort.InferenceSession:
    """A session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def logits(running: ort.InferenceSession, windows) -> np.ndarray:
    """Logits of windows one by one, as the proxy computes them."""
    names = {i.name for i in running.get_inputs()}
    out = []
    for window in windows:
        ids = np.array([window["ids"]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids),
                "token_type_ids": np.array([window["types"]], dtype=np.int64)}
        out.append(running.run(["logits"], {k: v for k, v in feed.items() if k in names})[0][0])
    return np.array(out)


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """R² of b as a stand-in for a, over all logits."""
    return float(1 - ((a - b) ** 2).sum() / ((a - a.mean(0)) ** 2).sum())
