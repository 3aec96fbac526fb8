"""How well text was read.

- Word F1, end to end: a word counts when its text is right and its quad overlaps the true one with an intersection over
  union of at least 0.5 (the ICDAR robust-reading protocol); each word is matched once, best overlap first.
- Bag-of-words F1: texts only, wherever they are.
- 1-NED: one minus the normalised edit distance between the whole texts, rows from top to bottom.
- Crop accuracy: share of single-word pictures read exactly.

Texts are compared without case and punctuation (NFKC, casefold, letters and digits only), 1-NED with them.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from mm_lab.ocr.dataset import UNREADABLE, Sample
from mm_lab.ocr.types import Quad, Word

MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class PageScore:
    """Scores over whole pictures, all in [0, 1], and how much they rest on."""

    images: int
    words: int
    precision: float
    recall: float
    word_f1: float
    bag_of_words_f1: float
    one_minus_ned: float


@dataclass(frozen=True)
class CropScore:
    """Share of word crops that were read exactly."""

    images: int
    accuracy: float


@dataclass(frozen=True)
class Match:
    """Counts of one picture; sums of them give the scores."""

    matched: int
    true_words: int
    read_words: int  # without those on text nobody has to read
    bag_matched: int
    bag_read: int


def normalize(text: str) -> str:
    """Letters and digits only, without case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def match_words(truth: Iterable[Word], read: Iterable[Word]) -> Match:
    """Compare the words of one picture."""
    wanted: list[tuple[str, BaseGeometry]] = []
    ignored: list[BaseGeometry] = []
    for word in truth:
        text = normalize(word.text) if word.text != UNREADABLE else ""
        if text:
            wanted.append((text, polygon(word.quad)))
        else:
            ignored.append(polygon(word.quad))
    found = [(text, polygon(word.quad)) for word in read if (text := normalize(word.text))]

    overlaps: list[tuple[float, int, int]] = []
    for i, (true_text, true_shape) in enumerate(wanted):
        for j, (text, shape) in enumerate(found):
            if text == true_text and (overlap := intersection_over_union(true_shape, shape)) >= MIN_OVERLAP:
                overlaps.append((overlap, i, j))
    matched_true, matched_read = set[int](), set[int]()
    for _, i, j in sorted(overlaps, reverse=True):
        if i not in matched_true and j not in matched_read:
            matched_true.add(i)
            matched_read.add(j)
    excused = sum(
        any(share_inside(shape, area) > MIN_OVERLAP for area in ignored)
        for j, (_, shape) in enumerate(found)
        if j not in matched_read
    )
    bag = Counter(text for text, _ in wanted) & Counter(text for text, _ in found)
    return Match(len(matched_true), len(wanted), len(found) - excused, bag.total(), len(found))


def score_pages(samples: Sequence[Sample], read: Sequence[Sequence[Word]]) -> PageScore:
    """Scores of `read`, the words read in each sample."""
    matches = [match_words(sample.words, words) for sample, words in zip(samples, read, strict=True)]
    matched = sum(m.matched for m in matches)
    true_words = sum(m.true_words for m in matches)
    read_words = sum(m.read_words for m in matches)
    similar = [
        similarity(rows_text(sample.words), rows_text(words)) for sample, words in zip(samples, read, strict=True)
    ]
    return PageScore(
        images=len(samples),
        words=true_words,
        precision=_ratio(matched, read_words),
        recall=_ratio(matched, true_words),
        word_f1=_ratio(2 * matched, true_words + read_words),
        bag_of_words_f1=_ratio(2 * sum(m.bag_matched for m in matches), true_words + sum(m.bag_read for m in matches)),
        one_minus_ned=_ratio(sum(similar), len(similar)),
    )


def score_crops(samples: Sequence[Sample], texts: Sequence[str]) -> CropScore:
    """Scores of `texts`, what was read in each word crop."""
    pairs = list(zip(samples, texts, strict=True))
    right = sum(normalize(sample.text) == normalize(text) for sample, text in pairs)
    return CropScore(len(pairs), _ratio(right, len(pairs)))


def rows_text(words: Iterable[Word]) -> str:
    """All words as one text: rows from top to bottom, each from left to right, whatever order they came in."""
    boxes = [(w.quad.min(axis=0), w.quad.max(axis=0), w.text) for w in words if w.text != UNREADABLE]
    items = sorted(((low[1] + high[1]) / 2, high[1] - low[1], low[0], text) for low, high, text in boxes)
    rows: list[tuple[float, float, list[tuple[float, str]]]] = []
    for middle, height, left, text in items:
        if rows and abs(middle - rows[-1][0]) <= 0.5 * min(height, rows[-1][1]):
            rows[-1][2].append((left, text))
        else:
            rows.append((middle, height, [(left, text)]))
    return " ".join(text for _, _, row in rows for _, text in sorted(row))


def similarity(a: str, b: str) -> float:
    """One minus the normalised Levenshtein distance of two texts, without case."""
    folded = [unicodedata.normalize("NFKC", text).casefold() for text in (a, b)]
    return 1 - Levenshtein.normalized_distance(*folded)


def polygon(quad: Quad) -> BaseGeometry:
    """A quad as a valid polygon (one that crosses itself is repaired)."""
    shape = Polygon(quad)
    return shape if shape.is_valid else shape.buffer(0)


def intersection_over_union(a: BaseGeometry, b: BaseGeometry) -> float:
    """Overlap of two shapes in [0, 1]."""
    common = a.intersection(b).area
    return _ratio(common, a.area + b.area - common)


def share_inside(shape: BaseGeometry, area: BaseGeometry) -> float:
    """Share of `shape` that lies in `area`."""
    return _ratio(shape.intersection(area).area, shape.area)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
