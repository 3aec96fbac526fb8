"""The float form of a bundle's graph: the same arithmetic on weights stored as fp32."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from mm_lab import onnx_graph
from mm_lab.quantize.matmul_nbits import unpack_weight


def float_copy(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose matrix products and convolutions read fp32 weights."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    weights = {name: numpy_helper.to_array(tensor) for name, tensor in onnx_graph.initializers(copy).items()}
    folded: dict[str, NDArray[np.float32]] = {}
    nodes: list[onnx.NodeProto] = []
    for node in copy.graph.node:
        known = [folded.get(name, weights.get(name)) for name in node.input]
        if node.op_type == "MatMulNBits":
            nodes += _plain_product(node, weights, folded)
        elif node.op_type == "Cast" and known[0] is not None and known[0].dtype == np.int8:
            folded[node.output[0]] = known[0].astype(np.float32)
        elif node.op_type == "Mul" and node.input[0] in folded and known[1] is not None:
            folded[node.output[0]] = folded[node.input[0]] * known[1]
        else:
            nodes.append(node)
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    copy.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in folded.items())
    onnx_graph.strip(copy, doc=f"{model.doc_string}; weights expanded to fp32")
    return copy


def _plain_product(
    node: onnx.NodeProto, weights: dict[str, NDArray[np.generic]], folded: dict[str, NDArray[np.float32]]
) -> list[onnx.NodeProto]:
    bits = next(a.i for a in node.attribute if a.name == "bits")
    packed, scales = weights[node.input[1]].astype(np.uint8), weights[node.input[2]].astype(np.float32)
    name, target = f"{node.output[0]}.weight", node.output[0]
    folded[name] = np.ascontiguousarray(unpack_weight(packed, scales, bits).T)
    bias = node.input[5] if len(node.input) > 5 else ""
    product = f"{target}.product" if bias else target
    nodes = [helper.make_node("MatMul", [node.input[0], name], [product])]
    if bias:
        nodes.append(helper.make_node("Add", [product, bias], [target]))
    return nodes
