"""How the photo library grows: time and memory of indexing, time of a search, bytes of the database."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from mm_lab.data.samples import read_samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS: tuple[str, ...] = ("photos", "seconds", "photos_per_s", "peak_mb", "bytes_per_photo")


def measure_indexing(mm: Path, data: Path, sizes: Sequence[int]) -> str:
    """Indexes the first N dev photos of ``data`` (webdataset shards) into a new library for every N of ``sizes``.

    One line of CSV each.

    Seconds and peak memory are what ``mm index --json`` says of itself: everything but the start of the process.
    """
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "photos")
        for size in tqdm(sorted(sizes), unit="size", disable=None):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for sample in islice(read_samples("shards", data, "dev"), size):
                Path(folder, f"{sample.key}.jpg").write_bytes(sample.image)
            command = [str(mm), "index", str(folder), "--db", f"{scratch}/{size}.sqlite", "--full-speed", "--json"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append(_row(said, size))
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _row(said: str, size: int) -> dict[str, object]:
    lines = [json.loads(line) for line in said.splitlines()]
    total = next(line["finished"] for line in lines if "finished" in line)
    if total["added"] != size:
        raise ValueError(f"{total['added']} photos were indexed, not {size}: are there fewer, or are some damaged?")
    return {
        "photos": size,
        "seconds": round(total["seconds"], 2),
        "photos_per_s": round(total["photos_per_second"], 1),
        "peak_mb": round(total["peak_memory_bytes"] / 1e6),
        "bytes_per_photo": round(total["database_bytes"] / size),
    }


def read_table(path: Path) -> dict[str, list[float]]:
    """The columns of a CSV file of numbers."""
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    if not rows:
        raise ValueError(f"{path} has no rows")
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def plot_growth(path: Path, search: Path, indexing: Path) -> None:
    """Four panels over the number of photos, as SVG: searching, database, indexing, memory.

    ``search`` is what the example ``scale`` of mm-library printed, ``indexing`` what :func:`measure_indexing` gave.
    """
    import matplotlib as mpl  # noqa: PLC0415 - slow, and part of the [train] extra
    from matplotlib.figure import Figure  # noqa: PLC0415

    # The same figure gives the same file; letters stay letters, which makes it small.
    mpl.rcParams.update({"svg.hashsalt": "mm-lab", "svg.fonttype": "none"})
    found, made = read_table(search), read_table(indexing)
    figure = Figure((9, 6.4), layout="constrained")
    searching, database, rate, memory = figure.subplots(2, 2).flat
    for column, label in (
        ("p50_ms", "search, median"),
        ("p95_ms", "search, 95 % within"),
        ("vec0_100_nearest_ms", "100 nearest by sqlite-vec"),
    ):
        searching.plot(found["photos"], found[column], marker="o", label=label)
    searching.axhline(50, color="gray", linestyle=":", label="aim up to 100,000: 50 ms")
    searching.set(xscale="log", yscale="log", ylabel="ms a search")
    _line(database, made["photos"], made["bytes_per_photo"], "with thumbnail and text (indexed photos)")
    _line(database, found["photos"], found["bytes_per_photo"], "without (made-up photos)")
    database.set(xscale="log", yscale="log", ylabel="database, bytes a photo")
    _line(rate, made["photos"], made["photos_per_s"], None)
    rate.set(ylabel="indexing, photos a second")
    _line(memory, made["photos"], made["peak_mb"], None)
    memory.set(ylabel="indexing, peak memory in MB")
    for axes in (rate, memory):
        axes.margins(y=0.15)
        axes.set_ylim(bottom=0)
    for axes in (searching, database, rate, memory):
        axes.set_xlabel("photos in the library")
        axes.grid(alpha=0.25)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None})


def _line(axes: Axes, x: list[float], y: list[float], label: str | None) -> None:
    axes.plot(x, y, marker="o", label=label)
