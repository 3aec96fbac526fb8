"""The mean of checkpoints that share a start (Wortsman et al., *Model soups*, 2022).

Stages that went different ways from one model (cached features, pixels of another size) lie close enough for the mean
of their weights to be a model too, and a better one than each. A two-bit model's mean is taken of the weights behind
its codes and of its scales, and rounded once when it is used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mm_lab.model.narrow import block_width, expanding_blocks
from mm_lab.train.checkpoint import Model, load_model, save_model


def average_models(paths: Sequence[Path], out: Path, image_size: int | None = None) -> None:
    """Writes the mean of the models in ``paths`` to ``out``.

    ``image_size`` is its photos' side in pixels, that of the first model if None; positions of other grids are
    interpolated. Raises ``ValueError`` for fewer than two models, or ones that differ in shape, words or bits.
    """
    if len(paths) < 2:
        raise ValueError("a mean takes at least two models; give --model once for each")
    models = [load_model(path) for path in paths]
    first = models[0]
    for path, model in zip(paths[1:], models[1:], strict=True):
        _require_alike(path, paths[0], model, first)
    size = image_size or first.network.config.image_size
    for model in models:
        model.network.resize_photos(size)
    first.network.load_state_dict(_mean([model.network.state_dict() for model in models]))
    trunk = _mean([model.open_trunk().state_dict() for model in models])
    notes = {"stage": "average", "origin": [model.notes for model in models]}
    save_model(out, Model(first.network, first.vocabulary, notes, trunk, first.two_bit))


def _require_alike(path: Path, other: Path, model: Model, first: Model) -> None:
    def shape(of: Model) -> Any:  # noqa: ANN401 - compared, never used
        return dataclasses.replace(of.network.config, image_size=0)

    for what, same in (
        ("another shape", shape(model) == shape(first)),
        ("other words", model.vocabulary.entries == first.vocabulary.entries),
        ("other bits", model.two_bit == first.two_bit),
        ("another trunk", _widths(model) == _widths(first)),
    ):
        if not same:
            raise ValueError(f"{path} has {what} than {other}; a mean is of models that share a start: choose others")


def _widths(model: Model) -> list[int]:
    return [block_width(block) for _, block in expanding_blocks(model.open_trunk())]


def _mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Tensor by tensor; what holds no numbers to average (counters) is the first one's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in states[0].items()
    }
