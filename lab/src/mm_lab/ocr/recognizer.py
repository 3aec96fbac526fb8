"""Reads one cropped line: picture to class probabilities to text, with the place of every character."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mm_lab.ocr import geometry
from mm_lab.ocr.types import Image, Quad, Word

MIN_WIDTH = 16


@dataclass(frozen=True)
class Line:
    """A read line: its characters, the place of each as a fraction of the line's length, and their mean probability."""

    characters: list[str]
    positions: list[float]
    confidence: float

    @property
    def text(self) -> str:
        """The characters joined."""
        return "".join(self.characters)


class Recognizer:
    """The bundle's line recognizer with its settings and characters."""

    def __init__(self, session: onnxruntime.InferenceSession, settings: dict[str, Any], characters: list[str]) -> None:
        classes = session.get_outputs()[0].shape[-1]
        if classes != len(characters):
            raise ValueError(f"the recognizer has {classes} classes, the list {len(characters)} characters")
        self.session = session
        self.settings = settings
        self.characters = characters
        self.mean = np.array(settings["mean"], np.float32)
        self.std = np.array(settings["std"], np.float32)

    def line_width(self, crop: Image) -> int:
        """Width of a crop after scaling to the network's height."""
        height = self.settings["height"]
        return max(1, min(self.settings["max_width"], math.ceil(height * crop.shape[1] / crop.shape[0])))

    def prepare(self, crop: Image) -> tuple[NDArray[np.float32], int]:
        """Scale, normalise and pad with zeros to the network's width step: [1, 3, 48, width], and the width filled."""
        height, multiple = self.settings["height"], self.settings["width_multiple"]
        width = self.line_width(crop)
        padded = max(MIN_WIDTH, math.ceil(width / multiple) * multiple)
        pixels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        pixels = (pixels * np.float32(self.settings["scale"]) - self.mean) / self.std
        tensor = np.zeros((1, 3, height, padded), np.float32)
        tensor[0, :, :, :width] = pixels.transpose(2, 0, 1)
        return tensor, width

    def probabilities(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities at every time step: [steps, classes]."""
        (output,) = self.session.run(self.settings["outputs"], {self.settings["input"]: tensor})
        return np.asarray(output, np.float32)[0]

    def decode(self, probability: NDArray[np.float32], filled: float) -> Line:
        """Greedy CTC (Graves et al. 2006): best class per step, repeats merged, blanks dropped.

        `filled` is the fraction of the network's input the line fills; the rest is padding.
        """
        steps = len(probability)
        best, score = probability.argmax(axis=1), probability.max(axis=1)
        new = [t for t in range(steps) if best[t] != 0 and (t == 0 or best[t] != best[t - 1])]
        positions = [min(1.0, (t + 0.5) / steps / filled) for t in new]
        confidence = float(np.mean(score[new])) if new else 0.0
        return Line([self.characters[best[t]] for t in new], positions, confidence)

    def read(self, crop: Image) -> Line:
        """Read one line.

        Lines are read one at a time: padding them to a common width for a batch costs both accuracy and CPU time.
        """
        tensor, filled = self.prepare(crop)
        return self.decode(self.probabilities(tensor), filled / tensor.shape[-1])


def split_words(line: Line, quad: Quad, turned: bool) -> list[Word]:
    """Split a line at its spaces and give every word its part of the line's quad.

    A word reaches half a mean character width beyond the centres of its first and last character, but not past the
    middle of the gap to its neighbour; the first and the last word reach the ends of the line.
    """
    along = geometry.reading_quad(quad, turned)
    spans = _word_spans(line.characters)
    half = 0.5 / max(len(line.characters), 1)
    starts = [max(0.0, line.positions[first] - half) for first, _ in spans]
    ends = [min(1.0, line.positions[last] + half) for _, last in spans]
    for k, ((_, last), (first, _)) in enumerate(pairwise(spans)):
        middle = (line.positions[last] + line.positions[first]) / 2
        ends[k], starts[k + 1] = min(ends[k], middle), max(starts[k + 1], middle)
    if spans:
        starts[0], ends[-1] = 0.0, 1.0
    return [
        Word("".join(line.characters[first : last + 1]), geometry.slice_quad(along, start, end))
        for (first, last), start, end in zip(spans, starts, ends, strict=True)
    ]


def _word_spans(characters: list[str]) -> list[tuple[int, int]]:
    """Index of the first and the last character of every word."""
    spans: list[tuple[int, int]] = []
    for index, character in enumerate(characters):
        if character.isspace():
            continue
        if spans and spans[-1][1] == index - 1:
            spans[-1] = (spans[-1][0], index)
        else:
            spans.append((index, index))
    return spans
