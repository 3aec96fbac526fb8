"""Weight-only int8 storage, one scale per output channel.

Two forms hold the same numbers. `CAST_MUL` (int8 -> Cast -> Mul by the scale) is folded to float weights when ONNX
Runtime loads the model, so a run costs what the float model costs. `DEQUANTIZE` (DequantizeLinear, opset 13) is kept in
the graph by its optimiser: less memory, but every run converts again and convolutions lose their packed layout.
Measured on two CPU threads with ONNX Runtime 1.32 and the text detector at 736x960: 342 against 670 ms of CPU time
for a run, 94 against 47 ms to load, 45 against 15 MiB more resident memory after loading.
"""

from enum import StrEnum

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mm_lab import onnx_graph


class WeightForm(StrEnum):
    """How the int8 weights are turned back to float in the graph."""

    CAST_MUL = "cast-mul"
    DEQUANTIZE = "dequantize"


# Smaller weights stay floats: their scales would take as much room.
MIN_SIZE = 512
# Position of the output channel in the weight of each operator whose second input is a weight.
_OUTPUT_AXIS = {"Conv": 0, "ConvTranspose": 1, "MatMul": 1, "Gemm": 1}


def quantize_int8(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round `weight` to int8 symmetrically, one scale per index of `axis`; `weight` is about q * scale."""
    other = tuple(dim for dim in range(weight.ndim) if dim != axis)
    scale = np.abs(weight).max(axis=other, keepdims=True).astype(np.float32) / np.float32(127)
    scale[scale == 0] = 1
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def store_int8(model: onnx.ModelProto, *, form: WeightForm = WeightForm.CAST_MUL, min_size: int = MIN_SIZE) -> int:
    """Store the float weights of convolutions and matrix products with at least `min_size` values as int8.

    Returns the number of values stored so. Expects a graph without `Constant` and `Identity` nodes.
    """
    weights = onnx_graph.initializers(model)
    axes: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type in _OUTPUT_AXIS and len(node.input) > 1 and node.input[1] in weights:
            axes.setdefault(node.input[1], _OUTPUT_AXIS[node.op_type])

    added: list[onnx.NodeProto] = []
    count = 0
    for name, axis in axes.items():
        tensor = weights[name]
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < min_size or array.ndim < 2:
            continue
        quantized, scale = quantize_int8(array, axis)
        model.graph.initializer.remove(tensor)
        q, s = f"{name}.int8", f"{name}.scale"
        if form is WeightForm.CAST_MUL:
            model.graph.initializer.extend([numpy_helper.from_array(quantized, q), numpy_helper.from_array(scale, s)])
            added.append(helper.make_node("Cast", [q], [f"{name}.float"], to=TensorProto.FLOAT))
            added.append(helper.make_node("Mul", [f"{name}.float", s], [name]))
        else:
            flat = np.ascontiguousarray(scale.reshape(-1))
            model.graph.initializer.extend([numpy_helper.from_array(quantized, q), numpy_helper.from_array(flat, s)])
            added.append(helper.make_node("DequantizeLinear", [q, s], [name], axis=axis))
        count += array.size
    nodes = added + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return count
