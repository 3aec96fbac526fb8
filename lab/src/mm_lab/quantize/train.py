"""Quantization-aware training: the two-bit student imitates the float model it started as.

Captions are imitated on the teacher's own samples as well as on written ones: after
self-critical training the teacher's sentences are no longer those of the data.
"""

from __future__ import annotations

import copy
import random

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.corpus import MAX_CAPTION_WORDS
from mm_lab.data.packing import PackedBatch, pack_photos
from mm_lab.data.vocabulary import CAPTION, PAD
from mm_lab.evaluate.reference import pad_rows
from mm_lab.model.generate import generate
from mm_lab.model.network import Network, pool_grid
from mm_lab.quantize.two_bit import GRIDS, quantize_linears, scale_parameters
from mm_lab.train.config import QuantizeConfig
from mm_lab.train.losses import packed_mask
from mm_lab.train.session import Report, Session

_REPORT_EVERY = 20
_TEXT_TOKENS = 18
# 1000 inputs are no multiple of the block; the export stores this one as int8.
_WHOLE = ("class_in",)

Text = tuple[Tensor, Tensor, Tensor]
"""Tokens, positions and mask of a decoder pass."""


class QuantizeAware:
    """The loss of one step."""

    def __init__(self, config: QuantizeConfig, report: Report) -> None:
        self._config = config
        self._texts = random.Random(config.seed)
        self._session = Session(config, None, report)
        if self._session.two_bit:
            raise ValueError(f"{config.start_from} is two-bit already; start from a float model")
        self._network = self._session.network
        self._teacher = copy.deepcopy(self._network).eval().requires_grad_(False)
        grid = GRIDS[config.grid]
        names = quantize_linears(self._network, grid, config.block, lambda name: not name.startswith(_WHOLE))
        self._session.two_bit = {"grid": config.grid, "block": config.block, "linears": names}
        self._network.to(self._session.device)
        report(f"{len(names)} linears on the {config.grid} grid, block {config.block}")

    def train(self) -> None:
        """Runs to the end of the schedule. Without dropout: the teacher regularises."""
        self._network.eval()
        scales = list(scale_parameters(self._network))
        known = {id(s) for s in scales}
        weights = [p for p in self._network.parameters() if id(p) not in known]
        groups = [
            {"params": weights, "weight_decay": 0.0},
            {"params": scales, "weight_decay": 0.0, "share": self._config.scale_rate_share},
        ]
        self._session.fit(self, groups, _REPORT_EVERY)

    def step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        """See :class:`session.Stage`."""
        config, session = self._config, self._session
        grids, mirrored = session.pictures.batch(rows, rng)
        grids = grids.detach()
        with torch.no_grad():
            truth = self._teacher.picture(grids)
        memory = self._network.picture(grids)
        photos = [session.corpus.train[r] for r in rows]
        packed = pack_photos(session.corpus, photos, mirrored, self._texts, session.config.data.pack)
        arrays = (packed.tokens, packed.positions, packed.segments)
        tokens, positions, segments = (torch.from_numpy(a).to(grids.device) for a in arrays)
        scored = torch.from_numpy(np.flatnonzero(packed.weights)).to(grids.device)
        text = (tokens, positions, packed_mask(segments))
        given = _log_words(self._network, memory, text, scored)
        written = self._imitated(given, truth, text, scored)
        answers = _answered(given, packed)
        text, scored = self._said(truth)
        said = self._imitated(_log_words(self._network, memory, text, scored), truth, text, scored)
        texts = [session.corpus.caption_tokens(self._texts.choice(p.captions)) for p in photos]
        padded, pooled = pad_rows(texts, _TEXT_TOKENS).to(grids.device), pool_grid(grids)
        with torch.no_grad():
            text_truth, image_truth = self._teacher.embed_text(padded), self._teacher.embed_pooled(pooled)
        text, image = self._network.embed_text(padded), self._network.embed_pooled(pooled)
        turned = 2 - (text * text_truth).sum(-1).mean() - (image * image_truth).sum(-1).mean()
        loss = (1 - config.said_share) * written + config.said_share * said + config.embedding * turned
        loss = loss + config.answers * answers
        values = {"written": written, "said": said, "embedding": turned, "answers": answers}
        return loss, {f"loss/{name}": value.item() for name, value in values.items()}

    def _said(self, truth: Tensor) -> tuple[Text, Tensor]:
        start = torch.full((len(truth), 1), CAPTION)
        temperature = self._config.temperature
        said = generate(self._teacher, truth, start, MAX_CAPTION_WORDS + 1, temperature=temperature)
        length = said.shape[1]
        tokens = torch.cat([start.to(said.device), said[:, :-1]], 1)
        mask = torch.ones(length, length, dtype=torch.bool, device=said.device).tril()
        text = (tokens, torch.arange(length, device=said.device), mask)
        return text, said.ne(PAD).flatten().nonzero()[:, 0]

    def _imitated(self, given: Tensor, truth: Tensor, text: Text, scored: Tensor) -> Tensor:
        """Mean Kullback-Leibler divergence from the teacher's words at the flat positions ``scored``."""
        with torch.no_grad():
            wanted = _log_words(self._teacher, truth, text, scored)
        return functional.kl_div(given, wanted, reduction="batchmean", log_target=True)


def _answered(given: Tensor, packed: PackedBatch) -> Tensor:
    """Cross-entropy of the written answers: self-critical training rewards captions only, and answers fade."""
    flat = np.flatnonzero(packed.weights)
    asked = np.flatnonzero(packed.answers.reshape(-1)[flat])
    if not len(asked):
        return given.sum() * 0
    targets = torch.from_numpy(packed.targets.reshape(-1)[flat[asked]]).to(given.device)
    return functional.nll_loss(given[torch.from_numpy(asked).to(given.device)], targets)


def _log_words(network: Network, memory: Tensor, text: Text, scored: Tensor) -> Tensor:
    tokens, positions, mask = text
    hidden = network.decode(tokens, positions, memory, mask)
    return network.logits(hidden.flatten(0, 1)[scored]).log_softmax(-1)


def train_two_bit(config: QuantizeConfig, report: Report) -> None:
    """Entry point of ``mm-lab quantize``."""
    QuantizeAware(config, report).train()
