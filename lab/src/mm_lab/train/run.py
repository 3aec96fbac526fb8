"""What every training loop shares: clock, schedule, curves, resumable state."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from mm_lab.train.checkpoint import Average, save_atomically

_FLOOR = 0.02
_STATE = "state.pt"


class Schedule(Protocol):
    """The settings a run's clock reads."""

    @property
    def steps(self) -> int: ...  # noqa: D102
    @property
    def minutes(self) -> float: ...  # noqa: D102
    @property
    def warmup(self) -> int: ...  # noqa: D102
    @property
    def learning_rate(self) -> float: ...  # noqa: D102
    @property
    def clip(self) -> float: ...  # noqa: D102
    @property
    def ema(self) -> float: ...  # noqa: D102
    @property
    def checkpoint_minutes(self) -> float: ...  # noqa: D102


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    seconds: float = 0.0


class Run:
    """Optimizer, average and clock of one run in ``output``; continues from there if it was stopped."""

    def __init__(
        self,
        output: Path,
        network: nn.Module,
        groups: list[dict[str, Any]],
        schedule: Schedule,
        rng: np.random.Generator,
    ) -> None:
        self._output, self._network, self._schedule, self.rng = output, network, schedule, rng
        self.parameters = [p for g in groups for p in g["params"]]
        groups = [{"lr": schedule.learning_rate, "share": g.get("share", 1.0)} | g for g in groups]
        self.optimizer = torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=(0.9, 0.98), fused=True)
        self.average = Average(self.parameters, schedule.ema)
        self.progress = Progress()
        output.mkdir(parents=True, exist_ok=True)
        state = output / _STATE
        if state.exists():
            self._restore(torch.load(state, map_location="cpu", weights_only=False))

    def fraction(self) -> float:
        """Share of the schedule that is done, in [0,1]."""
        by_time = self.progress.seconds / 60 / self._schedule.minutes
        return min(1.0, max(self.progress.step / self._schedule.steps, by_time))

    def steps(self) -> Iterator[int]:
        """Step numbers until the schedule ends. Time spent in the loop's body counts."""
        last_save = time.monotonic()
        bar = tqdm(total=self._schedule.steps, initial=self.progress.step, unit="step", disable=None)
        while self.fraction() < 1:
            bar.update()
            started = time.monotonic()
            self._set_rate()
            yield self.progress.step
            self.progress.step += 1
            self.progress.seconds += time.monotonic() - started
            if time.monotonic() - last_save > self._schedule.checkpoint_minutes * 60:
                self.save()
                last_save = time.monotonic()
        bar.close()
        self.save()

    def descend(self, loss: torch.Tensor) -> None:
        """One optimizer step, with clipped gradients."""
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, self._schedule.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update(self.progress.step)

    def _set_rate(self) -> None:
        warm = min(1.0, (self.progress.step + 1) / max(1, self._schedule.warmup))
        cosine = 0.5 * (1 + math.cos(math.pi * self.fraction()))
        for group in self.optimizer.param_groups:
            group["lr"] = self._schedule.learning_rate * group["share"] * warm * (_FLOOR + (1 - _FLOOR) * cosine)

    def save(self) -> None:
        """Everything needed to go on, and nothing of the data."""
        record = {
            "network": self._network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.values,
            "step": self.progress.step,
            "seconds": self.progress.seconds,
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
        }
        save_atomically(self._output / _STATE, record)

    def _restore(self, record: dict[str, Any]) -> None:
        self._network.load_state_dict(record["network"])
        self.optimizer.load_state_dict(record["optimizer"])
        for value, saved in zip(self.average.values, record["average"], strict=True):
            value.copy_(saved)
        self.progress = Progress(record["step"], record["seconds"])
        self.rng.bit_generator.state = record["rng"]
        torch.set_rng_state(record["torch_rng"])


class Curves:
    """Appends rows ``step,minutes,name,value`` to ``curves.csv``."""

    def __init__(self, output: Path, report: Callable[[str], None]) -> None:
        self._path, self._report = output / "curves.csv", report

    def write(self, progress: Progress, values: dict[str, float]) -> None:
        """One row per value."""
        new = not self._path.exists()
        minutes = round(progress.seconds / 60, 2)
        with self._path.open("a", newline="") as handle:
            writer = csv.writer(handle)
            if new:
                writer.writerow(["step", "minutes", "name", "value"])
            writer.writerows([progress.step, minutes, k, round(v, 4)] for k, v in values.items())
        shown = "  ".join(f"{k} {v:.3g}" for k, v in values.items())
        self._report(f"step {progress.step}  {minutes} min  {shown}")
