"""Runs the frozen trunk in ONNX Runtime, the fastest way on a CPU without AVX-512."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mm_lab.data.corpus import load_sources
from mm_lab.data.features import (
    CacheSettings,
    FeatureFunction,
    build_cache,
    mark_lower,
    mark_trunk,
    refine_cache,
    require_lower,
)
from mm_lab.model.network import NetworkConfig
from mm_lab.model.trunk import Trunk
from mm_lab.train.checkpoint import load_model, lower_fingerprint, trunk_fingerprint
from mm_lab.train.config import TrainConfig

_BATCH = 16


class _TwoOutputs(nn.Module):
    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.trunk.middle(images)
        return middle, self.trunk.finish(middle)


class _Finish(nn.Module):
    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, middles: Tensor) -> Tensor:
        return self.trunk.finish(middles)


def _session(module: nn.Module, shape: tuple[int, ...], path: Path, threads: int) -> ort.InferenceSession:
    """``module`` as a graph with one input ``x`` of a fixed ``shape``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        torch.onnx.export(module, (torch.zeros(shape),), str(path), dynamo=False, opset_version=18, input_names=["x"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def trunk_features(trunk: Trunk, batch: int, workspace: Path, threads: int = 1) -> FeatureFunction:
    """A function from a batch of images to (middle, grid), through an exported graph."""
    size = trunk.image_size
    path = workspace / f"trunk-lite{trunk.variant}-{size}-b{batch}.onnx"
    session = _session(_TwoOutputs(trunk), (batch, 3, size, size), path, threads)

    def run(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        middle, grid = session.run(None, {"x": images})
        return np.asarray(middle), np.asarray(grid)

    return run


def extract_features(config: TrainConfig, views: int, threads: int, report: Callable[[str], None]) -> None:
    """Entry point of ``mm-lab features``: the views that ``config.data.cache`` still lacks.

    The trunk is that of ``config.start_from``, at the settings' photo side, or the ImageNet one.
    """
    network = NetworkConfig(vocabulary=0, **config.network)
    settings = CacheSettings(config.data.cache, image_size=network.image_size, random_views=views)
    tuned = load_model(config.start_from).trunk if config.start_from else None
    trunk = Trunk(network.trunk, network.image_size, pretrained=tuned is None)
    if tuned is not None:
        trunk.load_tuned(tuned)
    mark_trunk(settings.folder, trunk_fingerprint(tuned))
    mark_lower(settings.folder, lower_fingerprint(trunk))
    features = trunk_features(trunk, settings.batch, settings.folder, threads)
    build_cache(load_sources(config.data.sources), features, settings, report)


def refine_features(model: Path, source: Path, folder: Path, threads: int, report: Callable[[str], None]) -> None:
    """Entry point of ``mm-lab features --model``: the cache ``source`` with the grids of the model's tuned trunk."""
    opened = load_model(model)
    trunk = opened.open_trunk()
    require_lower(source, lower_fingerprint(trunk))
    shape = np.load(source / "middle-0.npy", mmap_mode="r").shape[1:]
    session = _session(_Finish(trunk), (_BATCH, *shape), folder / "finish.onnx", threads)

    def finish(middles: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = np.zeros((_BATCH, *shape), np.float32)
        padded[: len(middles)] = middles
        (grid,) = session.run(None, {"x": padded})
        return np.asarray(grid)[: len(middles)]

    refine_cache(source, folder, finish, trunk_fingerprint(opened.trunk), report, _BATCH)
