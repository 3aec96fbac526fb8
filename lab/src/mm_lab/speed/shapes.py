"""Networks of published shapes with random weights: latency does not depend on what the weights say.

Sizes are those of the published configurations: SmolVLM-256M-Instruct (Marafioti et al., 2025), BLIP-base for
captions (Li et al., 2022) and Florence-2-base (Xiao et al., 2024). Rotary positions and token lookups are left out;
they would only make the peers slower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

WORDS_SAID = 10
"""Tokens of a caption in the comparison."""


class Attention(nn.Module):
    """Multi-head attention, also with fewer key-value heads, over ``memory`` or over itself with a past."""

    def __init__(self, width: int, heads: int, kv_heads: int | None = None) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads or heads, width // heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key = nn.Linear(width, self.kv_heads * self.size)
        self.value = nn.Linear(width, self.kv_heads * self.size)

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B,kv_heads,N,size)."""
        key, value = (m(x).unflatten(-1, (self.kv_heads, self.size)).transpose(1, 2) for m in (self.key, self.value))
        return key, value

    def forward(self, x: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attends from ``x`` (B,T,width); a causal mask would not change the cost."""
        query = self.query(x).unflatten(-1, (self.heads, self.size)).transpose(1, 2)
        shared = self.heads // self.kv_heads
        if shared > 1:
            key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
        weights = (query @ key.transpose(2, 3) / self.size**0.5).softmax(-1)
        return self.out((weights @ value).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """Two linears around GELU, or the gated form with three."""

    def __init__(self, width: int, inner: int, gated: bool = False) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.gate = nn.Linear(width, inner) if gated else None

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as ``x``."""
        hidden = self.up(x)
        return self.down(functional.gelu(hidden) if self.gate is None else functional.silu(self.gate(x)) * hidden)


@dataclass(frozen=True)
class Size:
    """Sizes of a stack of transformer blocks."""

    layers: int
    width: int
    heads: int
    inner: int
    kv_heads: int | None = None
    gated: bool = False
    cross: bool = False


class Block(nn.Module):
    """Pre-norm block; with ``cross`` it also attends to given keys and values."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(size.width) for _ in range(3 if size.cross else 2))
        self.attend = Attention(size.width, size.heads, size.kv_heads)
        self.cross = Attention(size.width, size.heads) if size.cross else None
        self.feed_forward = FeedForward(size.width, size.inner, size.gated)

    def forward(self, x: Tensor, past: Tensor | None = None, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Result, and keys and values (2,B,kv_heads,P+T,size) of everything so far."""
        y = self.norms[0](x)
        state = torch.stack(self.attend.keys_values(y))
        if past is not None:
            state = torch.cat([past, state], 3)
        x = x + self.attend(y, state[0], state[1])
        if self.cross is not None and memory is not None:
            x = x + self.cross(self.norms[1](x), memory[0], memory[1])
        return x + self.feed_forward(self.norms[-1](x)), state


class Encoder(nn.Module):
    """A vision transformer, or any stack over tokens (B,N,width)."""

    def __init__(self, size: Size, patch: int | None = None, out: int | None = None, shuffle: int = 1) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, size.width, patch, patch) if patch else None
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.norm, self.shuffle = nn.LayerNorm(size.width), shuffle
        self.project = nn.Linear(size.width * shuffle**2, out) if out else None

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (B,N',out or width)."""
        if self.patches is not None:
            x = self.patches(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x, _ = block(x)
        x = self.norm(x)
        if self.shuffle > 1:
            x = x.reshape(x.shape[0], x.shape[1] // self.shuffle**2, -1)
        return self.project(x) if self.project is not None else x


class Prefill(nn.Module):
    """What happens once per picture before the first word: a prompt's pass, and keys and values of the picture."""

    def __init__(self, encoder: Size | None, decoder: Size, picture_width: int) -> None:
        super().__init__()
        self.encoder = Encoder(encoder) if encoder else None
        self.blocks = nn.ModuleList(Block(decoder) for _ in range(0 if decoder.cross else decoder.layers))
        self.fit = nn.Linear(picture_width, decoder.width) if picture_width != decoder.width else nn.Identity()
        self.cross = nn.ModuleList(
            Attention(decoder.width, decoder.heads) for _ in range(decoder.layers if decoder.cross else 0)
        )

    def forward(self, picture: Tensor, prompt: Tensor) -> Tensor:
        """Stacked state of all layers, (L,2,B,heads,N,size)."""
        x = self.fit(picture)
        if self.encoder is not None:
            x = self.encoder(torch.cat([x, prompt], 1))
        if len(self.cross):
            return torch.stack([torch.stack(layer.keys_values(x)) for layer in self.cross])
        x = torch.cat([x, prompt], 1)
        states = []
        for block in self.blocks:
            x, state = block(x)
            states.append(state)
        return torch.stack(states)


class Step(nn.Module):
    """One word: the decoder on one token, and scores over the vocabulary."""

    def __init__(self, decoder: Size, vocabulary: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(decoder) for _ in range(decoder.layers))
        self.norm, self.words = nn.LayerNorm(decoder.width), nn.Linear(decoder.width, vocabulary, bias=False)
        self.is_cross = decoder.cross

    def forward(self, x: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B,vocabulary) and the grown state."""
        states = []
        for index, block in enumerate(self.blocks):
            x, state = block(x, past[index], memory[index] if self.is_cross else None)
            states.append(state)
        return self.words(self.norm(x[:, -1])), torch.stack(states)


@dataclass(frozen=True)
class Peer:
    """A published shape."""

    name: str
    vision: Callable[[], nn.Module]
    side: int
    tokens: int
    picture_width: int
    decoder: Size
    vocabulary: int
    encoder: Size | None = None
    prompt: int = 0

    def past_shape(self) -> tuple[int, ...]:
        """State of the decoder in the middle of a caption."""
        size = self.decoder
        prompt = 0 if size.cross else self.tokens + self.prompt
        heads = size.kv_heads or size.heads
        return (size.layers, 2, 1, heads, prompt + WORDS_SAID // 2, size.width // size.heads)

    def memory_shape(self) -> tuple[int, ...]:
        """Keys and values of the picture that a cross-attending decoder reads; empty otherwise."""
        size = self.decoder
        tokens = self.tokens + (self.prompt if self.encoder else 0)
        shape = (size.layers, 2, 1, size.heads, tokens, size.width // size.heads)
        return shape if size.cross else (1,)
