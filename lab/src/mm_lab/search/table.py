"""Latency tables: what each block took on a target, and what an architecture then costs."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mm_lab.search.blocks import Block, parts_of
from mm_lab.search.space import Architecture

Statistic = Literal["least", "median"]
_FORM = 1


class SearchError(ValueError):
    """A search that cannot go on until its caller changes something."""


@dataclass(frozen=True)
class Timing:
    """One block: milliseconds a run, over ``runs`` runs, and the bytes its weights are stored in.

    Times are None in a table that was written for a device and not filled in yet.
    """

    least_ms: float | None
    median_ms: float | None
    runs: int
    bytes: int


@dataclass(frozen=True)
class Cost:
    """What an architecture costs on a target: milliseconds, and bytes of stored weights."""

    vision_ms: float
    step_ms: float
    text_ms: float
    caption_ms: float
    bytes: int


@dataclass
class Table:
    """Timings by block key. ``overhead`` is a graph with one trivial operator: the price of any run.

    ``fixed`` holds the settings that every block was built with and the search does not vary.
    """

    target: str
    machine: dict[str, Any]
    fixed: dict[str, Any]
    statistic: Statistic = "median"
    overhead: Timing | None = None
    blocks: dict[str, Timing] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Writes JSON; an interrupted write leaves the old file."""
        record = {"form": _FORM} | dataclasses.asdict(self)
        partial = path.with_suffix(".partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(record, indent=1) + "\n")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Table:
        """Reads what :meth:`save` wrote; SearchError for anything else."""
        record = json.loads(path.read_text())
        if not isinstance(record, dict) or record.pop("form", None) != _FORM:
            raise SearchError(f"{path} is no latency table of form {_FORM}")
        record["blocks"] = {key: Timing(**value) for key, value in record["blocks"].items()}
        record["overhead"] = Timing(**record["overhead"]) if record["overhead"] else None
        return cls(**record)

    def check(self, blocks: Iterable[Block], fixed: dict[str, Any]) -> None:
        """Refuses a table that does not answer for all of ``blocks`` with measured times."""
        if self.fixed != fixed:
            names = sorted(n for n in fixed.keys() | self.fixed.keys() if fixed.get(n) != self.fixed.get(n))
            raise SearchError(f"the table for {self.target} was measured with another {', '.join(names)}")
        keys = [b.key for b in blocks]
        missing = [k for k in keys if k not in self.blocks or self._ms(self.blocks[k]) is None]
        if self.overhead is None or self._ms(self.overhead) is None or len(missing) == len(keys):
            raise SearchError(
                f"the table for {self.target} holds no measured time: run its blocks on that device first"
            )
        if missing:
            raise SearchError(f"the table for {self.target} lacks {len(missing)} of {len(keys)} blocks, {missing[0]!r}")

    def cost(self, architecture: Architecture, steps: int) -> Cost:
        """Adds up the blocks of ``architecture``; a caption is one vision pass and ``steps`` decoder steps."""
        parts = parts_of(architecture)
        vision, step, text = (self._run_ms(p) for p in (parts.vision, parts.step, parts.text))
        stored = sum(self.blocks[b.key].bytes * n for p in (parts.vision, parts.step, parts.text) for b, n in p.items())
        return Cost(vision, step, text, vision + steps * step, stored)

    def _run_ms(self, part: Counter[Block]) -> float:
        """One run of a graph: its blocks without the price of a run of their own, and that price once."""
        price = self._measured(self.overhead, "overhead")
        return price + sum((self._measured(self.blocks[b.key], b.key) - price) * n for b, n in part.items())

    def _measured(self, timing: Timing | None, key: str) -> float:
        value = timing and self._ms(timing)
        if value is None:
            raise SearchError(f"the table for {self.target} holds no time for {key!r}")
        return value

    def _ms(self, timing: Timing) -> float | None:
        return timing.least_ms if self.statistic == "least" else timing.median_ms


def find_table(target: str, folders: Iterable[Path]) -> Path:
    """The file of a table that is not for this machine: a path, or ``TARGET.json`` in one of ``folders``."""
    if target.endswith(".json"):
        return Path(target)
    folders = list(folders)
    for folder in folders:
        if (folder / f"{target}.json").exists():
            return folder / f"{target}.json"
    places = ", ".join(str(f) for f in folders)
    raise SearchError(
        f"no {target}.json in {places}: latencies are measured, never guessed. `mm-lab search --stage blocks` writes "
        "the blocks and an empty table; fill it on the device and pass it with --hardware-target"
    )
