"""Data sets by name, listed in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mm_lab.data.corpus import Source


def read_sources(path: Path, names: Sequence[str] = ()) -> list[Source]:
    """Sources of ``{"sources": [{"name", "form", "location"}]}``, or of a training run's settings.

    ``names`` picks some of them; one that is not listed is an error. Locations are relative to the working folder.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    listed = record.get("data", record).get("sources")
    if not listed:
        raise ValueError(f'{path} lists no data sets: it needs {{"sources": [{{"name", "form", "location"}}]}}')
    sources = [Source(s["name"], s["form"], Path(s["location"])) for s in listed]
    unknown = sorted(set(names) - {s.name for s in sources})
    if unknown:
        raise ValueError(f"{path} has no data set {unknown[0]!r}; it has {', '.join(s.name for s in sources)}")
    return [s for s in sources if not names or s.name in names]
