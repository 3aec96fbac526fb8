"""Recall at K between photos and captions, as in Karpathy and Fei-Fei (2015)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_OTHERS_ABOVE = 0.05


def looks_from(images: NDArray[np.float32], texts: NDArray[np.float32], owner: Sequence[int]) -> float:
    """The cosine that one in twenty of the pairs of an image and a text of another image reaches.

    ``owner[j]`` is the row in ``images`` of text ``j``. Single words lie lower than captions, so few others are found.
    """
    similarity = texts @ images.T
    similarity[np.arange(len(owner)), np.asarray(owner)] = np.nan
    return round(float(np.nanquantile(similarity, 1 - _OTHERS_ABOVE)), 3)


def recall(
    images: NDArray[np.float32], texts: NDArray[np.float32], owner: Sequence[int], ranks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """Percent found within the first K. ``owner[j]`` is the row in ``images`` of text ``j``."""
    owners = np.asarray(owner)
    similarity = texts @ images.T
    right = similarity[np.arange(len(owners)), owners]
    image_rank = (similarity > right[:, None]).sum(1)
    order = np.argsort(-similarity, axis=0, kind="stable")
    text_rank = (owners[order] == np.arange(len(images))[None, :]).argmax(0)
    out = {f"t2i@{k}": round(100 * float((image_rank < k).mean()), 1) for k in ranks}
    return out | {f"i2t@{k}": round(100 * float((text_rank < k).mean()), 1) for k in ranks}
