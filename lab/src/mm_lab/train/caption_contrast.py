"""Contrast of pictures with the embeddings of all training captions, while the text side stays as it is.

Keeps the picture's embedding at its place when another loss changes the trunk below it.
"""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.corpus import Corpus
from mm_lab.evaluate.reference import pad_rows
from mm_lab.model.network import Network
from mm_lab.train.losses import text_scale

_BATCH = 500


class CaptionContrast:
    """InfoNCE (van den Oord et al., 2018) of a picture and one of its captions among all captions of other photos."""

    def __init__(self, corpus: Corpus, network: Network) -> None:
        """Embeds every training caption with ``network``, which has to be in evaluation mode."""
        device = network.log_scale_text.device
        counts = [len(photo.captions) for photo in corpus.train]
        self._first: list[int] = np.cumsum([0, *counts]).tolist()
        self._owner = torch.from_numpy(np.repeat(np.arange(len(counts)), counts)).to(device)
        rows = [corpus.caption_tokens(c) for photo in corpus.train for c in photo.captions]
        with torch.no_grad():
            batches = [pad_rows(rows[s : s + _BATCH]).to(device) for s in range(0, len(rows), _BATCH)]
            self._texts = torch.cat([network.embed_text(batch) for batch in batches])
            self._scale = text_scale(network.log_scale_text)

    def __call__(self, pictures: Tensor, rows: np.ndarray, rng: random.Random) -> Tensor:
        """The loss of ``pictures`` (B,E), unit embeddings of the training photos ``rows``."""
        chosen = torch.tensor([rng.randrange(self._first[r], self._first[r + 1]) for r in rows], device=pictures.device)
        # A photo's other captions are neither right nor wrong here.
        own = self._owner[None, :] == torch.from_numpy(rows).to(pictures.device)[:, None]
        own[torch.arange(len(rows)), chosen] = False
        similarity = (self._scale * pictures @ self._texts.T).masked_fill(own, -torch.inf)
        return functional.cross_entropy(similarity, chosen)
