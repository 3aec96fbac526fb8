"""Cross-entropy training of captions, answers and retrieval on cached features."""

from __future__ import annotations

import dataclasses
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from timm.data import ImageNetInfo
from torch import Tensor, nn

from mm_lab.data.corpus import Corpus, build_corpus, load_sources
from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import UNKNOWN, Vocabulary
from mm_lab.evaluate.reference import ReferenceEvaluator, pad_rows
from mm_lab.model.network import Network, NetworkConfig
from mm_lab.model.trunk import Trunk
from mm_lab.train.checkpoint import load_network, save_network
from mm_lab.train.config import TrainConfig
from mm_lab.train.losses import contrast, packed_mask, token_loss
from mm_lab.train.run import Curves, Run
from mm_lab.train.store import FeatureStore, unpack_grid
from mm_lab.train.teacher import TEACHER_WIDTH, Teacher

Report = Callable[[str], None]
_REPORT_EVERY = 25
_TEXT_TOKENS = 18
# Positions with a target, as a share of a packed row; measured 0.58, the rest is head-room.
_SCORED_SHARE = 0.7


class MultiTask:
    """Owns the data, the network and the compiled loss of one run."""

    def __init__(self, config: TrainConfig, report: Report) -> None:
        self._config, self._report = config, report
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._texts = random.Random(config.seed)
        vocabulary = None
        if config.start_from:
            self.network, vocabulary, _ = load_network(config.start_from)
        samples = load_sources(config.data.sources)
        self.corpus = build_corpus(samples, config.data.min_caption_count, config.data.rules, vocabulary)
        self.store = FeatureStore(config.data.cache, self.corpus)
        self._teacher = _teacher_vectors(config.data.cache, self.corpus, report)
        self._caption_at = np.cumsum([0, *(len(p.captions) for p in self.corpus.train)])
        if not config.start_from:
            self.network = _fresh_network(config, self.corpus.vocabulary)
        count = sum(p.numel() for p in self.network.parameters())
        report(f"{len(self.corpus.vocabulary)} words, {count / 1e6:.2f} M parameters behind the trunk")
        self._loss = torch.compile(self._losses, dynamic=False) if config.compile else self._losses

    def train(self) -> None:
        """Runs to the end of the schedule, then writes ``model.pt`` from the averaged weights."""
        config = self._config
        run = Run(config.output, self.network, _groups(self.network, config), config, np.random.default_rng(config.seed))
        self._texts.seed(config.seed + run.progress.step)
        curves = Curves(config.output, self._report)
        evaluator = ReferenceEvaluator(self.corpus, self.store.plain_dev)
        self.network.train()
        order = np.zeros(0, np.int64)
        totals: dict[str, float] = defaultdict(float)
        for step in run.steps():
            if len(order) < config.batch:
                order = run.rng.permutation(len(self.corpus.train))
            rows, order = np.sort(order[: config.batch]), order[config.batch :]
            loss, parts = self._loss(*self._batch(rows, run.rng))
            run.descend(loss)
            for name, value in parts.items():
                totals[name] += value.item() / _REPORT_EVERY
            if (step + 1) % _REPORT_EVERY == 0:
                curves.write(run.progress, totals)
                totals.clear()
            if (step + 1) % config.evaluate_every == 0:
                self._evaluate(run, curves, evaluator, beam=False)
        self._evaluate(run, curves, evaluator, beam=True)

    def _evaluate(self, run: Run, curves: Curves, evaluator: ReferenceEvaluator, beam: bool) -> None:
        started = time.monotonic()
        run.average.swap()
        metrics, _ = evaluator(self.network, beam)
        notes = {"stage": "cross-entropy", "step": run.progress.step, "seconds": run.progress.seconds, **metrics}
        save_network(self._config.output / "model.pt", self.network, self.corpus.vocabulary, notes)
        run.average.swap()
        self.network.train()
        curves.write(run.progress, metrics)
        run.progress.seconds -= time.monotonic() - started  # the schedule counts training time only

    def _batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
        config, photos = self._config, self.corpus.train
        grids, mirrored = self.store.sample(rows, rng)
        packed = pack_photos(self.corpus, [photos[r] for r in rows], mirrored, self._texts, config.data.pack)
        flat = packed.weights.reshape(-1)
        wanted = int(_SCORED_SHARE * flat.size)
        scored = np.flatnonzero(flat)[:wanted]
        scored = np.pad(scored, (0, wanted - len(scored)))
        weights = flat[scored]
        weights[np.count_nonzero(flat) :] = 0
        others = rng.choice(len(photos), config.retrieval_batch, replace=False)
        chosen = [self._texts.randrange(len(photos[r].captions)) for r in others]
        texts = [self.corpus.caption_tokens(photos[r].captions[c]) for r, c in zip(others, chosen, strict=True)]
        teacher = self._teacher[[self._caption_at[r] + c for r, c in zip(others, chosen, strict=True)]]
        negatives = self._teacher[rng.integers(len(self._teacher), size=config.extra_negatives)]
        arrays = (packed.tokens, packed.positions, packed.segments, scored, packed.targets.reshape(-1)[scored], weights)
        return (
            grids,
            *(torch.from_numpy(a) for a in arrays),
            self.store.sample_pooled(others, rng),
            pad_rows(texts, _TEXT_TOKENS),
            torch.from_numpy(teacher).float(),
            torch.from_numpy(negatives).float(),
        )

    def _losses(
        self,
        grids: Tensor,
        tokens: Tensor,
        positions: Tensor,
        segments: Tensor,
        scored: Tensor,
        targets: Tensor,
        weights: Tensor,
        pooled: Tensor,
        texts: Tensor,
        teacher: Tensor,
        negatives: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        network, terms = self.network, self._config.losses
        memory = network.picture(unpack_grid(grids))
        hidden = network.decode(tokens, positions, memory, packed_mask(segments))
        words = token_loss(network, hidden, scored, targets, weights, terms.label_smoothing)
        image, text = network.embed_pooled(pooled), network.embed_text(texts)
        pairs = contrast(image, text, network.log_scale_text)
        taught = contrast(image, teacher, network.log_scale_teacher, negatives)
        distance = (1 - (text * teacher).sum(-1)).mean()
        total = words + terms.contrast * (pairs + 0.5 * taught) + terms.teacher * distance
        parts = {"loss/words": words, "loss/pairs": pairs, "loss/taught": taught, "loss/teacher": distance}
        return total, {name: value.detach() for name, value in parts.items()}


def _fresh_network(config: TrainConfig, vocabulary: Vocabulary) -> Network:
    network = Network(NetworkConfig(vocabulary=len(vocabulary), **config.network))
    width = network.config.width
    if config.word_vectors:
        network.embedding.weight.data = torch.from_numpy(Teacher().word_vectors(vocabulary.entries, width))
    if network.config.class_tokens:
        classifier = Trunk(network.config.trunk, network.config.image_size).classifier
        network.class_weight.copy_(classifier.weight.data)
        network.class_bias.copy_(classifier.bias.data)
        network.class_in.weight.data = _class_name_vectors(network.embedding, vocabulary).T.contiguous()
    return network


def _class_name_vectors(embedding: nn.Embedding, vocabulary: Vocabulary) -> Tensor:
    """Per ImageNet class, the mean word vector of its names, so that a class starts out as its words."""
    names = ImageNetInfo("imagenet-1k").label_descriptions()
    rows = []
    for name in names:
        known = [t for t in vocabulary.encode(name) if t != UNKNOWN] or [UNKNOWN]
        rows.append(embedding.weight.data[known].mean(0) * embedding.embedding_dim**0.5)
    return torch.stack(rows)


def _teacher_vectors(cache: Path, corpus: Corpus, report: Report) -> np.ndarray:
    path = cache / "teacher.npy"
    captions = [c for p in corpus.train for c in p.captions]
    if not path.exists():
        np.save(path, Teacher().sentences(captions, report))
    vectors = np.load(path)
    if vectors.shape != (len(captions), TEACHER_WIDTH):
        raise ValueError(f"{path} was made from other captions; delete it")
    return vectors


def _groups(network: Network, config: TrainConfig) -> list[dict]:
    decayed = [p for n, p in network.named_parameters() if p.ndim > 1 and "position" not in n]
    plain = [p for n, p in network.named_parameters() if p.ndim <= 1 or "position" in n]
    return [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]


def train(config: TrainConfig, report: Report) -> None:
    """Entry point of ``mm-lab train``."""
    report(str(dataclasses.asdict(config)))
    MultiTask(config, report).train()
