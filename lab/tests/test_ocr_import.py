"""The committed bundle is what the importer makes from the published models, to the byte."""

from importlib import resources
from pathlib import Path

import pytest

from mm_lab.bundle import sha256_hex, write_part
from mm_lab.ocr.importer import INFO, MEMBERS, ocr_part

COMMITTED = Path(__file__).parents[2] / "models" / INFO.name
MAX_BYTES = 6_200_000


@pytest.fixture(scope="module")
def sources() -> dict[str, bytes]:
    """The published models from the installed package, which is pinned to the version the importer downloads."""
    installed = resources.files("rapidocr").joinpath("..")
    return {path: Path(str(installed.joinpath(path))).read_bytes() for path in MEMBERS}


def test_two_imports_give_the_same_bytes_and_they_are_the_committed_ones(sources, tmp_path):
    assert {path: sha256_hex(data) for path, data in sources.items()} == MEMBERS
    for run in ("first", "second"):
        write_part(tmp_path / run, INFO, ocr_part(sources))
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    for name in names:
        first = (tmp_path / "first" / name).read_bytes()
        assert first == (tmp_path / "second" / name).read_bytes(), name
        if name != "manifest.json":  # other parts of the bundle have their own entries there
            assert first == (COMMITTED / name).read_bytes(), name


def test_the_text_part_stays_small(sources):
    assert sum(len(data) for _, data in ocr_part(sources).files.values()) < MAX_BYTES
