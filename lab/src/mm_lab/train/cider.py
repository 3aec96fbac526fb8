"""CIDEr-D as a reward (Vedantam et al., 2015), with document frequencies of the training captions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

_ORDERS = 4
_SIGMA = 6.0
_SCALE = 10.0
NGram = tuple[str, ...]
Vector = tuple[list[dict[NGram, float]], list[float], int]


def _ngrams(tokens: Sequence[str]) -> Counter[NGram]:
    return Counter(tuple(tokens[i : i + n]) for n in range(1, _ORDERS + 1) for i in range(len(tokens) - n + 1))


class CiderReward:
    """``reward(tokens, photo)`` for photos of one source; same formula as pycocoevalcap, on token lists."""

    def __init__(self, references: Sequence[Sequence[Sequence[str]]]) -> None:
        counts = [[_ngrams(r) for r in group] for group in references]
        self._documents: Counter[NGram] = Counter()
        for group in counts:
            self._documents.update(set().union(*group))
        self._log_photos = math.log(max(2, len(references)))
        self._references = [
            [self._vector(c, len(r)) for c, r in zip(group, tokens, strict=True)]
            for group, tokens in zip(counts, references, strict=True)
        ]

    def _vector(self, counts: Counter[NGram], length: int) -> Vector:
        parts: list[dict[NGram, float]] = [{} for _ in range(_ORDERS)]
        squares = [0.0] * _ORDERS
        for gram, count in counts.items():
            weight = count * (self._log_photos - math.log(max(1.0, self._documents[gram])))
            parts[len(gram) - 1][gram] = weight
            squares[len(gram) - 1] += weight * weight
        return parts, [math.sqrt(s) for s in squares], length

    def __call__(self, tokens: Sequence[str], photo: int) -> float:
        """CIDEr-D of one caption of ``photo``, on the tool's own scale (0 to 10)."""
        parts, norms, length = self._vector(_ngrams(tokens), len(tokens))
        total = 0.0
        for other, other_norms, other_length in self._references[photo]:
            penalty = math.exp(-((length - other_length) ** 2) / (2 * _SIGMA**2))
            for order in range(_ORDERS):
                if norms[order] > 0 and other_norms[order] > 0:
                    truth = other[order]
                    dot = sum(min(w, truth[g]) * truth[g] for g, w in parts[order].items() if g in truth)
                    total += dot / (norms[order] * other_norms[order]) * penalty
        return _SCALE * total / _ORDERS / len(self._references[photo])
