"""Self-critical training: CIDEr-D of sampled captions as reward (Rennie et al., 2017).

The baseline of a sample is the mean reward of the photo's other samples (Luo, 2020). A small
cross-entropy on captions and questions of the same photos keeps the answers from fading.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.corpus import MAX_CAPTION_WORDS, Corpus, build_corpus, load_sources
from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import CAPTION, END, PAD
from mm_lab.evaluate.reference import ReferenceEvaluator
from mm_lab.model.generate import generate
from mm_lab.model.network import Network
from mm_lab.train.checkpoint import load_network, save_network
from mm_lab.train.cider import CiderReward
from mm_lab.train.config import SelfCriticalConfig
from mm_lab.train.losses import packed_loss
from mm_lab.train.run import Curves, Run
from mm_lab.train.store import FeatureStore, unpack_grid

_REPORT_EVERY = 20
_FROZEN = ("text_", "image_out", "log_scale", "embedding")


class SourceRewards:
    """A CIDEr-D reward per source, since word statistics differ between them."""

    def __init__(self, corpus: Corpus) -> None:
        self._words = corpus.vocabulary.entries
        groups: dict[str, list[list[list[str]]]] = defaultdict(list)
        self._place: list[tuple[str, int]] = []
        for photo in corpus.train:
            self._place.append((photo.source, len(groups[photo.source])))
            groups[photo.source].append([self._spell(corpus.caption_tokens(c)[1:]) for c in photo.captions])
        self._rewards = {name: CiderReward(group) for name, group in groups.items()}

    def _spell(self, tokens: list[int]) -> list[str]:
        """Words with the end token as a word, so that an unfinished caption earns less."""
        cut = tokens.index(END) + 1 if END in tokens else len(tokens)
        return [self._words[t] for t in tokens[:cut] if t != PAD]

    def __call__(self, tokens: list[int], photo: int) -> float:
        """The reward of generated ``tokens`` for training photo ``photo``."""
        source, row = self._place[photo]
        return self._rewards[source](self._spell(tokens), row)


class SelfCritical:
    """Owns one run."""

    def __init__(self, config: SelfCriticalConfig, report: Callable[[str], None]) -> None:
        self._config, self._report = config, report
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._texts = random.Random(config.seed)
        self.network, vocabulary, self._origin = load_network(config.start_from)
        samples = load_sources(config.data.sources)
        self.corpus = build_corpus(samples, config.data.min_caption_count, config.data.rules, vocabulary)
        self.store = FeatureStore(config.data.cache, self.corpus)
        self.rewards = SourceRewards(self.corpus)

    def train(self) -> None:
        """Runs to the end of the schedule, then writes ``model.pt`` from the averaged weights."""
        config = self._config
        trained = []
        for name, parameter in self.network.named_parameters():
            if name.startswith(_FROZEN):
                parameter.requires_grad_(False)
            else:
                trained.append(parameter)
        groups = [{"params": trained, "weight_decay": 0.0}]
        run = Run(config.output, self.network, groups, config, np.random.default_rng(config.seed))
        self._texts.seed(config.seed + run.progress.step)
        curves = Curves(config.output, self._report)
        evaluator = ReferenceEvaluator(self.corpus, self.store.plain_dev)
        self.network.eval()  # dropout would make the policy differ from the one that sampled
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
        notes = {"stage": "self-critical", "step": run.progress.step, "origin": self._origin, **metrics}
        save_network(self._config.output / "model.pt", self.network, self.corpus.vocabulary, notes)
        run.average.swap()
        curves.write(run.progress, metrics)
        run.progress.seconds -= time.monotonic() - started  # the schedule counts training time only

    def _step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        config = self._config
        grids, mirrored = self.store.sample(rows, rng)
        memory = self.network.picture(unpack_grid(grids))
        start = torch.full((len(rows), 1), CAPTION)
        said = generate(
            self.network,
            memory.detach(),
            start,
            MAX_CAPTION_WORDS + 1,
            samples=config.samples,
            temperature=config.temperature,
        )
        reward = torch.tensor(
            [self.rewards(tokens, rows[i // config.samples]) for i, tokens in enumerate(said.tolist())]
        ).view(len(rows), config.samples)
        others = (reward.sum(1, keepdim=True) - reward) / (config.samples - 1)
        gradient = policy_loss(self.network, memory, said, (reward - others).flatten())
        photos = [self.corpus.train[r] for r in rows]
        packed = pack_photos(self.corpus, photos, mirrored, self._texts, config.data.pack)
        words = packed_loss(self.network, memory, packed, smoothing=config.losses.label_smoothing)
        parts = {"reward": reward.mean().item(), "loss/words": words.item()}
        return gradient + config.cross_entropy * words, parts


def policy_loss(network: Network, memory: Tensor, said: Tensor, advantage: Tensor) -> Tensor:
    """REINFORCE: the mean over tokens of -advantage * log p(token). ``said`` (B*samples,T) is PAD after the end."""
    inputs = torch.cat([torch.full((len(said), 1), CAPTION), said[:, :-1]], 1)
    real = said.ne(PAD)
    mask = torch.ones(said.shape[1], said.shape[1], dtype=torch.bool).tril()
    hidden = network.decode(inputs, torch.arange(said.shape[1]), memory, mask)
    scored = real.flatten().nonzero()[:, 0]
    logits = network.logits(hidden.flatten(0, 1)[scored])
    losses = functional.cross_entropy(logits, said.flatten()[scored], reduction="none")
    weights = advantage.repeat_interleave(said.shape[1])[scored]
    return (weights * losses).sum() / len(scored)


def train_self_critical(config: SelfCriticalConfig, report: Callable[[str], None]) -> None:
    """Entry point of ``mm-lab train --stage self-critical``."""
    SelfCritical(config, report).train()
