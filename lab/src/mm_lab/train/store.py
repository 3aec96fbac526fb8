"""Cached trunk features, several views per photo."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mm_lab.data.corpus import Corpus
from mm_lab.data.features import GRID_VALUES

_CHUNK = 256


def unpack_grid(packed: Tensor) -> Tensor:
    """Bytes of ``features.pack_grid`` back to activations."""
    return (packed.float() / 255).square() * float(GRID_VALUES[-1])


def complete_views(folder: Path) -> list[int]:
    """Numbers of the views whose extraction has finished."""
    return sorted(int(p.stem.rpartition("-")[2]) for p in folder.glob("mirrored-*.npy"))


class FeatureStore:
    """Row lookups into a cache. Rows follow the corpus: training photos, then dev."""

    def __init__(self, folder: Path, corpus: Corpus) -> None:
        keys = json.loads((folder / "keys.json").read_text())
        expected = [("train", p.source, p.key) for p in corpus.train] + [("dev", p.source, p.key) for p in corpus.dev]
        if [(k["split"], k["source"], k["key"]) for k in keys] != expected:
            raise ValueError(f"{folder} was made from other photos than the corpus; extract again")
        self._folder = folder
        self.train_rows = len(corpus.train)
        complete = complete_views(folder)
        self.views = len(complete)
        self._grids = [np.load(folder / f"grid-{v}.npy", mmap_mode="r") for v in complete]
        self._mirrored = [np.load(folder / f"mirrored-{v}.npy") for v in complete]
        self._pooled = [self._load_pooled(v) for v in complete]

    def _load_pooled(self, view: int) -> NDArray[np.float16]:
        path = self._folder / f"pooled-{view}.npy"
        if not path.exists():
            grid = self._grids[view]
            out = np.zeros((len(grid), 2 * grid.shape[2]), np.float16)
            for start in range(0, len(grid), _CHUNK):
                values = GRID_VALUES[grid[start : start + _CHUNK]]
                out[start : start + _CHUNK] = np.concatenate([values.mean(1), values.max(1)], 1)
            np.save(path, out)
        return np.load(path)

    def sample(self, rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, list[bool]]:
        """Packed grids (B,tokens,1280) uint8 of a random view per row, and which are mirrored."""
        views = rng.integers(self.views, size=len(rows))
        packed = np.stack([self._grids[v][r] for v, r in zip(views, rows, strict=True)])
        return torch.from_numpy(packed), [bool(self._mirrored[v][r]) for v, r in zip(views, rows, strict=True)]

    def sample_pooled(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """Pooled features (B,2560) of a random view per row."""
        views = rng.integers(self.views, size=len(rows))
        return torch.from_numpy(np.stack([self._pooled[v][r] for v, r in zip(views, rows, strict=True)])).float()

    def plain(self, rows: NDArray[np.int64]) -> Tensor:
        """Grids of the unaugmented training photos."""
        return unpack_grid(torch.from_numpy(self._grids[0][rows]))

    def plain_dev(self, rows: NDArray[np.int64]) -> Tensor:
        """Grids of the unaugmented dev photos; ``rows`` count from the first dev photo."""
        return self.plain(rows + self.train_rows)
