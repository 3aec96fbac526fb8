"""The multi-task network behind the trunk: picture memory, shared decoder, embeddings.

One decoder serves captions and answers: a sequence starts with ``<caption>`` or with
``<answer> question <sep>``. The text encoder and the output layer share its embedding.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.data.vocabulary import PAD
from mm_lab.model.layers import DecoderBlock, EncoderBlock, KeyValue
from mm_lab.model.trunk import GRID_CHANNELS, TRUNK_CLASSES


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture of everything but the trunk's layers."""

    vocabulary: int
    trunk: int = 2
    image_size: int = 240
    width: int = 256
    heads: int = 4
    layers: int = 3
    picture_layers: int = 0
    text_layers: int = 1
    ratio: int = 4
    positions: int = 24
    embedding: int = 384
    embedding_hidden: int = 768
    class_tokens: bool = True
    dropout: float = 0.15
    embedding_dropout: float = 0.3

    @property
    def grid_side(self) -> int:
        """Rows (and columns) of the trunk's grid: five halvings, rounded up."""
        return math.ceil(self.image_size / 32)


class Network(nn.Module):
    """Consumes trunk grids (B, side*side, 1280)."""

    regions: Tensor
    class_weight: Tensor
    class_bias: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width, dropout = config.width, config.dropout
        side = config.grid_side
        self.grid_in, self.grid_norm = nn.Linear(GRID_CHANNELS, width), nn.LayerNorm(width)
        self.grid_position = nn.Parameter(torch.randn(side * side, width) * 0.02)
        if config.class_tokens:
            # The trunk's own ImageNet classifier, on the whole picture and four overlapping
            # quarters: 1.2M labelled photos know words that 12k captioned ones barely show.
            self.register_buffer("regions", _regions(side))
            self.register_buffer("class_weight", torch.zeros(TRUNK_CLASSES, GRID_CHANNELS))
            self.register_buffer("class_bias", torch.zeros(TRUNK_CLASSES))
            self.class_in, self.class_norm = nn.Linear(TRUNK_CLASSES, width), nn.LayerNorm(width)
            self.class_position = nn.Parameter(torch.randn(5, width) * 0.02)
        self.picture_blocks = nn.ModuleList(
            EncoderBlock(width, config.heads, config.ratio, dropout) for _ in range(config.picture_layers)
        )
        self.picture_norm = nn.LayerNorm(width)

        self.embedding = nn.Embedding(config.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.position = nn.Parameter(torch.randn(config.positions, width) * 0.02)
        self.blocks = nn.ModuleList(
            DecoderBlock(width, config.heads, config.ratio, dropout) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.output_bias = nn.Parameter(torch.zeros(config.vocabulary))

        self.text_position = nn.Parameter(torch.randn(config.positions, width) * 0.02)
        self.text_blocks = nn.ModuleList(
            EncoderBlock(width, config.heads, config.ratio, dropout) for _ in range(config.text_layers)
        )
        self.text_norm = nn.LayerNorm(width)
        self.text_out = nn.Linear(width, config.embedding)
        self.image_out = nn.Sequential(
            nn.LayerNorm(2 * GRID_CHANNELS),
            nn.Dropout(config.embedding_dropout),
            nn.Linear(2 * GRID_CHANNELS, config.embedding_hidden),
            nn.GELU(approximate="tanh"),
            nn.Dropout(config.embedding_dropout),
            nn.Linear(config.embedding_hidden, config.embedding),
        )
        self.log_scale_text = nn.Parameter(torch.tensor(math.log(14.0)))
        self.log_scale_teacher = nn.Parameter(torch.tensor(math.log(14.0)))
        self.dropout = nn.Dropout(dropout)

    def resize_photos(self, size: int) -> None:
        """Takes photos of ``size`` pixels a side from now on; positions of another grid are interpolated."""
        resized = dataclasses.replace(self.config, image_size=size)
        side, new = self.config.grid_side, resized.grid_side
        if new != side:
            square = self.grid_position.data.T.reshape(1, -1, side, side)
            stretched = functional.interpolate(square, (new, new), mode="bicubic", align_corners=False)
            self.grid_position = nn.Parameter(stretched.reshape(-1, new * new).T.contiguous())
            if self.config.class_tokens:
                self.regions = _regions(new).to(self.regions)
        self.config = resized

    def class_scores(self, features: Tensor) -> Tensor:
        """ImageNet logits (..,1000) of pooled features (..,1280)."""
        return functional.linear(features, self.class_weight, self.class_bias)

    def picture(self, grid: Tensor, class_scores: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Memory (B,N,width) that every decoder block attends to; ``class_scores`` may stand in for the method."""
        x = self.dropout(self.grid_norm(self.grid_in(grid))) + self.grid_position
        if self.config.class_tokens:
            logits = (class_scores or self.class_scores)(self.regions @ grid)
            named = self.class_norm(self.class_in(logits.softmax(-1)))
            x = torch.cat([x, self.dropout(named) + self.class_position], 1)
        for block in self.picture_blocks:
            x = block(x)
        return self.picture_norm(x)

    def picture_keys_values(self, memory: Tensor) -> list[KeyValue]:
        """Per decoder block, the keys and values of the picture: made once per photo."""
        return [block.attend_picture.keys_values(memory) for block in self.decoder_blocks()]

    def embed_pooled(self, pooled: Tensor) -> Tensor:
        """Unit retrieval embedding (B,embedding) from :func:`pool_grid`'s result."""
        return functional.normalize(self.image_out(pooled), dim=-1)

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Unit retrieval embedding of token rows (B,T), padded with PAD at the end."""
        real = tokens.ne(PAD)
        x = self.dropout(self._lookup(tokens) + self.text_position[: tokens.shape[1]])
        for block in self.text_blocks:
            x = block(x, real[:, None, None, :])
        weight = real.unsqueeze(-1).to(x.dtype)
        mean = (self.text_norm(x) * weight).sum(1) / weight.sum(1).clamp(min=1)
        return functional.normalize(self.text_out(mean), dim=-1)

    def decode(self, tokens: Tensor, positions: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """Hidden states (B,T,width) of packed rows; ``mask`` (B,1,T,T) keeps texts apart."""
        x = self.dropout(self._lookup(tokens) + self.position[positions])
        for block, picture in zip(self.blocks, self.picture_keys_values(memory), strict=True):
            x = block(x, picture, mask)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary."""
        return functional.linear(hidden, self.embedding.weight, self.output_bias)

    def step(
        self, tokens: Tensor, start: int, picture: list[KeyValue], past: list[KeyValue] | None
    ) -> tuple[Tensor, list[KeyValue]]:
        """Scores (N,vocabulary) after ``tokens`` (N,T), the first at position ``start``."""
        x = self._lookup(tokens) + self.position[start : start + tokens.shape[1]]
        present: list[KeyValue] = []
        for index, block in enumerate(self.decoder_blocks()):
            x, cache = block.step(x, picture[index], past[index] if past else None)
            present.append(cache)
        return self.logits(self.norm(x[:, -1])), present

    def decoder_blocks(self) -> list[DecoderBlock]:
        """The decoder's blocks, typed."""
        return cast("list[DecoderBlock]", list(self.blocks))

    def text_encoder_blocks(self) -> list[EncoderBlock]:
        """The text encoder's blocks, typed."""
        return cast("list[EncoderBlock]", list(self.text_blocks))

    def _lookup(self, tokens: Tensor) -> Tensor:
        return self.embedding(tokens) * self.config.width**0.5


def pool_grid(grid: Tensor) -> Tensor:
    """Mean and maximum over the grid (B,2560), the input of the retrieval head."""
    return torch.cat([grid.mean(1), grid.amax(1)], -1)


def _regions(side: int) -> Tensor:
    """Averaging weights (5, side*side): whole picture, then quarters that overlap in the middle."""
    reach = side // 2 + 1
    rows = [torch.ones(side, side)]
    for top in (0, side - reach):
        for left in (0, side - reach):
            region = torch.zeros(side, side)
            region[top : top + reach, left : left + reach] = 1
            rows.append(region)
    flat = torch.stack(rows).flatten(1)
    return flat / flat.sum(1, keepdim=True)
