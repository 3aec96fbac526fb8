import io
import json
import stat
import tarfile
from pathlib import Path

import pytest

from mm_lab.library_growth import measure_indexing, pictures, plot_growth

SAYS = {"added": 2, "seconds": 0.5, "photos_per_second": 4.0, "peak_memory_bytes": 150e6, "database_bytes": 4096}


def shard(path: Path, names: list[str]) -> Path:
    with tarfile.open(path, "w") as out:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            out.addfile(info, io.BytesIO(b"abc"))
    return path


def program(folder: Path, says: dict[str, float]) -> Path:
    """Stands in for `mm index`, and fails when it is not asked as `mm` wants to be."""
    path = folder / "mm"
    line = json.dumps({"finished": says})
    path.write_text(
        f'#!/bin/sh\n[ "$1 $3 $5 $6" = "index --db --full-speed --json" ] && [ -d "$2" ] || exit 2\n'
        f"echo '{{\"path\": \"a.jpg\"}}'\necho '{line}'\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_pictures_of_a_shard_and_of_a_folder(tmp_path: Path):
    source = shard(tmp_path / "photos.tar", ["a.jpg", "a.json", "b.jpg", "c.jpg"])
    assert [name for name, _ in pictures(source, 2)] == ["a.jpg", "b.jpg"]
    (tmp_path / "b.PNG").write_bytes(b"abc")
    (tmp_path / "a.jpeg").write_bytes(b"abc")
    assert list(pictures(tmp_path, 5)) == [("a.jpeg", b"abc"), ("b.PNG", b"abc")]


def test_indexing_is_measured_by_what_mm_says(tmp_path: Path):
    source = shard(tmp_path / "photos.tar", ["a.jpg", "b.jpg"])
    table = measure_indexing(program(tmp_path, SAYS), source, [2])
    assert table == "photos,seconds,photos_per_s,peak_mb,bytes_per_photo\n2,0.5,4.0,150,2048\n"


def test_photos_that_were_not_indexed_are_no_measurement(tmp_path: Path):
    source = shard(tmp_path / "photos.tar", ["a.jpg", "b.jpg"])
    with pytest.raises(ValueError, match="2 photos were indexed, not 3"):
        measure_indexing(program(tmp_path, SAYS), source, [3])


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
