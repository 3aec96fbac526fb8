"""The figures of an evaluation as JSON and as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mm_lab.data.questions import QUESTION_TYPES
from mm_lab.evaluate.bundle_metrics import Metrics
from mm_lab.tables import markdown

NOT_MEASURED = "not measured"
_CAPTIONS = ("cider", "bleu4", "right", "ece", "ms")
_RECALL = [f"{way}@{k}" for way in ("t2i", "i2t") for k in (1, 5, 10)]


def tables(metrics: dict[str, Metrics]) -> str:
    """Markdown tables of the figures by data set: captions, retrieval, questions, answers."""
    captions = [
        [f"{source}, {search}", *(_cell(found, f"{search}/{name}") for name in _CAPTIONS)]
        for source, found in metrics.items()
        for search in ("greedy", "beam3")
        if f"{search}/right" in found
    ]
    retrieval = [[s, *(_cell(f, name) for name in _RECALL)] for s, f in metrics.items() if "t2i@1" in f]
    questions = [
        [f"{source}, {kind}", *(_cell(found, f"vqa-{kind}/{name}") for name in ("n", "exact", "blind", "margin"))]
        for source, found in metrics.items()
        for kind in ("all", *QUESTION_TYPES)
        if f"vqa-{kind}/n" in found
    ]
    names = ("said", "exact-when-said", "ece", "ms")
    answers = [[s, *(_cell(f, f"answers/{n}") for n in names)] for s, f in metrics.items() if "answers/ece" in f]
    parts = [
        (["captions", "CIDEr", "BLEU-4", "right %", "ECE", "mean ms"], captions),
        (["retrieval %", *_RECALL], retrieval),
        (["questions", "n", "exact %", "blind %", "margin"], questions),
        (["answers", "said %", "exact when said %", "ECE", "mean ms"], answers),
    ]
    return "\n\n".join(markdown(header, rows) for header, rows in parts if rows)


def _cell(found: Metrics, name: str) -> str:
    value = found.get(name)
    if value is None:
        return NOT_MEASURED
    return f"{value:.3f}" if name.endswith("ece") else f"{value:g}"


def write_report(folder: Path, head: dict[str, Any], metrics: dict[str, Metrics]) -> str:
    """Writes ``metrics.json`` and ``metrics.md`` into ``folder``; returns the tables."""
    record = head | {"metrics": metrics}
    (folder / "metrics.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    text = tables(metrics)
    (folder / "metrics.md").write_text(f"`{head['command']}`\n\n{text}\n", encoding="utf-8")
    return text
