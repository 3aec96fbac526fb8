"""What reading a picture gives, in the words of the app's JSON."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Height x width x 3, blue-green-red."""

Quad = NDArray[np.float32]
"""Four corners as (x, y) in pixels: top left, top right, bottom right, bottom left of the text as it is read."""


@dataclass(frozen=True)
class Word:
    """A word and where it is."""

    text: str
    quad: Quad


@dataclass(frozen=True)
class Region:
    """A line of text: its words, where it is and how sure the recognizer is (mean over its characters, 0 to 1)."""

    text: str
    quad: Quad
    confidence: float
    words: list[Word] = field(default_factory=list[Word])

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Region":
        """Read one entry of `regions` as `mm ocr --json` prints it."""
        words = [Word(word["text"], as_quad(word["quad"])) for word in value.get("words", [])]
        return cls(value["text"], as_quad(value["quad"]), float(value.get("confidence", 1.0)), words)


def as_quad(corners: object) -> Quad:
    """Four [x, y] pairs as an array."""
    return np.asarray(corners, dtype=np.float32).reshape(4, 2)
