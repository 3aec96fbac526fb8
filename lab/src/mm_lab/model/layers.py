"""Pre-norm transformer blocks with an explicit key-value cache."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

KeyValue = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Multi-head attention. Keys and values are made apart, so that they can be cached."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def keys_values(self, x: Tensor) -> KeyValue:
        """Keys and values of ``x`` (B,N,width), each (B,heads,N,width/heads)."""
        key, value = self.key_value(x).chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def forward(self, x: Tensor, memory: KeyValue, mask: Tensor | None = None) -> Tensor:
        """``mask`` is True where a query may look, broadcastable to (B,heads,queries,keys)."""
        mixed = functional.scaled_dot_product_attention(self._split(self.query(x)), *memory, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).flatten(2))


class FeedForward(nn.Sequential):
    """Two linears around a tanh-approximated GELU, which every export target has."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__(nn.Linear(width, ratio * width), nn.GELU(approximate="tanh"), nn.Linear(ratio * width, width))


class EncoderBlock(nn.Module):
    """Self-attention and feed-forward."""

    def __init__(self, width: int, heads: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.norm_self, self.norm_ff = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend_self = Attention(width, heads)
        self.feed_forward = FeedForward(width, ratio)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """``x`` (B,N,width); ``mask`` as in :class:`Attention`."""
        y = self.norm_self(x)
        x = x + self.dropout(self.attend_self(y, self.attend_self.keys_values(y), mask))
        return x + self.dropout(self.feed_forward(self.norm_ff(x)))


class DecoderBlock(nn.Module):
    """Causal self-attention, attention to the picture, feed-forward."""

    def __init__(self, width: int, heads: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.norm_self, self.norm_cross, self.norm_ff = (nn.LayerNorm(width) for _ in range(3))
        self.attend_self = Attention(width, heads)
        self.attend_picture = Attention(width, heads)
        self.feed_forward = FeedForward(width, ratio)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, picture: KeyValue, mask: Tensor) -> Tensor:
        """All positions at once, for training."""
        y = self.norm_self(x)
        x = x + self.dropout(self.attend_self(y, self.attend_self.keys_values(y), mask))
        return self._rest(x, picture)

    def step(self, x: Tensor, picture: KeyValue, past: KeyValue | None) -> tuple[Tensor, KeyValue]:
        """New positions ``x`` (B,T,width) after those in ``past``; T > 1 only without a past."""
        y = self.norm_self(x)
        key, value = self.attend_self.keys_values(y)
        mask = None
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        elif x.shape[1] > 1:
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        x = x + self.attend_self(y, (key, value), mask)
        return self._rest(x, picture), (key, value)

    def _rest(self, x: Tensor, picture: KeyValue) -> Tensor:
        y = self.norm_cross(x)
        # Several texts per picture: fold them into one row of queries, so that the
        # picture's keys and values are never copied.
        pictures = picture[0].shape[0]
        folded = y.reshape(pictures, -1, y.shape[-1])
        x = x + self.dropout(self.attend_picture(folded, picture).reshape(x.shape))
        return x + self.dropout(self.feed_forward(self.norm_ff(x)))
