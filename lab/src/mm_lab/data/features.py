"""Cache of the frozen trunk's features over several true views of every photo.

Files of a cache, in one folder: ``keys.json`` (source, split and key per row), per view N
``grid-N.npy`` (rows, tokens, 1280) uint8, ``middle-N.npy`` (rows, C, H, W) float16 and
``mirrored-N.npy`` (rows,) bool. View 0 is the plain photo of every split; the others are
random views of the training rows, which come first. ``trunk.txt``, ``lower.txt`` and ``image-size.txt``
say which trunk saw the photos, with which stages below the middle, and at how many pixels a side.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mm_lab.data.samples import Sample
from mm_lab.data.views import ViewSettings, plain_view, random_view

# The head ends in ReLU6. Storing the square root spends the 8 bits on the small values,
# where nearly all activations lie (41 dB, against 33 dB for a uniform scale).
_ACTIVATION_LIMIT = 6.0
GRID_VALUES: NDArray[np.float32] = (np.square(np.arange(256) / 255) * _ACTIVATION_LIMIT).astype(np.float32)

FeatureFunction = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]


_TRUNK_FILE = "trunk.txt"
_LOWER_FILE = "lower.txt"
_SIZE_FILE = "image-size.txt"


def cached_trunk(folder: Path) -> str:
    """Fingerprint (train/checkpoint.py) of the trunk that made a cache's grids."""
    path = folder / _TRUNK_FILE
    return path.read_text().strip() if path.exists() else "imagenet"


def mark_trunk(folder: Path, fingerprint: str) -> None:
    """Notes which trunk makes the grids of ``folder``; a cache of another trunk is an error."""
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / _TRUNK_FILE
    if known.exists() and known.read_text().strip() != fingerprint:
        raise ValueError(f"{folder} holds the grids of another trunk; choose another folder")
    known.write_text(fingerprint + "\n")


def mark_lower(folder: Path, fingerprint: str) -> None:
    """Notes which lower stages make the stride-16 maps of ``folder``; :func:`mark_trunk` has refused other trunks."""
    (folder / _LOWER_FILE).write_text(fingerprint + "\n")


def require_lower(folder: Path, fingerprint: str) -> None:
    """Refuses stride-16 maps that other lower stages made. A cache without a note is believed."""
    path = folder / _LOWER_FILE
    if path.exists() and path.read_text().strip() != fingerprint:
        raise ValueError(
            f'the stride-16 maps in {folder} are not those of the model\'s lower stages; run "mm-lab features" with '
            'it as "start_from" and another cache'
        )


def cached_size(folder: Path) -> int | None:
    """Photo side in pixels of a cache's features; None where it was not noted."""
    path = folder / _SIZE_FILE
    return int(path.read_text()) if path.exists() else None


