"""Checkpoints that a stopped run continues from."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mm_lab.data.vocabulary import Vocabulary
from mm_lab.model.network import Network, NetworkConfig
from mm_lab.model.trunk import Trunk
from mm_lab.quantize.two_bit import GRIDS, quantize_linears


class Average:
    """Exponential moving average of parameters, with the usual faster start."""

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self.values = [p.detach().clone() for p in parameters]

    def update(self, step: int) -> None:
        """Moves towards the current values after optimizer step ``step`` (from 0)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for value, parameter in zip(self.values, self._parameters, strict=True):
            value.lerp_(parameter.detach(), 1 - decay)

    def swap(self) -> None:
        """Exchanges the averages and the parameters; call again to undo."""
        for parameter, value in zip(self._parameters, self.values, strict=True):
            current = parameter.detach().clone()
            parameter.data.copy_(value)
            value.copy_(current)


@dataclasses.dataclass
class Model:
    """A finished model.

    ``trunk`` holds tuned trunk weights; None means those of ImageNet. ``two_bit`` says which linears
    are on which grid: ``{"grid", "block", "linears"}``.
    """

    network: Network
    vocabulary: Vocabulary
    notes: dict[str, Any]
    trunk: dict[str, torch.Tensor] | None = None
    two_bit: dict[str, Any] | None = None

    def open_trunk(self) -> Trunk:
        """The trunk this model was trained with."""
        config = self.network.config
        trunk = Trunk(config.trunk, config.image_size, pretrained=self.trunk is None)
        if self.trunk is not None:
            trunk.load_tuned(self.trunk)
        return trunk


def trunk_fingerprint(trunk: dict[str, torch.Tensor] | None) -> str:
    """Tells trunks apart: a hash of tuned weights, or ``imagenet`` for None. Feature caches carry it."""
    return "imagenet" if trunk is None else _digest(trunk)


def lower_fingerprint(trunk: Trunk) -> str:
    """A hash of the stages that make the stride-16 maps."""
    return _digest({n: t for n, t in trunk.state_dict().items() if n.startswith(("stem.", "lower."))})


def _digest(tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_model(path: Path, model: Model) -> None:
    """Architecture, words, weights and where they come from."""
    record = {
        "config": dataclasses.asdict(model.network.config),
        "vocabulary": model.vocabulary.entries,
        "weights": model.network.state_dict(),
        "trunk": model.trunk,
        "two_bit": model.two_bit,
        "notes": model.notes,
    }
    save_atomically(path, record)


def load_model(path: Path) -> Model:
    """What :func:`save_model` wrote."""
    record = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(NetworkConfig(**record["config"]))
    two_bit = record.get("two_bit")
    if two_bit:
        quantize_linears(network, GRIDS[two_bit["grid"]], two_bit["block"], set(two_bit["linears"]).__contains__)
    network.load_state_dict(record["weights"])
    return Model(network, Vocabulary(record["vocabulary"]), record["notes"], record.get("trunk"), two_bit)


def save_atomically(path: Path, record: dict[str, Any]) -> None:
    """A run that is stopped while writing keeps its previous file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(record, partial)
    partial.replace(path)
