"""Figures of a bundle from what a runtime said about the photos of one data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from mm_lab.data.questions import QUESTION_TYPES, question_type
from mm_lab.data.samples import Sample
from mm_lab.evaluate.calibration import calibration_error
from mm_lab.evaluate.correctness import is_right
from mm_lab.evaluate.questions import BlindGuesser, normal
from mm_lab.evaluate.results import PhotoResult
from mm_lab.evaluate.retrieval import recall
from mm_lab.evaluate.runtime import Said

Metrics = dict[str, float]


class Score(Protocol):
    """CIDEr and BLEU-4, times 100."""

    @property
    def cider(self) -> float: ...  # noqa: D102
    @property
    def bleu4(self) -> float: ...  # noqa: D102


ScorerFactory = Callable[[Sequence[Sequence[str]]], Callable[[Sequence[str]], Score]]
"""From the references of every photo to a function that scores one caption per photo."""


def dataset_metrics(
    samples: Sequence[Sample],
    results: Sequence[PhotoResult],
    blind: BlindGuesser | None,
    scorer: ScorerFactory | None,
) -> Metrics:
    """Every figure the data set allows, by name; percentages unless the name says otherwise.

    ``greedy/cider``, ``greedy/bleu4``, ``greedy/right``, ``greedy/ece``, ``greedy/ms`` and the same for ``beam3``;
    ``t2i@K``, ``i2t@K``; per question type ``vqa-TYPE/n``, ``exact``, ``blind``, ``margin``; for answers ``ece``,
    ``said`` (share not withheld), ``exact-when-said`` and ``ms``. ``right`` and the captions' ``ece`` go by
    ``mm_lab.evaluate.correctness``; ``ece`` is in [0,1].
    """
    out: Metrics = {"photos": float(len(samples))}
    captioned = [(s, r) for s, r in zip(samples, results, strict=True) if s.captions]
    if captioned:
        out |= _caption_metrics(captioned, scorer)
    if captioned and all(len(r.texts) == len(s.captions) for s, r in captioned):
        images = np.stack([r.embedding for _, r in captioned])
        texts = np.concatenate([r.texts for _, r in captioned])
        out |= recall(images, texts, [i for i, (_, r) in enumerate(captioned) for _ in r.texts])
    if any(s.questions for s in samples):
        out |= _answer_metrics(samples, results, blind)
    return out


def _caption_metrics(captioned: Sequence[tuple[Sample, PhotoResult]], scorer: ScorerFactory | None) -> Metrics:
    references = [s.captions for s, _ in captioned]
    score = scorer(references) if scorer else None
    out: Metrics = {}
    for name in captioned[0][1].captions:
        said = [r.captions[name] for _, r in captioned]
        if score:
            scores = score([s.text for s in said])
            out |= {f"{name}/cider": scores.cider, f"{name}/bleu4": scores.bleu4}
        right = np.array([is_right(s.text, known) for s, known in zip(said, references, strict=True)])
        out[f"{name}/right"] = round(100 * float(right.mean()), 1)
        out[f"{name}/ece"] = _ece(said, right)
        out[f"{name}/ms"] = _mean_ms(said)
    return out


def _answer_metrics(samples: Sequence[Sample], results: Sequence[PhotoResult], blind: BlindGuesser | None) -> Metrics:
    rows: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    said = [a for r in results for a in r.answers]
    questions = [q for s in samples for q in s.questions]
    for question, answer in zip(questions, said, strict=True):
        truth = normal(question.answer)
        hit = normal(answer.text) == truth, blind is not None and blind(question.text) == truth
        for kind in ("all", question_type(question.text, question.answer)):
            rows[kind].append(hit)
    out: Metrics = {}
    for kind in ("all", *QUESTION_TYPES):
        if kind in rows:
            hits = np.array(rows[kind])
            exact, guessed = (round(100 * float(v), 1) for v in hits.mean(0))
            out |= {f"vqa-{kind}/n": float(len(hits)), f"vqa-{kind}/exact": exact}
            if blind:
                out |= {f"vqa-{kind}/blind": guessed, f"vqa-{kind}/margin": round(exact - guessed, 1)}
    right = np.array([hit for hit, _ in rows["all"]])
    sure = np.array([a.sure for a in said])
    out |= {"answers/ece": _ece(said, right), "answers/said": round(100 * float(sure.mean()), 1)}
    if sure.any():
        out["answers/exact-when-said"] = round(100 * float(right[sure].mean()), 1)
    return out | {"answers/ms": _mean_ms(said)}


def _ece(said: Sequence[Said], right: np.ndarray) -> float:
    return round(calibration_error(np.array([s.confidence for s in said]), right), 4)


def _mean_ms(said: Sequence[Said]) -> float:
    return round(float(np.mean([s.ms for s in said])), 2)
