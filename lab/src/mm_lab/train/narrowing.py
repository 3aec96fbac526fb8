"""Takes the expanded channels out of a trunk that its blocks miss least.

Which ones, and how the rest makes up for them, is Optimal Brain Surgeon (Hassibi and Stork, 1993) on each block's last
1x1 convolution: with the covariance C of its input channels, taking out channel c adds ``|w_c|^2 / [C^-1]_cc`` to the
squared error of the output, and the other columns change by ``-w_c [C^-1]_c: / [C^-1]_cc``. Errors are counted in parts
of the variance of the block's output, and the channels of all blocks compete by error per arithmetic saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mm_lab.data.corpus import load_sources
from mm_lab.data.sources import read_sources
from mm_lab.data.views import plain_view
from mm_lab.model.narrow import block_parts, block_width, expanding_blocks, keep_channels
from mm_lab.model.trunk import Trunk
from mm_lab.train.checkpoint import Model, load_model, save_model

# Vector units take channels in groups: 8 with AVX2, 16 with AVX-512. A part of a group costs as much as all of it.
GROUP = 16
_LARGEST_SHARE = 0.4  # blocks keep half of their channels, rounded to groups
_PLACES_PER_PHOTO = 49
_BATCH = 8
_PLACES_PER_CHANNEL = 4  # fewer, and the covariance says what these photos have in common, not what photos have
_DAMPING = 1e-4  # in parts of the mean variance; without it a channel that is always zero has no inverse

Widths = dict[str, tuple[int, int]]


@dataclass
class _Statistics:
    """Sums over photos of one block's expanded channels (w), at some places, and of its output (o), at all."""

    count: int = 0
    total: Tensor = field(default_factory=lambda: torch.zeros(()))
    products: Tensor = field(default_factory=lambda: torch.zeros(()))
    output_total: Tensor = field(default_factory=lambda: torch.zeros(()))
    output_squares: Tensor = field(default_factory=lambda: torch.zeros(()))
    places: int = 0

    def add_expanded(self, channels: Tensor, chance: torch.Generator) -> None:
        """``channels`` (B,w,H,W), the input of the last convolution."""
        x = channels.permute(0, 2, 3, 1).flatten(1, 2)
        self.places = x.shape[1]
        seen = torch.randint(self.places, (min(_PLACES_PER_PHOTO, self.places),), generator=chance)
        x = x[:, seen].flatten(0, 1).double()
        self.count += len(x)
        self.total, self.products = self.total + x.sum(0), self.products + x.T @ x

    def add_output(self, result: Tensor) -> None:
        """``result`` (B,o,H,W), with what passed the block by."""
        y = result.double()
        self.output_total = self.output_total + y.mean((0, 2, 3)) * len(y)
        self.output_squares = self.output_squares + y.square().mean((0, 2, 3)) * len(y)

    def mean(self) -> Tensor:
        """Means of the expanded channels (w)."""
        return self.total / self.count

    def covariance(self) -> Tensor:
        """Covariance of the expanded channels (w,w)."""
        return self.products / self.count - torch.outer(self.mean(), self.mean())

    def output_variance(self, photos: int) -> float:
        """Variance of the output, summed over its channels."""
        mean = self.output_total / photos
        return (self.output_squares / photos - mean.square()).sum().item()


class _Surgeon:
    """Takes channels out of one block on paper, a group at a time, and knows what the next group would cost."""

    def __init__(self, block: nn.Module, statistics: _Statistics, photos: int) -> None:
        parts = block_parts(block)
        norm = parts.norm_out
        self._gain = (norm.weight / (parts.running_var(norm) + norm.eps).sqrt()).double()
        self._weights = parts.project.weight.flatten(1).double() * self._gain[:, None]
        covariance = statistics.covariance()
        damping = _DAMPING * covariance.diagonal().mean()
        self._inverse = torch.linalg.inv(covariance + damping * torch.eye(len(covariance), dtype=torch.float64))
        self._spread = statistics.output_variance(photos)
        self._mean = statistics.mean()
        self._alive = torch.ones(len(covariance), dtype=torch.bool)
        self._block, self._macs = block, _macs_per_channel(block, statistics.places)
        self._most = len(covariance) // (2 * GROUP)  # half of the block stays
        self._errors, self._taken = [0.0], 0
        self._last = self._next = (self._alive.clone(), self._weights.clone())
        if self._most:
            self._look_ahead()

    def macs(self, channels: int) -> int:
        """Multiply-accumulates that ``channels`` expanded channels cost per photo."""
        return self._macs * channels

    def price(self) -> float:
        """Error per operation saved by the next group; infinite where the block has none left to give."""
        if self._taken == self._most:
            return float("inf")
        return (self._errors[-1] - self._errors[-2]) / self._macs

    def take_group(self) -> None:
        """Accepts the next group and looks at the one after it."""
        self._taken, self._last = self._taken + 1, self._next
        if self._taken < self._most:
            self._look_ahead()

    def operate(self) -> None:
        """Changes the block."""
        if not self._taken:
            return
        alive, weights = self._last
        parts = block_parts(self._block)
        old, new = parts.project.weight.flatten(1).double(), weights / self._gain[:, None]
        # What the channels gave on average stays.
        parts.running_mean(parts.norm_out).add_(((new - old) @ self._mean).float())
        parts.project.weight.copy_(new.float()[:, :, None, None])
        keep_channels(self._block, alive.nonzero().flatten())

    def _look_ahead(self) -> None:
        error = self._errors[-1] * self._spread
        for _ in range(GROUP):
            error += self._remove_cheapest()
        self._errors.append(error / self._spread)
        self._next = (self._alive.clone(), self._weights.clone())

    def _remove_cheapest(self) -> float:
        weights, inverse = self._weights, self._inverse
        costs = weights.square().sum(0) / inverse.diagonal()
        costs[~self._alive] = torch.inf
        gone = int(costs.argmin())
        column, row, pivot = weights[:, gone].clone(), inverse[gone].clone(), inverse[gone, gone].item()
        weights -= torch.outer(column, row / pivot)
        inverse -= torch.outer(row, row / pivot)
        weights[:, gone] = 0
        inverse[gone] = inverse[:, gone] = 0
        inverse[gone, gone] = 1
        self._alive[gone] = False
        return costs[gone].item()


