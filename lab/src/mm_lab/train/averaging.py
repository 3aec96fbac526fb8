"""The mean of checkpoints that share a start (Wortsman et al., *Model soups*, 2022).

Stages that went different ways from one model (cached features, pixels of another size) lie close enough for the mean
of their weights to be a model too, and a better one than each. A two-bit model's mean is taken of the weights behind
its codes and of its scales, and rounded once when it is used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mm_lab.model.network import NetworkConfig
from mm_lab.train.checkpoint import Model, load_model, save_model


def average_models(paths: Sequence[Path], out: Path, image_size: int | None = None) -> None:
    """Writes the mean of the models in ``paths`` to ``out``.

    ``image_size`` is its photos' side in pixels, that of the first model if None; positions of other grids are
    interpolated. Raises ``ValueError`` for fewer than two models, or ones that differ in shape, words, bits or
    the widths of their trunks.
    """
    if len(paths) < 2:
        raise ValueError("a mean takes at least two models; give --model once for each")
    models = [load_model(path) for path in paths]
    first, trunks = models[0], [model.open_trunk().state_dict() for model in models]
    for path, model, trunk in zip(paths[1:], models[1:], trunks[1:], strict=True):
        for what, same in (
            ("another shape", _shape(model) == _shape(first)),
            ("other words", model.vocabulary.entries == first.vocabulary.entries),
            ("other bits", model.two_bit == first.two_bit),
            ("another trunk", _sizes(trunk) == _sizes(trunks[0])),
        ):
            if not same:
                raise ValueError(
                    f"{path} has {what} than {paths[0]}; a mean is of models that share a start: choose others"
                )
    size = image_size or first.network.config.image_size
    for model in models:
        model.network.resize_photos(size)
    first.network.load_state_dict(_mean([model.network.state_dict() for model in models]))
    notes = {"stage": "average", "origin": [model.notes for model in models]}
    save_model(out, Model(first.network, first.vocabulary, notes, _mean(trunks), first.two_bit))


def _shape(model: Model) -> NetworkConfig:
    return dataclasses.replace(model.network.config, image_size=0)


def _sizes(state: dict[str, Tensor]) -> list[torch.Size]:
    return [tensor.shape for tensor in state.values()]


def _mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Tensor by tensor; what holds no numbers to average (counters) is the first one's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in states[0].items()
    }
