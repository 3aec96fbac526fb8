"""How far several texts about one picture agree, as ``mm_core::tasks::agreement`` computes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mm_lab.data.vocabulary import END, PAD

_LONGEST_RUN = 4


def agreement(texts: Sequence[Sequence[int]]) -> list[float]:
    """Per text (tokens; the end and padding aside) its mean likeness to the others, in [0,1]; 0 without others.

    Likeness is the mean over runs of one to four words of the Dice coefficient of how often each run is said.
    """
    runs = [_runs([t for t in text if t not in (END, PAD)]) for text in texts]
    others = max(1, len(texts) - 1)
    return [sum(_alike(one, other) for other in runs if other is not one) / others for one in runs]


def _runs(text: Sequence[int]) -> list[Counter[tuple[int, ...]]]:
    lengths = range(1, _LONGEST_RUN + 1)
    return [Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1)) for n in lengths]


def _alike(one: list[Counter[tuple[int, ...]]], other: list[Counter[tuple[int, ...]]]) -> float:
    shares = []
    for a, b in zip(one, other, strict=True):
        total = a.total() + b.total()
        shares.append(2 * (a & b).total() / total if total else 0.0)
    return sum(shares) / _LONGEST_RUN
