"""Two-bit linears with learned block scales.

Two grids are offered. ``integer`` has the levels {-2,-1,0,1}: what ``MatMulNBits`` computes
with its default zero point 2, and what every export target stores. ``half`` has the levels
{-1.5,-.5,.5,1.5}: symmetric, closer to the weights before training, but the half step must be
added back as ``0.5 * blocksum(x) @ scales.T``, one small matrix product per linear.

Scales learn by the straight-through gradient of LSQ (Esser et al., 2020), which autograd
yields from ``(c + stop(round(c) - c)) * s`` with ``c = clamp(w / s)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize

_SEARCH_STEPS = 15
_SEARCH_LOW = 0.3
_MIN_SCALE = 1e-6


@dataclass(frozen=True)
class Grid:
    """Levels ``low, low+1, .., high``; ``offset`` is their fractional part."""

    name: str
    low: float
    high: float
    offset: float


INTEGER = Grid("integer", -2.0, 1.0, 0.0)
HALF = Grid("half", -1.5, 1.5, 0.5)
GRIDS = {g.name: g for g in (INTEGER, HALF)}


def levels_of(scaled: Tensor, grid: Grid) -> Tensor:
    """The nearest level to each of ``scaled`` weights."""
    return (torch.round(scaled - grid.offset) + grid.offset).clamp(grid.low, grid.high)


def best_scales(blocks: Tensor, grid: Grid) -> Tensor:
    """Per row of ``blocks`` the scale with the least squared error, from a line search.

    On the integer grid the scale may be negative: the longer end, -2, then serves the largest weight.
    """
    largest, where = blocks.abs().max(1, keepdim=True)
    sign = torch.ones_like(largest)
    if grid == INTEGER:
        sign = torch.where(blocks.gather(1, where) > 0, -1.0, 1.0)
    reach = max(-grid.low, grid.high)
    scales = torch.full_like(largest, _MIN_SCALE)
    least = torch.full_like(largest, torch.inf)
    for ratio in np.linspace(_SEARCH_LOW, 1.0, _SEARCH_STEPS):
        candidate = (largest * float(ratio) / reach).clamp(min=_MIN_SCALE) * sign
        error = (levels_of(blocks / candidate, grid) * candidate - blocks).square().sum(1, keepdim=True)
        better = error < least
        least, scales = torch.where(better, error, least), torch.where(better, candidate, scales)
    return scales


class TwoBit(nn.Module):
    """Parametrization of a weight (N,K): rounds it to its grid, block by block along K."""

    def __init__(self, weight: Tensor, grid: Grid, block: int) -> None:
        super().__init__()
        if weight.shape[1] % block:
            raise ValueError(f"{weight.shape[1]} inputs are not a multiple of the block {block}")
        self.grid, self.block = grid, block
        self.scales = nn.Parameter(best_scales(weight.detach().reshape(-1, block), grid))

    def stored_scales(self) -> Tensor:
        """Scales as they are saved: rounded to float16."""
        return self.scales + (self.scales.half().float() - self.scales).detach()

    def forward(self, weight: Tensor) -> Tensor:
        """The rounded weight, with straight-through gradients."""
        scales = self.stored_scales()
        inside = (weight.reshape(-1, self.block) / scales).clamp(self.grid.low, self.grid.high)
        rounded = inside + (levels_of(inside, self.grid) - inside).detach()
        return (rounded * scales).reshape(weight.shape)


@dataclass(frozen=True)
class Codes:
    """A two-bit weight, explicitly: ``(codes - zero) * scales`` with ``zero`` 2 or 1.5.

    ``codes`` (N,K) uint8 in 0..3, ``scales`` (N,K/block) float16.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float16]
    grid: Grid
    block: int

    def weight(self) -> NDArray[np.float32]:
        """The float weight (N,K) they stand for."""
        spread = np.repeat(self.scales.astype(np.float32), self.block, axis=1)
        return (self.codes.astype(np.float32) + np.float32(self.grid.low)) * spread


def quantize_linears(model: nn.Module, grid: Grid, block: int, wanted: Callable[[str], bool]) -> list[str]:
    """Puts every linear whose name is ``wanted`` on the grid; names of those changed."""
    chosen = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Linear) and wanted(name)]
    for _, linear in chosen:
        parametrize.register_parametrization(linear, "weight", TwoBit(linear.weight, grid, block))
    return [name for name, _ in chosen]


def scale_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """The learned scales, which want a smaller learning rate than weights."""
    return (m.scales for m in model.modules() if isinstance(m, TwoBit))


def codes_of(linear: nn.Linear) -> Codes:
    """The codes a trained linear has settled on. Export writes these and never rounds again."""
    two_bit = linear.parametrizations.weight[0]  # type: ignore[union-attr, index]
    if not isinstance(two_bit, TwoBit):
        raise TypeError("the linear is not two-bit")
    raw = linear.parametrizations.weight.original.detach()  # type: ignore[union-attr]
    scales = two_bit.stored_scales().detach()
    levels = levels_of(raw.reshape(-1, two_bit.block) / scales, two_bit.grid)
    codes = (levels - two_bit.grid.low).round().to(torch.uint8).reshape(raw.shape).numpy()
    return Codes(codes, scales.half().reshape(len(raw), -1).numpy(), two_bit.grid, two_bit.block)
