"""What each step of training bought, written down by whoever ran it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mm_lab.release.figures import NOT_MEASURED
from mm_lab.tables import markdown


@dataclass(frozen=True)
class Step:
    """One step: what was done, how long it took, what was measured after it."""

    name: str
    command: str
    minutes: float | None
    measured: dict[str, float]


@dataclass(frozen=True)
class TrainingLog:
    """Every step in order. ``command`` measured them all."""

    seed: int | None
    hardware: str
    command: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def read_training_log(path: Path | None) -> TrainingLog:
    """Reads ``{"seed", "hardware", "command", "steps": [{"name", "command", "minutes", "measured"}], "notes"}``."""
    if path is None or not path.exists():
        return TrainingLog(None, NOT_MEASURED, NOT_MEASURED, (), ())
    record = json.loads(path.read_text(encoding="utf-8"))
    steps = tuple(
        Step(s["name"], s.get("command", ""), s.get("minutes"), s.get("measured", {})) for s in record["steps"]
    )
    notes = tuple(record.get("notes", ()))
    return TrainingLog(
        record.get("seed"), record.get("hardware", NOT_MEASURED), record.get("command", NOT_MEASURED), steps, notes
    )


def steps_table(log: TrainingLog) -> str:
    """A row per step; columns are whatever was measured anywhere."""
    if not log.steps:
        return f"Steps: {NOT_MEASURED}."
    names = list(dict.fromkeys(name for step in log.steps for name in step.measured))
    rows = [
        [
            step.name,
            NOT_MEASURED if step.minutes is None else f"{step.minutes:g}",
            *(f"{step.measured[n]:g}" if n in step.measured else NOT_MEASURED for n in names),
        ]
        for step in log.steps
    ]
    return markdown(["step", "minutes", *names], rows)
