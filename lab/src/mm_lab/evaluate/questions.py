"""Exact-match accuracy by question type, beside what a blind guesser reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from mm_lab.data.questions import QUESTION_TYPES, question_type
from mm_lab.data.samples import Question
from mm_lab.data.vocabulary import words


class BlindGuesser:
    """The commonest training answer to the same question; failing that, to its first 4, 3, 2 words, or its type."""

    _PREFIXES = (4, 3, 2)

    def __init__(self, questions: Iterable[Question]) -> None:
        self._answers: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for question in questions:
            for key in self._keys(question.text):
                self._answers[key][normal(question.answer)] += 1

    def _keys(self, text: str) -> list[tuple[str, ...]]:
        asked = words(text)
        return [("", *asked), *(tuple(asked[:n]) for n in self._PREFIXES), ()]

    def __call__(self, text: str) -> str:
        """The guess for a question, in the form of :func:`normal`."""
        for key in self._keys(text):
            if key in self._answers:
                return self._answers[key].most_common(1)[0][0]
        return ""


def normal(answer: str) -> str:
    """The form in which answers are compared: words only, digits spelled out, no article."""
    spelled = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six"}
    kept = [spelled.get(w, w) for w in words(answer)]
    return " ".join(kept[1:] if len(kept) > 1 and kept[0] in ("a", "an", "the") else kept)


def score_answers(
    questions: Sequence[Question], answers: Sequence[str], blind: BlindGuesser
) -> dict[str, dict[str, float]]:
    """Per type and in all: count, percent exact, percent of the blind guesser."""
    right: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for question, answer in zip(questions, answers, strict=True):
        truth = normal(question.answer)
        hit = (normal(answer) == truth, blind(question.text) == truth)
        right[question_type(question.text, question.answer)].append(hit)
        right["all"].append(hit)
    return {
        kind: {
            "n": len(right[kind]),
            "exact": round(100 * sum(h for h, _ in right[kind]) / len(right[kind]), 1),
            "blind": round(100 * sum(b for _, b in right[kind]) / len(right[kind]), 1),
        }
        for kind in ("all", *QUESTION_TYPES)
        if right[kind]
    }
