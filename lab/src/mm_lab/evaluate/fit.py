"""``mm-lab calibrate``: fits the confidence of captions and answers to photos with known truth.

The stated errors are cross-fitted: every photo is judged by a curve fitted without its fold, so that they hold
for new photos. The curve that ships is fitted to all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_lab.bundle import set_confidence
from mm_lab.data.corpus import Source
from mm_lab.data.questions import QUESTION_TYPES, question_kind
from mm_lab.data.samples import Sample
from mm_lab.evaluate.bundle_run import read_split
from mm_lab.evaluate.calibration import Confidence, calibration_error, fit_confidence
from mm_lab.evaluate.correctness import is_right
from mm_lab.evaluate.questions import normal
from mm_lab.evaluate.results import PhotoResult, ResultsFile, run_photos
from mm_lab.evaluate.runtime import Runtime, Said

LEAST_ANSWERS = 60
"""A kind with fewer answers shares the curve of all."""
WRONG_COST = 0.5
"""What a wrong answer costs, beside 1 for a right one and 0 for "not sure"."""


@dataclass(frozen=True)
class Observed:
    """What a curve is fitted to, row by row; ``photo`` keeps the texts of a photo in one fold."""

    mean: NDArray[np.float64]
    least: NDArray[np.float64]
    right: NDArray[np.bool_]
    photo: NDArray[np.int64]
    kind: NDArray[np.str_]


@dataclass(frozen=True)
class Fit:
    """Curves by kind, ``default`` among them, and the cross-fitted confidence of every row."""

    curves: dict[str, Confidence]
    held_out: NDArray[np.float64]


def calibrate_bundle(
    bundle: Path,
    sources: Sequence[Source],
    runtime: Runtime,
    out: Path,
    *,
    command: str,
    split: str = "dev",
    limit: int | None = None,
    folds: int = 5,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Fits on ``split`` of every source, writes the manifest's ``confidence`` and returns its provenance."""
    file = ResultsFile(out / "calibration.jsonl", bundle, runtime.name)
    samples: list[Sample] = []
    for source in sources:
        samples += read_split(source, split, limit)
    report(f"{len(samples)} photos of {', '.join(s.name for s in sources)}")
    results = run_photos(runtime, samples, file, texts=False)
    captions, answers = observe_captions(samples, results), observe_answers(samples, results)
    said, told = fit(captions, folds), fit(answers, folds)
    threshold = unsure_below(told.held_out, answers.right)
    provenance = {
        "command": command,
        "data": [f"{s.name} {split}" for s in sources],
        "photos": len(samples),
        "folds": folds,
        "captions": _summary(captions, said),
        "answers": _summary(answers, told),
        "unsure-below-rule": f"most right answers minus {WRONG_COST} per wrong one, cross-fitted",
    }
    curves = {kind: asdict(curve) for kind, curve in told.curves.items()}
    confidence = {
        "caption": asdict(said.curves["default"]),
        "answer": curves,
        "unsure_below": threshold,
    }
    set_confidence(bundle, confidence, provenance)
    return provenance


def observe_captions(samples: Sequence[Sample], results: Sequence[PhotoResult]) -> Observed:
    """Greedy and beam captions alike, judged by ``correctness.is_right``."""
    rows = [
        (said, is_right(said.text, sample.captions), photo, "caption")
        for photo, (sample, result) in enumerate(zip(samples, results, strict=True))
        if sample.captions
        for said in result.captions.values()
    ]
    return _observed(rows)


def observe_answers(samples: Sequence[Sample], results: Sequence[PhotoResult]) -> Observed:
    """Best answers, judged by exact match; the kind is the one the runtime sees."""
    rows = [
        (said, normal(said.text) == normal(question.answer), photo, question_kind(question.text))
        for photo, (sample, result) in enumerate(zip(samples, results, strict=True))
        for question, said in zip(sample.questions, result.answers, strict=True)
    ]
    return _observed(rows)


def _observed(rows: Sequence[tuple[Said, bool, int, str]]) -> Observed:
    if not rows:
        raise ValueError("the data have no captions or no questions: a confidence needs both")
    if any(said.mean is None or said.least is None for said, *_ in rows):
        raise ValueError("this runtime does not tell log-probabilities; fit with --runtime reference")
    return Observed(
        np.array([said.mean for said, *_ in rows], np.float64),
        np.array([said.least for said, *_ in rows], np.float64),
        np.array([right for _, right, *_ in rows], bool),
        np.array([photo for *_, photo, _ in rows]),
        np.array([kind for *_, kind in rows]),
    )


def fit(data: Observed, folds: int) -> Fit:
    """A curve per kind with enough rows and one for all."""
    held_out = np.zeros(len(data.right))
    for fold in range(folds):
        inside = data.photo % folds == fold
        if inside.any():
            curves = _curves(data, ~inside)
            held_out[inside] = _judge(data, inside, curves)
    return Fit(_curves(data, np.ones(len(data.right), bool)), held_out)


def _curves(data: Observed, rows: NDArray[np.bool_]) -> dict[str, Confidence]:
    chosen = {"default": rows} | {kind: rows & (data.kind == kind) for kind in QUESTION_TYPES}
    return {
        kind: fit_confidence(data.mean[which], data.least[which], data.right[which])
        for kind, which in chosen.items()
        if kind == "default" or which.sum() >= LEAST_ANSWERS
    }


def _judge(data: Observed, rows: NDArray[np.bool_], curves: dict[str, Confidence]) -> NDArray[np.float64]:
    out = curves["default"](data.mean, data.least)
    for kind, curve in curves.items():
        which = data.kind == kind
        out[which] = curve(data.mean[which], data.least[which])
    return out[rows]


def unsure_below(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The threshold with the most right answers minus ``WRONG_COST`` per wrong one, in steps of 0.01 up to 0.6.

    With honest confidences this is near ``WRONG_COST / (1 + WRONG_COST)``, a third.
    """
    steps = np.arange(0, 61) / 100
    worth = np.where(right, 1.0, -WRONG_COST)
    return float(steps[int(np.argmax([worth[confidence >= t].sum() for t in steps]))])


def _summary(data: Observed, found: Fit) -> dict[str, Any]:
    """Count, percent right and cross-fitted error in [0,1], in all and by kind."""

    def row(which: NDArray[np.bool_]) -> dict[str, float]:
        error = calibration_error(found.held_out[which], data.right[which])
        return {"n": int(which.sum()), "right": round(100 * float(data.right[which].mean()), 1), "ece": round(error, 4)}

    kinds = sorted(set(data.kind.tolist()))
    summary: dict[str, Any] = row(np.ones(len(data.right), bool))
    if len(kinds) > 1:
        summary["kinds"] = {kind: row(data.kind == kind) for kind in kinds}
    return summary
