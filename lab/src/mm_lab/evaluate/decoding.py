"""Greedy and beam decoding over plain arrays, with the probabilities a confidence is made of.

Follows ``mm_lab.model.generate``; in addition no n-gram is said twice and no word echoes the one before, as in the
Rust core. Probabilities are of the full softmax over the vocabulary at temperature 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mm_lab.data.vocabulary import END, SPECIALS, Vocabulary

_NEVER = -1e9


@dataclass(frozen=True)
class Echoes:
    """What an echo may hide behind: neither "ball ball" nor "red and red" nor "a lamp and a lamp" is said."""

    joiners: frozenset[int] = frozenset()
    articles: frozenset[int] = frozenset()

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Echoes:
        """With the joiners and articles of ``vocabulary``, those of the Rust core."""

        def known(*words: str) -> frozenset[int]:
            return frozenset(vocabulary.ids[word] for word in words if word in vocabulary.ids)

        return cls(known("and", "with"), known("a", "an", "the"))

    def after(self, said: Sequence[int]) -> list[int]:
        """Tokens that would be an echo after ``said``."""
        phrase = said[:-1] if said and said[-1] in self.articles else said
        joined = [phrase[-2]] if len(phrase) > 1 and phrase[-1] in self.joiners else []
        return [*said[-1:], *joined]


@dataclass(frozen=True)
class DecodeSettings:
    """``beams`` 1 is greedy; scores of finished texts are divided by length**alpha."""

    max_tokens: int
    beams: int = 1
    alpha: float = 1.0
    no_repeat_ngram: int = 0
    echoes: Echoes | None = None


@dataclass(frozen=True)
class Text:
    """Tokens after the prefix, the end token included when it was said, and the log-probability of each."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean log-probability."""
        return float(np.mean(self.logprobs))

    @property
    def least(self) -> float:
        """Least log-probability."""
        return float(np.min(self.logprobs))


Step = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""``step(tokens (B,T), parents (B,)) -> logits (B,V)``: row b goes on from row ``parents[b]`` of the last call."""


def search(step: Step, prefix: Sequence[int], settings: DecodeSettings) -> list[Text]:
    """The texts after ``prefix`` that the beams hold at the end, best first."""
    alive: list[Text] = [Text((), ())]
    finished: list[Text] = []
    parents = np.zeros(1, np.int64)
    tokens = np.array([prefix], np.int64)
    for _ in range(settings.max_tokens):
        gains = _log_softmax(step(tokens, parents))
        candidates = []
        for row, text in enumerate(alive):
            allowed = gains[row].copy()
            allowed[[s for s in range(len(SPECIALS)) if s != END]] = _NEVER
            allowed[_repeats(text.tokens, settings.no_repeat_ngram)] = _NEVER
            allowed[settings.echoes.after(text.tokens) if settings.echoes else []] = _NEVER
            for token in np.argsort(-allowed)[: settings.beams]:
                gained = Text((*text.tokens, int(token)), (*text.logprobs, float(gains[row, token])))
                candidates.append((score(gained, settings.alpha), row, gained))
        candidates += [(score(text, settings.alpha), -1, text) for text in finished]
        best = sorted(candidates, key=lambda c: -c[0])[: settings.beams]
        finished = [text for _, row, text in best if row < 0 or text.tokens[-1] == END]
        going_on = [(row, text) for _, row, text in best if row >= 0 and text.tokens[-1] != END]
        alive = [text for _, text in going_on]
        if not alive:
            break
        parents = np.array([row for row, _ in going_on], np.int64)
        tokens = np.array([[text.tokens[-1]] for text in alive], np.int64)
    return sorted([*finished, *alive], key=lambda text: -score(text, settings.alpha))


def score(text: Text, alpha: float) -> float:
    """Sum of the log-probabilities over length**alpha: what the search compares."""
    return sum(text.logprobs) / len(text.tokens) ** alpha


def _repeats(said: Sequence[int], size: int) -> list[int]:
    """Tokens that would complete an n-gram of ``said`` a second time."""
    if not size or len(said) < size:
        return []
    last = tuple(said[len(said) - size + 1 :])
    return [said[i + size - 1] for i in range(len(said) - size + 1) if tuple(said[i : i + size - 1]) == last]


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
