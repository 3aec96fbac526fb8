"""Finds text: picture to probability map to quads (differentiable binarization, Liao et al. 2020)."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mm_lab.ocr import geometry
from mm_lab.ocr.types import Image, Quad

MAX_CANDIDATES = 1000
MIN_SIDE_BEFORE = 3.0  # pixels of the probability map; thinner spots are noise
MIN_SIDE_AFTER = 5.0


@dataclass(frozen=True)
class FoundQuad:
    """A line's quad in the picture's pixels, and the mean text probability inside it before it was grown."""

    quad: Quad
    score: float


class Detector:
    """The bundle's text detector with its settings."""

    def __init__(self, session: onnxruntime.InferenceSession, settings: dict[str, Any]) -> None:
        self.session = session
        self.settings = settings
        self.mean = np.array(settings["mean"], np.float32)
        self.std = np.array(settings["std"], np.float32)

    def input_size(self, width: int, height: int, max_side: int) -> tuple[int, int]:
        """(width, height) the picture is resized to: longest side at most `max_side`, sides multiples of 32."""
        multiple = self.settings["side_multiple"]
        ratio = min(1.0, max_side / max(width, height))
        fit = [max(multiple, round(side * ratio / multiple) * multiple) for side in (width, height)]
        return fit[0], fit[1]

    def prepare(self, image: Image, max_side: int) -> NDArray[np.float32]:
        """Resize and normalise to the network's input [1, 3, height, width]."""
        size = self.input_size(image.shape[1], image.shape[0], max_side)
        pixels = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
        pixels = (pixels * np.float32(self.settings["scale"]) - self.mean) / self.std
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)

    def probabilities(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """Text probability of every pixel of the network's input: [height, width]."""
        (output,) = self.session.run(self.settings["outputs"], {self.settings["input"]: tensor})
        return np.asarray(output, np.float32)[0, 0]

    def quads(self, probability: NDArray[np.float32], width: int, height: int) -> list[FoundQuad]:
        """Quads around text, from the probability map to a picture of `width` x `height` pixels."""
        mask = (probability > self.settings["threshold"]).astype(np.uint8) * 255
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        scale = np.array([width / probability.shape[1], height / probability.shape[0]], np.float32)
        limit = np.array([width, height], np.float32)
        found: list[FoundQuad] = []
        for contour in contours[:MAX_CANDIDATES]:
            quad, side = geometry.min_area_quad(contour)
            if side < MIN_SIDE_BEFORE:
                continue
            score = mean_inside(probability, quad)
            if score < self.settings["box_threshold"]:
                continue
            grown = geometry.unclip(quad, self.settings["unclip_ratio"])
            if grown is None:
                continue
            quad, side = geometry.min_area_quad(grown.reshape(-1, 1, 2))
            if side < MIN_SIDE_AFTER:
                continue
            found.append(FoundQuad(np.clip(np.rint(quad * scale), 0, limit).astype(np.float32), score))
        return found

    def find(self, image: Image, max_side: int) -> list[FoundQuad]:
        """Quads around the lines of text in `image`."""
        probability = self.probabilities(self.prepare(image, max_side))
        return self.quads(probability, image.shape[1], image.shape[0])


def mean_inside(probability: NDArray[np.float32], quad: Quad) -> float:
    """Mean of the probability map over the pixels inside `quad`."""
    height, width = probability.shape
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    x0, x1 = (int(np.clip(x, 0, width - 1)) for x in (low[0], high[0]))
    y0, y1 = (int(np.clip(y, 0, height - 1)) for y in (low[1], high[1]))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    inside = (quad - np.array([x0, y0], np.float32)).astype(np.int32)
    cv2.fillPoly(mask, [inside], 1)
    return float(cv2.mean(probability[y0 : y1 + 1, x0 : x1 + 1], mask)[0])
