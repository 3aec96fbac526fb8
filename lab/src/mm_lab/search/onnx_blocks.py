"""Blocks and whole networks as ONNX graphs, through the same export that makes the bundle."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.export.graphs import DecoderGraph, TextGraph, VisionGraph, attend
from mm_lab.export.modules import ByteEmbedding, MatMulNBits
from mm_lab.export.onnx_files import Signature, export_graph, signatures
from mm_lab.model.layers import Attention, DecoderBlock, EncoderBlock
from mm_lab.model.network import Network, NetworkConfig, pool_grid
from mm_lab.model.trunk import GRID_CHANNELS, Trunk
from mm_lab.search.blocks import Block, Kind
from mm_lab.search.quantizer import packed
from mm_lab.search.space import CLASS_TOKENS, QUANTIZATION_BLOCK, Architecture, Stem

# Half of a usual caption is cached when the middle one of its steps runs.
PAST = 6
_TEXT_WORDS = 11


@dataclass(frozen=True)
class Fixed:
    """Settings of the network that the search does not vary. A table holds for one set of them."""

    vocabulary: int
    positions: int = 24
    embedding: int = 384
    embedding_hidden: int = 768

    def config(self, **varied: int) -> NetworkConfig:
        """The network's settings with ``varied`` ones filled in."""
        settings: dict[str, Any] = asdict(self) | varied
        return NetworkConfig(**settings)


