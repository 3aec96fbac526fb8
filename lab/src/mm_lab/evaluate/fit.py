"""``mm-lab calibrate``: fits the confidence of captions and answers to photos with known truth, and search's floor.

The stated errors are cross-fitted: every photo is judged by a curve fitted without its fold, so that they hold
for new photos. The curve that ships is fitted to all of them.

What a curve is fitted to is read off the runtime itself, whatever it tells: a copy of the bundle with a known
curve turns the confidence into the mean, another into the least, log-probability of the tokens, and a third into the
cosine of a caption and its picture.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_lab.bundle import bundle_digest, set_confidence
from mm_lab.data.corpus import Source
from mm_lab.data.questions import QUESTION_TYPES, question_kind
from mm_lab.data.samples import Sample
from mm_lab.evaluate.bundle_run import read_split
from mm_lab.evaluate.calibration import Confidence, calibration_error, fit_confidence
from mm_lab.evaluate.correctness import is_right
from mm_lab.evaluate.questions import normal
from mm_lab.evaluate.results import PhotoResult, ResultsFile, run_photos
from mm_lab.evaluate.retrieval import looks_from
from mm_lab.evaluate.runtime import Runtime, Said

LEAST_ANSWERS = 60
"""A kind with fewer answers shares the curve of all."""
WRONG_COST = 0.5
"""What a wrong answer costs, beside 1 for a right one and 0 for "not sure"."""

_PARTS = ("mean", "least", "similarity")
# Low enough that a runtime which prints few decimals still shows probabilities of one in ten thousand.
_PROBE_WEIGHT = 0.25


@dataclass(frozen=True)
class Observed:
    """What a curve is fitted to, row by row; ``photo`` keeps the texts of a photo in one fold.

    ``similarity`` is the cosine of text and picture, where the runtime compares them.
    """

    mean: NDArray[np.float64]
    least: NDArray[np.float64]
    right: NDArray[np.bool_]
    photo: NDArray[np.int64]
    kind: NDArray[np.str_]
    similarity: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Fit:
    """Curves by kind, ``default`` among them, and the cross-fitted confidence of every row."""

    curves: dict[str, Confidence]
    held_out: NDArray[np.float64]


def calibrate_bundle(
    bundle: Path,
    sources: Sequence[Source],
    runtime_on: Callable[[Path], Runtime],
    out: Path,
    *,
    command: str,
    split: str = "dev",
    limit: int | None = None,
    folds: int = 5,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Fits on ``split`` of every source, writes the manifest's ``confidence`` and returns its provenance."""
    samples: list[Sample] = []
    for source in sources:
        samples += read_split(source, split, limit)
    report(f"{len(samples)} photos of {', '.join(s.name for s in sources)}")
    seen = {part: _probe(bundle, samples, runtime_on, part, out) for part in _PARTS}
    captions = _observe(seen, _judge_captions(samples, seen["mean"]))
    answers = _observe(seen, _judge_answers(samples, seen["mean"]))
    said, told = fit(captions, folds), fit(answers, folds)
    compared = _compared(captions, seen, samples)
    if compared:
        captions, shipped = compared, fit(compared, folds)
    else:
        shipped = said
    # Few answers lie near the best threshold, so the search alone wanders; an honest confidence breaks even here.
    threshold = max(unsure_below(told.held_out, answers.right), round(WRONG_COST / (1 + WRONG_COST), 2))
    provenance = {
        "command": command,
        "data": [f"{s.name} {split}" for s in sources],
        "photos": len(samples),
        "folds": folds,
        "captions": _summary(captions, shipped, samples),
        "answers": _summary(answers, told, samples),
        "unsure-below-rule": f"most right answers minus {WRONG_COST} per wrong one, cross-fitted; "
        "never below its break-even",
    }
    confidence: dict[str, Any] = {"caption": said.curves["default"].settings()}
    if compared:
        confidence["caption_compared"] = shipped.curves["default"].settings()
    confidence["answer"] = {kind: curve.settings() for kind, curve in told.curves.items()}
    confidence["unsure_below"] = threshold
    floor, found = _search_floor(seen["mean"], samples)
    if floor is not None:
        confidence["looks_from"] = floor
        provenance["search"] = found
    set_confidence(bundle, confidence, provenance)
    return provenance


@dataclass(frozen=True)
class _Judged:
    """A text that was said: how to find it in a photo's result, whether it is right, what was asked."""

    photo: int
    find: Callable[[PhotoResult], Said]
    right: bool
    kind: str


def _probe(
    bundle: Path, samples: Sequence[Sample], runtime_on: Callable[[Path], Runtime], part: str, out: Path
) -> list[PhotoResult]:
    """Results whose confidences are ``sigmoid(_PROBE_WEIGHT * part)``; for the cosine, of captions only."""
    flat = {"bias": 0.0, "mean": 0.0, "least": 0.0}
    curve = flat | {part: _PROBE_WEIGHT}
    settings = {"caption": curve, "answer": {"default": curve}, "unsure_below": 0.0}
    if part == "similarity":
        settings |= {"caption": flat, "caption_compared": curve, "answer": {"default": flat}}
        samples = [replace(sample, questions=()) for sample in samples]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(bundle, Path(folder) / bundle.name))
        set_confidence(copy, settings, {})
        runtime = runtime_on(copy)
        file = ResultsFile(out / f"calibration-{part}.jsonl", bundle_digest(copy), runtime.name)
        return run_photos(runtime, samples, file, embed=part == "mean")


