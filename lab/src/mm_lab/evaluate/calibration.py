"""Confidence: a logistic curve over what decoding knows, and how far it can be trusted.

The curve is Platt scaling (Platt, 1999) of two numbers that a decoder has at no cost, the mean
and the least log-probability of the words it said, and, for captions, of the cosine of the caption's
embedding and the picture's (as in CLIPScore; Hessel et al., 2021). Its quality is the expected calibration
error (Naeini et al., 2015): the mean distance of confidence and accuracy over equal bins.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

_NEWTON_STEPS = 50
_RIDGE = 1e-3
_BINS = 10


@dataclass(frozen=True)
class Confidence:
    """``sigmoid(bias + mean * m + least * l + similarity * s)``.

    m and l are the mean and least log-probability of the words, s the cosine of text and picture.
    """

    bias: float
    mean: float
    least: float
    similarity: float = 0.0

    def __call__(
        self, mean: NDArray[np.float64], least: NDArray[np.float64], similarity: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        """Probability of being right, in (0,1)."""
        inside = self.bias + self.mean * mean + self.least * least + self.similarity * similarity
        return 1 / (1 + np.exp(-inside))

    def settings(self) -> dict[str, float]:
        """As the manifest has it: without a weight for a cosine that was not fitted."""
        return {name: value for name, value in asdict(self).items() if name != "similarity" or value}


def fit_confidence(
    mean: NDArray[np.float64],
    least: NDArray[np.float64],
    right: NDArray[np.bool_],
    similarity: NDArray[np.float64] | None = None,
) -> Confidence:
    """Logistic regression by Newton's method, with a slight ridge so that separable data stay finite."""
    inputs = np.stack([np.ones_like(mean), mean, least, *([] if similarity is None else [similarity])], 1)
    weights = np.zeros(inputs.shape[1])
    for _ in range(_NEWTON_STEPS):
        guess = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (guess - right) + _RIDGE * weights
        curvature = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + _RIDGE * np.eye(inputs.shape[1])
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return Confidence(*(float(w) for w in weights))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = _BINS) -> float:
    """Mean over samples of |accuracy - confidence| of the sample's bin, bins of equal width in [0,1]."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((right[place == b] - confidence[place == b]).sum()) for b in np.unique(place)]
    return float(sum(gaps) / len(right))
