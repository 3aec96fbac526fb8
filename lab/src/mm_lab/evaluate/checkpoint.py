"""Measures a checkpoint on the dev photos, in PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from mm_lab.data.corpus import build_corpus, load_sources
from mm_lab.data.features import cached_trunk
from mm_lab.evaluate.reference import Metrics, ReferenceEvaluator
from mm_lab.train.checkpoint import load_model, trunk_fingerprint
from mm_lab.train.config import TrainConfig
from mm_lab.train.pictures import open_pictures


def evaluate_checkpoint(config: TrainConfig, path: Path, captions: Path | None) -> Metrics:
    """Entry point of ``mm-lab evaluate-reference``; the captions are written as JSON by source."""
    torch.set_num_threads(config.threads)
    device = torch.device(config.device)
    model = load_model(path)
    samples = load_sources(config.data.sources)
    data = config.data
    corpus = build_corpus(samples, data.min_caption_count, data.rules, model.vocabulary)
    form = "grids" if trunk_fingerprint(model.trunk) == cached_trunk(data.cache) else "middles"
    pictures = open_pictures(
        form, corpus, samples, cache=data.cache, open_trunk=model.open_trunk, views=data.views, device=device
    )
    metrics, said = ReferenceEvaluator(corpus, pictures.dev)(model.network.to(device), beam=True)
    if captions:
        captions.write_text(json.dumps(said, indent=1))
    return metrics
