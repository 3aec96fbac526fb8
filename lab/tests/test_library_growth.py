import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from mm_lab.library_growth import measure_indexing, plot_growth

SAYS = {"added": "COUNT", "seconds": 0.5, "photos_per_second": 4.0, "peak_memory_bytes": 150e6, "database_bytes": 4096}


def shard(folder: Path, keys: list[str]) -> Path:
    with tarfile.open(folder / "dev-000.tar", "w") as out:
        for key in keys:
            for suffix, data in (("jpg", b"abc"), ("json", b'{"captions": []}')):
                info = tarfile.TarInfo(f"{key}.{suffix}")
                info.size = len(data)
                out.addfile(info, io.BytesIO(data))
    return folder


def program(folder: Path) -> Path:
    """Stands in for `mm index`: counts the photos, and fails when it is not asked as `mm` wants to be."""
    path = folder / "mm"
    says = json.dumps({"finished": SAYS}).replace('"COUNT"', "%d")
    path.write_text(
        '#!/bin/sh\n[ "$1 $3 $5 $6" = "index --db --full-speed --json" ] || exit 2\n'
        f'echo \'{{"path": "a.jpg"}}\'\nprintf \'{says}\\n\' "$(ls "$2" | wc -l)"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_indexing_is_measured_by_what_mm_says(tmp_path: Path):
    source = shard(tmp_path, ["a", "b", "c"])
    table = measure_indexing(program(tmp_path), source, [2])
    assert table == "photos,seconds,photos_per_s,peak_mb,bytes_per_photo\n2,0.5,4.0,150,2048\n"


def test_photos_that_were_not_indexed_are_no_measurement(tmp_path: Path):
    source = shard(tmp_path, ["a", "b"])
    with pytest.raises(ValueError, match="2 photos were indexed, not 3"):
        measure_indexing(program(tmp_path), source, [3])


def test_the_plot_is_the_same_every_time(tmp_path: Path):
    pytest.importorskip("matplotlib")
    search, indexing = tmp_path / "scale.csv", tmp_path / "indexing.csv"
    search.write_text(
        "photos,p50_ms,p95_ms,vec0_100_nearest_ms,bytes_per_photo\n1000,1,3,0.9,1016\n100000,19,45,115,886\n"
    )
    indexing.write_text("photos,seconds,photos_per_s,peak_mb,bytes_per_photo\n2,0.5,4.0,150,2048\n")
    plots = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for plot in plots:
        plot_growth(plot, search, indexing)
    assert "95 % within" in plots[0].read_text()
    assert plots[0].read_bytes() == plots[1].read_bytes()
