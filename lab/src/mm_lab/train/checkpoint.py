"""Checkpoints that a stopped run continues from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mm_lab.data.vocabulary import Vocabulary
from mm_lab.model.network import Network, NetworkConfig


class Average:
    """Exponential moving average of parameters, with the usual faster start."""

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        self._parameters = parameters
        self._decay = decay
        self.values = [p.detach().clone() for p in parameters]

    def update(self, step: int) -> None:
        """Moves towards the current values after optimizer step ``step`` (from 0)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, [p.detach() for p in self._parameters], 1 - decay)

    def swap(self) -> None:
        """Exchanges the averages and the parameters; call again to undo."""
        for parameter, value in zip(self._parameters, self.values, strict=True):
            current = parameter.detach().clone()
            parameter.data.copy_(value)
            value.copy_(current)


def save_network(path: Path, network: Network, vocabulary: Vocabulary, notes: dict[str, Any]) -> None:
    """A finished model: architecture, words, weights and where they come from."""
    record = {
        "config": dataclasses.asdict(network.config),
        "vocabulary": vocabulary.entries,
        "weights": network.state_dict(),
        "notes": notes,
    }
    save_atomically(path, record)


def load_network(path: Path) -> tuple[Network, Vocabulary, dict[str, Any]]:
    """What :func:`save_network` wrote."""
    record = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(NetworkConfig(**record["config"]))
    network.load_state_dict(record["weights"])
    return network, Vocabulary(record["vocabulary"]), record["notes"]


def save_atomically(path: Path, record: dict[str, Any]) -> None:
    """A run that is stopped while writing keeps its previous file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(record, partial)
    partial.replace(path)
