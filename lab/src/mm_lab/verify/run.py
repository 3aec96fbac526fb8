"""``mm-lab verify``: the whole comparison, its report, and the limits it must keep."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mm_lab.data.corpus import Source
from mm_lab.evaluate.bundle_metrics import Metrics, ScorerFactory, dataset_metrics
from mm_lab.evaluate.bundle_run import read_split
from mm_lab.evaluate.graph_runtime import GraphRuntime
from mm_lab.evaluate.results import ResultsFile, run_photos
from mm_lab.tables import markdown
from mm_lab.verify.outputs import OutputDifference, compare_outputs, same_texts
from mm_lab.verify.sides import open_side
from mm_lab.verify.tensors import TensorDifference, compare_tensors

_TASKS = ("greedy/cider", "greedy/bleu4", "beam3/cider", "beam3/bleu4", "t2i@10", "vqa-all/exact")
_DEEP_PHOTOS = 50
"""Outputs inside the graphs are compared on so many photos of each data set; texts on all."""


@dataclass(frozen=True)
class Limits:
    """What may be lost; None is not checked. Losses in the metric's own points, SNR in dB."""

    most_cider_loss: float | None = None
    most_exact_loss: float | None = None
    least_same_captions: float | None = None
    least_logits_snr: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The report, and one line per limit that was broken."""

    text: str
    broken: list[str]


def verify(
    original: Path,
    quantized: Path,
    sources: Sequence[Source],
    out: Path,
    *,
    limits: Limits,
    split: str = "dev",
    limit: int | None = None,
    scorer: ScorerFactory | None = None,
    command: str,
    report: Callable[[str], None],
) -> Verdict:
    """Compares weights, outputs, texts and task metrics.

    Writes ``verify.json``, ``verify.md`` and ``quantization.json`` (the summary for the model card) into ``out``.
    """
    sides = {"original": open_side(original), "quantized": open_side(quantized)}
    tensors = compare_tensors(*sides.values())
    report(f"{len(tensors)} weights compared")
    runtimes = {name: GraphRuntime(side.graphs) for name, side in sides.items()}
    files = {name: ResultsFile(out / f"{name}.jsonl", side.digest, runtimes[name].name) for name, side in sides.items()}
    outputs: dict[str, OutputDifference] = {}
    same: dict[str, dict[str, float]] = {}
    metrics: dict[str, dict[str, Metrics]] = {}
    for source in sources:
        samples = read_split(source, split, limit)
        report(f"{source.name}: {len(samples)} photos")
        outputs[source.name] = compare_outputs(runtimes["original"], runtimes["quantized"], samples[:_DEEP_PHOTOS])
        results = {name: run_photos(runtimes[name], samples, files[name]) for name in sides}
        same[source.name] = same_texts(*results.values())
        metrics[source.name] = {name: dataset_metrics(samples, rows, None, scorer) for name, rows in results.items()}
    broken = _broken(limits, outputs, same, metrics, tensors)
    record = {
        "command": command,
        "tensors": [asdict(row) for row in tensors],
        "outputs": {name: asdict(row) for name, row in outputs.items()},
        "same": same,
        "metrics": metrics,
        "limits": asdict(limits),
        "broken": broken,
    }
    text = _text(tensors, outputs, same, metrics)
    figures = {"command": command, "figures": _figures(outputs, same, metrics)}
    (out / "quantization.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (out / "verify.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (out / "verify.md").write_text(f"`{command}`\n\n{text}\n", encoding="utf-8")
    return Verdict(text, broken)


def _broken(
    limits: Limits,
    outputs: dict[str, OutputDifference],
    same: dict[str, dict[str, float]],
    metrics: dict[str, dict[str, Metrics]],
    tensors: Sequence[TensorDifference],
) -> list[str]:
    found = [f"{row.name} is like no weight of the original" for row in tensors if not row.original]
    for source, values in metrics.items():
        losses = {task: _loss(values, task) for task in _TASKS}
        for task, most in (("beam3/cider", limits.most_cider_loss), ("vqa-all/exact", limits.most_exact_loss)):
            loss = losses[task]
            if most is not None and loss is not None and loss > most:
                found.append(f"{source}: {task} fell by {loss:.2f}, at most {most:g} may be lost")
        share, least = same[source].get("same-greedy"), limits.least_same_captions
        if share is not None and least is not None and share < least:
            found.append(f"{source}: {share:g} % of captions are the same, at least {least:g} % must be")
        snr, least = outputs[source].logits_snr, limits.least_logits_snr
        if least is not None and snr < least:
            found.append(f"{source}: next-word scores at {snr:.1f} dB, at least {least:g} dB must be kept")
    return found


def _figures(
    outputs: dict[str, OutputDifference], same: dict[str, dict[str, float]], metrics: dict[str, dict[str, Metrics]]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for source, sides in metrics.items():
        for task in _TASKS:
            if _loss(sides, task) is not None:
                found |= {f"{source}, {task}, {side}": sides[side][task] for side in ("original", "quantized")}
        found |= {f"{source}, {name} %": share for name, share in same[source].items()}
        found[f"{source}, next-word scores, SNR dB"] = outputs[source].logits_snr
    return found


def _loss(sides: dict[str, Metrics], task: str) -> float | None:
    before, after = sides["original"].get(task), sides["quantized"].get(task)
    return None if before is None or after is None else before - after


def _text(
    tensors: Sequence[TensorDifference],
    outputs: dict[str, OutputDifference],
    same: dict[str, dict[str, float]],
    metrics: dict[str, dict[str, Metrics]],
) -> str:
    weights = [
        [row.name, row.original or "none", str(row.bits), f"{row.bytes:,}", _number(row.snr), _number(row.largest, 4)]
        for row in tensors
    ]
    inside = [[source, *(_number(v) for v in asdict(row).values())] for source, row in outputs.items()]
    kinds = list(dict.fromkeys(kind for row in same.values() for kind in row))
    texts = [[s, *(f"{row[k]:g}" if k in row else "none" for k in kinds)] for s, row in same.items()]
    tasks = []
    for source, sides in metrics.items():
        for task in _TASKS:
            loss = _loss(sides, task)
            if loss is not None:
                tasks.append(
                    [
                        f"{source}, {task}",
                        *(f"{sides[s][task]:g}" for s in ("original", "quantized")),
                        f"{0 - loss:+.2f}",
                    ]
                )
    outputs_header = ["outputs", "keys dB", "values dB", "embedding cosine", "scores dB", "same next word %"]
    return "\n\n".join(
        [
            markdown(["weight", "original", "bits", "bytes", "SNR dB", "largest difference"], weights),
            markdown(outputs_header, inside),
            markdown(["same texts %", *kinds], texts),
            markdown(["task", "original", "quantized", "difference"], tasks),
        ]
    )


def _number(value: float, digits: int = 2) -> str:
    return "none" if math.isnan(value) else f"{value:.{digits}f}"
