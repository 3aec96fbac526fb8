"""Self-critical training: CIDEr-D of sampled captions as reward (Rennie et al., 2017).

The baseline of a sample is the mean reward of the photo's other samples (Luo, 2020). A small
cross-entropy on captions and questions of the same photos keeps the answers from fading.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import parametrize

from mm_lab.data.corpus import MAX_CAPTION_WORDS, Corpus
from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import CAPTION, END, PAD
from mm_lab.model.generate import generate
from mm_lab.model.network import Network, pool_grid
from mm_lab.quantize.two_bit import scale_parameters
from mm_lab.train.caption_contrast import CaptionContrast
from mm_lab.train.cider import CiderReward
from mm_lab.train.config import SelfCriticalConfig
from mm_lab.train.losses import drop_regions, packed_loss, packed_mask
from mm_lab.train.session import Report, Session

_REPORT_EVERY = 20
_FROZEN = ("text_", "log_scale", "embedding")
_PICTURE_EMBEDDING = "image_out"
# Root mean square of the advantages on Flickr8k (five references), in CIDEr-D, as measured; how slowly it is followed.
_USUAL_SIZE = 0.36
_SIZE_DECAY = 0.98
_LEAST_SIZE = 0.01


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


class EvenSources:
    """Divides the advantages of every source by their usual size, followed from step to step."""

    def __init__(self) -> None:
        self.sizes: dict[str, float] = {}

    def __call__(self, advantage: Tensor, sources: Sequence[str]) -> Tensor:
        """``advantage`` (B,samples) of photos of ``sources`` (B), with a root mean square of about ``_USUAL_SIZE``."""
        for source in set(sources):
            size = advantage[[s == source for s in sources]].square().mean().sqrt().item()
            known = self.sizes.get(source, size)
            self.sizes[source] = known + (size - known) * (1 - _SIZE_DECAY)
        return advantage * torch.tensor([[_USUAL_SIZE / max(self.sizes[s], _LEAST_SIZE)] for s in sources])


class SelfCritical:
    """The loss of one step."""

    def __init__(self, config: SelfCriticalConfig, report: Report) -> None:
        self._config = config
        self._texts = random.Random(config.seed)
        self._session = Session(config, None, report)
        self._corpus, self._network = self._session.corpus, self._session.network
        self._rewards = SourceRewards(self._corpus)
        self._evened = EvenSources() if config.even_sources else None
        self._network.eval()  # dropout would make the policy differ from the one that sampled
        self._contrast = CaptionContrast(self._corpus, self._network) if config.contrast else None

    def train(self) -> None:
        """Runs to the end of the schedule."""
        scales = {id(s) for s in scale_parameters(self._network)}
        frozen = _FROZEN if self._contrast else (*_FROZEN, _PICTURE_EMBEDDING)
        weights, learned_scales = [], []
        for name, parameter in self._network.named_parameters():
            if name.startswith(frozen):
                parameter.requires_grad_(False)
            else:
                (learned_scales if id(parameter) in scales else weights).append(parameter)
        groups = [{"params": weights, "weight_decay": 0.0}]
        if learned_scales:
            groups.append({"params": learned_scales, "weight_decay": 0.0, "share": self._config.scale_rate_share})
        self._session.fit(self, groups, _REPORT_EVERY)

    def _remembered(self, grids: Tensor) -> Tensor:
        """The pictures' memory. What is dropped from it is missing while sampling and while learning alike."""
        self._network.dropout.train(self._config.picture_dropout)
        memory = self._network.picture(grids)
        self._network.dropout.eval()
        return drop_regions(memory, grids.shape[1], self._config.regions_kept)

    def step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        """See :class:`session.Stage`."""
        config = self._config
        grids, mirrored = self._session.pictures.batch(rows, rng)
        memory = self._remembered(grids)
        start = torch.full((len(rows), 1), CAPTION)
        with parametrize.cached():  # two-bit weights are rounded once, not for every token
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
        advantage = reward - (reward.sum(1, keepdim=True) - reward) / (config.samples - 1)
        photos = [self._corpus.train[r] for r in rows]
        if self._evened:
            advantage = self._evened(advantage, [photo.source for photo in photos])
        packed = pack_photos(self._corpus, photos, mirrored, self._texts, config.data.pack)
        self._network.blocks.train(config.decoder_dropout)
        with parametrize.cached():  # apart from the first: that one's weights have no gradients
            gradient = policy_loss(self._network, memory, said, advantage.flatten())
            words = packed_loss(self._network, memory, packed, smoothing=config.losses.label_smoothing)
        self._network.blocks.eval()
        loss = gradient + config.cross_entropy * words
        parts = {"reward": reward.mean().item(), "loss/words": words.item()}
        if self._evened:
            parts |= {f"spread/{source}": size for source, size in self._evened.sizes.items()}
        if self._contrast:
            self._network.image_out.train()
            pairs = self._contrast(self._network.embed_pooled(pool_grid(grids)), rows, self._texts)
            self._network.image_out.eval()
            loss, parts["loss/pairs"] = loss + config.contrast * pairs, pairs.item()
        return loss, parts


def policy_loss(network: Network, memory: Tensor, said: Tensor, advantage: Tensor) -> Tensor:
    """REINFORCE: the mean over tokens of -advantage * log p(token). ``said`` (B*samples,T) is PAD after the end.

    The samples of a picture share one row, without their padding: a third less to compute.
    """
    device, texts = said.device, len(said)
    samples = texts // len(memory)
    real = said.ne(PAD)
    lengths = real.sum(1).view(-1, samples)
    starts = (lengths.cumsum(1) - lengths).flatten()
    text, position = real.nonzero(as_tuple=True)
    picture, column = text // samples, starts[text] + position
    inputs = torch.cat([torch.full((texts, 1), CAPTION, device=device), said[:, :-1]], 1)
    shape = (len(memory), int(lengths.sum(1).max()))
    tokens, positions, segments = (torch.zeros(shape, dtype=torch.long, device=device) for _ in range(3))
    tokens[picture, column] = inputs[text, position]
    positions[picture, column] = position
    segments[picture, column] = 1 + text % samples
    hidden = network.decode(tokens, positions, memory, packed_mask(segments))
    logits = network.logits(hidden[picture, column])
    losses = functional.cross_entropy(logits, said[text, position], reduction="none")
    return (advantage.to(device)[text] * losses).mean()


def train_self_critical(config: SelfCriticalConfig, report: Report) -> None:
    """Entry point of ``mm-lab train --stage self-critical``."""
    SelfCritical(config, report).train()
