"""Fills a latency table by running every block in ONNX Runtime on this machine."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from mm_lab import onnx_graph
from mm_lab.search.blocks import Block, blocks_of
from mm_lab.search.config import LatencySettings
from mm_lab.search.onnx_blocks import Fixed, Runnable, build_block, build_whole, empty_graph
from mm_lab.search.space import Architecture, Space
from mm_lab.search.table import SearchError, Table, Timing

_EMPTY = "empty"
_WARM_UP = 5
_SAVE_EVERY = 40
Report = Callable[[str], None]


def describe_machine(settings: LatencySettings) -> dict[str, Any]:
    """What a table says about where it was measured."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "name": platform.node(),
        "cpu": model,
        "architecture": platform.machine(),
        "system": platform.system(),
        "threads": settings.threads,
        "clock": settings.clock,
        "provider": "CPUExecutionProvider",
        "onnxruntime": ort.__version__,
    }


def run_times(graph: bytes, inputs: dict[str, Any], settings: LatencySettings) -> list[float]:
    """Milliseconds of every run after a short warm-up."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.threads
    clock = time.thread_time if settings.clock == "cpu" else time.perf_counter
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    times = []
    for number in range(_WARM_UP + settings.runs):
        started = clock()
        session.run(names, inputs)
        if number >= _WARM_UP:
            times.append(1e3 * (clock() - started))
    return times


def stored_bytes(graph: onnx.ModelProto) -> int:
    """Bytes of its weights as they are shipped."""
    return sum(numpy_helper.to_array(t).nbytes for t in graph.graph.initializer)


class BlockFiles:
    """The exported blocks in a folder, each made once: ``NAME.onnx`` and its inputs ``NAME.npz``."""

    def __init__(self, folder: Path, fixed: Fixed) -> None:
        self._folder, self._fixed = folder, fixed
        folder.mkdir(parents=True, exist_ok=True)
        about = folder / "network.json"
        text = json.dumps(asdict(fixed))
        if about.exists() and about.read_text() != text:
            raise SearchError(f"{folder} holds the blocks of another network; delete it")
        about.write_text(text)

    def write(self, block: Block | None) -> Path:
        """The graph of ``block``, or of nothing."""
        key = block.key if block else _EMPTY
        path = self._folder / f"{key.replace(' ', '_').replace('=', '')}.onnx"
        if not path.exists():
            made = build_block(block, self._fixed) if block else empty_graph()
            np.savez(path.with_suffix(".npz"), **made.inputs)
            path.write_bytes(onnx_graph.serialize(made.graph))
        return path


def empty_table(space: Space, fixed: Fixed, files: BlockFiles, target: str) -> Table:
    """A table with every block's bytes and no times, to be filled in on a device."""

    def untimed(path: Path) -> Timing:
        return Timing(None, None, 0, stored_bytes(onnx.load(path)))

    blocks = {b.key: untimed(files.write(b)) for b in blocks_of(space)}
    return Table(target, {}, asdict(fixed), "median", untimed(files.write(None)), blocks)


def measure_table(
    space: Space, fixed: Fixed, path: Path, files: BlockFiles, settings: LatencySettings, report: Report
) -> Table:
    """The table in ``path``, after measuring what it lacks."""
    table = Table("cpu", describe_machine(settings), asdict(fixed), settings.statistic)
    if path.exists():
        old = Table.load(path)
        if (old.fixed, old.machine) == (table.fixed, table.machine):
            table.blocks, table.overhead = old.blocks, old.overhead
    blocks = blocks_of(space)
    for number in range(settings.rounds):
        wanted = (number + 1) * settings.runs
        missing = [b for b in blocks if b.key not in table.blocks or table.blocks[b.key].runs < wanted]
        started = time.monotonic()
        for at, block in enumerate(missing):
            table.blocks[block.key] = _more(files.write(block), table.blocks.get(block.key), settings)
            if at % _SAVE_EVERY == 0:
                table.overhead = _more(files.write(None), table.overhead, settings)
                table.save(path)
                seconds = time.monotonic() - started
                report(f"round {number + 1}/{settings.rounds}: {at + 1}/{len(missing)} blocks, {seconds:.0f} s")
    table.save(path)
    table.check(blocks, asdict(fixed))
    return table


def _more(path: Path, old: Timing | None, settings: LatencySettings) -> Timing:
    """``old`` with another round added. The median kept is that of the quietest round."""
    graph = path.read_bytes()
    with np.load(path.with_suffix(".npz")) as inputs:
        times = run_times(graph, dict(inputs), settings)
    least, median, runs = min(times), statistics.median(times), len(times)
    if old and old.least_ms is not None and old.median_ms is not None:
        least, median, runs = min(least, old.least_ms), min(median, old.median_ms), runs + old.runs
    return Timing(round(least, 5), round(median, 5), runs, stored_bytes(onnx.load_from_string(graph)))


@dataclass(frozen=True)
class Check:
    """An architecture's sums beside the same graphs measured whole."""

    architecture: Architecture
    graph: str
    summed_ms: float
    whole_ms: float
    summed_bytes: int
    whole_bytes: int

    @property
    def error(self) -> float:
        """Of the sum, as a share of the whole."""
        return self.summed_ms / self.whole_ms - 1


def check_sums(
    architectures: Iterable[Architecture], table: Table, fixed: Fixed, settings: LatencySettings
) -> list[Check]:
    """How well the table's sums foretell whole graphs, measured now in the same way."""
    checks = []
    for architecture in architectures:
        graphs = build_whole(architecture, fixed)
        whole = {role: _whole_ms(g, settings) for role, g in graphs.items()}
        cost = table.cost(architecture, settings.caption_steps)
        for role, summed in (("vision", cost.vision_ms), ("decoder", cost.step_ms), ("text", cost.text_ms)):
            in_all = sum(stored_bytes(g.graph) for g in graphs.values())
            checks.append(Check(architecture, role, summed, whole[role], cost.bytes, in_all))
    return checks


def _whole_ms(runnable: Runnable, settings: LatencySettings) -> float:
    graph = onnx_graph.serialize(runnable.graph)
    rounds = [run_times(graph, runnable.inputs, settings) for _ in range(settings.rounds)]
    pick = min if settings.statistic == "least" else statistics.median
    return min(pick(times) for times in rounds)
