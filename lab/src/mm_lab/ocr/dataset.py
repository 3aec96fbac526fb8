"""Pictures with their text: a folder with `gt.jsonl`, one object per picture.

`{"image": "images/a.jpg", "width": 640, "height": 480, "regions": [{"text": "TAXI", "quad": [[x, y] * 4]}]}`;
a region whose text is "###" (or that has `"ignore": true`) is text nobody has to read.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mm_lab.ocr.geometry import slice_quad
from mm_lab.ocr.types import Quad, Word, as_quad

UNREADABLE = "###"
FULL_PICTURE_TOLERANCE = 1.0  # pixels


@dataclass(frozen=True)
class Sample:
    """A picture and the words to be read in it; `image` is its path as the data set writes it."""

    image: str
    path: Path
    width: int
    height: int
    words: list[Word]
    is_crop: bool

    @property
    def text(self) -> str:
        """The text of a word crop."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Dataset:
    """A set of samples; either all are word crops or none is scored as one."""

    name: str
    samples: list[Sample]

    @property
    def is_crops(self) -> bool:
        """Whether every picture is one word or line that fills it."""
        return all(sample.is_crop for sample in self.samples)


def load_dataset(folder: Path, limit: int | None = None) -> Dataset:
    """Read `gt.jsonl` in `folder`, at most `limit` samples of it."""
    lines = (folder / "gt.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [_sample(folder, json.loads(line)) for line in lines if line.strip()]
    return Dataset(folder.name, samples[:limit])


def split_at_spaces(text: str, quad: Quad) -> list[Word]:
    """Words of a line, each with its share of the quad by number of characters."""
    length = max(len(text), 1)
    spans = re.finditer(r"\S+", text)
    return [Word(m.group(), slice_quad(quad, m.start() / length, m.end() / length)) for m in spans]


def _sample(folder: Path, entry: dict[str, Any]) -> Sample:
    words: list[Word] = []
    for region in entry["regions"]:
        quad = as_quad(region["quad"])
        if region.get("ignore") or region["text"].strip() in ("", UNREADABLE):
            words.append(Word(UNREADABLE, quad))
        else:
            words += split_at_spaces(region["text"], quad)
    width, height = entry["width"], entry["height"]
    return Sample(
        image=entry["image"],
        path=folder / entry["image"],
        width=width,
        height=height,
        words=words,
        is_crop=len(entry["regions"]) == 1 and _fills(as_quad(entry["regions"][0]["quad"]), width, height),
    )


def _fills(quad: Quad, width: int, height: int) -> bool:
    full = as_quad([[0, 0], [width, 0], [width, height], [0, height]])
    return bool(abs(quad - full).max() <= FULL_PICTURE_TOLERANCE)
