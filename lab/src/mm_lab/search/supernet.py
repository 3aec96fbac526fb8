"""One set of weights for every architecture of the space.

A sub-network uses the leading rows, columns and layers of the largest one (slimmable and once-for-all networks: Yu et
al., 2019; Cai et al., 2020), rounded to the bits it asks for. What depends on the trunk and its input size exists once
per stem. A sub-network is run by the ordinary :class:`Network`, whose parameters are the cut tensors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from mm_lab.model.network import Network, NetworkConfig
from mm_lab.search.quantizer import fake_quantize
from mm_lab.search.space import Architecture, Space, Stem

T = TypeVar("T")
_OF_A_STEM = ("grid_in", "grid_norm", "grid_position", "image_out", "regions", "class_weight", "class_bias")


class _Stem(nn.Module):
    """The parts of a network that belong to its stem, under the names they have there."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        for name in _OF_A_STEM:
            part = getattr(network, name)
            if isinstance(part, nn.Module | nn.Parameter):
                setattr(self, name, part)
            else:
                self.register_buffer(name, part)
            delattr(network, name)


class _Call(nn.Module):
    """Lets ``functional_call`` reach methods other than ``forward``."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, action: Callable[[Network], Any]) -> Any:  # noqa: ANN401
        return action(self.network)


class Supernet(nn.Module):
    """Shared weights; ``fresh`` makes the largest network on a stem."""

    def __init__(self, space: Space, settings: dict[str, Any], fresh: Callable[[Stem], Network]) -> None:
        """``settings`` are the network's settings that do not vary."""
        super().__init__()
        self.space, self._settings = space, settings
        self.stems = nn.ModuleDict()
        for stem in space.stems:
            network = fresh(stem)
            self.stems[stem.name] = _Stem(network)
            if stem == space.stems[0]:
                self.shared = network
        self._template = functools.lru_cache(maxsize=64)(self._new_template)

    def run(self, architecture: Architecture, action: Callable[[Network], T], *, training: bool = False) -> T:
        """``action`` on the sub-network; gradients reach the shared weights. ``training`` turns dropout on."""
        template = self._template(architecture.stem, **architecture.network())
        template.train(training)
        tensors = {f"network.{name}": value for name, value in self.tensors(architecture).items()}
        return cast("T", functional_call(template, tensors, (action,)))

    def tensors(self, architecture: Architecture) -> dict[str, Tensor]:
        """Every parameter and buffer of the sub-network, cut and rounded."""
        stem = self.stems[architecture.stem.name]
        whole = {n: t for m in (self.shared, stem) for n, t in (*m.named_parameters(), *m.named_buffers())}
        template = self._template(architecture.stem, **architecture.network())
        out = {}
        for name, slot in template.network.state_dict().items():
            tensor = _cut(name, whole[name], slot.shape)
            bits = architecture.bits_of(name.removesuffix(".weight"))
            out[name] = (
                fake_quantize(tensor, bits) if bits and name.endswith(".weight") and tensor.ndim == 2 else tensor
            )
        return out

    def _new_template(self, _stem: Stem, **network: int) -> _Call:
        with torch.device("meta"):
            settings: dict[str, Any] = self._settings | network
            return _Call(Network(NetworkConfig(**settings)))


def _cut(name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
    if ".key_value." in name:
        # Keys and values stand one above the other: each half loses its own last rows.
        halves = tensor.chunk(2)
        return torch.cat([_cut("", half, torch.Size((shape[0] // 2, *shape[1:]))) for half in halves])
    return tensor[tuple(slice(0, n) for n in shape)]
