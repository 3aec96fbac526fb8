"""Quads around text: corner order, offset, perspective crop."""

import cv2
import numpy as np
from numpy.typing import NDArray
from pyclipper import (  # compiled, without type information
    ET_CLOSEDPOLYGON,  # pyright: ignore[reportAttributeAccessIssue]
    JT_ROUND,  # pyright: ignore[reportAttributeAccessIssue]
    PyclipperOffset,  # pyright: ignore[reportAttributeAccessIssue]
)

from mm_lab.ocr.types import Image, Quad

VERTICAL_RATIO = 1.5
"""A crop at least this many times as high as wide holds a line that runs downwards (PaddleOCR's rule)."""


def min_area_quad(points: cv2.typing.MatLike) -> tuple[Quad, float]:
    """Smallest rotated rectangle around `points` as a quad, and the length of its shorter side in pixels."""
    rectangle = cv2.minAreaRect(points)
    corners = sorted(cv2.boxPoints(rectangle).tolist(), key=lambda corner: corner[0])
    left, right = sorted(corners[:2], key=lambda c: c[1]), sorted(corners[2:], key=lambda c: c[1])
    return np.array([left[0], right[0], right[1], left[1]], np.float32), float(min(rectangle[1]))


def area_and_length(quad: Quad) -> tuple[float, float]:
    """Area (shoelace formula) and perimeter of a quad."""
    after = np.roll(quad, -1, axis=0).astype(np.float64)
    x, y = quad[:, 0].astype(np.float64), quad[:, 1].astype(np.float64)
    area = abs(float((x * after[:, 1] - after[:, 0] * y).sum())) / 2
    return area, float(np.hypot(*(after - quad).T).sum())


def unclip(quad: Quad, ratio: float) -> NDArray[np.float32] | None:
    """Grow a shrunk text quad by area * ratio / perimeter with round corners (DB, Liao et al. 2020, section 3.5).

    Returns the grown outline [n, 2], or None where nothing is left of it.
    """
    area, length = area_and_length(quad)
    if length == 0:
        return None
    offset = PyclipperOffset()
    offset.AddPath(quad.astype(np.int64).tolist(), JT_ROUND, ET_CLOSEDPOLYGON)
    grown = offset.Execute(area * ratio / length)
    return np.array(grown[0], np.float32) if grown else None


def crop(image: Image, quad: Quad) -> tuple[Image, bool]:
    """Straighten what `quad` encloses; a line that runs downwards is turned counter-clockwise to run rightwards.

    Returns the picture and whether it was turned.
    """
    width = int(max(_distance(quad[0], quad[1]), _distance(quad[2], quad[3]), 1))
    height = int(max(_distance(quad[0], quad[3]), _distance(quad[1], quad[2]), 1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, corners)
    straight = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    turned = height / width >= VERTICAL_RATIO
    if turned:
        straight = np.rot90(straight)
    return np.ascontiguousarray(straight, dtype=np.uint8), turned


def reading_quad(quad: Quad, turned: bool) -> Quad:
    """Corners in the order of the cropped line: a turned line starts at its top right corner and runs down."""
    return np.roll(quad, -1, axis=0) if turned else quad


def slice_quad(quad: Quad, start: float, end: float) -> Quad:
    """The part of a line's quad between two fractions of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    parts = [quad[0] + top * start, quad[0] + top * end, quad[3] + bottom * end, quad[3] + bottom * start]
    return np.array(parts, np.float32)


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b))
