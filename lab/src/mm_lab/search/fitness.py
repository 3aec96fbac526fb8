"""What evolution minimises: the loss of a sub-network on a fixed part of dev."""

from __future__ import annotations

import dataclasses
import random

import torch
from torch import Tensor

from mm_lab.data.packing import pack_photos
from mm_lab.evaluate.reference import pad_rows
from mm_lab.model.network import Network, pool_grid
from mm_lab.search.config import SearchConfig
from mm_lab.search.data import DevData
from mm_lab.search.losses import Batch, retrieval_loss, word_scores, written_loss
from mm_lab.search.space import Architecture
from mm_lab.search.supernet import Supernet

_TEXT_TOKENS = 18


class DevLoss:
    """Loss of an architecture with shared weights on a fixed part of dev: what evolution minimises.

    Cross-entropy of captions and answers, and contrast of photos and captions, weighted as in training.
    """

    def __init__(self, config: SearchConfig, data: DevData, supernet: Supernet) -> None:
        self._supernet, self._terms = supernet, config.supernet.losses
        corpus = data.corpus
        rows = data.rows(config.dev_photos, config.seed)
        photos = [corpus.dev[r] for r in rows]
        pack = dataclasses.replace(config.pack, token_dropout=0.0)
        packed = pack_photos(corpus, photos, [False] * len(photos), random.Random(config.seed), pack)
        captions = pad_rows([corpus.caption_tokens(p.captions[0]) for p in photos], _TEXT_TOKENS)
        self._batch = Batch.of(packed, captions)
        self._grids = {stem: grids.dev(rows) for stem, grids in data.grids.items()}

    @torch.no_grad()
    def __call__(self, architecture: Architecture) -> float:
        """The loss, in nats."""
        grid = self._grids[architecture.stem]
        return self._supernet.run(architecture, lambda network: self._loss(network, grid)).item()

    def _loss(self, network: Network, grid: Tensor) -> Tensor:
        words = written_loss(word_scores(network, grid, self._batch), self._batch, 0.0)
        return words + retrieval_loss(network, pool_grid(grid), self._batch, self._terms)
