"""Weights of 2, 4 or 8 bits without learned scales: one rule for the supernet and for the blocks that are timed.

Levels are the integers ``-2**(b-1) .. 2**(b-1)-1`` that ``MatMulNBits`` reads with its default zero point, times a
step per 64 inputs.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mm_lab.quantize.matmul_nbits import pack_codes, zero_point
from mm_lab.search.space import QUANTIZATION_BLOCK

# The step with the least squared error for normally distributed weights, as a share of the block's root mean square;
# found by a line search, see test_the_steps_are_the_best_for_normal_weights.
STEP_SHARE = {2: 1.04, 4: 0.32, 8: 0.0288}
_MIN_STEP = 1e-8


def steps_of(blocks: Tensor, bits: int) -> Tensor:
    """Step per row of ``blocks`` (n,64); its sign gives the longer end of the levels to the largest weight."""
    size = blocks.square().mean(1, keepdim=True).sqrt() * STEP_SHARE[bits]
    low, high = blocks.aminmax(dim=1, keepdim=True)
    return size.clamp(min=_MIN_STEP) * torch.where(high > -low, -1.0, 1.0)


def fake_quantize(weight: Tensor, bits: int) -> Tensor:
    """``weight`` (N,K) on its levels, with straight-through gradients inside their range."""
    blocks = weight.reshape(-1, QUANTIZATION_BLOCK)
    steps = steps_of(blocks.detach(), bits)
    inside = (blocks / steps).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    rounded = inside + (inside.round() - inside).detach()
    return (rounded * steps).reshape(weight.shape)


def packed(weight: Tensor, bits: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Codes (N, K/64, 8*bits) as ``MatMulNBits`` stores them, the first lowest in its byte, and scales (N, K/64)."""
    blocks = weight.detach().reshape(-1, QUANTIZATION_BLOCK)
    steps = steps_of(blocks, bits)
    zero = zero_point(bits)
    codes = ((blocks / steps).round().clamp(-zero, zero - 1) + zero).to(torch.uint8).numpy()
    scales = steps.reshape(len(weight), -1).numpy().astype(np.float32)
    return pack_codes(codes.reshape(weight.shape), QUANTIZATION_BLOCK, bits), scales
