"""What both training stages open before their first step, and how they measure themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from mm_lab.data.corpus import Corpus, build_corpus, load_sources
from mm_lab.data.features import cached_size, cached_trunk
from mm_lab.evaluate.reference import ReferenceEvaluator
from mm_lab.model.network import Network
from mm_lab.train.checkpoint import Model, load_model, save_model, trunk_fingerprint
from mm_lab.train.config import QuantizeConfig, SelfCriticalConfig, TrainConfig
from mm_lab.train.pictures import open_pictures, trunk_parameters
from mm_lab.train.run import Curves, Run

Report = Callable[[str], None]


class Stage(Protocol):
    """One optimizer step on training rows: the loss, and its parts for the curves."""

    def step(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss with gradients, and named values to plot."""
        ...


def require_size_of(model: Model, cache: Path) -> None:
    """Refuses features of photos of another size: the grid may have the same shape, and the weights would drift."""
    size, expected = cached_size(cache), model.network.config.image_size
    if size not in (None, expected):
        raise ValueError(
            f"the features in {cache} are of photos of {size} pixels, the model takes {expected}; "
            f'set "image_size" to {size} or choose another cache'
        )


def require_grids_of(model: Model, cache: Path) -> None:
    """Refuses cached grids that another trunk made."""
    if trunk_fingerprint(model.trunk) != cached_trunk(cache):
        raise ValueError(
            f'the grids in {cache} are not those of the model\'s trunk; run "mm-lab features --model" '
            'or use "middles" or "pixels"'
        )


class Session:
    """Data, model and device of one run."""

    def __init__(
        self,
        config: TrainConfig | SelfCriticalConfig | QuantizeConfig,
        fresh: Callable[[Corpus], Network] | None,
        report: Report,
    ) -> None:
        self.config, self.report = config, report
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no effect on a CPU
        self.device = torch.device(config.device)
        started = load_model(config.start_from) if config.start_from else None
        samples = load_sources(config.data.sources)
        vocabulary = started.vocabulary if started else None
        self.corpus = build_corpus(samples, config.data.min_caption_count, config.data.rules, vocabulary)
        if started is None:
            if fresh is None:
                raise ValueError("this stage needs start_from")
            started = Model(fresh(self.corpus), self.corpus.vocabulary, {})
        if config.image_size:
            started.network.resize_photos(config.image_size)
        if config.pictures != "pixels":
            require_size_of(started, config.data.cache)
        if config.pictures == "grids":
            require_grids_of(started, config.data.cache)
        self._trunk = started.trunk
        self.origin, self.two_bit = started.notes, started.two_bit
        self.network = started.network.to(self.device)
        self.pictures = open_pictures(
            config.pictures,
            self.corpus,
            samples,
            cache=config.data.cache,
            open_trunk=started.open_trunk,
            views=config.data.views,
            first_stage=config.trunk_from,
            device=self.device,
        )
        self.trunk_group = {
            "params": list(trunk_parameters(self.pictures)),
            "weight_decay": 0.0,
            "share": config.trunk_rate_share,
        }

    def fit(self, stage: Stage, groups: list[dict], report_every: int) -> None:
        """Runs ``stage`` to the end of the schedule; ``model.pt`` holds the averaged weights."""
        config = self.config
        if self.trunk_group["params"]:
            groups = [*groups, self.trunk_group]
        modules = torch.nn.ModuleDict({"network": self.network})
        if self.pictures.trunk is not None:
            modules["trunk"] = self.pictures.trunk
        run = Run(config.output, modules, groups, config, np.random.default_rng(config.seed))
        curves = Curves(config.output, self.report)
        evaluator = ReferenceEvaluator(self.corpus, self.pictures.dev)
        order = np.zeros(0, np.int64)
        seen: dict[str, list[float]] = {}
        for step in run.steps():
            if len(order) < config.batch:
                order = run.rng.permutation(len(self.corpus.train))
            rows, order = np.sort(order[: config.batch]), order[config.batch :]
            loss, parts = stage.step(rows, run.rng)
            run.descend(loss)
            for name, value in parts.items():
                seen.setdefault(name, []).append(value)
            if (step + 1) % report_every == 0:
                # A resumed run may have seen only some of the steps.
                curves.write(run.progress, {name: sum(values) / len(values) for name, values in seen.items()})
                seen = {}
            if (step + 1) % config.evaluate_every == 0:
                self._measure(run, curves, evaluator, beam=False)
        self._measure(run, curves, evaluator, beam=True)

    def _measure(self, run: Run, curves: Curves, evaluator: ReferenceEvaluator, beam: bool) -> None:
        started = time.monotonic()
        run.average.swap()
        metrics, _ = evaluator(self.network, beam)
        trunk = self.pictures.trunk.state_dict() if self.pictures.trunk is not None else self._trunk
        notes = {"stage": type(self.config).__name__, "step": run.progress.step, "origin": self.origin, **metrics}
        model = Model(self.network, self.corpus.vocabulary, notes, trunk, self.two_bit)
        save_model(self.config.output / "model.pt", model)
        run.average.swap()
        curves.write(run.progress, metrics)
        run.progress.seconds -= time.monotonic() - started  # the schedule counts training time only