def narrow_model(model: Path, data: Path, share: float, photos: int, out: Path) -> Widths:
    """Entry point of ``mm-lab narrow``: writes ``model`` with about ``share`` less arithmetic in its trunk's blocks.

    Statistics are those of ``photos`` training photos of ``data``. Returns every block's width before and after.
    """
    opened = load_model(model)
    trunk = opened.open_trunk()
    samples = load_sources(read_sources(data), ("train",))["train"]
    chosen = np.random.default_rng(0).permutation(len(samples))[:photos]
    views = [plain_view(samples[i].pixels(), trunk.image_size) for i in chosen]
    widths = narrow_trunk(trunk, views, share)
    notes = {"stage": "narrow", "origin": opened.notes}
    save_model(out, Model(opened.network, opened.vocabulary, notes, trunk.state_dict(), opened.two_bit))
    return widths


@torch.no_grad()
def narrow_trunk(trunk: Trunk, views: Sequence[NDArray[np.float32]], share: float) -> Widths:
    """Narrows ``trunk`` in place by what ``views`` (3,S,S) in [-1,1] show. Raises ``ValueError`` for a wrong share."""
    if not 0 < share < _LARGEST_SHARE:
        raise ValueError(f"--share is {share}; choose a part of the arithmetic between 0 and {_LARGEST_SHARE}")
    blocks = dict(expanding_blocks(trunk))
    statistics = _measure(trunk, blocks, views)
    for name, block in blocks.items():
        seen, needed = statistics[name].count, _PLACES_PER_CHANNEL * block_width(block)
        if seen < needed:
            raise ValueError(
                f"{len(views)} photos show block {name} at {seen} places and it takes {needed}; set --photos higher"
            )
    surgeons = {name: _Surgeon(block, statistics[name], len(views)) for name, block in blocks.items()}
    before = {name: block_width(block) for name, block in blocks.items()}
    wanted = share * sum(surgeon.macs(before[name]) for name, surgeon in surgeons.items())
    while wanted > 0:
        cheapest = min(surgeons.values(), key=_Surgeon.price)
        if cheapest.price() == float("inf"):
            raise ValueError("every block has given half of its channels; set --share lower")
        cheapest.take_group()
        wanted -= cheapest.macs(GROUP)
    for surgeon in surgeons.values():
        surgeon.operate()
    return {name: (before[name], block_width(block)) for name, block in blocks.items()}


def _measure(
    trunk: Trunk, blocks: Mapping[str, nn.Module], views: Sequence[NDArray[np.float32]]
) -> dict[str, _Statistics]:
    found = {name: _Statistics() for name in blocks}
    chance = torch.Generator().manual_seed(0)

    def expanded(known: _Statistics) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        return lambda _module, inputs: known.add_expanded(inputs[0], chance)

    def output(known: _Statistics) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        return lambda _module, _inputs, result: known.add_output(result)

    hooks = [block_parts(b).project.register_forward_pre_hook(expanded(found[name])) for name, b in blocks.items()]
    hooks += [block.register_forward_hook(output(found[name])) for name, block in blocks.items()]
    for start in range(0, len(views), _BATCH):
        trunk(torch.from_numpy(np.stack(views[start : start + _BATCH])))
    for hook in hooks:
        hook.remove()
    return found


def _macs_per_channel(block: nn.Module, places: int) -> int:
    """Multiply-accumulates that one expanded channel costs per photo; ``places`` are those of the block's output."""
    parts = block_parts(block)
    before = places * parts.depthwise.stride[0] ** 2
    kernel = parts.depthwise.kernel_size[0] ** 2
    return parts.widen.in_channels * before + (kernel + parts.project.out_channels) * places
