"""Measured figures from files, each with the command that printed it. What no file holds is "not measured"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Evaluation:
    """``metrics.json`` of ``mm-lab evaluate``."""

    command: str
    runtime: str
    metrics: dict[str, dict[str, float]]


def read_evaluation(path: Path, digest: str) -> Evaluation:
    """An evaluation of the bundle with this digest; figures of another bundle are refused."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["bundle"]["digest"] != digest:
        raise ValueError(f"{path} measures another bundle; run its command again: {record['command']}")
    return Evaluation(record["command"], record["runtime"], record["metrics"])


def read_figures(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Other measurements by file stem: ``{"command": .., "figures": {name: value}}``."""
    found = {}
    for path in paths:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record.get("command"), str) or not isinstance(record.get("figures"), dict):
            raise ValueError(f'{path} is not {{"command": .., "figures": {{..}}}}')
        found[path.stem] = {"command": record["command"], "figures": record["figures"]}
    return found


def bundle_metrics(evaluation: Evaluation | None, others: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the manifest's ``metrics`` holds."""
    found: dict[str, Any] = dict(others)
    if evaluation:
        found["evaluation"] = {
            "command": evaluation.command, "runtime": evaluation.runtime, "figures": evaluation.metrics,
        }  # fmt: skip
    return dict(sorted(found.items()))