class PackedLinear(nn.Module):
    """A linear of 2, 4 or 8 bits, as ``MatMulNBits`` once exported."""

    packed: Tensor
    scales: Tensor
    weight: Tensor

    def __init__(self, linear: nn.Linear, bits: int) -> None:
        super().__init__()
        self.bits = bits
        codes, scales = packed(linear.weight, bits)
        self.register_buffer("packed", torch.from_numpy(codes))
        self.register_buffer("scales", torch.from_numpy(scales))
        self.register_buffer("weight", linear.weight.detach().clone())
        self.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Same as ``nn.Linear``."""
        out = MatMulNBits.apply(x, self.packed, self.scales, self.weight, self.bits)
        return out if self.bias is None else out + self.bias


def pack_linears(module: nn.Module, architecture: Architecture, prefix: str = "") -> None:
    """Replaces every linear by one of the bits the architecture gives it."""
    for name, child in list(module.named_children()):
        path = f"{prefix}{name}"
        if isinstance(child, nn.Linear):
            bits = architecture.bits_of(path)
            if bits:
                setattr(module, name, PackedLinear(child, bits))
        else:
            pack_linears(child, architecture, f"{path}.")


class _Memory(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, grid: Tensor) -> Tensor:
        return self.network.picture(grid)


class _Keys(nn.Module):
    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        return self.attention.keys_values(memory)


class _Retrieval(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, grid: Tensor) -> Tensor:
        return self.network.embed_pooled(pool_grid(grid))


class _Self(nn.Module):
    """The half of a decoder block that sees no picture: self-attention over the cache, and the feed-forward."""

    def __init__(self, block: DecoderBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, past_key: Tensor, past_value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        block = self.block
        y = block.norm_self(x)
        key, value = block.attend_self.keys_values(y)
        key, value = torch.cat([past_key, key], 2), torch.cat([past_value, value], 2)
        x = x + attend(block.attend_self, y, key, value, mask)
        return x + block.feed_forward(block.norm_ff(x)), key, value


class _Cross(nn.Module):
    def __init__(self, block: DecoderBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, key: Tensor, value: Tensor) -> Tensor:
        y = self.block.norm_cross(x)
        return x + attend(self.block.attend_picture, y.reshape(1, -1, y.shape[-1]), key, value, None).reshape(x.shape)


class _Words(nn.Module):
    """Both ends of a decoder step: the word's vector, and the scores."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.table = network, ByteEmbedding(network.embedding.weight)

    def forward(self, tokens: Tensor, start: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        net = self.network
        first = self.table(tokens) * net.config.width**0.5 + net.position[start + torch.arange(tokens.shape[1])]
        return first, self.table.scores(net.norm(x[:, -1])) + net.output_bias


class _TextLayer(nn.Module):
    def __init__(self, block: EncoderBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.block.norm_self(x)
        key, value = self.block.attend_self.keys_values(y)
        x = x + attend(self.block.attend_self, y, key, value, mask)
        return x + self.block.feed_forward(self.block.norm_ff(x))


class _TextEnds(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.table = network, ByteEmbedding(network.embedding.weight)

    def forward(self, tokens: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        net = self.network
        weight = tokens.ne(0).unsqueeze(-1).float()
        first = self.table(tokens) * net.config.width**0.5 + net.text_position[: tokens.shape[1]]
        mean = (net.text_norm(x) * weight).sum(1) / weight.sum(1).clamp(min=1)
        return first, functional.normalize(net.text_out(mean), dim=-1)


class _Nothing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


@dataclass(frozen=True)
class Runnable:
    """A graph and the inputs to time it with."""

    graph: onnx.ModelProto
    inputs: dict[str, Any]


def _runnable(role: str, module: nn.Module, inputs: dict[str, Tensor], free: dict | None = None) -> Runnable:
    with torch.no_grad():
        outputs = module.eval()(*inputs.values())
    count = len(outputs) if isinstance(outputs, tuple) else 1
    names = tuple(f"out_{i}" for i in range(count))
    proto = export_graph(role, module, Signature(tuple(inputs), names, free or {}, tuple(inputs.values())))
    return Runnable(proto, {name: value.numpy() for name, value in inputs.items()})


def empty_graph() -> Runnable:
    """One trivial operator."""
    return _runnable("empty", _Nothing(), {"x": torch.zeros(1)})


def build_block(block: Block, fixed: Fixed) -> Runnable:
    """``block`` with random weights: its time does not depend on their values."""
    module, inputs = _parts(block, fixed)
    free = {"past_key": {2: "past"}, "past_value": {2: "past"}} if block.kind is Kind.SELF else None
    return _runnable(block.kind, module, inputs, free)


def _parts(block: Block, fixed: Fixed) -> tuple[nn.Module, dict[str, Tensor]]:
    torch.manual_seed(0)
    if block.kind is Kind.TRUNK:
        return Trunk(block.trunk, block.image_size), {"image": _picture(block.image_size)}
    network, width, heads = _one_layer(block, fixed), block.width or QUANTIZATION_BLOCK, block.heads or 1
    decoder, tokens = network.decoder_blocks()[0], block.side**2 + CLASS_TOKENS
    grid = {"grid": torch.rand(1, block.side**2, GRID_CHANNELS)}
    x, text = torch.randn(1, 1, width), torch.randn(1, _TEXT_WORDS, width)

    def cache(length: int, suffix: str = "") -> dict[str, Tensor]:
        shape = (1, heads, length, width // heads)
        return {f"{suffix}key": torch.randn(shape), f"{suffix}value": torch.randn(shape)}

    made: dict[Kind, tuple[nn.Module, dict[str, Tensor]]] = {
        Kind.MEMORY: (_Memory(network), grid),
        Kind.RETRIEVAL: (_Retrieval(network), grid),
        Kind.KEYS: (_Keys(decoder.attend_picture), {"memory": torch.randn(1, tokens, width)}),
        Kind.SELF: (_Self(decoder), {"x": x} | cache(PAST, "past_") | {"mask": torch.ones(1, PAST + 1).bool()}),
        Kind.CROSS: (_Cross(decoder), {"x": x} | cache(tokens)),
        Kind.WORDS: (_Words(network), {"tokens": torch.ones(1, 1).long(), "start": torch.tensor([PAST]), "x": x}),
        Kind.TEXT_LAYER: (
            _TextLayer(network.text_encoder_blocks()[0]),
            {"x": text, "mask": torch.ones(1, 1, 1, _TEXT_WORDS).bool()},
        ),
        Kind.TEXT_ENDS: (_TextEnds(network), {"tokens": torch.full((1, _TEXT_WORDS), 7), "x": text}),
    }
    return made[block.kind]


def _picture(size: int) -> Tensor:
    return torch.rand(1, 3, size, size) * 2 - 1


def _one_layer(block: Block, fixed: Fixed) -> Network:
    """A network of one layer that holds ``block``; what the block does not depend on is as small as it may be."""
    config = fixed.config(
        image_size=block.side * 32 or 32,
        width=block.width or QUANTIZATION_BLOCK,
        heads=block.heads or 1,
        ratio=block.ratio or 1,
        layers=1,
        text_layers=1,
    )
    network = Network(config).eval()
    if block.bits:
        pack_linears(network, _uniform(block.bits))
    return network


def _uniform(bits: int) -> Architecture:
    return Architecture(Stem(0, 32), QUANTIZATION_BLOCK, 1, 1, bits, bits, (bits,), (bits,))


def build_whole(architecture: Architecture, fixed: Fixed) -> dict[str, Runnable]:
    """The three graphs of ``architecture`` with random weights, and the inputs of one run of each."""
    torch.manual_seed(0)
    config = fixed.config(**architecture.network())
    network = Network(config).eval()
    table = ByteEmbedding(network.embedding.weight)
    pack_linears(network, architecture)
    trunk = Trunk(config.trunk, config.image_size)
    graphs = {
        "vision": VisionGraph(trunk, network),
        "decoder": DecoderGraph(network, table),
        "text": TextGraph(network, table),
    }
    size, tokens = config.width // config.heads, architecture.stem.tokens
    past = torch.randn(config.layers, 1, config.heads, PAST, size)
    picture = torch.randn(config.layers, config.heads, tokens, size)
    inputs = {
        "vision": (_picture(config.image_size),),
        "decoder": (torch.full((1, 1), 1), torch.tensor([PAST]), past, past.clone(), picture, picture.clone()),
        "text": (torch.full((1, _TEXT_WORDS), 7),),
    }
    out = {}
    for role, contract in signatures(config).items():
        named = dict(zip(contract.inputs, (t.numpy() for t in inputs[role]), strict=True))
        out[role] = Runnable(export_graph(role, graphs[role], contract), named)
    return out
