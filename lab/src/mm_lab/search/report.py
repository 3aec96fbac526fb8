"""What a search leaves behind: the Pareto front as CSV and plot, and settings to train the chosen one with."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mm_lab.search.config import SearchConfig
from mm_lab.search.evolve import Candidate, Limits, pareto_front

_COLUMNS: tuple[str, ...] = (
    "chosen", "loss", "caption_ms", "vision_ms", "step_ms", "text_ms", "bytes", "trunk", "image_size", "width",
    "heads", "ratio", "layers", "text_layers", "picture_bits", "retrieval_bits", "layer_bits", "text_bits",
)  # fmt: skip


def write_front(path: Path, candidates: Sequence[Candidate]) -> Candidate:
    """Writes the front of ``candidates`` and returns the chosen one: of the front, the least loss."""
    front = pareto_front(candidates)
    chosen = min(front, key=lambda c: c.loss)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for candidate in front:
            writer.writerow(_row(candidate, candidate is chosen))
    return chosen


def _row(candidate: Candidate, chosen: bool) -> dict[str, Any]:
    a, cost = candidate.architecture, candidate.cost
    costs = {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(cost).items()}
    bits = {name: "-".join(map(str, getattr(a, name))) for name in ("layer_bits", "text_bits")}
    single = {"picture_bits": a.picture_bits, "retrieval_bits": a.retrieval_bits}
    return {"chosen": int(chosen), "loss": round(candidate.loss, 4)} | costs | a.network() | single | bits


def write_chosen(folder: Path, chosen: Candidate, config: SearchConfig, about: dict[str, Any]) -> None:
    """``architecture.json`` says what was chosen and why; ``train.json`` is ready for ``mm-lab train``."""
    network = chosen.architecture.network()
    record = {
        "network": network,
        "bits": {k: v for k, v in chosen.architecture.record().items() if k.endswith("bits")},
        "predicted": asdict(chosen.cost) | {"loss": chosen.loss},
        **about,
    }
    (folder / "architecture.json").write_text(json.dumps(record, indent=1) + "\n")
    cache = next(s.cache for s in config.stems if s.stem == chosen.architecture.stem)
    sources = [{"name": s.name, "form": s.form, "location": str(s.location)} for s in config.sources]
    train = {
        "data": {"sources": sources, "cache": str(cache)},
        "output": str(folder / "chosen"),
        "network": network,
    }
    (folder / "train.json").write_text(json.dumps(train, indent=1) + "\n")


def plot_front(path: Path, candidates: Sequence[Candidate], chosen: Candidate, limits: Limits) -> None:
    """Loss over latency of everything measured; the front stands out, areas grow with bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and part of the [train] extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    # The same figure gives the same file; letters stay letters, which makes it small.
    mpl.rcParams.update({"svg.hashsalt": "mm-lab", "svg.fonttype": "none"})
    front = set(map(id, pareto_front(candidates)))
    figure = Figure((7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    stems = sorted({c.architecture.stem for c in candidates})
    for color, stem in zip(("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"), stems, strict=False):
        group = [c for c in candidates if c.architecture.stem == stem]
        for on_front in (False, True):
            shown = [c for c in group if (id(c) in front) == on_front]
            axes.scatter(
                [c.cost.caption_ms for c in shown],
                [c.loss for c in shown],
                s=[4 * c.cost.bytes / 1e6 for c in shown],
                color=color,
                alpha=0.9 if on_front else 0.2,
                label=f"Lite{stem.trunk}, {stem.image_size} px" if on_front else None,
                linewidths=0,
            )
    axes.scatter(chosen.cost.caption_ms, chosen.loss, s=160, facecolors="none", edgecolors="black", label="chosen")
    axes.axvline(limits.caption_ms, color="gray", linestyle=":", label=f"limit {limits.caption_ms:g} ms")
    axes.set_xlabel("greedy caption, ms (sum of measured blocks)")
    axes.set_ylabel("dev loss with shared weights, nats")
    axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})
