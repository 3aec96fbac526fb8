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
from mm_lab.train.losses import contrast, packed_loss
from mm_lab.train.run import Curves, Run
from mm_lab.train.store import FeatureStore, unpack_grid
from mm_lab.train.teacher import TEACHER_WIDTH, Teacher

Report = Callable[[str], None]
_REPORT_EVERY = 25
_TEXT_TOKENS = 18


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

    def train(self) -> None:
        """Runs to the end of the schedule, then writes ``model.pt`` from the averaged weights."""
        config = self._config
        groups = _groups(self.network, config)
        run = Run(config.output, self.network, groups, config, np.random.default_rng(config.seed))
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
            loss, parts = self._step(rows, run.rng)
            run.descend(loss)
            for name, value in parts.items():
                totals[name] += value / _REPORT_EVERY
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

    def _step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        config, photos, terms = self._config, self.corpus.train, self._config.losses
        grids, mirrored = self.store.sample(rows, rng)
        packed = pack_photos(self.corpus, [photos[r] for r in rows], mirrored, self._texts, config.data.pack)
        words = packed_loss(
            self.network, self.network.picture(unpack_grid(grids)), packed, smoothing=terms.label_smoothing
        )
        retrieval = self._retrieval(rng)
        total = words + terms.contrast * (retrieval["pairs"] + 0.5 * retrieval["taught"])
        total = total + terms.teacher * retrieval["teacher"]
        return total, {f"loss/{name}": value.item() for name, value in ({"words": words} | retrieval).items()}

    def _retrieval(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Losses of a larger batch: the retrieval head needs pooled features only, which are cheap."""
        config, photos = self._config, self.corpus.train
        rows = rng.choice(len(photos), config.retrieval_batch, replace=False)
        chosen = [self._texts.randrange(len(photos[r].captions)) for r in rows]
        texts = [self.corpus.caption_tokens(photos[r].captions[c]) for r, c in zip(rows, chosen, strict=True)]
        places = [self._caption_at[r] + c for r, c in zip(rows, chosen, strict=True)]
        teacher = torch.from_numpy(self._teacher[places]).float()
        others = torch.from_numpy(self._teacher[rng.integers(len(self._teacher), size=config.extra_negatives)]).float()
        image = self.network.embed_pooled(self.store.sample_pooled(rows, rng))
        text = self.network.embed_text(pad_rows(texts, _TEXT_TOKENS))
        return {
            "pairs": contrast(image, text, self.network.log_scale_text),
            "taught": contrast(image, teacher, self.network.log_scale_teacher, others),
            "teacher": (1 - (text * teacher).sum(-1)).mean(),
        }


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
