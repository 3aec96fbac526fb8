"""Packing: the texts of a photo share one row, as segments that do not see each other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mm_lab.data.corpus import Corpus, Photo
from mm_lab.data.vocabulary import UNKNOWN


@dataclass
class PackedBatch:
    """Texts of several photos, one row per photo. All arrays are (photos, row_tokens).

    ``answers`` marks the positions whose target belongs to an answer.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    segments: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    answers: NDArray[np.bool_]


@dataclass(frozen=True)
class PackSettings:
    """How a photo's texts share its row."""

    row_tokens: int = 64
    captions: int = 3
    made_share: float = 0.35
    answer_weight: float = 1.5
    end_weight: float = 0.3
    token_dropout: float = 0.05


def pack_photos(
    corpus: Corpus, photos: Sequence[Photo], mirrored: Sequence[bool], rng: random.Random, settings: PackSettings
) -> PackedBatch:
    """Random captions, then questions while they fit, as segments that do not see each other."""
    shape = (len(photos), settings.row_tokens)
    batch = PackedBatch(
        *(np.zeros(shape, np.int64) for _ in range(4)),
        weights=np.zeros(shape, np.float32),
        answers=np.zeros(shape, np.bool_),
    )
    for row, photo in enumerate(photos):
        at = 0
        for segment, (inputs, targets, weights, is_answer) in enumerate(
            _sequences(corpus, photo, mirrored[row], rng, settings), start=1
        ):
            end = at + len(inputs)
            if end > settings.row_tokens:
                continue
            where = (row, slice(at, end))
            batch.tokens[where] = [
                UNKNOWN if i and rng.random() < settings.token_dropout else t for i, t in enumerate(inputs)
            ]
            batch.positions[where] = range(len(inputs))
            batch.segments[where] = segment
            batch.targets[where] = targets
            batch.weights[where] = weights
            batch.answers[where] = [is_answer and weight > 0 for weight in weights]
            at = end
    return batch


def _sequences(
    corpus: Corpus, photo: Photo, mirrored: bool, rng: random.Random, settings: PackSettings
) -> list[tuple[list[int], list[int], list[float], bool]]:
    out: list[tuple[list[int], list[int], list[float], bool]] = []
    for caption in rng.sample(photo.captions, min(settings.captions, len(photo.captions))):
        tokens = corpus.caption_tokens(caption, mirrored)
        out.append((tokens[:-1], tokens[1:], [1.0] * (len(tokens) - 1), False))
    written = [q for q in photo.written if corpus.answerable(q)]
    made = [q for q in photo.made if corpus.answerable(q)]
    if written:
        made = [q for q in made if rng.random() < settings.made_share]
    questions = rng.sample(written, len(written)) + rng.sample(made, len(made))
    for question in questions:
        prefix, answer = corpus.question_tokens(question, mirrored)
        inputs = [*prefix, *answer[:-1]]
        targets = [0] * (len(prefix) - 1) + answer
        weights = [0.0] * (len(prefix) - 1) + [settings.answer_weight] * (len(answer) - 1) + [settings.end_weight]
        out.append((inputs, targets, weights, True))
    return out
