"""What a sub-network says about a batch, and how far that is from the texts or from the largest network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.packing import PackedBatch
from mm_lab.model.network import Network
from mm_lab.train.config import LossWeights
from mm_lab.train.losses import contrast, packed_mask, token_loss


@dataclass(frozen=True)
class Batch:
    """Packed texts of some photos, and captions beside their sentence vectors for retrieval."""

    tokens: Tensor
    positions: Tensor
    mask: Tensor
    scored: Tensor
    targets: Tensor
    weights: Tensor
    captions: Tensor
    sentences: Tensor | None = None

    @classmethod
    def of(cls, packed: PackedBatch, captions: Tensor, sentences: Tensor | None = None) -> Batch:
        """From a packed batch."""
        scored = np.flatnonzero(packed.weights)
        return cls(
            torch.from_numpy(packed.tokens),
            torch.from_numpy(packed.positions),
            packed_mask(torch.from_numpy(packed.segments)),
            torch.from_numpy(scored),
            torch.from_numpy(packed.targets.reshape(-1)[scored]),
            torch.from_numpy(packed.weights.reshape(-1)[scored]),
            captions,
            sentences,
        )


def word_scores(network: Network, grid: Tensor, batch: Batch) -> Tensor:
    """Scores (n,words) at the scored positions."""
    hidden = network.decode(batch.tokens, batch.positions, network.picture(grid), batch.mask)
    return network.logits(hidden.flatten(0, 1)[batch.scored])


def retrieval_loss(network: Network, pooled: Tensor, batch: Batch, terms: LossWeights) -> Tensor:
    """Contrast between photos and captions and, with sentence vectors, their imitation; as in multi-task training."""
    image, text = network.embed_pooled(pooled), network.embed_text(batch.captions)
    loss = terms.contrast * contrast(image, text, network.log_scale_text)
    if batch.sentences is not None:
        taught = contrast(image, batch.sentences, network.log_scale_teacher)
        loss = loss + terms.contrast * 0.5 * taught
        loss = loss + terms.teacher * (1 - (text * batch.sentences).sum(-1)).mean()
    return loss


def written_loss(scores: Tensor, batch: Batch, smoothing: float) -> Tensor:
    """Cross-entropy with the written words."""
    return token_loss(scores, batch.targets, batch.weights, smoothing=smoothing)


def imitation_loss(scores: Tensor, wanted: Tensor, batch: Batch) -> Tensor:
    """Kullback-Leibler divergence from ``wanted`` log-probabilities: in-place distillation (Yu and Huang, 2019)."""
    gaps = functional.kl_div(scores.log_softmax(-1), wanted, reduction="none", log_target=True).sum(-1)
    return (gaps * batch.weights).sum() / batch.weights.sum()
