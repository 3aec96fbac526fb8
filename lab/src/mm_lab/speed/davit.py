"""The shape of DaViT-base (Ding et al., 2022), Florence-2-base's vision encoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mm_lab.speed.shapes import Attention, FeedForward

_WIDTHS, _HEADS, _DEPTHS = (128, 256, 512, 1024), (4, 8, 16, 32), (1, 1, 9, 1)
_PATCHES, _STRIDES = (7, 3, 3, 3), (4, 2, 2, 2)
_WINDOW = 12


class _Mixed(nn.Module):
    """Depthwise convolution, attention, depthwise convolution, feed-forward, each added to its input."""

    def __init__(self, width: int, heads: int, windowed: bool) -> None:
        super().__init__()
        self.windowed, self.groups = windowed, heads
        self.before, self.after = (nn.Conv2d(width, width, 3, 1, 1, groups=width) for _ in range(2))
        self.norm_attend, self.norm_ff = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = Attention(width, heads)
        self.feed_forward = FeedForward(width, 4 * width)

    def _attended(self, x: Tensor, side: int) -> Tensor:
        y = self.norm_attend(x)
        if not self.windowed:
            # Channel attention: the features of a group attend to each other over all positions.
            query, (key, value) = self.attend.query(y), self.attend.keys_values(y)
            query = query.unflatten(-1, (self.groups, -1)).transpose(1, 2)
            mixed = (query.transpose(2, 3) @ key / query.shape[-1] ** 0.5).softmax(-1) @ value.transpose(2, 3)
            return self.attend.out(mixed.permute(0, 3, 1, 2).flatten(2))
        parts, width = side // _WINDOW, y.shape[-1]
        windows = y.reshape(parts, _WINDOW, parts, _WINDOW, width).transpose(1, 2).reshape(-1, _WINDOW**2, width)
        windows = self.attend(windows, *self.attend.keys_values(windows))
        return windows.reshape(parts, parts, _WINDOW, _WINDOW, width).transpose(1, 2).reshape(1, side * side, width)

    def forward(self, grid: Tensor) -> Tensor:
        """Maps (1,width,side,side) to the same shape."""
        side = grid.shape[-1]
        grid = grid + self.before(grid)
        x = grid.flatten(2).transpose(1, 2)
        x = x + self._attended(x, side)
        grid = x.transpose(1, 2).reshape(grid.shape)
        grid = grid + self.after(grid)
        x = grid.flatten(2).transpose(1, 2)
        x = x + self.feed_forward(self.norm_ff(x))
        return x.transpose(1, 2).reshape(grid.shape)


class DaViT(nn.Module):
    """Images (1,3,768,768) to tokens (1,577,768): 24x24 positions and their mean."""

    def __init__(self, out: int = 768) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width, heads, depth, patch, stride in zip(_WIDTHS, _HEADS, _DEPTHS, _PATCHES, _STRIDES, strict=True):
            layers.append(nn.Conv2d(channels, width, patch, stride, patch // 2))
            for _ in range(depth):
                layers += [_Mixed(width, heads, windowed=True), _Mixed(width, heads, windowed=False)]
            channels = width
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(channels, out)

    def forward(self, image: Tensor) -> Tensor:
        """See the class."""
        x = self.layers(image).flatten(2).transpose(1, 2)
        return self.project(torch.cat([x.mean(1, keepdim=True), x], 1))
