"""Training of the shared weights by the sandwich rule.

Every step trains the largest network on the written texts, and the smallest and some random ones on the largest's
word probabilities (Yu and Huang, 2019). Only the largest has dropout (Yu et al., BigNAS, 2020). Each draws its own
stem, so that all of them learn at every step on average.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import Vocabulary
from mm_lab.evaluate.reference import pad_rows
from mm_lab.model.network import Network, NetworkConfig
from mm_lab.model.trunk import Trunk
from mm_lab.search.config import SearchConfig, SupernetSettings
from mm_lab.search.data import TrainData
from mm_lab.search.losses import Batch, imitation_loss, retrieval_loss, word_scores, written_loss
from mm_lab.search.space import Stem
from mm_lab.search.supernet import Supernet
from mm_lab.search.table import SearchError
from mm_lab.train.checkpoint import Model, load_model
from mm_lab.train.config import DataConfig, TrainConfig
from mm_lab.train.multitask import fresh_network, teacher_vectors
from mm_lab.train.run import Curves, Run
from mm_lab.train.session import Report

_REPORT_EVERY = 20
_TEXT_TOKENS = 18
FOLDER = "supernet"


def new_supernet(config: SearchConfig, data: TrainData) -> Supernet:
    """The largest network as multi-task training would start it, and the stems beside it."""
    space, words = config.space(), data.corpus.vocabulary
    first = space.stems[0]

    def fresh(stem: Stem) -> Network:
        settings: dict[str, Any] = {**space.largest(stem).network()}
        if stem == first:
            source = DataConfig(config.sources, config.stems[0].cache)
            vectors = config.supernet.word_vectors
            run = TrainConfig(data=source, output=config.output, network=settings, word_vectors=vectors)
            return fresh_network(run, words)
        network = Network(NetworkConfig(vocabulary=len(words), **settings))
        classifier = Trunk(stem.trunk, stem.image_size).classifier
        network.class_weight.copy_(classifier.weight.detach())
        network.class_bias.copy_(classifier.bias.detach())
        return network

    torch.manual_seed(config.seed)
    supernet = Supernet(space, {"vocabulary": len(words)}, fresh)
    if config.supernet.start_from:
        _start_shared(supernet, load_model(config.supernet.start_from), words)
    return supernet


def _start_shared(supernet: Supernet, trained: Model, words: Vocabulary) -> None:
    """Copies what lies behind the stem; layers the trained network lacks stay as they are."""
    if trained.vocabulary.entries != words.entries:
        raise SearchError("start_from knows other words than the data")
    if trained.two_bit:
        raise SearchError("start_from is two-bit; give a float model")
    source, target = trained.network.state_dict(), supernet.shared.state_dict()
    for name in target.keys() & source.keys():
        if target[name].shape != source[name].shape:
            raise SearchError(f"start_from: {name} is {tuple(source[name].shape)}, not {tuple(target[name].shape)}")
        target[name].copy_(source[name])


class SupernetTraining:
    """The steps of one run, which continues where it was stopped."""

    def __init__(self, config: SearchConfig, data: TrainData, supernet: Supernet, report: Report) -> None:
        self._config, self._data, self._supernet = config, data, supernet
        caches = [s.cache for s in config.stems if (s.cache / "teacher.npy").exists()]
        self._sentences = teacher_vectors([*caches, config.output][0], data.corpus, report)
        self._caption_at = np.cumsum([0, *(len(p.captions) for p in data.corpus.train)])
        output = config.output / FOLDER
        groups = _groups(supernet, config.supernet)
        self._run = Run(output, supernet, groups, config.supernet, np.random.default_rng(config.seed))
        self._curves = Curves(output, report)

    def train(self) -> None:
        """To the end of the schedule."""
        totals: dict[str, float] = {}
        for step in self._run.steps():
            for name, value in self._step(step).items():
                totals[name] = totals.get(name, 0.0) + value / _REPORT_EVERY
            if (step + 1) % _REPORT_EVERY == 0:
                self._curves.write(self._run.progress, totals)
                totals = {}

    def _step(self, step: int) -> dict[str, float]:
        settings, space = self._config.supernet, self._supernet.space
        draw = random.Random(f"{self._config.seed}:{step}")
        rows, others = (
            np.sort(self._run.rng.choice(len(self._data.corpus.train), n, replace=False))
            for n in (settings.batch, settings.retrieval_batch)
        )
        batch = self._batch(rows, others, draw)
        chosen = [space.largest(draw.choice(space.stems)), space.smallest(draw.choice(space.stems))]
        chosen += [space.sample(draw) for _ in range(settings.random_subnets)]
        wanted: Tensor | None = None
        values: dict[str, float] = {}
        for name, architecture in zip(("largest", "smallest", *["random"] * len(chosen)), chosen, strict=False):
            grids = self._data.grids[architecture.stem]
            words, loss, scores = self._supernet.run(
                architecture,
                lambda network, g=grids, w=wanted: self._losses(network, g.train(rows), g.pooled(others), batch, w),
                training=wanted is None,
            )
            if wanted is None:
                wanted = scores.detach().log_softmax(-1)
            values[f"loss/{name}"] = values.get(f"loss/{name}", 0.0) + words.item()
            if architecture is chosen[-1]:
                self._run.descend(loss)
            else:
                loss.backward()
        if settings.random_subnets:
            values["loss/random"] /= settings.random_subnets
        return values

    def _losses(
        self, network: Network, grid: Tensor, pooled: Tensor, batch: Batch, wanted: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Loss of the words, loss of everything, and the scores."""
        terms = self._config.supernet.losses
        scores = word_scores(network, grid, batch)
        if wanted is None:
            words = written_loss(scores, batch, terms.label_smoothing)
        else:
            words = imitation_loss(scores, wanted, batch)
        return words, words + retrieval_loss(network, pooled, batch, terms), scores

    def _batch(self, rows: np.ndarray, others: np.ndarray, draw: random.Random) -> Batch:
        corpus = self._data.corpus
        packed = pack_photos(corpus, [corpus.train[r] for r in rows], [False] * len(rows), draw, self._config.pack)
        chosen = [draw.randrange(len(corpus.train[r].captions)) for r in others]
        texts = [corpus.caption_tokens(corpus.train[r].captions[c]) for r, c in zip(others, chosen, strict=True)]
        places = [self._caption_at[r] + c for r, c in zip(others, chosen, strict=True)]
        sentences = torch.from_numpy(self._sentences[places]).float()
        return Batch.of(packed, pad_rows(texts, _TEXT_TOKENS), sentences)