def _search_floor(results: Sequence[PhotoResult], samples: Sequence[Sample]) -> tuple[float | None, dict[str, Any]]:
    """The cosine from which on a photo looks like words, over the captions of all sources; none without captions."""
    known = [r for r, s in zip(results, samples, strict=True) if s.captions]
    if len(known) < 2:
        return None, {}
    images, texts = np.stack([r.embedding for r in known]), np.concatenate([r.texts for r in known])
    owner = [i for i, r in enumerate(known) for _ in r.texts]
    floor = looks_from(images, texts, owner)
    own = (texts * images[owner]).sum(1)
    return floor, {
        "captions": len(texts),
        "own-above": round(100 * float((own >= floor).mean()), 1),
        "looks-from-rule": "one in twenty pairs of a photo and a caption of another photo reaches it",
    }


def _judge_captions(samples: Sequence[Sample], results: Sequence[PhotoResult]) -> list[_Judged]:
    """Greedy and beam captions alike, judged by ``correctness.is_right``."""
    return [
        _Judged(photo, partial(_caption, search=search), is_right(said.text, sample.captions), "caption")
        for photo, (sample, result) in enumerate(zip(samples, results, strict=True))
        if sample.captions
        for search, said in result.captions.items()
    ]


def _judge_answers(samples: Sequence[Sample], results: Sequence[PhotoResult]) -> list[_Judged]:
    """Best answers, judged by exact match; the kind is the one the runtime sees."""
    return [
        _Judged(
            photo, partial(_answer, at=at), normal(said.text) == normal(question.answer), question_kind(question.text)
        )
        for photo, (sample, result) in enumerate(zip(samples, results, strict=True))
        for at, (question, said) in enumerate(zip(sample.questions, result.answers, strict=True))
    ]


def _caption(result: PhotoResult, search: str) -> Said:
    return result.captions[search]


def _answer(result: PhotoResult, at: int) -> Said:
    return result.answers[at]


def _compared(captions: Observed, seen: dict[str, list[PhotoResult]], samples: Sequence[Sample]) -> Observed | None:
    """With the cosine of every caption and its picture; nothing if the runtime does not compare them."""
    similarity = _read_off(seen["similarity"], _judge_captions(samples, seen["mean"]))
    return replace(captions, similarity=similarity) if np.abs(similarity).max() > 0 else None


def _read_off(seen: list[PhotoResult], judged: Sequence[_Judged]) -> NDArray[np.float64]:
    """What :func:`_probe` hid in the confidences of what is judged."""
    said = [j.find(seen[j.photo]) for j in judged]
    if not all(s.calibrated for s in said):
        raise ValueError("this runtime does not use the manifest's confidence curves")
    confidence = np.array([s.confidence for s in said]).clip(1e-6, 1 - 1e-6)
    return np.log(confidence / (1 - confidence)) / _PROBE_WEIGHT


def _observe(seen: dict[str, list[PhotoResult]], judged: Sequence[_Judged]) -> Observed:
    if not judged:
        raise ValueError("the data have no captions or no questions: a confidence needs both")
    return Observed(
        _read_off(seen["mean"], judged),
        _read_off(seen["least"], judged),
        np.array([j.right for j in judged]),
        np.array([j.photo for j in judged]),
        np.array([j.kind for j in judged]),
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
    similarity = data.similarity
    return {
        kind: fit_confidence(
            data.mean[which], data.least[which], data.right[which], None if similarity is None else similarity[which]
        )
        for kind, which in chosen.items()
        if kind == "default" or which.sum() >= LEAST_ANSWERS
    }


def _judge(data: Observed, rows: NDArray[np.bool_], curves: dict[str, Confidence]) -> NDArray[np.float64]:
    similarity = np.zeros_like(data.mean) if data.similarity is None else data.similarity
    out = curves["default"](data.mean, data.least, similarity)
    for kind, curve in curves.items():
        which = data.kind == kind
        out[which] = curve(data.mean[which], data.least[which], similarity[which])
    return out[rows]


def unsure_below(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The threshold with the most right answers minus ``WRONG_COST`` per wrong one, in steps of 0.01 up to 0.6.

    With honest confidences this is near ``WRONG_COST / (1 + WRONG_COST)``, a third.
    """
    steps = np.arange(0, 61) / 100
    worth = np.where(right, 1.0, -WRONG_COST)
    return float(steps[int(np.argmax([worth[confidence >= t].sum() for t in steps]))])


def _summary(data: Observed, found: Fit, samples: Sequence[Sample]) -> dict[str, Any]:
    """Count, percent right and cross-fitted error in [0,1], in all, by kind and by data set."""

    def row(which: NDArray[np.bool_]) -> dict[str, float]:
        error = calibration_error(found.held_out[which], data.right[which])
        return {"n": int(which.sum()), "right": round(100 * float(data.right[which].mean()), 1), "ece": round(error, 4)}

    def rows(labels: NDArray[np.str_]) -> dict[str, dict[str, float]]:
        names = sorted(set(labels.tolist()))
        return {name: row(labels == name) for name in names} if len(names) > 1 else {}

    sources = np.array([samples[photo].source for photo in data.photo])
    parts = {"kinds": rows(data.kind), "sources": rows(sources)}
    return row(np.ones(len(data.right), bool)) | {name: part for name, part in parts.items() if part}
