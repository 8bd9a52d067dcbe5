"""Exports a classifier to ONNX, fuses its attention, quantises it to int8, and measures what that cost.

Weights are quantised per channel with seven bits (`reduce_range`), so that CPUs with and without VNNI compute the same; the
linear layer of the heads stays in float32, as it is small and decides the scores. The token table, nearly half of the weights
else, has four bits and a scale for every 32 weights ; the model was trained on the rounded values.
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

from encoder import BLOCK, four_bits

OPSET = 18
"""The first with `BitwiseAnd`."""
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


def to_onnx(model: torch.nn.Module, path: Path):
    """Plain float32 graph, fused."""
    model = model.float().eval()
    model.encoder.embeddings.settle()
    ids = torch.randint(50, 1000, (2, 24))
    mask = torch.ones_like(ids)
    mask[1, 17:] = 0
    example = (ids, mask, torch.zeros_like(ids))
    axes = {name: {0: "batch", 1: "tokens"} for name in INPUTS} | {"logits": {0: "batch"}}
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        with torch.no_grad():
            torch.onnx.export(model, example, str(plain), input_names=INPUTS, output_names=["logits"], dynamic_axes=axes,
                              opset_version=17, dynamo=False)
        fused = optimizer.optimize_model(str(plain), model_type="bert", num_heads=model.shape["heads"],
                                         hidden_size=model.shape["size"],
                                         optimization_options=options, opt_level=0)
        fused.save_model_to_file(str(path))
    stats = fused.get_fused_operator_statistics()
    layers = model.shape["layers"]
    assert stats.get("Attention", 0) == layers, f"attention not fused: {stats}"
    return stats


def to_int8(source: Path, path: Path, reduce_range: bool = True):
    """Dynamic int8, per channel; the token table in four bits."""
    graph = onnx.load(str(source))
    exact = [node.name for node in graph.graph.node if node.name.startswith("/heads") or reads_tokens(node)]
    # quantize_dynamic first parts a Gemm into a MatMul of this name and an Add.
    exact += [f"{name}_MatMul" for name in exact]
    quantize_dynamic(str(source), str(path), weight_type=QuantType.QInt8, per_channel=True, reduce_range=reduce_range,
                     nodes_to_exclude=exact, extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
    graph = onnx.load(str(path))
    pack_tokens(graph)
    onnx.save(graph, str(path))


def reads_tokens(node) -> bool:
    """Whether this node looks tokens up in the table."""
    return node.op_type == "Gather" and "word_embeddings" in node.input[0]


def pack_tokens(graph):
    """Puts a four-bit table in the place of the token table; the values that are looked up stay what they are.

    A byte holds column i in its lower half and column i + size / 2 in its upper half, so that plain operators unpack the rows that
    were looked up: onnxruntime's own GatherBlockQuantized took a tenth of a whole run for it.
    """
    node = next(node for node in graph.graph.node if reads_tokens(node))
    table = next(tensor for tensor in graph.graph.initializer if tensor.name == node.input[0])
    values = torch.from_numpy(onnx.numpy_helper.to_array(table).copy())
    whole, scale = four_bits(values)
    assert torch.allclose((whole * scale).reshape_as(values), values, atol=1e-6), "the table was not settled before export"
    half = values.size(1) // 2
    shifted = (whole.reshape_as(values) + 8).to(torch.uint8).numpy()
    graph.graph.initializer.remove(table)
    constants = {"tokens.pairs": shifted[:, :half] | (shifted[:, half:] << 4), "tokens.scale": scale.numpy(),
                 "tokens.lower": np.uint8(15), "tokens.upper": np.uint8(4), "tokens.zero": np.float32(8),
                 "tokens.blocks": np.array([0, 0, -1, BLOCK], dtype=np.int64), "tokens.row": np.array([0, 0, -1], dtype=np.int64)}
    graph.graph.initializer.extend(onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items())
    make = lambda op, inputs, output, **more: onnx.helper.make_node(op, inputs, [output], name=f"tokens/{output}", **more)
    steps = [make("Gather", ["tokens.pairs", node.input[1]], "tokens.bytes"), make("Gather", ["tokens.scale", node.input[1]], "tokens.scales"),
             make("BitwiseAnd", ["tokens.bytes", "tokens.lower"], "tokens.left"),
             make("BitShift", ["tokens.bytes", "tokens.upper"], "tokens.right", direction="RIGHT"),
             make("Concat", ["tokens.left", "tokens.right"], "tokens.codes", axis=-1),
             make("Cast", ["tokens.codes"], "tokens.raised", to=onnx.TensorProto.FLOAT), make("Sub", ["tokens.raised", "tokens.zero"], "tokens.whole"),
             make("Reshape", ["tokens.whole", "tokens.blocks"], "tokens.parts"), make("Mul", ["tokens.parts", "tokens.scales"], "tokens.scaled"),
             make("Reshape", ["tokens.scaled", "tokens.row"], node.output[0])]
    at = list(graph.graph.node).index(node)
    graph.graph.node.remove(node)
    for step in reversed(steps):
        graph.graph.node.insert(at, step)
    for opset in graph.opset_import:
        if opset.domain == "":
            opset.version = OPSET


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