def _groups(supernet: Supernet, settings: SupernetSettings) -> list[dict[str, Any]]:
    """Matrices decay, the rest does not; shared weights may learn more slowly than stems."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in supernet.named_parameters():
        key = (parameter.ndim > 1 and "position" not in name, name.startswith("shared."))
        groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": settings.weight_decay if decayed else 0.0,
            "share": settings.shared_rate_share if shared else 1.0,
        }
        for (decayed, shared), parameters in groups.items()
    ]


def averaged_supernet(config: SearchConfig, words: int) -> tuple[Supernet, int]:
    """The averaged weights as far as they are trained, also while training goes on, and after how many steps."""
    space = config.space()
    settings = {"vocabulary": words}

    def empty(stem: Stem) -> Network:
        largest: dict[str, Any] = settings | space.largest(stem).network()
        return Network(NetworkConfig(**largest))

    path = config.output / FOLDER / "state.pt"
    if not path.exists():
        raise SearchError("the supernet is not trained at all; run the supernet stage first")
    supernet = Supernet(space, settings, empty)
    record = torch.load(path, map_location="cpu", weights_only=False)
    supernet.load_state_dict(record["network"])
    parameters = [p for g in _groups(supernet, config.supernet) for p in g["params"]]
    for parameter, value in zip(parameters, record["average"], strict=True):
        parameter.data.copy_(value)
    return supernet, record["step"]
