"""What an ONNX file of the bundle really stores: every weight with its bits, bytes and values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from mm_lab import onnx_graph
from mm_lab.quantize.matmul_nbits import BITS, unpack_weight

_NAMES = {"Conv": "convolutions", "ConvTranspose": "convolutions", "MatMul": "linears", "Gemm": "linears"}
_REST = "scales, norms, biases and tables"


@dataclass(frozen=True)
class StoredWeight:
    """One weight: its codes and scales together.

    ``kind`` is "convolutions", "linears", "embedding" or the rest; ``bits`` those of a code. ``values`` are the
    floats it stands for, in the layout (outputs, inputs, ..).
    """

    name: str
    kind: str
    bits: int
    bytes: int
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """Weights of one kind and one number of bits; ``bytes`` include their scales."""

    kind: str
    bits: int
    count: int
    bytes: int

    @property
    def bits_each(self) -> float:
        """Bits per weight with the scales."""
        return 8 * self.bytes / self.count


def stored_weights(model: onnx.ModelProto, *, half_step: bool = False) -> list[StoredWeight]:
    """Every initializer of ``model``. ``half_step`` adds the half step of that grid to two-bit codes."""
    tensors = onnx_graph.initializers(model)
    arrays = {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}
    used: set[str] = set()
    found: list[StoredWeight] = []
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            readers[name].append(node)
    for node in model.graph.node:
        if node.op_type == "MatMulNBits" and node.input[1] not in used:
            found.append(_packed(node, arrays, half_step))
            used |= set(node.input[1:3])
        elif node.op_type == "Cast" and node.input[0] in arrays and arrays[node.input[0]].dtype == np.int8:
            scaled = readers[node.output[0]][0]
            scale = next(name for name in scaled.input if name in arrays)
            found.append(_bytes(node.input[0], scale, readers[scaled.output[0]], arrays))
            used |= {node.input[0], scale}
    for node in model.graph.node:
        codes = arrays.get(node.input[0]) if node.op_type == "Gather" else None
        if codes is not None and codes.dtype == np.uint8 and node.input[0] not in used:
            scale = _row_scales(node, readers, arrays)
            found.append(_rows(node.input[0], codes, arrays[scale]))
            used |= {node.input[0], scale}
    rest = [(name, array) for name, array in arrays.items() if name not in used]
    return found + [StoredWeight(n, _REST, 8 * a.dtype.itemsize, a.nbytes, a.astype(np.float32)) for n, a in rest]


def groups(weights: Sequence[StoredWeight]) -> list[Group]:
    """Sums by kind and bits, largest first; what is left over is one group, whatever its bits."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for weight in weights:
        total = sums[weight.kind, 32 if weight.kind == _REST else weight.bits]
        total[0] += weight.values.size
        total[1] += weight.bytes
    found = [Group(kind, bits, count, size) for (kind, bits), (count, size) in sums.items()]
    return sorted(found, key=lambda g: -g.bytes)


def _packed(node: onnx.NodeProto, arrays: dict[str, NDArray], half_step: bool) -> StoredWeight:
    bits, packed, scales = _attribute(node, "bits"), arrays[node.input[1]], arrays[node.input[2]]
    values = unpack_weight(packed, scales, bits)
    if half_step and bits == BITS:
        values += 0.5 * np.repeat(scales.reshape(len(packed), -1), values.shape[1] // packed.shape[1], axis=1)
    kind = "linears" if bits < 8 else "embedding"
    return StoredWeight(node.input[1], kind, bits, packed.nbytes + scales.nbytes, values)


def _bytes(name: str, scale: str, readers: Sequence[onnx.NodeProto], arrays: dict[str, NDArray]) -> StoredWeight:
    codes, scales = arrays[name], arrays[scale]
    values = codes.astype(np.float32) * scales
    reader = readers[0]
    transposed = reader.op_type == "MatMul" or (reader.op_type == "Gemm" and not _attribute(reader, "transB"))
    kind = _NAMES.get(reader.op_type, _REST)
    return StoredWeight(name, kind, 8, codes.nbytes + scales.nbytes, values.T if transposed else values)


def _row_scales(gather: onnx.NodeProto, readers: dict[str, list[onnx.NodeProto]], arrays: dict[str, NDArray]) -> str:
    """The scales that are looked up beside a table of bytes."""
    rows = len(arrays[gather.input[0]])
    return next(
        node.input[0]
        for node in readers[gather.input[1]]
        if node.op_type == "Gather" and arrays[node.input[0]].dtype == np.float32 and len(arrays[node.input[0]]) == rows
    )


def _rows(name: str, codes: NDArray, scales: NDArray) -> StoredWeight:
    return StoredWeight(name, "embedding", 8, codes.nbytes + scales.nbytes, unpack_weight(codes, scales, 8))


def _attribute(node: onnx.NodeProto, name: str) -> int:
    return next((a.i for a in node.attribute if a.name == name), 0)
