"""Multiply-accumulate operations of a model at a given input size: the floor under its run time.

Counts convolutions and matrix products, where the arithmetic is. Shapes are read off one real run, because models whose
shapes depend on the input (Shape -> Reshape) cannot be inferred on paper.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from onnx import helper

COUNTED = ("Conv", "ConvTranspose", "MatMul", "Gemm")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class MacCount:
    """Multiply-accumulates in all and by operator type, and the number of values in the model's weights."""

    total: int
    by_operator: dict[str, int]
    parameters: int


def count_macs(model: onnx.ModelProto, inputs: dict[str, Shape]) -> MacCount:
    """Count the multiply-accumulates of one run with float inputs of the shapes `inputs`."""
    nodes = [node for node in model.graph.node if node.op_type in COUNTED]
    wanted = {name for node in nodes for name in (*node.input[:2], node.output[0])}
    shapes = _shapes(model, inputs, wanted)
    counts: Counter[str] = Counter()
    for node in nodes:
        left, right, result = (shapes[name] for name in (*node.input[:2], node.output[0]))
        if node.op_type == "Conv":  # every value of the output sums over one kernel
            macs = math.prod(result) * math.prod(right[1:])
        elif node.op_type == "ConvTranspose":  # every value of the input spreads over one kernel
            macs = math.prod(left) * math.prod(right[1:])
        else:
            turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
            macs = math.prod(result) * (left[0] if turned else left[-1])
        counts[node.op_type] += macs
    parameters = sum(math.prod(tensor.dims) for tensor in model.graph.initializer)
    return MacCount(counts.total(), dict(counts.most_common()), parameters)


def _shapes(model: onnx.ModelProto, inputs: dict[str, Shape], wanted: set[str]) -> dict[str, Shape]:
    """Shapes of the tensors `wanted` in a run with inputs of zeros."""
    shapes: dict[str, Shape] = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer} | inputs
    names = sorted(wanted - shapes.keys())
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    values = session.run(names, {name: np.zeros(shape, np.float32) for name, shape in inputs.items()})
    return shapes | {name: np.asarray(value).shape for name, value in zip(names, values, strict=True)}
