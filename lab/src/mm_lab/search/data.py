"""Texts and cached grids of a search. Plain views only, so that all stems see the same picture."""

from __future__ import annotations

import functools
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mm_lab.data.corpus import Corpus, Photo, build_corpus, load_sources
from mm_lab.data.features import GRID_VALUES
from mm_lab.data.vocabulary import Vocabulary
from mm_lab.search.config import SearchConfig, StemConfig
from mm_lab.search.space import Stem
from mm_lab.search.table import SearchError
from mm_lab.train.store import unpack_grid

_CHUNK = 256
_VOCABULARY = "vocabulary.json"
Rows = NDArray[np.int64]


class StemGrids:
    """Cached features of one stem. The cache is only read; pooled features are kept in ``workspace``."""

    def __init__(self, config: StemConfig, photos: dict[str, list[Photo]], workspace: Path) -> None:
        """``photos`` by split, of "train" and "dev" those that will be looked up."""
        folder, stem = config.cache, config.stem
        keys = json.loads((folder / "keys.json").read_text())
        for split, group in photos.items():
            if [(k["source"], k["key"]) for k in keys if k["split"] == split] != [(p.source, p.key) for p in group]:
                raise SearchError(f"{folder} was made from other {split} photos than the corpus; extract again")
        if not (folder / "mirrored-0.npy").exists():
            raise SearchError(f"{folder}: the plain view is not complete; run mm-lab features")
        self._grids = np.load(folder / "grid-0.npy", mmap_mode="r")
        if self._grids.shape[1] != stem.side**2:
            raise SearchError(f"{folder} holds {self._grids.shape[1]} tokens a photo, {stem.name} has {stem.side**2}")
        self._train_rows = sum(k["split"] == "train" for k in keys)
        self._workspace, self._name = workspace, f"pooled-{stem.name}.npy"

    def train(self, rows: Rows) -> Tensor:
        """Grids (n,tokens,1280) of training photos."""
        return unpack_grid(torch.from_numpy(np.stack([self._grids[r] for r in rows])))

    def dev(self, rows: Rows) -> Tensor:
        """Grids of dev photos, counted from the first."""
        return self.train(rows + self._train_rows)

    def pooled(self, rows: Rows) -> Tensor:
        """Mean and maximum over the grid (n,2560) of training photos."""
        return torch.from_numpy(self._pooled[rows]).float()

    @functools.cached_property
    def _pooled(self) -> NDArray[np.float16]:
        path = self._workspace / self._name
        if not path.exists():
            out = np.zeros((self._train_rows, 2 * self._grids.shape[2]), np.float16)
            for start in range(0, len(out), _CHUNK):
                values = GRID_VALUES[self._grids[start : min(start + _CHUNK, len(out))]]
                out[start : start + len(values)] = np.concatenate([values.mean(1), values.max(1)], 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, out)
        return np.load(path)


class TrainData:
    """Everything the shared weights are trained on. Its vocabulary is kept for the other stages."""

    def __init__(self, config: SearchConfig) -> None:
        samples = load_sources(config.sources, ("train",))
        self.corpus = build_corpus(samples, config.min_caption_count, config.rules)
        self.corpus.vocabulary.save(config.output / _VOCABULARY)
        photos = {"train": self.corpus.train}
        self.grids: dict[Stem, StemGrids] = {s.stem: StemGrids(s, photos, config.output) for s in config.stems}


class DevData:
    """Dev photos with their captions and written questions; none made by rules."""

    def __init__(self, config: SearchConfig) -> None:
        samples = load_sources(config.sources, ("dev",))["dev"]
        photos = [Photo(s.source, s.key, s.captions, s.questions, ()) for s in samples]
        self.corpus = Corpus([], photos, vocabulary_of(config))
        self.grids: dict[Stem, StemGrids] = {s.stem: StemGrids(s, {"dev": photos}, config.output) for s in config.stems}

    def rows(self, count: int, seed: int) -> Rows:
        """About ``count`` photos, the same number of every source."""
        by_source: dict[str, list[int]] = defaultdict(list)
        for row, photo in enumerate(self.corpus.dev):
            by_source[photo.source].append(row)
        rng = random.Random(seed)
        share = count // len(by_source)
        return np.array(sorted(r for rows in by_source.values() for r in rng.sample(rows, min(share, len(rows)))))


def vocabulary_of(config: SearchConfig) -> Vocabulary:
    """The words of the search's training texts, from its output folder once they are there."""
    path = config.output / _VOCABULARY
    if not path.exists():
        samples = load_sources(config.sources, ("train",))
        build_corpus(samples, config.min_caption_count, config.rules).vocabulary.save(path)
    return Vocabulary.load(path)
