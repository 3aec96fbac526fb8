"""The stages of ``mm-lab search``, each of which goes on where it was stopped."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from mm_lab.search.blocks import blocks_of
from mm_lab.search.config import SearchConfig
from mm_lab.search.data import DevData, TrainData, vocabulary_of
from mm_lab.search.evolve import Candidate, Evolution, Limits
from mm_lab.search.fitness import DevLoss
from mm_lab.search.measure import BlockFiles, Check, check_sums, empty_table, measure_table
from mm_lab.search.onnx_blocks import Fixed
from mm_lab.search.report import plot_front, write_chosen, write_front
from mm_lab.search.space import Architecture
from mm_lab.search.stages import Stage
from mm_lab.search.table import SearchError, Table, find_table
from mm_lab.search.training import SupernetTraining, averaged_supernet, new_supernet
from mm_lab.tables import markdown

Report = Callable[[str], None]
THIS_MACHINE = "cpu"


def search(config: SearchConfig, stage: Stage, target: str, near: Path, report: Report) -> None:
    """Entry point of ``mm-lab search``. Tables of other targets lie in ``near`` or in the output folder."""
    torch.set_num_threads(config.threads)
    config.output.mkdir(parents=True, exist_ok=True)
    data = TrainData(config) if stage in (Stage.ALL, Stage.SUPERNET) else None
    fixed = Fixed(len(vocabulary_of(config)))
    report(f"{config.space().count():,} architectures, {fixed.vocabulary} words")
    files = BlockFiles(config.output / "blocks", fixed)
    if stage is Stage.BLOCKS:
        path = config.output / "blocks" / "table.json"
        empty_table(config.space(), fixed, files, target).save(path)
        report(f"fill in the times of {path} on the device")
        return
    table = None if stage is Stage.SUPERNET else _table(config, fixed, files, target, near, report)
    if table and stage is Stage.CHECK:
        _check(config, table, fixed, target, report)
    if data:
        SupernetTraining(config, data, new_supernet(config, data), report).train()
    if table and stage in (Stage.ALL, Stage.EVOLVE):
        supernet, step = averaged_supernet(config, fixed.vocabulary)
        _evolve(config, table, DevLoss(config, DevData(config), supernet), step, report)


def _table(config: SearchConfig, fixed: Fixed, files: BlockFiles, target: str, near: Path, report: Report) -> Table:
    if target == THIS_MACHINE:
        path = config.output / "latency-cpu.json"
        return measure_table(config.space(), fixed, path, files, config.latency, report)
    table = Table.load(find_table(target, [config.output, near]))
    table.check(blocks_of(config.space()), asdict(fixed))
    return table


def _check(config: SearchConfig, table: Table, fixed: Fixed, target: str, report: Report) -> None:
    if target != THIS_MACHINE:
        raise SearchError("sums can be checked on this machine only")
    rng = random.Random(config.seed)
    drawn = [config.space().sample(rng) for _ in range(config.latency.checked)]
    report(checks_table(check_sums(drawn, table, fixed, config.latency)))


def checks_table(checks: list[Check]) -> str:
    """Sums beside wholes."""
    rows = []
    for c in checks:
        a = c.architecture
        name = f"{a.stem.name}, width {a.width}, {a.heads} heads, {len(a.layer_bits)}+{len(a.text_bits)} layers"
        stored = f"{c.summed_bytes / c.whole_bytes - 1:+.2%}"
        rows.append([name, c.graph, f"{c.summed_ms:.3f}", f"{c.whole_ms:.3f}", f"{c.error:+.1%}", stored])
    return markdown(["architecture", "graph", "sum, ms", "whole, ms", "error", "bytes of all three"], rows)


class _Remembered:
    """Losses by architecture, kept in a file, so that a stopped evolution replays what it knows."""

    def __init__(self, path: Path, loss: Callable[[Architecture], float]) -> None:
        self._path, self._loss = path, loss
        self._known: dict[str, float] = {}
        if path.exists():
            with path.open(newline="") as handle:
                self._known = {key: float(value) for key, value in csv.reader(handle)}

    def __call__(self, architecture: Architecture) -> float:
        key = json.dumps(architecture.record(), sort_keys=True)
        if key not in self._known:
            self._known[key] = self._loss(architecture)
            with self._path.open("a", newline="") as handle:
                csv.writer(handle).writerow([key, self._known[key]])
        return self._known[key]


def _evolve(config: SearchConfig, table: Table, loss: DevLoss, step: int, report: Report) -> None:
    limits = Limits(config.max_latency_ms, config.max_bytes)
    steps = config.latency.caption_steps
    remembered = _Remembered(config.output / f"losses-{step}-{config.dev_photos}.csv", loss)
    evolution = Evolution(config.space(), lambda a: table.cost(a, steps), remembered, limits, config.evolution)
    candidates = evolution.run(report)
    chosen = write_front(config.output / "pareto.csv", candidates)
    about = {
        "target": table.target,
        "machine": table.machine,
        "statistic": table.statistic,
        "limits": {"max_latency_ms": limits.caption_ms, "max_bytes": limits.bytes, "caption_steps": steps},
        "supernet_steps": step,
        "measured": len(candidates),
    }
    write_chosen(config.output, chosen, config, about)
    plot_front(config.output / "pareto.svg", candidates, chosen, limits)
    report(_summary(chosen))


def _summary(chosen: Candidate) -> str:
    cost = chosen.cost
    return (
        f"chosen: {json.dumps(chosen.architecture.record())}\nloss {chosen.loss:.4f}, caption {cost.caption_ms:.2f} ms "
        f"(vision {cost.vision_ms:.2f}, step {cost.step_ms:.3f}), {cost.bytes / 1e6:.2f} MB"
    )
