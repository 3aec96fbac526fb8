"""Two-bit codes as ONNX Runtime's ``com.microsoft.MatMulNBits``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from mm_lab.quantize.two_bit import INTEGER, Codes

BITS = 2
# 4 = int8 activations inside the kernel; the other levels are two orders slower for 2 bits on CPU.
ACCURACY_LEVEL = 4


def pack_codes(codes: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """(N,K) codes to (N, K/block, block/4) bytes, the first code in the lowest bits."""
    rows, columns = codes.shape
    grouped = codes.reshape(rows, columns // block, block // 4, 4)
    return (grouped << np.array([0, 2, 4, 6], np.uint8)).sum(-1).astype(np.uint8)


def matmul_nodes(
    name: str, source: str, target: str, codes: Codes, bias: NDArray[np.float32] | None
) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes and initializers that compute ``source @ weight.T + bias`` into ``target``.

    The half-step grid adds ``0.5 * blocksum(x) @ scales.T``, with the block sums as a product
    by a constant 0/1 matrix.
    """
    rows, columns = codes.codes.shape
    tensors = [
        numpy_helper.from_array(pack_codes(codes.codes, codes.block), f"{name}.codes"),
        numpy_helper.from_array(codes.scales.astype(np.float32), f"{name}.scales"),
    ]
    integer = codes.grid == INTEGER
    inputs = [source, f"{name}.codes", f"{name}.scales", "", ""]
    if bias is not None:
        tensors.append(numpy_helper.from_array(bias.astype(np.float32), f"{name}.bias"))
        inputs.append(f"{name}.bias")
    while not inputs[-1]:
        inputs.pop()
    product = target if integer else f"{name}.product"
    attributes = {"K": columns, "N": rows, "bits": BITS, "block_size": codes.block, "accuracy_level": ACCURACY_LEVEL}
    nodes = [helper.make_node("MatMulNBits", inputs, [product], name, domain="com.microsoft", **attributes)]
    if not integer:
        sums = np.kron(np.eye(columns // codes.block, dtype=np.float32), np.ones((codes.block, 1), np.float32))
        tensors.append(numpy_helper.from_array(sums, f"{name}.sums"))
        tensors.append(numpy_helper.from_array(0.5 * codes.scales.astype(np.float32).T, f"{name}.half"))
        nodes += [
            helper.make_node("MatMul", [source, f"{name}.sums"], [f"{name}.blocks"]),
            helper.make_node("MatMul", [f"{name}.blocks", f"{name}.half"], [f"{name}.shift"]),
            helper.make_node("Add", [product, f"{name}.shift"], [target]),
        ]
    return nodes, tensors
