"""Weight by weight: how far the stored form is from the original."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mm_lab.verify.sides import Side, Weight

# Two bits still correlate at 0.8 or more with what they were made from; unrelated weights at about 0.
_LEAST_LIKENESS = 0.3


@dataclass(frozen=True)
class TensorDifference:
    """``snr`` in dB, of the original's energy to the error's; ``original`` is empty where none was found."""

    name: str
    original: str
    bits: int
    bytes: int
    snr: float
    largest: float


def compare_tensors(original: Side, quantized: Side) -> list[TensorDifference]:
    """A row per stored weight. Exported files keep no names, so their weights are found by shape and likeness."""
    named = {w.name: w for w in original.weights}
    shapes: dict[tuple[int, ...], list[Weight]] = defaultdict(list)
    for weight in original.weights:
        shapes[_shape(weight)].append(weight)
    rows = []
    for weight in quantized.weights:
        match = named.get(weight.name) if quantized.named else _most_alike(weight, shapes[_shape(weight)])
        rows.append(_difference(weight, match))
    return rows


def signal_to_noise(truth: NDArray, found: NDArray) -> float:
    """In dB; 120 when they are the same."""
    noise = float(np.square(found.astype(np.float64) - truth).sum())
    signal = float(np.square(truth.astype(np.float64)).sum())
    return 120.0 if noise == 0 else float(np.clip(10 * np.log10(max(signal, 1e-30) / noise), -120, 120))


def _shape(weight: Weight) -> tuple[int, ...]:
    return weight.values.shape


def _most_alike(weight: Weight, candidates: Sequence[Weight]) -> Weight | None:
    likeness = [_cosine(weight.values, c.values) for c in candidates]
    if not likeness or max(likeness) < _LEAST_LIKENESS:
        return None
    return candidates[int(np.argmax(likeness))]


def _cosine(a: NDArray, b: NDArray) -> float:
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    return float((a * b).sum() / (lengths[0] * lengths[1])) if all(lengths) else float(lengths[0] == lengths[1])


def _difference(weight: Weight, match: Weight | None) -> TensorDifference:
    if match is None:
        return TensorDifference(weight.name, "", weight.bits, weight.bytes, float("nan"), float("nan"))
    largest = float(np.abs(weight.values - match.values).max())
    snr = signal_to_noise(match.values, weight.values)
    return TensorDifference(weight.name, match.name, weight.bits, weight.bytes, snr, largest)
