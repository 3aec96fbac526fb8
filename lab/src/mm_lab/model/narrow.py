"""Blocks of the trunk with fewer expanded channels.

An inverted residual block (Sandler et al., *MobileNetV2*, 2018) widens its input by a 1x1 convolution, filters every
channel on its own and narrows it again. The channels in between are seen by no other block, so any of them can go
without a change elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class BlockParts:
    """A block's convolutions and normalisations, in the order they run: timm's conv_pw, bn1, conv_dw and so on."""

    widen: nn.Conv2d
    norm_widened: nn.BatchNorm2d
    depthwise: nn.Conv2d
    norm_filtered: nn.BatchNorm2d
    project: nn.Conv2d
    norm_out: nn.BatchNorm2d

    @staticmethod
    def running_mean(norm: nn.BatchNorm2d) -> Tensor:
        """Never None here: the trunk's normalisations keep the statistics of ImageNet."""
        assert norm.running_mean is not None
        return norm.running_mean

    @staticmethod
    def running_var(norm: nn.BatchNorm2d) -> Tensor:
        """As :meth:`running_mean`."""
        assert norm.running_var is not None
        return norm.running_var


def expanding_blocks(trunk: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Name and module of every block that widens its input, in order."""
    for name, module in trunk.named_modules():
        if hasattr(module, "conv_pw") and hasattr(module, "conv_pwl"):
            yield name, module


def block_parts(block: nn.Module) -> BlockParts:
    """The parts of one of :func:`expanding_blocks`; a convolution may stand behind its padding."""
    convolutions = [part for part in block.modules() if isinstance(part, nn.Conv2d)]
    norms = [part for part in block.modules() if isinstance(part, nn.BatchNorm2d)]
    (widen, depthwise, project), (widened, filtered, out) = convolutions, norms
    return BlockParts(widen, widened, depthwise, filtered, project, out)


def block_width(block: nn.Module) -> int:
    """How many expanded channels ``block`` has."""
    return block_parts(block).widen.out_channels


def keep_channels(block: nn.Module, kept: Tensor) -> None:
    """Leaves ``block`` only the expanded channels ``kept`` (indices, ascending)."""
    parts, count = block_parts(block), len(kept)
    for convolution in (parts.widen, parts.depthwise):
        convolution.weight = nn.Parameter(convolution.weight.data[kept])
        convolution.out_channels = count
    parts.depthwise.in_channels = parts.depthwise.groups = parts.project.in_channels = count
    parts.project.weight = nn.Parameter(parts.project.weight.data[:, kept])
    for norm in (parts.norm_widened, parts.norm_filtered):
        norm.num_features = count
        norm.weight, norm.bias = nn.Parameter(norm.weight.data[kept]), nn.Parameter(norm.bias.data[kept])
        norm.running_mean, norm.running_var = parts.running_mean(norm)[kept], parts.running_var(norm)[kept]


def fit_widths(trunk: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Narrows the blocks of ``trunk`` to the widths that ``weights``, a trunk's state, has."""
    for name, block in expanding_blocks(trunk):
        stored = weights.get(f"{name}.bn1.weight")
        if stored is not None and len(stored) < block_width(block):
            keep_channels(block, torch.arange(len(stored)))
