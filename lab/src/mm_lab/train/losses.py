"""Loss terms of multi-task training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.packing import PackedBatch
from mm_lab.model.network import Network

# CLIP (Radford et al., 2021) caps the logit scale at 100; small batches want less.
_MAX_SCALE = 80.0


def packed_mask(segments: Tensor) -> Tensor:
    """(B,1,T,T), True where a position may look: earlier ones of its own text, and itself."""
    same = segments[:, :, None] == segments[:, None, :]
    steps = torch.arange(segments.shape[1], device=segments.device)
    return (same & (steps[None, :] <= steps[:, None])).unsqueeze(1)


def token_loss(logits: Tensor, targets: Tensor, weights: Tensor, *, smoothing: float) -> Tensor:
    """Weighted mean cross-entropy of ``logits`` (N,words)."""
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum() / weights.sum()


def packed_loss(network: Network, memory: Tensor, packed: PackedBatch, *, smoothing: float) -> Tensor:
    """Cross-entropy of every scored position of a packed batch."""
    rows = (packed.tokens, packed.positions, packed.segments)
    tokens, positions, segments = (torch.from_numpy(a).to(memory.device) for a in rows)
    hidden = network.decode(tokens, positions, memory, packed_mask(segments))
    scored = np.flatnonzero(packed.weights)
    targets, weights = (
        torch.from_numpy(a.reshape(-1)[scored]).to(memory.device) for a in (packed.targets, packed.weights)
    )
    logits = network.logits(hidden.flatten(0, 1)[torch.from_numpy(scored).to(memory.device)])
    return token_loss(logits, targets, weights, smoothing=smoothing)


def text_scale(log_scale: Tensor) -> Tensor:
    """Factor of cosines, capped."""
    return log_scale.exp().clamp(max=_MAX_SCALE)


def contrast(images: Tensor, texts: Tensor, log_scale: Tensor, negatives: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE of matching rows; ``negatives`` are more texts that match no row."""
    scale = text_scale(log_scale)
    similarity = scale * images @ texts.T
    labels = torch.arange(len(images), device=images.device)
    to_image = functional.cross_entropy(similarity.T, labels)
    if negatives is not None:
        similarity = torch.cat([similarity, scale * images @ negatives.T], 1)
    return (to_image + functional.cross_entropy(similarity, labels)) / 2


def drop_regions(memory: Tensor, regions: int, kept: float) -> Tensor:
    """``memory`` (B,N,width) with a random share ``kept`` of each picture's first ``regions`` tokens."""
    if kept >= 1:
        return memory
    count = max(1, round(kept * regions))
    order = torch.rand(len(memory), regions, device=memory.device).argsort(1)[:, :count]
    chosen = memory.gather(1, order.unsqueeze(-1).expand(-1, -1, memory.shape[-1]))
    return torch.cat([chosen, memory[:, regions:]], 1)
