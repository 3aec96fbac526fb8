"""Either side of a comparison: a checkpoint in PyTorch or a bundle's files, with the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.bundle import bundle_digest, read_manifest, sha256_hex
from mm_lab.evaluate.bundle_graphs import Array, Graphs, open_bundle_graphs
from mm_lab.export.bundle_part import PART, model_settings
from mm_lab.export.graphs import DecoderGraph, TextGraph, VisionGraph
from mm_lab.model.trunk import Trunk, convolutions_and_gains
from mm_lab.quantize.two_bit import TwoBit
from mm_lab.release.base import load_any
from mm_lab.stored_weights import stored_weights
from mm_lab.train.checkpoint import Model

_LANGUAGE = ("vision", "decoder", "text")
_COMPARED = ("convolutions", "linears", "embedding")
_HALF_STEP = {"sums", "shift"}
"""Constants of the half-step grid (modules.TwoBitLinear), which no original weight stands for."""


@dataclass(frozen=True)
class Weight:
    """A weight as the model computes with it, and how it is stored."""

    name: str
    values: NDArray[np.float32]
    bits: int
    bytes: int


@dataclass(frozen=True)
class Side:
    """One model. ``named`` tells whether its weights carry the names of the network."""

    digest: str
    graphs: Graphs
    weights: Sequence[Weight]
    named: bool


def open_side(path: Path) -> Side:
    """A bundle, a base checkpoint (folders) or a training checkpoint (file)."""
    if path.is_dir() and "decoder" in read_manifest(path)["models"]:
        return Side(bundle_digest(path), open_bundle_graphs(path), _stored(path), False)
    model = load_any(path)
    digest = bundle_digest(path) if path.is_dir() else sha256_hex(path.read_bytes())
    trunk = model.open_trunk()
    return Side(digest, _torch_graphs(model, trunk), _computed(model, trunk), True)


def _stored(bundle: Path) -> list[Weight]:
    manifest = read_manifest(bundle)
    # The file holds codes; on the half-step grid the graph adds the half step apart.
    half = "half grid" in manifest["provenance"].get(PART, {}).get("weights", {}).get("linears", "")
    found = []
    for entry in manifest["files"]:
        if entry["role"] in _LANGUAGE:
            for weight in stored_weights(onnx.load(bundle / entry["path"]), half_step=half):
                if weight.kind in _COMPARED and not _HALF_STEP & set(weight.name.split(".")):
                    name = f"{entry['role']}: {weight.name}"
                    found.append(Weight(name, weight.values, weight.bits, weight.bytes))
    return found


def _computed(model: Model, trunk: Trunk) -> list[Weight]:
    found = [_linear(name, m) for name, m in model.network.named_modules() if isinstance(m, nn.Linear)]
    found.append(_float("embedding", model.network.embedding.weight))
    pictures = [block.attend_picture.key_value.weight for block in model.network.decoder_blocks()]
    found.append(_float("blocks.*.attend_picture.key_value", torch.cat(pictures)))  # one product in the bundle
    if model.network.config.class_tokens:
        found.append(_float("class_weight", model.network.class_weight))
    return found + [_float(f"trunk.{name}", weight) for name, weight in folded_convolutions(trunk)]


def _linear(name: str, linear: nn.Linear) -> Weight:
    if not hasattr(linear, "parametrizations"):
        return _float(name, linear.weight)
    two_bit = linear.parametrizations.weight[0]  # type: ignore[union-attr, index]
    assert isinstance(two_bit, TwoBit)
    values = linear.weight.detach().numpy()
    return Weight(name, values, 2, values.size // 4 + 2 * two_bit.scales.numel())


def _float(name: str, weight: Tensor) -> Weight:
    values = weight.detach().numpy()
    return Weight(name, values, 32, values.nbytes)


def folded_convolutions(trunk: Trunk) -> list[tuple[str, Tensor]]:
    """Every convolution with the batch norm behind it folded in, as the exporter does."""
    return [(name, convolution.weight.detach() * gain) for name, convolution, gain in convolutions_and_gains(trunk)]


class _FloatTable(nn.Module):
    """The embedding at both ends of the decoder, unrounded."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.detach())

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows of the table."""
        return self.weight[tokens]

    def scores(self, hidden: Tensor) -> Tensor:
        """``hidden @ table.T``."""
        return functional.linear(hidden, self.weight)


def _torch_graphs(model: Model, trunk: Trunk) -> Graphs:
    network = model.network.eval()
    table = _FloatTable(network.embedding.weight)
    graphs = VisionGraph(trunk, network), DecoderGraph(network, table), TextGraph(network, table)  # type: ignore[arg-type]
    vision, decoder, text = (_numpy(graph) for graph in graphs)

    def step(tokens: Array, start: int, *rest: Array) -> tuple[Array, Array, Array]:
        logits, keys, values = decoder(tokens, np.array([start]), *rest)
        return logits, keys, values

    def see(image: Array) -> tuple[Array, Array, Array]:
        embedding, keys, values = vision(image)
        return embedding, keys, values

    return Graphs(see, step, lambda tokens: text(tokens)[0], model.vocabulary, model_settings(model))


def _numpy(graph: nn.Module):  # noqa: ANN202 - arrays in, arrays out
    @torch.no_grad()
    def run(*inputs: Array) -> list[Array]:
        outputs = graph(*(torch.from_numpy(np.ascontiguousarray(i)) for i in inputs))
        return [o.numpy() for o in (outputs if isinstance(outputs, tuple) else (outputs,))]

    return run
