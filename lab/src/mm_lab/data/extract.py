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
from mm_lab.data.features import CacheSettings, FeatureFunction, build_cache
from mm_lab.model.network import NetworkConfig
from mm_lab.model.trunk import Trunk
from mm_lab.train.config import TrainConfig


class _TwoOutputs(nn.Module):
    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.trunk.middle(images)
        return middle, self.trunk.finish(middle)


def trunk_features(trunk: Trunk, batch: int, workspace: Path, threads: int = 1) -> FeatureFunction:
    """A function from a batch of images to (middle, grid), through an exported graph."""
    workspace.mkdir(parents=True, exist_ok=True)
    path = workspace / f"trunk-lite{trunk.variant}-{trunk.image_size}-b{batch}.onnx"
    example = (torch.zeros(batch, 3, trunk.image_size, trunk.image_size),)
    with torch.no_grad():
        torch.onnx.export(_TwoOutputs(trunk), example, str(path), dynamo=False, opset_version=18, input_names=["x"])
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        middle, grid = session.run(None, {"x": images})
        return np.asarray(middle), np.asarray(grid)

    return run


def extract_features(config: TrainConfig, views: int, threads: int, report: Callable[[str], None]) -> None:
    """Entry point of ``mm-lab features``: the views that ``config.data.cache`` still lacks."""
    network = NetworkConfig(vocabulary=0, **config.network)
    settings = CacheSettings(config.data.cache, image_size=network.image_size, random_views=views)
    trunk = Trunk(network.trunk, network.image_size)
    features = trunk_features(trunk, settings.batch, settings.folder, threads)
    build_cache(load_sources(config.data.sources), features, settings, report)
