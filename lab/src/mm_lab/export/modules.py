"""Stand-ins that export to the compact operators the runtime has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.quantize.matmul_nbits import ACCURACY_LEVEL, BITS, pack_codes, zero_point
from mm_lab.quantize.two_bit import INTEGER, Codes, TwoBit, codes_of

_BYTE_ZERO = zero_point(8)


class MatMulNBits(torch.autograd.Function):
    """``com.microsoft.MatMulNBits`` while tracing; its value comes from the dequantized weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, packed: Tensor, scales: Tensor, weight: Tensor, bits: int) -> Tensor:  # noqa: ANN401
        """``x @ weight.T``; the packed form plays no part."""
        return functional.linear(x, weight)

    @staticmethod
    def symbolic(g: Any, x: Any, packed: Any, scales: Any, weight: Any, bits: int) -> Any:  # noqa: ANN401
        """The operator, on the packed form alone."""
        rows, columns = weight.type().sizes()
        blocks = packed.type().sizes()[1]
        out = g.op(
            "com.microsoft::MatMulNBits",
            x,
            packed,
            scales,
            K_i=columns,
            N_i=rows,
            bits_i=bits,
            block_size_i=columns // blocks,
            accuracy_level_i=ACCURACY_LEVEL,
        )
        known = x.type().sizes()  # the exporter cannot infer through a custom operator
        return out if known is None else out.setType(x.type().with_sizes([*known[:-1], rows]))


class TwoBitLinear(nn.Module):
    """A linear made of explicit codes. The half-step grid adds its shift, see two_bit.py."""

    packed: Tensor
    scales: Tensor
    weight: Tensor
    sums: Tensor
    shift: Tensor

    def __init__(self, codes: Codes, bias: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("packed", torch.from_numpy(pack_codes(codes.codes, codes.block)))
        scales = torch.from_numpy(codes.scales.astype(np.float32))
        self.register_buffer("scales", scales)
        self.shifted = codes.grid != INTEGER
        # What the operator itself multiplies by: zero point 2, whatever the grid.
        whole = Codes(codes.codes, codes.scales, INTEGER, codes.block).weight()
        self.register_buffer("weight", torch.from_numpy(whole))
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        if self.shifted:
            columns = codes.codes.shape[1]
            sums = np.kron(np.eye(columns // codes.block), np.ones((codes.block, 1)))
            self.register_buffer("sums", torch.from_numpy(sums.astype(np.float32)))
            self.register_buffer("shift", 0.5 * scales.T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Same as ``nn.Linear``."""
        out = MatMulNBits.apply(x, self.packed, self.scales, self.weight, BITS)
        if self.shifted:
            out = out + (x @ self.sums) @ self.shift
        return out if self.bias is None else out + self.bias


class SideBySide(nn.Module):
    """Outputs of several modules one behind the other."""

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` through every part."""
        return torch.cat([part(x) for part in self.parts], -1)


def joined(linears: Sequence[nn.Module]) -> nn.Module:
    """Linears of the same input as one, their outputs side by side: one product is quicker than several.

    Other modules, such as those of the search, whose bits differ from layer to layer, stay apart.
    """
    known = [linear for linear in linears if isinstance(linear, nn.Linear)]
    if len(known) < len(linears):
        return SideBySide(linears)
    bias = torch.cat([linear.bias.detach() for linear in known])
    if hasattr(known[0], "parametrizations"):
        codes = [codes_of(linear) for linear in known]
        stacked = np.concatenate([c.codes for c in codes]), np.concatenate([c.scales for c in codes])
        return TwoBitLinear(Codes(*stacked, codes[0].grid, codes[0].block), bias)
    weight = torch.cat([linear.weight.detach() for linear in known])
    whole = nn.Linear(weight.shape[1], weight.shape[0])
    whole.weight, whole.bias = nn.Parameter(weight), nn.Parameter(bias)
    return whole


class ByteEmbedding(nn.Module):
    """An 8-bit table. One serves both ends of the decoder: rows are looked up, and multiplied by at the output.

    ``MatMulNBits`` with ``bits=8`` wants blocks of a power of two, so a row has several of one scale where its width
    is none.
    """

    packed: Tensor
    scales: Tensor
    weight: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        codes, scales = bytes_of(table.detach().numpy())
        rows, width = codes.shape
        block = width & -width
        self.register_buffer("packed", torch.from_numpy(codes.reshape(rows, width // block, block)))
        self.register_buffer("scales", torch.from_numpy(np.repeat(scales, width // block, axis=1)))
        self.register_buffer("weight", torch.from_numpy((codes.astype(np.float32) - _BYTE_ZERO) * scales))

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows of the table."""
        rows = self.packed[tokens].float() - _BYTE_ZERO
        return (rows * self.scales[tokens].unsqueeze(-1)).flatten(-2)

    def scores(self, hidden: Tensor) -> Tensor:
        """``hidden @ table.T``."""
        return MatMulNBits.apply(hidden, self.packed, self.scales, self.weight, 8)


def bytes_of(table: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Rows as unsigned bytes around 128, and a scale per row (n,1)."""
    scales = np.abs(table).max(1, keepdims=True).astype(np.float32) / 127
    scales[scales == 0] = 1
    return (np.rint(table / scales) + _BYTE_ZERO).astype(np.uint8), scales


def use_codes(module: nn.Module) -> None:
    """Replaces every trained two-bit linear under ``module`` by its codes."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear) and hasattr(child, "parametrizations"):
            if isinstance(child.parametrizations.weight[0], TwoBit):  # type: ignore[union-attr, index]
                setattr(module, name, TwoBitLinear(codes_of(child), child.bias))
        elif name != "parametrizations":
            use_codes(child)
