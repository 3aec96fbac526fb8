"""A prepared data set: token rows per photo beside the feature cache.

Row order is that of the cache: training photos first, then the other splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_lab.data.questions import QuestionRules, RuleSettings
from mm_lab.data.samples import Question, Sample, read_samples
from mm_lab.data.vocabulary import ANSWER, CAPTION, END, SEPARATOR, UNKNOWN, Vocabulary, swap_sides, words

MAX_CAPTION_WORDS = 18
MAX_QUESTION_WORDS = 14
MAX_ANSWER_WORDS = 3


@dataclass(frozen=True)
class Source:
    """A data set by name: its form (see samples.py) and where it lies."""

    name: str
    form: str
    location: Path


@dataclass(frozen=True)
class Photo:
    """Texts of a photo, without its pixels."""

    source: str
    key: str
    captions: tuple[str, ...]
    written: tuple[Question, ...]
    made: tuple[Question, ...]


@dataclass
class Corpus:
    """Photos of every split, and their vocabulary."""

    train: list[Photo]
    dev: list[Photo]
    vocabulary: Vocabulary

    def caption_tokens(self, caption: str, mirrored: bool = False) -> list[int]:
        """``<caption> w1 .. wn <end>``; a cut caption has no end token, so that none is taught there."""
        encoded = self.vocabulary.encode(caption)
        end = [END] if len(encoded) <= MAX_CAPTION_WORDS else []
        tokens = [CAPTION, *encoded[:MAX_CAPTION_WORDS], *end]
        return swap_sides(tokens, self.vocabulary) if mirrored else tokens

    def question_tokens(self, question: Question, mirrored: bool = False) -> tuple[list[int], list[int]]:
        """Prefix ``<answer> question <sep>`` and target ``answer <end>``."""
        prefix = [ANSWER, *self.vocabulary.encode(question.text)[:MAX_QUESTION_WORDS], SEPARATOR]
        target = [*self.vocabulary.encode(question.answer)[:MAX_ANSWER_WORDS], END]
        if mirrored:
            return swap_sides(prefix, self.vocabulary), swap_sides(target, self.vocabulary)
        return prefix, target

    def answerable(self, question: Question) -> bool:
        """Whether every answer word is in the vocabulary."""
        encoded = self.vocabulary.encode(question.answer)
        return 0 < len(encoded) <= MAX_ANSWER_WORDS and UNKNOWN not in encoded


def load_sources(sources: Sequence[Source], splits: Sequence[str] = ("train", "dev")) -> dict[str, list[Sample]]:
    """Samples per split, the sources one after the other."""
    return {s: [x for d in sources for x in read_samples(d.form, d.location, s, d.name)] for s in splits}


def build_corpus(
    samples: dict[str, list[Sample]], min_caption_count: int, rules: RuleSettings, vocabulary: Vocabulary | None = None
) -> Corpus:
    """Makes the vocabulary from the training texts (unless given) and the rule questions."""
    train = samples["train"]
    if vocabulary is None:
        vocabulary = _vocabulary(train, min_caption_count)
    maker = QuestionRules(train, rules)
    photos = {
        split: [Photo(s.source, s.key, s.captions, s.questions, tuple(maker.make(s))) for s in group]
        for split, group in samples.items()
    }
    return Corpus(photos["train"], photos.get("dev", []), vocabulary)


def _vocabulary(train: Sequence[Sample], min_count: int) -> Vocabulary:
    answers = Counter(a for s in train for q in s.questions for a in words(q.answer))
    texts = [c for s in train for c in s.captions] + [q.text for s in train for q in s.questions]
    return Vocabulary.build(texts, min_count, always=[a for a, n in answers.items() if n >= 2])
