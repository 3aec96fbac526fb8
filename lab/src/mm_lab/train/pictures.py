"""Where a training step's trunk grids come from: a cache, a trunk being tuned, or pixels.

``grids``    the frozen trunk's cached output: cheapest, for the first stage on a CPU.
``middles``  its cached stride-16 maps; the stages above train. The stage to run next on a CPU.
``pixels``   photos in memory, random views made on the device; the whole trunk trains. For a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mm_lab.data.corpus import Corpus
from mm_lab.data.features import require_lower
from mm_lab.data.samples import Sample
from mm_lab.data.views import ViewSettings, plain_view
from mm_lab.model.trunk import SPLIT_STAGE, Trunk
from mm_lab.train.checkpoint import lower_fingerprint
from mm_lab.train.store import FeatureStore, complete_views, unpack_grid

Rows = NDArray[np.int64]

# Channels next to each other: forwards and backwards through the upper stages take 0.45 s in place of 0.74 s
# (32 photos of 208 pixels, one core with AVX-512, PyTorch 2.15), the whole trunk 2.8 s in place of 3.7 s.
_LAYOUT = torch.channels_last


class Pictures(Protocol):
    """Grids (B,tokens,1280) for training rows and dev rows."""

    @property
    def trunk(self) -> Trunk | None:
        """The trunk that made the grids, when it is not the untouched ImageNet one."""
        ...

    def batch(self, rows: Rows, rng: np.random.Generator) -> tuple[Tensor, list[bool]]:
        """Grids of one random view per training row, and which views are mirrored."""
        ...

    def dev(self, rows: Rows) -> Tensor:
        """Grids of plain dev photos; ``rows`` count from the first dev photo."""
        ...


class CachedPictures:
    """Grids from the feature cache."""

    trunk = None

    def __init__(self, store: FeatureStore, device: torch.device) -> None:
        self.store, self._device = store, device

    def batch(self, rows: Rows, rng: np.random.Generator) -> tuple[Tensor, list[bool]]:
        """See :class:`Pictures`."""
        packed, mirrored = self.store.sample(rows, rng)
        return unpack_grid(packed.to(self._device)), mirrored

    def dev(self, rows: Rows) -> Tensor:
        """See :class:`Pictures`."""
        return self.store.plain_dev(rows).to(self._device)


class MiddlePictures:
    """Grids from cached stride-16 maps through a trunk whose upper stages train."""

    def __init__(self, folder: Path, corpus: Corpus, trunk: Trunk, device: torch.device) -> None:
        self.trunk = trunk.to(device, memory_format=_LAYOUT)
        self._device = device
        self._train_rows = len(corpus.train)
        views = complete_views(folder)
        self._middles = [np.load(folder / f"middle-{v}.npy", mmap_mode="r") for v in views]
        self._mirrored = [np.load(folder / f"mirrored-{v}.npy") for v in views]

    def _load(self, maps: Sequence[NDArray[np.float16]]) -> Tensor:
        return torch.from_numpy(np.stack(maps)).to(self._device, torch.float32, memory_format=_LAYOUT)

    def batch(self, rows: Rows, rng: np.random.Generator) -> tuple[Tensor, list[bool]]:
        """See :class:`Pictures`. Gradients reach the upper stages."""
        views = rng.integers(len(self._middles), size=len(rows))
        maps = [self._middles[v][r] for v, r in zip(views, rows, strict=True)]
        return self.trunk.finish(self._load(maps)), [
            bool(self._mirrored[v][r]) for v, r in zip(views, rows, strict=True)
        ]

    @torch.no_grad()
    def dev(self, rows: Rows) -> Tensor:
        """See :class:`Pictures`."""
        return self.trunk.finish(self._load([self._middles[0][r + self._train_rows] for r in rows]))


class PixelPictures:
    """Grids from photos held in memory; the whole trunk trains."""

    def __init__(
        self,
        train: Sequence[Sample],
        dev: Sequence[Sample],
        trunk: Trunk,
        views: ViewSettings,
        first_stage: int,
        device: torch.device,
    ) -> None:
        if not 0 <= first_stage <= SPLIT_STAGE:
            raise ValueError(f'"trunk_from" is {first_stage}; choose a stage from 0 to {SPLIT_STAGE}')
        self.trunk = trunk.to(device, memory_format=_LAYOUT)
        for still in (trunk.stem, trunk.lower[:first_stage]):
            still.requires_grad_(False)  # no gradient is worked out below the first stage that trains
        self._views, self._device = views, device
        size = trunk.image_size
        self._train = _stack(train, size, device)
        self._dev = _stack(dev, size, device)

    def batch(self, rows: Rows, rng: np.random.Generator) -> tuple[Tensor, list[bool]]:
        """See :class:`Pictures`."""
        images = _floats(self._train[torch.from_numpy(rows).to(self._device)])
        mirrored = rng.random(len(rows)) < self._views.mirror
        return self.trunk(random_views(images, mirrored, rng, self._views)), mirrored.tolist()

    @torch.no_grad()
    def dev(self, rows: Rows) -> Tensor:
        """See :class:`Pictures`."""
        return self.trunk(_floats(self._dev[torch.from_numpy(rows).to(self._device)]))


def _stack(samples: Sequence[Sample], size: int, device: torch.device) -> Tensor:
    """Plain views as bytes (n,3,size,size)."""
    out = torch.empty(len(samples), 3, size, size, dtype=torch.uint8)
    for row, sample in enumerate(samples):
        out[row] = torch.from_numpy(np.rint(plain_view(sample.pixels(), size) * 127.5 + 127.5).astype(np.uint8))
    return out.to(device)


def _floats(images: Tensor) -> Tensor:
    return (images.float() - 127.5) / 127.5


def random_views(
    images: Tensor, mirrored: NDArray[np.bool_], rng: np.random.Generator, settings: ViewSettings
) -> Tensor:
    """Random crops with colour jitter of a batch in [-1,1], on its device; the batched form of views.random_view."""
    count = len(images)
    scale = rng.uniform(settings.min_scale, 1.0, count)
    aspect = rng.uniform(1 - settings.aspect_jitter, 1 + settings.aspect_jitter, count)
    width, height = np.minimum(1.0, scale * aspect), np.minimum(1.0, scale / aspect)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0] = width * np.where(mirrored, -1.0, 1.0)
    theta[:, 1, 1] = height
    theta[:, 0, 2] = rng.uniform(-1, 1, count) * (1 - width)
    theta[:, 1, 2] = rng.uniform(-1, 1, count) * (1 - height)
    grid = functional.affine_grid(torch.from_numpy(theta).to(images.device), list(images.shape), align_corners=False)
    views = functional.grid_sample(images, grid, mode="bicubic", padding_mode="reflection", align_corners=False)

    def factor(jitter: float) -> Tensor:
        values = rng.uniform(1 - jitter, 1 + jitter, (count, 1, 1, 1)).astype(np.float32)
        return torch.from_numpy(values).to(images.device)

    views = (views + 1) * factor(settings.brightness) - 1
    mean = views.mean((1, 2, 3), keepdim=True)
    views = (views - mean) * factor(settings.contrast) + mean
    gray = views.mean(1, keepdim=True)
    return ((views - gray) * factor(settings.saturation) + gray).clamp(-1, 1)


def open_pictures(
    form: str,
    corpus: Corpus,
    samples: dict[str, list[Sample]],
    *,
    cache: Path,
    open_trunk: Callable[[], Trunk],
    views: ViewSettings,
    device: torch.device,
    first_stage: int = 0,
) -> Pictures:
    """The source named ``form``; the trunk is opened only if it runs."""
    if form == "grids":
        return CachedPictures(FeatureStore(cache, corpus), device)
    if form == "middles":
        trunk = open_trunk()
        require_lower(cache, lower_fingerprint(trunk))
        return MiddlePictures(cache, corpus, trunk, device)
    if form == "pixels":
        return PixelPictures(samples["train"], samples["dev"], open_trunk(), views, first_stage, device)
    raise ValueError(f"unknown pictures {form!r}; known: grids, middles, pixels")


def trunk_parameters(pictures: Pictures) -> Iterator[nn.Parameter]:
    """What trains in the trunk: nothing, the stages above the cached maps, or those from the first chosen one on."""
    if pictures.trunk is None:
        return
    parts = [pictures.trunk.upper, pictures.trunk.head]
    if isinstance(pictures, PixelPictures):
        parts += [pictures.trunk.lower]
    for part in parts:
        yield from (parameter for parameter in part.parameters() if parameter.requires_grad)
