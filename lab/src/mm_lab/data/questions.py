"""Question types, and questions made from captions by rules.

The rules follow the pattern of COCO-QA (Ren et al., 2015): a caption word becomes the
answer of a template. Yes/no questions are balanced per noun, with "no" drawn from nouns
that other photos mention, so that the question alone does not give the answer away.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mm_lab.data.samples import Question, Sample
from mm_lab.data.vocabulary import words
from mm_lab.data.word_lists import COLORS, NUMBERS, PLACES, RELATED, SUBJECTS, THINGS, VERBS_OF_STATE

QUESTION_TYPES = ("yes/no", "count", "color", "place", "action", "object")
_PLACE_PREPOSITIONS = frozenset("in on at through over across along near".split())
_YES_NO_STARTS = frozenset("is are was were does do did can could has have will would".split())
_IMAGES_FOR_NO = 14


def question_type(text: str, answer: str) -> str:
    """The type a question is reported under."""
    asked = words(text)
    if words(answer)[:1] in (["yes"], ["no"]):
        return "yes/no"
    if asked[:2] in (["how", "many"], ["what", "number"]):
        return "count"
    if "color" in asked[:3] or "colors" in asked[:3]:
        return "color"
    if asked[:1] == ["where"] or "room" in asked[:3] or "place" in asked[:3]:
        return "place"
    if (asked and asked[-1] in ("doing", "playing")) or "sport" in asked[:3]:
        return "action"
    return "object"


def question_kind(text: str) -> str:
    """The type a question seems to have before its answer is known, as the runtime decides it."""
    if words(text)[:1] and words(text)[0] in _YES_NO_STARTS:
        return "yes/no"
    return question_type(text, "")


@dataclass(frozen=True)
class RuleSettings:
    """How many questions the rules make."""

    yes_no_pairs: int = 2
    seed: int = 5


class QuestionRules:
    """Makes questions for photos from their captions; noun frequencies come from ``samples``."""

    def __init__(self, samples: Sequence[Sample], settings: RuleSettings) -> None:
        self._settings = settings
        frequency: Counter[str] = Counter()
        for sample in samples:
            frequency.update({w for c in sample.captions for w in words(c)} & THINGS)
        self._nouns = list(frequency)
        self._weights = [frequency[n] for n in self._nouns]

    def make(self, sample: Sample) -> list[Question]:
        """Questions the captions of ``sample`` answer; the same for the same sample."""
        rng = random.Random(f"{self._settings.seed}:{sample.key}")
        captions = [words(c) for c in sample.captions]
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for caption in captions:
            for question, answer in _from_caption(caption):
                votes[question][answer] += 1
        made = [Question(q, c.most_common(1)[0][0]) for q, c in votes.items()]
        return made + self._yes_no(captions, rng)

    def _yes_no(self, captions: list[list[str]], rng: random.Random) -> list[Question]:
        said = Counter(w for c in captions for w in set(c))
        needed = 2 if len(captions) > 2 else 1
        present = [w for w in said if w in THINGS and said[w] >= needed]
        absent: list[str] = []
        for noun in rng.choices(self._nouns, self._weights, k=_IMAGES_FOR_NO) if self._nouns else []:
            if noun not in said and not RELATED.get(noun, frozenset()) & said.keys() and noun not in absent:
                absent.append(noun)
        pairs = min(self._settings.yes_no_pairs, len(present), len(absent))
        chosen = [(n, "yes") for n in rng.sample(present, pairs)] + [(n, "no") for n in absent[:pairs]]
        return [Question(_is_there(noun, rng), answer) for noun, answer in chosen]


def _is_there(noun: str, rng: random.Random) -> str:
    plural = (noun.endswith("s") and noun not in ("grass", "dress")) or noun in ("people", "men", "women", "children")
    mass = noun in ("water", "grass", "snow", "sand", "hair")
    if plural:
        return rng.choice((f"are there {noun}", f"are there any {noun}", f"can you see {noun}"))
    if mass:
        return rng.choice((f"is there {noun}", f"is there any {noun}", f"can you see {noun}"))
    article = "an" if noun[0] in "aeio" else "a"
    return rng.choice(
        (f"is there {article} {noun}", f"can you see {article} {noun}", f"is there {article} {noun} here")
    )


def _from_caption(caption: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for i, word in enumerate(caption):
        after = [*caption[i + 1 : i + 3], "", ""]
        if word in COLORS and "and" not in (caption[i - 1] if i else "", after[0]):
            noun = after[0] if after[0] in THINGS else after[1]
            if noun in THINGS and after[0] not in ("with", "in", "on", "is"):
                verb = "are" if noun.endswith("s") and noun not in ("grass", "dress") else "is"
                found.append((f"what color {verb} the {noun}", word))
        if word in NUMBERS:
            noun = next((n for n in after if n in SUBJECTS), None)
            if noun:
                found.append((f"how many {noun} are there", NUMBERS[word]))
        if word in SUBJECTS:
            found += _about_subject(caption, i)
    return found


def _about_subject(caption: list[str], at: int) -> list[tuple[str, str]]:
    subject = caption[at]
    be = "are" if subject in ("people", "men", "women", "children") or subject.endswith("s") else "is"
    found: list[tuple[str, str]] = []
    for word in caption[at + 1 : at + 5]:
        if word in SUBJECTS:
            break
        if word.endswith("ing") and len(word) > 4 and word not in VERBS_OF_STATE:
            found += [(f"what {be} the {subject} doing", word), (f"who is {word}", subject)]
            break
    for i, word in enumerate(caption[at + 1 :], at + 1):
        if word in ("wearing", "holding"):
            thing = next((w for w in caption[i + 1 : i + 4] if w in THINGS and w not in SUBJECTS), None)
            if thing:
                found.append((f"what {be} the {subject} {word}", thing))
            break
        if word in SUBJECTS:
            break
    for i, word in enumerate(caption[at + 1 : -1], at + 1):
        if word in _PLACE_PREPOSITIONS:
            place = next((w for w in caption[i + 1 : i + 5] if w in PLACES), None)
            if place:
                found.append((f"where {be} the {subject}", place))
                break
    return found
