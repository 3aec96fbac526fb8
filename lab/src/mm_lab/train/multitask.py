"""Cross-entropy training of captions, answers and retrieval together."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from timm.data.imagenet_info import ImageNetInfo
from torch import Tensor, nn

from mm_lab.data.corpus import Corpus
from mm_lab.data.packing import pack_photos
from mm_lab.data.vocabulary import UNKNOWN, Vocabulary
from mm_lab.evaluate.reference import pad_rows
from mm_lab.model.network import Network, NetworkConfig, pool_grid
from mm_lab.model.trunk import Trunk
from mm_lab.quantize.two_bit import scale_parameters
from mm_lab.train.config import TrainConfig
from mm_lab.train.losses import contrast, drop_regions, packed_loss
from mm_lab.train.pictures import CachedPictures
from mm_lab.train.session import Report, Session
from mm_lab.train.teacher import TEACHER_WIDTH, Teacher

_REPORT_EVERY = 25
_TEXT_TOKENS = 18


class MultiTask:
    """The loss of one step."""

    def __init__(self, config: TrainConfig, report: Report) -> None:
        self._config = config
        self._texts = random.Random(config.seed)
        self._session = Session(config, lambda corpus: fresh_network(config, corpus.vocabulary), report)
        self._corpus, self._network = self._session.corpus, self._session.network
        self._teacher = teacher_vectors(config.data.cache, self._corpus, report)
        self._caption_at = np.cumsum([0, *(len(p.captions) for p in self._corpus.train)])
        count = sum(p.numel() for p in self._network.parameters())
        report(f"{len(self._corpus.vocabulary)} words, {count / 1e6:.2f} M parameters behind the trunk")

    def train(self) -> None:
        """Runs to the end of the schedule."""
        if self._config.only:
            for name, parameter in self._network.named_parameters():
                parameter.requires_grad_(name.startswith(self._config.only))
        self._network.train()
        self._session.fit(self, _groups(self._network, self._config), _REPORT_EVERY)

    def step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        """See :class:`session.Stage`."""
        config, photos, terms = self._config, self._corpus.train, self._config.losses
        grids, mirrored = self._session.pictures.batch(rows, rng)
        words = torch.zeros((), device=grids.device)
        if terms.words > 0:
            packed = pack_photos(self._corpus, [photos[r] for r in rows], mirrored, self._texts, config.data.pack)
            memory = drop_regions(self._network.picture(grids), grids.shape[1], config.regions_kept)
            words = packed_loss(self._network, memory, packed, smoothing=terms.label_smoothing)
        retrieval = self._retrieval(rows, grids, rng)
        total = terms.words * words + terms.contrast * (retrieval["pairs"] + 0.5 * retrieval["taught"])
        total = total + terms.teacher * retrieval["teacher"]
        return total, {f"loss/{name}": value.item() for name, value in ({"words": words} | retrieval).items()}

    def _retrieval(self, rows: np.ndarray, grids: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
        pooled = pool_grid(grids)
        pictures = self._session.pictures
        if isinstance(pictures, CachedPictures):
            # The retrieval head needs pooled features only, so a larger batch costs little.
            rows = rng.choice(len(self._corpus.train), self._config.retrieval_batch, replace=False)
            pooled = pictures.store.sample_pooled(rows, rng).to(grids.device)
        photos = self._corpus.train
        chosen = [self._texts.randrange(len(photos[r].captions)) for r in rows]
        texts = [self._corpus.caption_tokens(photos[r].captions[c]) for r, c in zip(rows, chosen, strict=True)]
        places = [self._caption_at[r] + c for r, c in zip(rows, chosen, strict=True)]
        others = rng.integers(len(self._teacher), size=self._config.extra_negatives)
        teacher, negatives = (
            torch.from_numpy(self._teacher[which]).to(grids.device).float() for which in (places, others)
        )
        image = self._network.embed_pooled(pooled)
        text = self._network.embed_text(pad_rows(texts, _TEXT_TOKENS).to(grids.device))
        return {
            "pairs": contrast(image, text, self._network.log_scale_text),
            "taught": contrast(image, teacher, self._network.log_scale_teacher, negatives),
            "teacher": (1 - (text * teacher).sum(-1)).mean(),
        }


def fresh_network(config: TrainConfig, vocabulary: Vocabulary) -> Network:
    """The network as training starts it: the teacher's word vectors, the trunk's classifier."""
    network = Network(NetworkConfig(vocabulary=len(vocabulary), **config.network))
    width = network.config.width
    if config.word_vectors:
        network.embedding.weight.data = torch.from_numpy(Teacher().word_vectors(vocabulary.entries, width))
    if network.config.class_tokens:
        classifier = Trunk(network.config.trunk, network.config.image_size).classifier
        network.class_weight.copy_(classifier.weight.detach())
        network.class_bias.copy_(classifier.bias.detach())
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


def teacher_vectors(cache: Path, corpus: Corpus, report: Report) -> np.ndarray:
    """The teacher's vectors of all training captions, from the cache or made for it."""
    path = cache / "teacher.npy"
    captions = [c for p in corpus.train for c in p.captions]
    if not path.exists():
        np.save(path, Teacher().sentences(captions, report))
    vectors = np.load(path)
    if vectors.shape != (len(captions), TEACHER_WIDTH):
        raise ValueError(f"{path} was made from other captions; delete it")
    return vectors


def _groups(network: Network, config: TrainConfig) -> list[dict]:
    scales = [p for p in scale_parameters(network) if p.requires_grad]
    known = {id(s) for s in scales}
    trained = [(n, p) for n, p in network.named_parameters() if p.requires_grad and id(p) not in known]
    decayed = [p for n, p in trained if p.ndim > 1 and "position" not in n]
    plain = [p for n, p in trained if p.ndim <= 1 or "position" in n]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    if scales:  # a two-bit checkpoint stays on its grid
        groups.append({"params": scales, "weight_decay": 0.0, "share": config.scale_rate_share})
    return groups


def train(config: TrainConfig, report: Report) -> None:
    """Entry point of ``mm-lab train``."""
    MultiTask(config, report).train()
