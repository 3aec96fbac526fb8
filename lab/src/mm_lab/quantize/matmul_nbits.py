"""How ONNX Runtime's ``com.microsoft.MatMulNBits`` stores weights.

Codes of 2, 4 or 8 bits, the first lowest in its byte, with a scale per block of inputs. The zero point is the
operator's default, half the range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BITS = 2
# 4 = int8 activations inside the kernel; the other levels are two orders slower for 2 bits on CPU.
ACCURACY_LEVEL = 4


def pack_codes(codes: NDArray[np.uint8], block: int, bits: int = BITS) -> NDArray[np.uint8]:
    """(N,K) codes to (N, K/block, block*bits/8) bytes."""
    rows, columns = codes.shape
    per_byte = 8 // bits
    grouped = codes.reshape(rows, columns // block, block // per_byte, per_byte)
    return (grouped << np.arange(0, 8, bits, dtype=np.uint8)).sum(-1).astype(np.uint8)


def unpack_weight(packed: NDArray[np.uint8], scales: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Float weight (N,K) of the bytes of :func:`pack_codes` and their N*K/block scales."""
    rows, blocks, _ = packed.shape
    codes = packed[..., None] >> np.arange(0, 8, bits, dtype=np.uint8) & np.uint8(2**bits - 1)
    centred = codes.reshape(rows, blocks, -1).astype(np.float32) - zero_point(bits)
    return (centred * scales.reshape(rows, blocks, 1)).reshape(rows, -1)


def zero_point(bits: int) -> int:
    """The code that stands for 0."""
    return 2 ** (bits - 1)
