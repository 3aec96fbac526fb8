"""Self-critical training: CIDEr-D of sampled captions as reward (Rennie et al., 2017).

The baseline of a sample is the mean reward of the photo's other samples (Luo, 2020). A small
cross-entropy on captions and questions of the same photos keeps the answers from fading.
"""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_lab.data.corpus import MAX_CAPTION_WORDS, Corpus
from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import CAPTION, END, PAD
from mm_lab.model.generate import generate
from mm_lab.model.network import Network
from mm_lab.train.cider import CiderReward
from mm_lab.train.config import SelfCriticalConfig
from mm_lab.train.losses import packed_loss
from mm_lab.train.session import Report, Session

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
    """The loss of one step."""

    def __init__(self, config: SelfCriticalConfig, report: Report) -> None:
        self._config = config
        self._texts = random.Random(config.seed)
        self._session = Session(config, None, report)
        self._corpus, self._network = self._session.corpus, self._session.network
        self._rewards = SourceRewards(self._corpus)

    def train(self) -> None:
        """Runs to the end of the schedule."""
        trained = []
        for name, parameter in self._network.named_parameters():
            if name.startswith(_FROZEN):
                parameter.requires_grad_(False)
            else:
                trained.append(parameter)
        self._network.eval()  # dropout would make the policy differ from the one that sampled
        self._session.fit(self, [{"params": trained, "weight_decay": 0.0}], _REPORT_EVERY)

    def step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        """See :class:`session.Stage`."""
        config = self._config
        grids, mirrored = self._session.pictures.batch(rows, rng)
        memory = self._network.picture(grids)
        start = torch.full((len(rows), 1), CAPTION)
        said = generate(
            self._network,
            memory.detach(),
            start,
            MAX_CAPTION_WORDS + 1,
            samples=config.samples,
            temperature=config.temperature,
        )
        reward = torch.tensor(
            [self._rewards(tokens, rows[i // config.samples]) for i, tokens in enumerate(said.tolist())]
        ).view(len(rows), config.samples)
        others = (reward.sum(1, keepdim=True) - reward) / (config.samples - 1)
        gradient = policy_loss(self._network, memory, said, (reward - others).flatten())
        photos = [self._corpus.train[r] for r in rows]
        packed = pack_photos(self._corpus, photos, mirrored, self._texts, config.data.pack)
        words = packed_loss(self._network, memory, packed, smoothing=config.losses.label_smoothing)
        return gradient + config.cross_entropy * words, {"reward": reward.mean().item(), "loss/words": words.item()}


def policy_loss(network: Network, memory: Tensor, said: Tensor, advantage: Tensor) -> Tensor:
    """REINFORCE: the mean over tokens of -advantage * log p(token). ``said`` (B*samples,T) is PAD after the end."""
    device, length = said.device, said.shape[1]
    inputs = torch.cat([torch.full((len(said), 1), CAPTION, device=device), said[:, :-1]], 1)
    real = said.ne(PAD)
    mask = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    hidden = network.decode(inputs, torch.arange(length, device=device), memory, mask)
    scored = real.flatten().nonzero()[:, 0]
    logits = network.logits(hidden.flatten(0, 1)[scored])
    losses = functional.cross_entropy(logits, said.flatten()[scored], reduction="none")
    weights = advantage.to(device).repeat_interleave(length)[scored]
    return (weights * losses).sum() / len(scored)


def train_self_critical(config: SelfCriticalConfig, report: Report) -> None:
    """Entry point of ``mm-lab train --stage self-critical``."""
    SelfCritical(config, report).train()