def _mark_size(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if cached_size(folder) not in (None, size):
        raise ValueError(f"{folder} holds features of photos of {cached_size(folder)} pixels; choose another folder")
    (folder / _SIZE_FILE).write_text(f"{size}\n")


@dataclass(frozen=True)
class CacheSettings:
    """Where the cache lies and what it holds."""

    folder: Path
    image_size: int = 240
    random_views: int = 4
    batch: int = 8
    seed: int = 1
    views: ViewSettings = field(default_factory=ViewSettings)


def pack_grid(grid: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Activations in [0,6] to bytes; ``GRID_VALUES[bytes]`` undoes it."""
    return np.rint(np.sqrt(np.clip(grid, 0, _ACTIVATION_LIMIT) / _ACTIVATION_LIMIT) * 255).astype(np.uint8)


def build_cache(
    splits: Mapping[str, Sequence[Sample]],
    features: FeatureFunction,
    settings: CacheSettings,
    report: Callable[[str], None],
) -> None:
    """Writes every missing view; a view that is complete (its ``mirrored`` file exists) is kept.

    ``splits`` holds "train" first; ``features`` maps a batch (B,3,S,S) to (middle, grid).
    """
    _mark_size(settings.folder, settings.image_size)
    rows = [(split, sample) for split, samples in splits.items() for sample in samples]
    keys = [{"split": split, "source": s.source, "key": s.key} for split, s in rows]
    (settings.folder / "keys.json").write_text(json.dumps(keys))
    train = [sample for split, sample in rows if split == "train"]
    for view in range(1 + settings.random_views):
        if not (settings.folder / f"mirrored-{view}.npy").exists():
            samples = train if view else [sample for _, sample in rows]
            _build_view(view, samples, features, settings, report)


def _build_view(
    view: int,
    samples: Sequence[Sample],
    features: FeatureFunction,
    settings: CacheSettings,
    report: Callable[[str], None],
) -> None:
    rng = random.Random(settings.seed * 1000 + view)
    mirrored = np.zeros(len(samples), bool)
    grids: NDArray[np.uint8] | None = None
    middles: NDArray[np.float16] | None = None
    started = time.monotonic()
    for start in range(0, len(samples), settings.batch):
        images = []
        for row in range(start, min(start + settings.batch, len(samples))):
            pixels = samples[row].pixels()
            if view:
                image, mirrored[row] = random_view(pixels, settings.image_size, rng, settings.views)
            else:
                image = plain_view(pixels, settings.image_size)
            images.append(image)
        count = len(images)
        images += [images[-1]] * (settings.batch - count)  # the graph has a fixed batch
        middle, grid = features(np.stack(images))
        if grids is None or middles is None:
            grids = _create(settings.folder / f"grid-{view}.npy", np.uint8, (len(samples), *grid.shape[1:]))
            middles = _create(settings.folder / f"middle-{view}.npy", np.float16, (len(samples), *middle.shape[1:]))
        grids[start : start + count] = pack_grid(grid[:count])
        middles[start : start + count] = middle[:count].astype(np.float16)
        if start // settings.batch % 100 == 0:
            report(f"view {view}: {start + count}/{len(samples)} photos, {time.monotonic() - started:.0f} s")
    if grids is not None and middles is not None:
        grids.flush()
        middles.flush()
    np.save(settings.folder / f"mirrored-{view}.npy", mirrored)


def _create(path: Path, dtype: type, shape: tuple[int, ...]):  # noqa: ANN202 - numpy.memmap of dtype
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


def refine_cache(
    source: Path,
    folder: Path,
    finish: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    fingerprint: str,
    report: Callable[[str], None],
    batch: int,
) -> None:
    """Grids of a trunk with tuned upper stages, made from the stride-16 maps cached in ``source``.

    Views, rows and sentence vectors are those of ``source``; its maps are linked, not copied.
    """
    mark_trunk(folder, fingerprint)
    size = cached_size(source)
    if size is not None:
        _mark_size(folder, size)
    alike = (source / name for name in ("keys.json", "teacher.npy", _LOWER_FILE))
    for path in [*alike, *sorted(source.glob("middle-*.npy"))]:
        if path.exists() and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())
    for finished in sorted(source.glob("mirrored-*.npy")):
        if (folder / finished.name).exists():
            continue
        view = finished.stem.rpartition("-")[2]
        middles = np.load(source / f"middle-{view}.npy", mmap_mode="r")
        grids: NDArray[np.uint8] | None = None
        for start in range(0, len(middles), batch):
            grid = finish(middles[start : start + batch].astype(np.float32))
            if grids is None:
                grids = _create(folder / f"grid-{view}.npy", np.uint8, (len(middles), *grid.shape[1:]))
            grids[start : start + len(grid)] = pack_grid(grid)
            if start // batch % 100 == 0:
                report(f"view {view}: {start + len(grid)}/{len(middles)} photos")
        if grids is not None:
            grids.flush()
        np.save(folder / finished.name, np.load(finished))
